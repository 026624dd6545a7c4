"""Ctrl-C in a command that has something to bring to an end: the first asks for it, the second insists.

Law: a signal becomes a cancellation of the task, in its event loop; what it means is the task's business.
"""

import asyncio
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

INSIST = 3
"""The Ctrl-C with which a task that does not end is left alone."""


@contextmanager
def cancelled_by_ctrl_c(told: Callable[[int], None]) -> Generator[None]:
    """Cancel the current task at each Ctrl-C until the block ends.

    Args:
        told: is called in the event loop with each cancellation, with how many there were.
    """
    loop, task, count = asyncio.get_running_loop(), asyncio.current_task(), 0

    def cancel(number: int) -> None:
        if task is not None and not task.done():
            # in this order: a second cancellation that is asked for before the first has arrived would be one with it
            task.cancel()
            told(number)

    def caught(_: int, __: FrameType | None) -> None:
        nonlocal count
        count += 1
        if count >= INSIST:
            raise KeyboardInterrupt
        loop.call_soon_threadsafe(cancel, count)

    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's
        return
    before = signal.signal(signal.SIGINT, caught)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
