"""The limiter: a quota that is exact at the server, not only at the client.

Invariant: a grant is a lease, taken before the send and given back one period after the answer (or the failure) is
seen. Two calls that share a slot then arrive at least one period apart whatever the network does to them, so no window
of one period at the server ever holds more than the quota. aiolimiter paces in front of it. Waiters are strictly FIFO.
"""

import asyncio
import logging
import math
from bisect import insort
from collections import deque
from typing import TYPE_CHECKING, Protocol

from attrs import define, field, frozen

from mi_async._core.clock import Clock
from mi_async._core.operation import Quota
from mi_async._core.wait_estimate import expected_wait, level_of, longest_wait
from mi_async.errors import MIError, QuotaWaitError
from mi_async.models import Serializable

if TYPE_CHECKING:
    from aiolimiter import AsyncLimiter

_log = logging.getLogger(__name__)

CALM = 10.0
"""Seconds after the end of a pause in which a further 429 belongs to the same congestion and is no new warning."""
TRANSIT = 1.0
"""Seconds after which a request that was given up cannot arrive at the server any more."""


@frozen
class QuotaState(Serializable):
    """Live state of one quota.

    Attributes:
        operation: ID of the operation.
        calls: calls allowed in a period.
        period: seconds.
        used: slots taken: calls in flight and calls that ended less than a period ago.
        waiting: callers that wait for a slot.
        paused: seconds for which a 429 still holds everybody back, 0 when none does.
        next_free: seconds until a newcomer would be let through, by estimate; 0 where nothing is known, as it is
            while the store is ``away``.
        refused: how many 429 were met so far.
        shared: True if the quota is kept in a store; ``used``, ``paused`` and ``refused`` then are those of all
            processes, as the last exchange with it told, and ``waiting`` that of this one.
        holders: processes that use the quota or wait for it.
        away: True while the store does not answer: what it told last is no longer sure.
        alone: True while this process goes on without the store, with a share of the quota (``on_loss="share"``);
            ``used`` then is that of this process.
    """

    operation: str
    calls: int
    period: float
    used: int
    waiting: int
    paused: float
    next_free: float
    refused: int
    shared: bool = False
    holders: int = 1
    away: bool = False
    alone: bool = False

    @property
    def reason(self) -> str:
        """Reason for which a newcomer would wait now, '' if it would not."""
        rate = f"{self.calls} calls per {self.period:g} s"
        if self.away and not self.alone:
            return "the quota store does not answer"
        if self.paused:
            slot = f", the next slot is {self.next_free:.1f} s away" if self.next_free > self.paused + 0.05 else ""
            return f"a 429 pauses everybody for {self.paused:.1f} s{slot}"
        if self.waiting:
            return f"{self.waiting} {'caller is' if self.waiting == 1 else 'callers are'} ahead, at {rate}"
        if self.used >= self.calls:
            return f"all of {rate} are used"
        return f"{rate} are spread over the period" if self.next_free else ""


class Limiter(Protocol):
    """One quota, wherever it is kept."""

    def take(self) -> bool:
        """Take a lease if that needs no waiting; return False when the caller must wait for one with ``acquire``."""
        ...

    async def acquire(self, max_wait: float | None) -> None:
        """Wait for a lease and take it.

        Raises:
            QuotaWaitError: it takes, or would take, longer than ``max_wait`` seconds.
        """
        ...

    def release(self, *, answered: bool = True) -> None:
        """Give the lease of a call back; ``answered`` is False when the request may still arrive at the server."""
        ...

    def pause(self, seconds: float) -> None:
        """Pause every caller after a 429."""
        ...

    def refusal(self) -> MIError:
        """Return the error of a caller that gives up now."""
        ...

    def state(self) -> QuotaState:
        """Show the live state."""
        ...


def burst(quota: Quota) -> int:
    """Return the calls that may go at once: a fiftieth to a tenth of the quota; 1 would lose a third on a busy loop."""
    return min(quota.calls, max(quota.calls // 50, min(quota.calls // 10, 5), 2))


def too_long(operation: str, quota: Quota, wait: float) -> QuotaWaitError:
    """Return the error of a caller whose turn comes later than it waits."""
    rate = f"{quota.calls} per {quota.period:g} s"
    message = f"{operation}: the next call within {rate} is {wait:.2f} s away"
    return QuotaWaitError(message, operation=operation, wait=wait)


@define
class PauseLog:
    """Log of the pauses of a quota: a congestion is warned of once, its further 429s are logged as INFO."""

    operation: str
    _calm_from: float = field(init=False, default=-math.inf)  # when a further 429 is news again

    def note(self, now: float, seconds: float) -> None:
        """Log a pause."""
        level = logging.WARNING if now >= self._calm_from else logging.INFO
        _log.log(level, "%s: refused with 429, pausing %.1f s", self.operation, seconds)
        self._calm_from = max(self._calm_from, now + seconds + CALM)


@define(eq=False)
class LeaseLimiter:
    """The in-process limiter.

    Args:
        operation: ID of the operation, for messages.
        quota: the limit.
        clock: the time by which the period runs.
    """

    operation: str
    quota: Quota
    clock: Clock
    _pacer: "AsyncLimiter" = field(init=False)
    _burst: int = field(init=False)
    _turn: asyncio.Lock = field(init=False, factory=asyncio.Lock)
    _answered: asyncio.Event = field(init=False, factory=asyncio.Event)
    _in_flight: int = field(init=False, default=0)
    _cooling: deque[float] = field(init=False, factory=deque)  # when the slots of ended calls come free, in order
    _waiting: int = field(init=False, default=0)
    _paid: bool = field(init=False, default=False)  # True iff the first in line has passed the pacer
    _paused_until: float = field(init=False, default=-math.inf)
    _pauses: PauseLog = field(init=False)
    _refused: int = field(init=False, default=0)

    def __attrs_post_init__(self) -> None:
        """Make the pacer: the quota's rate with a small burst."""
        from aiolimiter import AsyncLimiter  # noqa: PLC0415  a tenth of our import, and only a session needs it

        self._pauses = PauseLog(self.operation)
        self._burst = size = burst(self.quota)
        self._pacer = AsyncLimiter(size, self.clock.real(size * self.quota.period / self.quota.calls))

    def take(self) -> bool:
        """Take a lease if nobody waits and the window holds less than a burst: then there is nothing to pace."""
        if self._waiting or self._paused_until != -math.inf or not self._is_quiet():
            return False  # a newcomer never passes a waiter: random order costs 15 % of the rate, LIFO two thirds
        self._in_flight += 1  # before the send: the request may arrive at any moment from now on
        return True

    def _is_quiet(self) -> bool:
        # The clock is asked only when slots that may have cooled down would make the difference.
        taken = self._in_flight + len(self._cooling)
        return taken < self._burst or self._used(self.clock.monotonic()) < self._burst

    async def acquire(self, max_wait: float | None = None) -> None:
        """Wait for a lease and take it; cancelled while waiting, it takes nothing."""
        if self._is_open():
            await self._pacer.acquire()  # has room, so it does not suspend
            self._in_flight += 1
            return
        # An estimate walks through the line and all slots: 1,000 of them for each caller where a quota is short.
        if max_wait is not None and self._longest_wait() > max_wait and (wait := self.next_free()) > max_wait:
            raise too_long(self.operation, self.quota, wait)
        self._waiting += 1
        try:
            async with asyncio.timeout(None if max_wait is None else self.clock.real(max_wait)), self._turn:
                await self._first_in_line()
        except TimeoutError:
            raise self.refusal() from None
        finally:
            self._waiting -= 1

    def _is_open(self) -> bool:
        """Return True if a newcomer would not have to wait."""
        return not self._waiting and not self._closed_for() and self._pacer.has_capacity()

    def _longest_wait(self) -> float:
        now = self.clock.monotonic()
        held = max(self._cooling[-1] - now if self._cooling else 0.0, self.quota.period if self._in_flight else 0.0)
        return longest_wait(self.quota, ahead=self._waiting, paused=self._paused_until - now, held=held)

    async def _first_in_line(self) -> None:
        await self._pacer.acquire()
        self._paid = True
        try:
            while delay := self._closed_for():
                if delay == math.inf:  # every slot is in flight: only an answer can free one
                    self._answered.clear()
                    await self._answered.wait()
                else:
                    await self.clock.sleep(delay)
        finally:
            self._paid = False
        self._in_flight += 1

    def release(self, *, answered: bool = True) -> None:
        """Say that the call ended: its slot comes free one period after it can last have arrived."""
        self._in_flight -= 1
        # The period begins when the answer is seen and not when the request was sent: it arrived at some moment between
        # the two. An exact log of sends lets 61 calls of 50 arrive within a period under 0 to 300 ms of jitter.
        free = self.clock.monotonic() + self.quota.period + (0.0 if answered else TRANSIT)
        if self._cooling and free < self._cooling[-1]:
            insort(self._cooling, free)
        else:
            self._cooling.append(free)  # the rule; one without an answer is the exception
        if self._waiting:
            self._answered.set()

    def pause(self, seconds: float) -> None:
        """Hold every caller back after a 429."""
        now = self.clock.monotonic()
        self._refused += 1
        self._paused_until = max(self._paused_until, now + seconds)
        self._pauses.note(now, seconds)

    def refusal(self) -> MIError:
        """Return the error of a caller that gives up now."""
        return too_long(self.operation, self.quota, self.next_free())

    def _closed_for(self) -> float:
        """Return the seconds until a slot can be taken; 0 when one is free, infinity when an answer must come first."""
        cooling = self._cooling
        if self._in_flight + len(cooling) < self.quota.calls and self._paused_until == -math.inf:
            return 0.0
        now = self.clock.monotonic()
        if now < self._paused_until:
            return self._paused_until - now
        self._paused_until = -math.inf
        if self._used(now) < self.quota.calls:
            return 0.0
        return cooling[0] - now if cooling else math.inf

    def _used(self, now: float) -> int:
        """Return the number of slots taken; those whose period has passed are released here, each once."""
        while self._cooling and self._cooling[0] <= now:
            self._cooling.popleft()
        return self._in_flight + len(self._cooling)

    def next_free(self) -> float:
        """Estimate the seconds that a newcomer would wait."""
        if self._is_open():
            return 0.0
        now = self.clock.monotonic()
        self._used(now)
        return expected_wait(
            self.quota,
            self._burst,
            level_of(self._burst, self._pacer.has_capacity),
            ahead=self._waiting,
            paid=self._paid,
            paused=max(self._paused_until - now, 0.0),
            slots=[*(free - now for free in self._cooling), *[self.quota.period] * self._in_flight],
        )

    def state(self) -> QuotaState:
        """Show the live state."""
        now = self.clock.monotonic()
        return QuotaState(
            self.operation,
            self.quota.calls,
            self.quota.period,
            self._used(now),
            self._waiting,
            max(0.0, self._paused_until - now),
            self.next_free(),
            self._refused,
        )
