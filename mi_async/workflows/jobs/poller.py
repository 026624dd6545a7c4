"""One poller for everything that a session waits for.

Invariant: is told what to ask and what an end is; knows nothing else about it. There is one timer per queue while
somebody waits, and nothing at all while nobody does.
"""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from attrs import define, field

from mi_async._core.clock import Clock
from mi_async._core.shared_pace import SharedPace
from mi_async.errors import MIError, SessionError
from mi_async.workflows.jobs.durations import Durations
from mi_async.workflows.jobs.live_pace import LivePace
from mi_async.workflows.jobs.poll_queue import PollQueue
from mi_async.workflows.jobs.polled_job import JobAnswer, PollPace, Question, Waiter


@define(eq=False)
class Poller:
    """All poll queues of a session; made for the session's event loop.

    Args:
        clock: the time.
        shared: makes the part of this session of a pace, by its name.
    """

    clock: Clock
    shared: Callable[[str], SharedPace] = SharedPace
    _loop: asyncio.AbstractEventLoop = field(factory=asyncio.get_running_loop)
    _noted: set[str] = field(init=False, factory=set)
    _queues: dict[PollPace, PollQueue] = field(init=False, factory=dict)
    _durations: dict[str, Durations] = field(init=False, factory=dict)
    _paces: dict[PollPace, SharedPace] = field(init=False, factory=dict)
    _closed: bool = field(init=False, default=False)

    @contextmanager
    def watching(
        self, question: Question, tell: Callable[[Any], None], stumble: Callable[[MIError], None] = lambda _: None
    ) -> Generator[asyncio.Future[JobAnswer]]:
        """Watch something for a block; the future gets the answer that ends it, or the error.

        Args:
            question: what to ask; not asked by this one if it is being asked already.
            tell: called with what each answer saw.
            stumble: called with each failure that asking again may mend; must not raise.

        Raises:
            SessionError: the session is closed, or belongs to another event loop.
        """
        if self._closed:
            message = "the session is closed"
            raise SessionError(message)
        if asyncio.get_running_loop() is not self._loop:
            message = "the session belongs to another event loop: connect() once in each loop"
            raise SessionError(message)
        queue = self._queue(question.pace)
        waiter = Waiter(tell, self._loop.create_future(), stumble, question.ask)
        thing = queue.join(question, waiter)
        try:
            if thing.last is not None:
                tell(thing.last.seen)
            if thing.trouble is not None:
                stumble(thing.trouble)
            with self._paces[question.pace].used():
                yield waiter.future
        finally:
            queue.leave(thing, waiter)
            if not waiter.future.cancel() and not waiter.future.cancelled():
                waiter.future.exception()  # whoever went away in this very moment does not want it

    @property
    def is_idle(self) -> bool:
        """True if nobody waits, nothing is asked, and no timer is set."""
        return all(queue.is_idle for queue in self._queues.values())

    @property
    def watched(self) -> int:
        """Number of jobs that somebody waits for."""
        return sum(queue.watched for queue in self._queues.values())

    def is_news(self, note: str) -> bool:
        """Return True the first time that a note is made in this session."""
        if note in self._noted:
            return False
        self._noted.add(note)
        return True

    def durations(self, kind: str) -> Durations:
        """Return what jobs of a kind have taken in this session."""
        return self._durations.setdefault(kind, Durations())

    def hurry(self, pace: PollPace, key: str) -> None:
        """Ask soon: something is known to have changed."""
        self._queue(pace).hurry(key)

    def _queue(self, pace: PollPace) -> PollQueue:
        if pace not in self._queues:
            self._paces[pace] = shared = self.shared(f"pace:{pace.name}")
            self._queues[pace] = PollQueue(self.clock, LivePace(pace.name, pace.rate, shared))
        return self._queues[pace]

    async def aclose(self) -> None:
        """End every wait with SessionError, and leave no question under way."""
        self._closed = True
        asking = [task for queue in self._queues.values() for task in queue.end(_closed_error)]
        await asyncio.gather(*asking, return_exceptions=True)
        await asyncio.gather(*(pace.aclose() for pace in self._paces.values()))


def _closed_error(key: str) -> SessionError:
    return SessionError(f"the session was closed while {key} was waited for; it goes on at the service")
