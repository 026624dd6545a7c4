"""The event loop of a command: a stop signal cancels what runs in it, and the command ends as the signal says.

Invariant: the first and the second signal are cancellations of the command's task, and what they mean is its business;
once it has been stopped no thread that hangs in the operating system keeps it from ending.
"""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from mi_async.cli.signals import INSIST, StopSignals, handled

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end, as ``asyncio.run`` does, and end it at stop signals.

    Raises:
        KeyboardInterrupt: it was cancelled by a signal; of the class that the table of signals names.
    """
    with handled() as received:
        stoppable = _stoppable(main, received)
        try:
            with asyncio.Runner() as runner:
                runner.get_loop().set_default_executor(_Threads(received))
                return runner.run(stoppable)
        except asyncio.CancelledError as error:
            if not received.count:
                raise
            raise received.error() from error
        finally:  # a signal may have come before they began
            stoppable.close()
            main.close()


async def _stoppable(main: Coroutine[Any, Any, T], received: StopSignals) -> T:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def cancel(count: int) -> None:
        if task is not None and not task.done():
            # In this order: a second cancellation that is asked for before the first has arrived would be one with it.
            task.cancel()
            for tell in received.listeners:
                tell(count, received.name)

    def deliver() -> None:
        if received.count >= INSIST:
            received.throw()
        loop.call_soon_threadsafe(cancel, received.count)

    with received.delivered(deliver):
        return await main


class _Threads(ThreadPoolExecutor):
    """The threads of the loop; they are not waited for once a signal has stopped the command."""

    def __init__(self, received: StopSignals) -> None:
        super().__init__(thread_name_prefix="asyncio")
        self._received = received

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the threads."""
        stopped = self._received.count > 0
        super().shutdown(wait=wait and not stopped, cancel_futures=cancel_futures or stopped)
