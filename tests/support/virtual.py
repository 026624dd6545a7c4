"""Virtual time: an event loop whose clock jumps to the next timer as soon as there is nothing else to do.

Invariant: sockets are served before time passes, and every turn of the loop takes a microsecond, because a rate limiter
on a clock that stands still would spin for ever.
"""

import asyncio
import selectors
import sys
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from functools import wraps
from typing import Any, ParamSpec, TypeVar, TypeVarTuple

P = ParamSpec("P")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")

TURN = 1e-6
"""Virtual seconds that a turn of the loop takes."""

ON_THE_WAY = 0.01
"""Real seconds for which open sockets may still bring something before time jumps."""

THREAD_WAIT = 1.0
"""Real seconds between two looks at whether a thread has ended; the thread wakes the loop by itself."""

JOURNAL = "mi_async.bulk.journal.journal"
"""The module whose futures are settled by a thread of its own."""

OWN = 1
"""Files that the loop itself watches: the pipe by which threads wake it."""


class JumpingSelector(selectors.DefaultSelector):
    """A selector that moves its clock where others wait."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.threads = 0  # jobs of threads that have not ended: time stands still until they have

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.now += TURN
        if timeout is not None and timeout > 0 and self.threads:
            return super().select(THREAD_WAIT)
        if timeout is None:  # no timer: only a socket or a thread can go on
            return super().select(None)
        sockets = len(self.get_map()) > OWN
        if timeout <= 0:
            return super().select(0) if sockets else []
        events = super().select(ON_THE_WAY if sockets else 0)
        if not events:
            self.now += timeout
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on virtual time, which begins at 0."""

    def __init__(self) -> None:
        self._jumping = JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts) -> "asyncio.Future[T]":
        """Run a job in a thread while time stands still: however slow the machine is, it takes no virtual time."""
        future = super().run_in_executor(executor, func, *args)
        self._jumping.threads += 1
        future.add_done_callback(self._thread_ended)
        return future

    def create_future(self) -> "asyncio.Future[Any]":
        """Let time stand still while a journal writes, too: its thread is none of an executor."""
        future = super().create_future()
        if sys._getframe(1).f_globals["__name__"] == JOURNAL:
            self._jumping.threads += 1
            future.add_done_callback(self._thread_ended)
        return future

    def _thread_ended(self, _: object) -> None:
        self._jumping.threads -= 1

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109  the loop's own
        await super().shutdown_default_executor()  # threads end in real time: a virtual limit would be over at once

    def block(self, seconds: float) -> None:
        """Let time pass as if a callback had kept the loop busy: timers are late."""
        self._jumping.now += seconds


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on virtual time, to its end; it must leave no task behind."""

    async def and_nothing_left() -> T:
        result = await main
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, left
        return result

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(and_nothing_left())


def on_virtual_time(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run an async test on virtual time: however busy the machine is, no timer of it is late."""

    @wraps(test)
    def run_it(*args: P.args, **kwargs: P.kwargs) -> None:
        run(test(*args, **kwargs))

    return run_it
