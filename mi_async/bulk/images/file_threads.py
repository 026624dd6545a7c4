"""Threads that do blocking work on files for an event loop: one while it keeps up, more where files answer slowly.

Invariant: work begins in the order in which it was asked for; a file that never answers holds its thread, and no other
file for longer than a moment. ``asyncio.to_thread`` costs three times as much for a small file: a future with a lock of
its own, a copy of the context, and two turns of the loop for each.
"""

import asyncio
import threading
import weakref
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, Generic, TypeAlias, TypeVar

from attrs import define, field

T = TypeVar("T")
R = TypeVar("R")

MOST = 8
"""Threads at most."""
MOMENT = 0.25
"""Seconds after which another thread is started if files wait that were there before."""

Asked: TypeAlias = "tuple[asyncio.Future[R], T] | None"
"""Work that waits, by the future that gets its result; None ends a thread."""


@define(eq=False)
class _Answers:
    """Answers of the threads; the loop is woken once for all that have come until it takes them."""

    loop: asyncio.AbstractEventLoop
    come: "deque[tuple[asyncio.Future[Any], Any, BaseException | None]]" = field(init=False, factory=deque)
    woken: bool = field(init=False, default=False)
    number: int = field(init=False, default=0)  # of all that were taken

    def add(self, future: "asyncio.Future[Any]", result: Any, error: BaseException | None) -> None:
        """Add one, in a thread."""
        self.come.append((future, result, error))
        if not self.woken:  # read after the append, as it is cleared before the first is taken: none is left behind
            self.woken = True
            with suppress(RuntimeError):  # the loop is closed: nobody waits
                self.loop.call_soon_threadsafe(self.take)

    def take(self) -> None:
        """Hand out all that have come, in the loop."""
        self.woken = False
        while self.come:
            future, result, error = self.come.popleft()
            self.number += 1
            if future.done():
                continue  # whoever wanted it was cancelled
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)


@define(eq=False)
class FileThreads(Generic[T, R]):
    """Threads of one event loop; made in it.

    Args:
        work: what they do.
        moment: seconds after which another thread is started if work waits that was there before.
    """

    work: Callable[[T], R]
    moment: float = MOMENT
    threads: int = field(init=False, default=0)
    _queue: "SimpleQueue[Asked[R, T]]" = field(init=False, factory=SimpleQueue)
    _answers: _Answers = field(init=False, factory=lambda: _Answers(asyncio.get_running_loop()))
    _asked: int = field(init=False, default=0)
    _seen: int = field(init=False, default=0)  # what was asked for at the last look
    _timer: asyncio.TimerHandle | None = field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        """End the threads of whoever forgets to close them, as in a notebook."""
        weakref.finalize(self, self._queue.put, None).atexit = False

    def __call__(self, item: T) -> "asyncio.Future[R]":
        """Do the work on something, and return its result or raise its error."""
        future: asyncio.Future[R] = self._answers.loop.create_future()
        if not self.threads:
            self._start()
        self._queue.put((future, item))
        self._asked += 1
        if self._timer is None:
            self._timer = self._answers.loop.call_later(self.moment, self._look)
        return future

    def _start(self) -> None:
        arguments = (self.work, self._queue, self._answers)
        threading.Thread(target=_serve, args=arguments, name="mi_async files", daemon=True).start()
        self.threads += 1  # not before it runs: a system without room for one more raises RuntimeError

    def _look(self) -> None:
        """Start another thread if work waits that was there at the last look, or a moment ago."""
        late = self._answers.number < self._seen
        self._seen, self._timer = self._asked, None
        if late and self.threads < MOST and not self._queue.empty():
            with suppress(RuntimeError):  # no room for one more: those that run go on
                self._start()
        if self._answers.number < self._asked:
            self._timer = self._answers.loop.call_later(self.moment, self._look)

    def close(self) -> None:
        """End the threads, each when its work is done."""
        if self._timer is not None:
            self._timer.cancel()
        self._queue.put(None)


def _serve(work: Callable[[T], R], queue: "SimpleQueue[Asked[R, T]]", answers: _Answers) -> None:
    while (asked := queue.get()) is not None:
        future, item = asked
        try:
            result = work(item)
        except BaseException as error:  # noqa: BLE001  who waits gets it
            answers.add(future, None, error)
        else:
            answers.add(future, result, None)
            del result  # a thread that waits must hold no image
        del asked, future, item
    queue.put(None)  # for the next thread
