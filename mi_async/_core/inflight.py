"""The calls in flight, each ended with a clear error when its time is up or the session closes.

Invariant: one timer for all, since a timer for each costs a twelfth of a call. All calls have the same time limit, so
their deadlines come in the order in which they began or were last postponed, and only the first of them is watched.
Calls of another time limit are kept apart, in the order of their own.
"""

import asyncio
import math
from collections.abc import Callable
from contextlib import suppress
from typing import Self
from weakref import WeakSet

from attrs import define, field

from mi_async._core.clock import Clock
from mi_async.errors import DeadlineExceededError, MIError, SessionError


class InFlightCall:
    """One call or upload in flight; a context manager.

    Args:
        others: all that is in flight.
        deadline: on the clock; infinity for none.

    Attributes:
        failure: the last attempt's, None before the first one; the error of a deadline that passes names it.
        may_have_acted: True if one of the failures was ambiguous.
        waited: seconds for which this attempt waited for its quota.
        unsent: makes the error of a deadline that passes while the call waits for its quota; None at other times.
    """

    __slots__ = (
        "_cancelled",
        "_others",
        "_reason",
        "_task",
        "deadline",
        "failure",
        "may_have_acted",
        "unsent",
        "waited",
    )

    def __init__(self, others: "InFlightCalls", deadline: float) -> None:
        self.deadline: float = deadline
        self.failure: Exception | None = None
        self.may_have_acted: bool = False
        self.waited: float = 0.0
        self.unsent: Callable[[], Exception] | None = None
        self._others = others
        self._reason: Exception | None = None

    def __enter__(self) -> Self:
        self._task = task = asyncio.current_task(self._others.loop)
        self._cancelled = 0 if task is None else task.cancelling()  # more than 0 in the clean-up of a cancelled task
        self._others.calls[self] = None
        if self._others.timer is None:
            self._others.watch(self)
        return self

    def postpone(self, seconds: float) -> None:
        """Set the deadline of a call that has not ended to ``seconds`` from now: the others have no later one."""
        others = self._others
        if self in others.calls:
            del others.calls[self]
            self.deadline = others.clock.monotonic() + seconds
            others.calls[self] = None
            if others.timer is None:
                others.watch(self)

    def fail(self, failure: MIError) -> None:
        """Record the failure of an attempt."""
        self.failure, self.waited = failure, 0.0
        self.may_have_acted = self.may_have_acted or failure.ambiguous

    def end(self, reason: Exception) -> None:
        """End it: it leaves with this error instead of CancelledError."""
        if self._reason is None and self._task is not None and self._task is not asyncio.current_task():
            self._reason = reason
            self._task.cancel()

    def __exit__(self, kind: type[BaseException] | None, _error: object, _trace: object) -> None:
        others = self._others
        del others.calls[self]
        if not others.calls:
            others.rest()
        # The task's context, and the frames of the failure's traceback, may still have this object: no cycle.
        task, self._task = self._task, None
        failure, self.failure = self.failure, None
        if self._reason is not None and task is not None:
            alone = task.uncancel() <= self._cancelled  # otherwise somebody else has cancelled the task too
            if alone and kind is asyncio.CancelledError:
                raise self._reason from self._reason.__cause__ or failure


def _overdue(failure: Exception | None) -> MIError:
    message = "the deadline of the call passed while it was in flight"
    return DeadlineExceededError(message if failure is None else f"{message}; the last failure: {failure}")


@define(eq=False)
class InFlightCalls:
    """All calls and uploads of a session that are in flight.

    Attributes:
        clock: the time by which their deadlines run.
        overdue: makes the error of a call whose deadline has passed from its last failure.
        calls: a set in the order in which they began or were last postponed.
        timer: set to the first deadline.
        idle: set when the last one has ended.
        all_apart: those of other time limits, which are drained with it and have the same set.
        is_apart: True if it is one of them.
        loop: in which they are.
    """

    clock: Clock
    overdue: Callable[[Exception | None], Exception] = _overdue
    calls: dict[InFlightCall, None] = field(init=False, factory=dict)
    timer: asyncio.TimerHandle | None = field(init=False, default=None)
    idle: asyncio.Event = field(init=False, factory=asyncio.Event)
    all_apart: "WeakSet[InFlightCalls]" = field(factory=WeakSet)
    is_apart: bool = False
    loop: asyncio.AbstractEventLoop = field(factory=asyncio.get_running_loop)

    def __len__(self) -> int:
        """Count them."""
        return len(self.calls)

    def apart(self) -> "InFlightCalls":
        """Return an empty set for the calls of another time limit."""
        calls = InFlightCalls(self.clock, self.overdue, self.all_apart, is_apart=True, loop=self.loop)
        self.all_apart.add(calls)
        return calls

    def rest(self) -> None:
        """Note that the last one has ended."""
        self.idle.set()
        if self.is_apart:  # made for one call, perhaps: nothing of it must wait for a deadline that is far away
            self.stop()

    def watch(self, first: InFlightCall) -> None:
        """Set the timer to a deadline, if it is one."""
        if first.deadline < math.inf:
            left = self.clock.real(first.deadline - self.clock.monotonic())
            loop = asyncio.get_running_loop()
            # Not at once: after a loop that was blocked for longer than `left`, an answer that has arrived meanwhile
            # is read in the turn of the loop in which the timer fires, and its call goes on in the next one.
            self.timer = loop.call_later(left, loop.call_soon, self._end_overdue)

    def _end_overdue(self) -> None:
        self.timer = None
        now = self.clock.monotonic()
        for call in self.calls:
            if call.deadline <= now:
                call.end(self.overdue(call.failure) if call.unsent is None else call.unsent())
            elif call.deadline < math.inf:
                self.watch(call)
                return

    async def drain(self, grace: float) -> None:
        """Give what is in flight ``grace`` seconds, then end the rest."""
        loop, every = asyncio.get_running_loop(), [self, *self.all_apart]
        if grace > 0:
            end = loop.time() + self.clock.real(grace)
            for calls in every:
                await calls.rests_by(end)
        for calls in every:
            for call in tuple(calls.calls):
                call.end(SessionError("the session was closed while the call was in flight"))
        end = loop.time() + 1.0  # a caller that swallows its cancellation is not waited for
        for calls in every:
            await calls.rests_by(end)
            calls.stop()

    def stop(self) -> None:
        """Cancel the timer: no deadline is kept any more."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    async def rests_by(self, end: float) -> None:
        """Wait until nothing is in flight, to this time of the loop at most."""
        if self.calls:
            self.idle.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(end):
                    await self.idle.wait()


def was_cancelled() -> bool:
    """Return True if the running task was cancelled, and not what it waits for."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0
