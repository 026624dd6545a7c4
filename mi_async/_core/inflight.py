"""The calls under way, each ended with a clear error when its time is up or the session closes.

Law: one timer for all, since a timer for each costs a twelfth of a call. All calls have the same time limit, so their
deadlines come in the order in which they began, and only the first of them is watched.
"""

import asyncio
import math
from collections.abc import Awaitable

from attrs import define, field

from mi_async._core.clock import Clock
from mi_async.errors import DeadlineExceededError, MIError, SessionError


class InFlight:
    """One call or upload under way; a context manager.

    Args:
        others: all that is under way.
        deadline: on the clock; infinity for none.
    """

    __slots__ = ("_others", "_reason", "_task", "deadline")

    def __init__(self, others: "UnderWay", deadline: float) -> None:
        self.deadline = deadline
        self._others = others
        self._reason: MIError | None = None

    def __enter__(self) -> None:
        self._task = asyncio.current_task()
        self._others.add(self)

    def end(self, reason: MIError) -> None:
        """End it: it leaves with this error instead of CancelledError."""
        if self._reason is None and self._task is not None and self._task is not asyncio.current_task():
            self._reason = reason
            self._task.cancel()

    def __exit__(self, kind: type[BaseException] | None, _error: object, _trace: object) -> None:
        self._others.remove(self)
        if self._reason is not None and self._task is not None:
            alone = self._task.uncancel() == 0  # otherwise somebody else has cancelled the task too
            if alone and kind is asyncio.CancelledError:
                raise self._reason from None


@define(eq=False)
class UnderWay:
    """All calls and uploads of a session that are under way.

    Args:
        clock: the time by which their deadlines run.
    """

    clock: Clock
    _calls: dict[InFlight, None] = field(init=False, factory=dict)  # in the order in which they began
    _timer: asyncio.TimerHandle | None = field(init=False, default=None)
    _idle: asyncio.Event = field(init=False, factory=asyncio.Event)

    def __len__(self) -> int:
        """Count them."""
        return len(self._calls)

    def add(self, call: InFlight) -> None:
        """Watch over a call until it is removed."""
        self._calls[call] = None
        if self._timer is None and call.deadline < math.inf:
            self._watch(call)

    def remove(self, call: InFlight) -> None:
        """Forget a call that has ended."""
        del self._calls[call]
        if not self._calls:
            self._idle.set()

    def _watch(self, first: InFlight) -> None:
        left = self.clock.real(first.deadline - self.clock.monotonic())
        self._timer = asyncio.get_running_loop().call_later(left, self._end_overdue)

    def _end_overdue(self) -> None:
        self._timer = None
        now = self.clock.monotonic()
        for call in self._calls:
            if call.deadline <= now:
                call.end(DeadlineExceededError("the deadline of the call passed while it was under way"))
            elif call.deadline < math.inf:
                self._watch(call)
                return

    async def drain(self, grace: float) -> None:
        """Give what is under way ``grace`` seconds, then end the rest."""
        if self._calls and grace > 0:
            await self._rest(self.clock.real(grace))
        for call in tuple(self._calls):
            call.end(SessionError("the session was closed while the call was under way"))
        while self._calls:
            if not await self._rest(1.0):  # a caller that swallows its cancellation is not waited for
                break
        if self._timer is not None:
            self._timer.cancel()

    async def _rest(self, seconds: float) -> bool:
        """Wait until nothing is under way; False when it takes longer."""
        self._idle.clear()
        return await _within(self._idle.wait(), seconds)


async def _within(waiting: Awaitable[object], seconds: float) -> bool:
    try:
        await asyncio.wait_for(waiting, seconds)
    except TimeoutError:
        return False
    return True
