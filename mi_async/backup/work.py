"""The work on one backup: what its parts share, and the one thread that writes to the disk.

Invariant: the thread ends with the backup, also where it is cancelled; a failure of the disk is an error of ours.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import ParamSpec, TypeVar

from attrs import define, field

from mi_async.backup.format import BackupProblem
from mi_async.backup.pace import DownloadPace
from mi_async.backup.report import BackupProgress
from mi_async.backup.writer import BackupWriter
from mi_async.errors import ResourceError
from mi_async.text import encodable
from mi_async.workflows.context import Context

P = ParamSpec("P")
R = TypeVar("R")


@define(eq=False)
class DiskThread:
    """The thread that reads and writes the files of a backup.

    Args:
        folder: of the backup, for messages.
    """

    folder: Path
    _thread: ThreadPoolExecutor = field(init=False, factory=lambda: ThreadPoolExecutor(1, "backup"))

    async def run(self, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a function in the thread.

        Raises:
            ResourceError: the disk is full, or fails.
        """
        with disk_errors(self.folder):
            return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: function(*args, **kwargs))

    async def aclose(self, last: Callable[[], None]) -> None:
        """Run a last function after all others, and end the thread; a cancellation waits for it."""
        ended = asyncio.get_running_loop().run_in_executor(self._thread, last)
        self._thread.shutdown(wait=False)
        await asyncio.shield(ended)


@define(eq=False)
class BackupWork:
    """Parts that share a backup.

    Args:
        context: of the workspace.
        writer: of the backup.
        thread: of the disk.
        pace: of downloads.
        watch: is told of progress.

    Attributes:
        progress: the present counts.
    """

    context: Context
    writer: BackupWriter
    thread: DiskThread
    pace: DownloadPace
    watch: Callable[[BackupProgress], object] | None
    progress: BackupProgress = field(init=False, factory=BackupProgress)

    async def disk(self, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a function of the writer in the thread of the disk."""
        return await self.thread.run(function, *args, **kwargs)

    def tell(self) -> None:
        """Tell who watches."""
        if self.watch is not None:
            self.watch(self.progress)

    async def gone(self, kind: str, number: int, name: str) -> None:
        """Note that something is not at the service, unless a list that is kept has it."""
        if self.writer.keeps and await self.disk(self.writer.had, name, number):
            return
        await self.lost(BackupProblem(kind, number, "gone", f"{kind} {number} is not at the service"))

    async def lost(self, *problems: BackupProblem) -> None:
        """Note what cannot be had."""
        await self.disk(self.writer.put_problems, problems)
        self.progress.problems = self.writer.problems


@contextmanager
def disk_errors(folder: Path) -> Generator[None]:
    """Map failures of the disk to our errors until the block ends.

    Raises:
        ResourceError: a file cannot be read or written.
    """
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        said = getattr(error, "strerror", None) or str(error)
        named = getattr(error, "filename", None)
        place = encodable(str(folder if named is None else named))
        message = f"cannot write {place}: {said}; what is there stays, run the backup again to resume"
        raise ResourceError(message, source=encodable(str(folder))) from error
