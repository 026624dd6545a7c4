"""Queue of jobs in the order in which they are due, asked about at one pace.

Invariant: however many wait, a queue asks no more often than its pace allows; everybody who waits for the same thing
shares one question. It has no task of its own: a timer while somebody waits, a task per question under way, else
nothing.
"""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Iterator
from heapq import heappop, heappush
from itertools import count
from typing import Any

from attrs import define, field, frozen

from mi_async._core.clock import Clock
from mi_async._core.operation import Repeat
from mi_async._core.retry import retryable
from mi_async.errors import DeadlineExceededError, MIError, QuotaStoreError, QuotaWaitError
from mi_async.workflows.jobs.live_pace import LivePace

_log = logging.getLogger(__name__)

REST = 1.0
"""Seconds of the pace that an idle queue saves up: as many questions may then go at once."""
AT_ONCE = 2.0
"""Seconds of the pace that may be under way at once: more only are when the service does not answer."""
SLOWEST = 7
"""Doublings of the interval, at most, while question after question fails."""


@frozen
class PollPace:
    """Pace of a queue of the poller.

    Attributes:
        name: of the queue.
        rate: requests a second, for all that wait in the queue together.
    """

    name: str
    rate: float


@frozen
class Answer:
    """Answer to a question.

    Attributes:
        seen: how the thing is now.
        ended: whether it stays so, which ends the wait.
        result: what came of it.
        calls: requests that it took.
    """

    seen: Any
    ended: bool = False
    result: Any = None
    calls: int = 1


@frozen
class Question:
    """A question that is asked until it is settled.

    Attributes:
        key: names the thing; who watches the same key shares the question.
        pace: of its queue.
        delay: seconds until the next question, by the age of the thing.
        ask: one question; what it raises ends the wait, unless a repeat may help.
        since: when the thing began, on the clock.
        due: when to ask for the first time, on the clock.
    """

    key: str
    pace: PollPace
    delay: Callable[[float], float]
    ask: Callable[[], Awaitable[Answer]]
    since: float
    due: float


@define(eq=False)
class Waiter:
    """Somebody who waits: whom to tell what was seen, or why nothing was, and where the end goes."""

    tell: Callable[[Any], None]
    future: asyncio.Future[Answer]
    stumble: Callable[[MIError], None]

    def told(self, answer: Answer) -> None:
        """Take an answer; whatever ``tell`` raises ends the wait of this one alone."""
        if self.future.done():
            return
        try:
            self.tell(answer.seen)
        except Exception as error:  # noqa: BLE001  the caller's code may raise anything
            self.future.set_exception(error)
        else:
            if answer.ended:
                self.future.set_result(answer)


@define(eq=False)
class PolledJob:
    """One thing that is asked about, and who waits for it.

    Attributes:
        question: what is asked.
        due: when the next question is; infinity while one is under way, or when nobody waits any more.
        waiters: a set in the order in which they came.
        asking: the question under way.
        hurried: whether that one may have come too early, so that the next one is to follow at once.
        last: the answer before.
        trouble: how the question before failed, if it is one to be asked again.
    """

    question: Question
    due: float
    waiters: dict[Waiter, None] = field(init=False, factory=dict)
    asking: asyncio.Task[None] | None = field(init=False, default=None)
    hurried: bool = field(init=False, default=False)
    last: Answer | None = field(init=False, default=None)
    trouble: MIError | None = field(init=False, default=None)

    def answered(self, answer: Answer) -> None:
        """Tell everybody."""
        self.last, self.trouble = answer, None
        for waiter in tuple(self.waiters):
            waiter.told(answer)

    def stumbled(self, error: MIError) -> None:
        """Tell everybody why there is no answer this time."""
        self.trouble = error
        for waiter in self.waiters:
            waiter.stumble(error)

    def failed(self, error: Exception) -> None:
        """End every wait with an error."""
        for waiter in self.waiters:
            if not waiter.future.done():
                waiter.future.set_exception(error)


@define(eq=False)
class PollQueue:
    """Things in the order in which they are due, asked about at one pace."""

    clock: Clock
    pace: PollPace | LivePace
    _watched: dict[str, PolledJob] = field(init=False, factory=dict)
    _heap: list[tuple[float, int, PolledJob]] = field(init=False, factory=list)  # may hold what is not due any more
    _numbers: Iterator[int] = field(init=False, factory=count)
    _free: float = field(init=False, default=-math.inf)  # when the pace allows the next question
    _failures: int = field(init=False, default=0)  # in a row
    _asking: set[asyncio.Task[None]] = field(init=False, factory=set)
    _timer: asyncio.TimerHandle | None = field(init=False, default=None)

    @property
    def is_idle(self) -> bool:
        """True if nobody waits, nothing is asked, and no timer is set."""
        return not (self._watched or self._heap or self._asking or self._timer)

    @property
    def watched(self) -> int:
        """Number of jobs that somebody waits for."""
        return len(self._watched)

    def join(self, question: Question, waiter: Waiter) -> PolledJob:
        """Wait for something."""
        thing = self._watched.get(question.key)
        if thing is None:
            thing = self._watched[question.key] = PolledJob(question, question.due)
            self._enqueue(thing, question.due)
        thing.waiters[waiter] = None
        return thing

    def leave(self, thing: PolledJob, waiter: Waiter) -> None:
        """Wait no more; the last one to leave takes the question along."""
        thing.waiters.pop(waiter, None)
        if not thing.waiters:
            self._forget(thing)

    def hurry(self, key: str) -> None:
        """Ask about a thing as soon as the pace allows, if anybody waits for it."""
        thing = self._watched.get(key)
        if thing is None:
            return
        thing.hurried = thing.asking is not None  # what that one brings may be how it was before
        if not thing.hurried:
            self._enqueue(thing, self.clock.monotonic())

    def end(self, error: Callable[[str], Exception]) -> set[asyncio.Task[None]]:
        """End every wait; returns the questions under way, which are ending."""
        asking = set(self._asking)
        for key, thing in tuple(self._watched.items()):
            thing.failed(error(key))
            self._forget(thing)
        return asking

    def _enqueue(self, thing: PolledJob, due: float) -> None:
        thing.due = due
        heappush(self._heap, (due, next(self._numbers), thing))
        if self._heap[0][2] is thing:
            self._set_timer()

    def _forget(self, thing: PolledJob) -> None:
        if self._watched.get(thing.question.key) is thing:
            del self._watched[thing.question.key]
        thing.due = math.inf
        if thing.asking is not None:
            thing.asking.cancel()
        if not self._watched:
            self._heap.clear()
        self._set_timer()

    def _set_timer(self) -> None:
        """Set the one timer to when the first in the queue is due and the pace allows it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._heap and self._heap[0][0] != self._heap[0][2].due:
            heappop(self._heap)
        if self._heap and len(self._asking) < max(1.0, self.pace.rate * AT_ONCE):
            wait = max(self._heap[0][0], self._free) - self.clock.monotonic()
            self._timer = asyncio.get_running_loop().call_later(self.clock.real(max(wait, 0.0)), self._ask_first)

    def _ask_first(self) -> None:
        self._timer = None
        _, _, thing = heappop(self._heap)
        thing.due = math.inf
        interval = 2.0 ** min(self._failures, SLOWEST) / self.pace.rate
        self._free = max(self._free, self.clock.monotonic() - REST) + interval
        thing.asking = asyncio.get_running_loop().create_task(self._ask(thing))
        self._asking.add(thing.asking)
        thing.asking.add_done_callback(self._over)
        self._set_timer()

    async def _ask(self, thing: PolledJob) -> None:
        try:
            answer = await thing.question.ask()
        except MIError as error:
            if passing(error):
                self._failures += 1
                level = logging.WARNING if self._failures == 1 else logging.INFO
                _log.log(level, "%s: asking failed, will ask again: %s", thing.question.key, error)
                thing.stumbled(error)
            else:
                thing.failed(error)
        except Exception as error:  # noqa: BLE001  a mistake of ours must not leave anybody waiting
            thing.failed(error)
        else:
            if self._failures:  # it is over: back to the pace at once
                self._failures, self._free = 0, self.clock.monotonic()
            self._free += (answer.calls - 1) / self.pace.rate
            thing.answered(answer)
        finally:
            self._asked(thing)

    def _over(self, task: asyncio.Task[None]) -> None:
        """One question less is under way, be it that it was cancelled before it began."""
        self._asking.discard(task)
        self._set_timer()

    def _asked(self, thing: PolledJob) -> None:
        """Put a job that has not ended into the queue again."""
        thing.asking = None
        if self._watched.get(thing.question.key) is not thing:
            return
        if all(waiter.future.done() for waiter in thing.waiters):
            self._forget(thing)  # so that who comes now asks anew
        else:
            now = self.clock.monotonic()
            self._enqueue(thing, now + (0.0 if thing.hurried else thing.question.delay(now - thing.question.since)))
            thing.hurried = False


def passing(error: MIError) -> bool:
    """Return True if a failed question is worth asking again."""
    if isinstance(error, QuotaStoreError):
        return not error.permanent
    return isinstance(error, DeadlineExceededError | QuotaWaitError) or retryable(error, Repeat.SAFE)
