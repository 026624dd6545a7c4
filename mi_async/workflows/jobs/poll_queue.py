"""Queue of jobs that are asked about at one pace.

Invariant: however many wait, a queue asks no more often than its pace allows; everybody who waits for the same thing
shares one question. It has no task of its own: a timer while somebody waits, a task per question in flight, else
nothing.
"""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Iterator
from heapq import heappop, heappush
from itertools import count

from attrs import define, field

from mi_async._core.clock import Clock
from mi_async._core.failed_attempt import retryable
from mi_async._core.operation import Repeat
from mi_async.errors import DeadlineExceededError, MIError, QuotaStoreError, QuotaWaitError
from mi_async.workflows.jobs.live_pace import LivePace
from mi_async.workflows.jobs.poll_order import delay, first_ones
from mi_async.workflows.jobs.polled_job import JobAnswer, PolledJob, PollPace, Question, Waiter

_log = logging.getLogger(__name__)

REST = 1.0
"""Seconds of the pace that an idle queue saves up: as many questions may then go at once."""
AT_ONCE = 2.0
"""Seconds of the pace that may be in flight at once: more only are when the service does not answer."""
SLOWEST = 7
"""Doublings of the interval, at most, while question after question fails."""


@define(eq=False)
class PollQueue:
    """Jobs that are asked about at one pace.

    A job is in the heap until it is due, then among those that are due until it is asked about.
    """

    clock: Clock
    pace: PollPace | LivePace
    _watched: dict[str, PolledJob] = field(init=False, factory=dict)
    _heap: list[tuple[float, int, PolledJob]] = field(init=False, factory=list)  # may hold what is not due any more
    _due: dict[PolledJob, None] = field(init=False, factory=dict)  # a set in the order in which they became due
    _next: list[PolledJob] = field(init=False, factory=list)  # of those that are due, the very next one last
    _numbers: Iterator[int] = field(init=False, factory=count)
    _free: float = field(init=False, default=-math.inf)  # when the pace allows the next question
    _failures: int = field(init=False, default=0)  # in a row
    _asking: set[asyncio.Task[None]] = field(init=False, factory=set)
    _timer: asyncio.TimerHandle | None = field(init=False, default=None)

    @property
    def is_idle(self) -> bool:
        """True if nobody waits, nothing is asked, and no timer is set."""
        return not (self._watched or self._heap or self._due or self._asking or self._timer)

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
            self._hurry(thing)

    def end(self, error: Callable[[str], Exception]) -> set[asyncio.Task[None]]:
        """End every wait; returns the questions in flight, which are ending."""
        asking = set(self._asking)
        for key, thing in tuple(self._watched.items()):
            thing.failed(error(key))
            self._forget(thing)
        return asking

    def _hurry(self, thing: PolledJob) -> None:
        thing.urgent = True
        self._next.clear()
        self._enqueue(thing, self.clock.monotonic())

    def _enqueue(self, thing: PolledJob, due: float) -> None:
        self._due.pop(thing, None)
        thing.due = due
        heappush(self._heap, (due, next(self._numbers), thing))
        if self._heap[0][2] is thing:
            self._set_timer()

    def _forget(self, thing: PolledJob) -> None:
        if self._watched.get(thing.question.key) is thing:
            del self._watched[thing.question.key]
        thing.due = math.inf
        self._due.pop(thing, None)
        if thing.asking is not None:
            thing.asking.cancel()
        if not self._watched:
            self._heap.clear()
        self._set_timer()

    def _set_timer(self) -> None:
        """Set the one timer to when a job is due and the pace allows it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._heap and self._heap[0][0] != self._heap[0][2].due:
            heappop(self._heap)
        if (self._due or self._heap) and len(self._asking) < max(1.0, self.pace.rate * AT_ONCE):
            due = -math.inf if self._due else self._heap[0][0]
            wait = max(due, self._free) - self.clock.monotonic()
            self._timer = asyncio.get_running_loop().call_later(self.clock.real(max(wait, 0.0)), self._ask_first)

    def _first(self) -> PolledJob:
        """Take the job out that is asked about next."""
        now = self.clock.monotonic()
        while self._heap and (self._heap[0][0] <= now or not self._due):  # a timer may come a little early
            due, _, thing = heappop(self._heap)
            if due == thing.due:
                self._due[thing] = None
        self._next = [thing for thing in self._next if thing in self._due]
        if not self._next:
            self._next = first_ones(self._due, now, len(self._watched) / self.pace.rate)
        thing = self._next.pop()
        del self._due[thing]
        return thing

    def _ask_first(self) -> None:
        self._timer = None
        thing = self._first()
        thing.due, thing.urgent = math.inf, False
        interval = 2.0 ** min(self._failures, SLOWEST) / self.pace.rate
        self._free = max(self._free, self.clock.monotonic() - REST) + interval
        # The timer has the context of whoever set it last, and may ask about the job of somebody else.
        asker = thing.asker
        thing.asking = asyncio.get_running_loop().create_task(self._ask(thing, asker.ask), context=asker.context.copy())
        self._asking.add(thing.asking)
        thing.asking.add_done_callback(self._over)
        self._set_timer()

    async def _ask(self, thing: PolledJob, ask: Callable[[], Awaitable[JobAnswer]]) -> None:
        try:
            answer = await ask()
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
            thing.answered(answer, self.clock.monotonic())
        finally:
            self._asked(thing)

    def _over(self, task: asyncio.Task[None]) -> None:
        """One question less is in flight, be it that it was cancelled before it began."""
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
            if thing.hurried:
                self._hurry(thing)
            else:
                now = self.clock.monotonic()
                self._enqueue(thing, now + delay(thing, now))
            thing.hurried = False


def passing(error: MIError) -> bool:
    """Return True if a failed question is worth asking again."""
    if isinstance(error, QuotaStoreError):
        return not error.permanent
    return isinstance(error, DeadlineExceededError | QuotaWaitError) or retryable(error, Repeat.SAFE)
