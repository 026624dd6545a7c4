"""Jobs that are asked about: the question, its answers, and who waits for them."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context, copy_context
from typing import Any

from attrs import define, field, frozen

from mi_async._core.polling import Polling
from mi_async.errors import MIError
from mi_async.workflows.jobs.durations import Durations, LastLook


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
class JobAnswer:
    """JobAnswer to a question.

    Attributes:
        seen: how the thing is now.
        ended: True if it stays so, which ends the wait.
        result: what came of it.
        calls: requests that it took.
        waiting: True if the thing has not begun to run yet.
    """

    seen: Any
    ended: bool = False
    result: Any = None
    calls: int = 1
    waiting: bool = False


@frozen
class Question:
    """A question that is asked until it is settled.

    Attributes:
        key: names the thing; who watches the same key shares the question.
        pace: of its queue.
        polling: schedule of the questions; they are never further apart, but for the pace.
        ask: one question; what it raises ends the wait, unless a repeat may help.
        since: when the thing began, on the clock.
        due: when to ask for the first time, on the clock.
        seen: the last look of an earlier wait; None if nothing is known, so that the first question goes first.
        size: bytes of what the thing works on; None if nobody knows.
        durations: of such things, in this session.
    """

    key: str
    pace: PollPace
    polling: Polling
    ask: Callable[[], Awaitable[JobAnswer]]
    since: float
    due: float
    seen: LastLook | None = None
    size: int | None = None
    durations: Durations = field(factory=Durations)


@define(eq=False)
class Waiter:
    """Somebody who waits.

    Attributes:
        tell: called with what was seen.
        future: gets the end.
        stumble: called with a failure of asking.
        ask: one question, as this one would ask it.
        context: in which this one's questions are asked: with its trace and its log context.
    """

    tell: Callable[[Any], None]
    future: asyncio.Future[JobAnswer]
    stumble: Callable[[MIError], None]
    ask: Callable[[], Awaitable[JobAnswer]]
    context: Context = field(factory=copy_context)

    def told(self, answer: JobAnswer) -> None:
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
        due: when the next question is; infinity while one is in flight, or when nobody waits any more.
        seen: the last look that found it going on.
        urgent: True if the next question goes before those of jobs of which something is known.
        waiters: a set in the order in which they came.
        asking: the question in flight.
        hurried: True if that one may have come too early, so that the next one is to follow at once.
        last: the answer before.
        trouble: how the question before failed, if it is one to be asked again.
    """

    question: Question
    due: float
    seen: LastLook | None = field(init=False)
    urgent: bool = field(init=False)
    waiters: dict[Waiter, None] = field(init=False, factory=dict)
    asking: asyncio.Task[None] | None = field(init=False, default=None)
    hurried: bool = field(init=False, default=False)
    last: JobAnswer | None = field(init=False, default=None)
    trouble: MIError | None = field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        """Begin with what the question knows."""
        self.seen = self.question.seen
        self.urgent = self.seen is None

    @property
    def asker(self) -> Waiter:
        """The one in whose name the next question is asked: who has waited longest."""
        return next(iter(self.waiters))

    def answered(self, answer: JobAnswer, now: float) -> None:
        """Tell everybody, and learn from it."""
        self.last, self.trouble = answer, None
        if self.seen is not None:
            self.question.durations.learn(self.seen, self.question.size, now, ended=answer.ended)
        self.seen = LastLook.after(self.seen, now, waiting=answer.waiting)
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
