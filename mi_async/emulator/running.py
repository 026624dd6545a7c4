"""An emulator in a thread of this process, with an event loop of its own.

Invariant: the thread ends with the block, whatever ends the block and from whichever thread; in a forked process,
where there is no such thread, nothing waits for it.
"""

import asyncio
import os
import threading
from collections.abc import Generator
from concurrent.futures import Future, wait
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

from mi_async._core.clock import Clock
from mi_async._core.live_object import refuse_pickling
from mi_async.credentials import Credentials
from mi_async.emulator.bodies import BODIES, Bodies
from mi_async.emulator.control import perform
from mi_async.emulator.handle import EmulatorHandle
from mi_async.emulator.server import Server
from mi_async.emulator.serving import serve
from mi_async.emulator.settings import CREDENTIALS, Settings
from mi_async.errors import SessionError

PATIENCE = 60.0
"""Real seconds for which a thread waits for the emulator's thread: a busy machine may keep it that long."""
LOOK = 0.5
"""Real seconds between two looks at whether the thread is still there."""


class RunningEmulator(EmulatorHandle):
    """An emulator in a thread of this process; any thread may use it.

    Attributes:
        settings: how it behaves.
        clock: its time, for ``connect(clock=...)``.
    """

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled or copied."""
        refuse_pickling(self, "its url")

    def __init__(self, thread: "EmulatorThread", server: Server) -> None:
        super().__init__(server.url, server.credentials, thread.ask)
        self.settings: Settings = server.settings
        self.clock: Clock = server.clock
        self._thread = thread

    def stop(self) -> None:
        """End it before the end of the block; ending it again does nothing.

        Raises:
            ConfigError: what exists could not be saved in the state file.
        """
        self._thread.stop()


class EmulatorThread:
    """The thread of an emulator.

    Args:
        serving: the server, entered and left in the thread's event loop.
    """

    def __init__(self, serving: AbstractAsyncContextManager[Server]) -> None:
        self._serving = serving
        self._process = os.getpid()
        self._started: Future[Server] = Future()
        self._failure: BaseException | None = None
        self._loop = asyncio.new_event_loop()
        self._enough = asyncio.Event()
        # a daemon: a second Ctrl-C, while the block waits for the thread, must not keep the interpreter from ending
        self._thread = threading.Thread(target=self._run, name="mi-async emulator", daemon=True)

    def start(self) -> Server:
        """Start the thread and wait until the server listens.

        Raises:
            OSError: the address cannot be listened on.
            ConfigError: the state file cannot be used.
        """
        try:
            self._thread.start()
        except RuntimeError:  # the machine gives no more threads
            self._loop.close()
            raise
        return self._started.result(PATIENCE)

    def stop(self) -> None:
        """End the server and its thread, from any thread; ending them again does nothing.

        Raises:
            ConfigError: what exists could not be saved in the state file.
        """
        if os.getpid() != self._process:
            return
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._enough.set)
        if threading.current_thread() is not self._thread:
            self._thread.join(PATIENCE)
            failure, self._failure = self._failure, None
            if failure is not None:
                raise failure

    def ask(self, command: str, arguments: Any) -> Any:
        """Run a command in the event loop of the server.

        Raises:
            InvalidArgumentError: its arguments are wrong.
            SessionError: the emulator has ended, or runs in the process of which this one is a fork.
        """
        if os.getpid() != self._process:
            message = "the emulator runs in the process that this one was forked from; use RemoteEmulator(url) here"
            raise SessionError(message)
        server, answer = self._started.result(0), Future[Any]()
        if threading.current_thread() is self._thread:  # a function of the settings asks, which would wait for itself
            return perform(server, command, arguments)

        def answered() -> None:
            try:
                answer.set_result(perform(server, command, arguments))
            except Exception as error:  # noqa: BLE001  it is the asking thread's
                answer.set_exception(error)

        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(answered)
        while not wait([answer], timeout=LOOK if self._thread.is_alive() else 0).done:
            if not self._thread.is_alive():
                message = "the emulator has ended"
                raise SessionError(message)
        return answer.result()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            try:
                runner.run(self._serve())
            except BaseException as error:  # noqa: BLE001  raised where it is started or ended
                if self._started.done():
                    self._failure = error
                else:
                    self._started.set_exception(error)

    async def _serve(self) -> None:
        async with self._serving as server:
            self._started.set_result(server)
            await self._enough.wait()


@contextmanager
def running(
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    credentials: Credentials = CREDENTIALS,
    settings: Settings | None = None,
    clock: Clock | None = None,
    bodies: Bodies = BODIES,
    state_file: Path | None = None,
) -> Generator[RunningEmulator]:
    """Serve in a thread of its own until the block ends, for code that has no event loop or blocks the one it has.

    The arguments and errors are those of :func:`serve`. A process that is forked within the block reaches the emulator
    by its URL alone, and has to leave the block to its parent.
    """
    serving = serve(
        host, port, credentials=credentials, settings=settings, clock=clock, bodies=bodies, state_file=state_file
    )
    thread = EmulatorThread(serving)
    try:
        yield RunningEmulator(thread, thread.start())
    finally:
        thread.stop()
