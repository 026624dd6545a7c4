"""The requests that were answered last, for people who look on.

Invariant: ``KEPT`` requests, whoever looks; a request costs one tuple here, and nothing is rendered. Whoever waits for
changes is woken, and not told what changed.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from typing import TypeAlias

from attrs import Factory, define, frozen

from mi_async.emulator.faults import Fault
from mi_async.emulator.rules import Rejection

KEPT = 200
"""Requests that are kept, and that a page shows."""


Ended: TypeAlias = tuple[float, str, str, str, int, Fault | Rejection | None, float]
"""The members of an :class:`AnsweredRequest` after its number."""


@frozen
class AnsweredRequest:
    """A request and how it ended.

    Attributes:
        number: from 1, in the order in which requests ended.
        wall: when it arrived, in seconds since the epoch.
        method: of HTTP.
        path: percent-encoded, without the query, which may be a signature.
        operation: ID of the operation, ``storage.put`` or ``storage.get``; '' for any other path.
        status: of HTTP, as decided on; a fault may have eaten the answer.
        fault: that was injected.
        seconds: real seconds that it took.
    """

    number: int
    wall: float
    method: str
    path: str
    operation: str
    status: int
    fault: Fault | Rejection | None
    seconds: float

    @property
    def throttled(self) -> bool:
        """True if it was refused because a quota was used up."""
        return self.status == 429 and self.fault is None  # noqa: PLR2004  as RFC 6585 has it


@define(eq=False)
class AnsweredRequests:
    """The last requests, and who waits for more.

    Attributes:
        run: of the server, so that no number of an earlier one is taken for one of this.
        count: the number of the last one.
        resets: how often all were forgotten.
    """

    run: str = Factory(partial(secrets.token_hex, 4))
    count: int = 0
    resets: int = 0
    _forgotten: int = 0
    _last: deque[Ended] = Factory(lambda: deque(maxlen=KEPT))
    _waiting: set[asyncio.Event] = Factory(set)

    @property
    def stand(self) -> str:
        """Return run, resets and number as the ID of what was seen so far."""
        return f"{self.run}.{self.resets}.{self.count}"

    def missed(self, stand: str) -> "list[AnsweredRequest] | None":
        """Return the kept requests after what was seen; None if it was of another time, or of another server."""
        run, _, rest = stand.partition(".")
        resets, _, number = rest.partition(".")
        known = run == self.run and resets == str(self.resets) and number.isascii() and number.isdigit()
        if not known or len(number) > len(str(self.count)) or int(number) > self.count:
            return None
        return self.since(int(number))

    @property
    def total(self) -> int:
        """Return how many there were since the last reset, those that are not kept included."""
        return self.count - self._forgotten

    def add(self, ended: Ended) -> None:
        """Keep a request that ended."""
        self.count += 1
        self._last.append(ended)
        if self._waiting:
            self.wake()

    def since(self, number: int) -> list[AnsweredRequest]:
        """Return the kept requests after a number, the newest first."""
        newest = min(self.count - number, len(self._last))
        last = reversed(self._last)
        return [AnsweredRequest(self.count - age, *next(last)) for age in range(newest)]

    def clear(self) -> None:
        """Forget all; the numbers go on."""
        self._last.clear()
        self._forgotten = self.count
        self.resets += 1
        self.wake()

    def wake(self) -> None:
        """Wake whoever waits for a change."""
        for event in self._waiting:
            event.set()

    @contextmanager
    def changes(self) -> Generator[asyncio.Event]:
        """Give an event that is set by each change until the block ends."""
        event = asyncio.Event()
        self._waiting.add(event)
        try:
            yield event
        finally:
            self._waiting.discard(event)
