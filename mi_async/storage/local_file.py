"""A local file that is read in parts, off the event loop.

Invariant: reads by explicit offset and never past the size that the file had when it was opened; the descriptor is
closed by whoever is last, so that no read under way can meet another file's bytes under the same number.
"""

import asyncio
import hashlib
import os
import sys
import threading
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from types import TracebackType
from typing import Self, TypeVar

from attrs import define, field, frozen

from mi_async._core.files import is_transient, open_regular
from mi_async._core.paths import stat_path
from mi_async.errors import InvalidArgumentError, MediaRejectedError, MIError, ResourceError

T = TypeVar("T")
STEP = 2**20
"""Bytes that are read at a time where only their MD5 sum is wanted."""
WHOLE = 8 * 2**20
"""Bytes of the largest file of which the samples are all of it."""
SAMPLES, SAMPLE = 16, 64 * 2**10
"""Number and bytes of the blocks that stand for a larger one."""


@frozen
class Fingerprint:
    """By what a file is known to be unchanged.

    Attributes:
        size: bytes.
        modified: nanoseconds since the epoch.
        changed: nanoseconds since the epoch; when its name or rights changed, too.
        inode: its number in the file system.
    """

    size: int
    modified: int
    changed: int
    inode: int

    @classmethod
    def of(cls, found: os.stat_result) -> Self:
        """Take it from what the system says."""
        return cls(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


@frozen
class Piece:
    """Bytes of a file with their MD5 sum in hex, computed once, where they were read."""

    body: bytes = field(repr=False)
    md5: str


def _rejected(name: str, reason: str, text: str) -> MediaRejectedError:
    return MediaRejectedError(f"{name}: {text}", source=name, reason=reason)


def _unreadable(name: str, error: OSError | ValueError) -> MIError:
    said = getattr(error, "strerror", None) or str(error)
    if is_transient(error):
        return ResourceError(f"{name}: cannot be read now: {said}", source=name)
    return _rejected(name, "unreadable", f"cannot be read: {said}")


def _changed(name: str, how: str) -> MediaRejectedError:
    return _rejected(name, "changed", f"changed while it was uploaded: {how}")


@define(eq=False)
class LocalFile:
    """An open file; ``open_file`` opens it for a block, and ``with LocalFile.open(name) as file`` does in a thread."""

    name: str
    descriptor: int
    fingerprint: Fingerprint
    _guard: threading.Lock = field(init=False, factory=threading.Lock)
    _users: int = field(init=False, default=1)  # reads under way, and the block that it is open for
    # One thread for all parts: each further one would keep freed parts in a heap of its own, half as much memory again.
    _reader: ThreadPoolExecutor = field(init=False, factory=lambda: ThreadPoolExecutor(1, "mi-async-reader"))

    @classmethod
    def open(cls, source: str | os.PathLike[str]) -> Self:
        """Open a regular file; blocks.

        Raises:
            MediaRejectedError: it cannot be read, or is no file.
            ResourceError: it cannot be read now.
        """
        given: object = source
        if not isinstance(given, str | os.PathLike):
            message = f"a file is named by its path, not by {type(given).__name__}"
            raise InvalidArgumentError(message)
        name = os.fsdecode(source)
        try:
            descriptor = open_regular(name)
        except (OSError, ValueError) as error:
            raise _unreadable(name, error) from error
        try:
            found = os.fstat(descriptor)
        except OSError as error:
            os.close(descriptor)
            raise _unreadable(name, error) from error
        return cls(name, descriptor, Fingerprint.of(found))

    def __enter__(self) -> Self:
        """Be the file."""
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        """Close it, now or with the last read."""
        self._reader.shutdown(wait=False, cancel_futures=True)
        self._count(-1)

    @property
    def size(self) -> int:
        """Bytes."""
        return self.fingerprint.size

    def check_unchanged(self) -> None:
        """Refuse a file that is not what it was when it was opened; blocks.

        Raises:
            MediaRejectedError: somebody has written to it, or has put another in its place.
        """
        try:
            now = stat_path(self.name)
        except OSError as error:
            if is_transient(error):
                raise _unreadable(self.name, error) from error
            raise _changed(self.name, "it is gone") from None
        if Fingerprint.of(now) != self.fingerprint:
            raise _changed(self.name, "it is not what it was at the beginning")

    def read(self, offset: int, length: int) -> bytes:
        """Read so many bytes, fewer only where the file ended when it was opened; blocks.

        Raises:
            MediaRejectedError: the file has become shorter, or cannot be read.
            ResourceError: it cannot be read now.
        """
        length = max(0, min(length, self.size - offset))
        self._count(1)
        try:
            return self._read(offset, length)
        except OSError as error:
            raise _unreadable(self.name, error) from error
        finally:
            self._count(-1)

    def _count(self, change: int) -> None:
        """One user more or less; the last one to leave closes the file."""
        with self._guard:
            if self._users == 0:
                message = f"{self.name} is closed"
                raise ValueError(message)
            self._users += change
            if self._users == 0:
                os.close(self.descriptor)

    def _read(self, offset: int, length: int) -> bytes:
        pieces: list[bytes] = []
        missing = length
        while missing:
            piece = self._at(offset + length - missing, missing)
            if not piece:
                raise _changed(self.name, "it became shorter")
            pieces.append(piece)
            missing -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _at(self, offset: int, length: int) -> bytes:
        if sys.platform == "win32":
            with self._guard:  # there, seeking moves what all readers share
                os.lseek(self.descriptor, offset, os.SEEK_SET)
                return os.read(self.descriptor, length)
        return os.pread(self.descriptor, length, offset)

    async def md5(self, offset: int, length: int) -> str:
        """MD5 sum in hex of some of it, read in a thread, little at a time."""
        digest = hashlib.md5(usedforsecurity=False)
        for start in range(offset, offset + length, STEP):
            await self._in_reader(partial(self._feed, digest.update, start, min(STEP, offset + length - start)))
        return digest.hexdigest()

    @property
    def samples(self) -> list[tuple[int, int]]:
        """Offset and length of some blocks: all of a small file, a few spread evenly over a large one."""
        if self.size <= WHOLE:
            return [(0, self.size)] if self.size else []
        last = self.size - SAMPLE
        return [(last * number // (SAMPLES - 1), SAMPLE) for number in range(SAMPLES)]

    async def mark(self) -> str:
        """Write time of change and a digest of the samples, by which an object is known to be made of this file."""
        digest = hashlib.md5(str(self.size).encode(), usedforsecurity=False)
        for offset, length in self.samples:
            await self._in_reader(partial(self._feed, digest.update, offset, length))
        return f"{self.fingerprint.modified}-{digest.hexdigest()}"

    async def piece(self, offset: int, length: int) -> Piece:
        """Read bytes and their MD5 sum in a thread."""
        return await self._in_reader(partial(self._piece, offset, length))

    def _feed(self, take: Callable[[bytes], None], offset: int, length: int) -> None:
        take(self.read(offset, length))

    async def _in_reader(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._reader, work)

    def _piece(self, offset: int, length: int) -> Piece:
        body = self.read(offset, length)
        return Piece(body, hashlib.md5(body, usedforsecurity=False).hexdigest())


@asynccontextmanager
async def open_file(source: str | os.PathLike[str]) -> AsyncGenerator[LocalFile]:
    """Open a regular file in a thread, for a block; it is closed too if the caller is cancelled before it is open.

    Raises:
        MediaRejectedError: it cannot be read, or is no file.
    """
    opening = asyncio.get_running_loop().run_in_executor(None, LocalFile.open, source)
    try:
        file = await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(_close)
        raise
    with file:
        yield file


def _close(opening: "asyncio.Future[LocalFile]") -> None:
    if not opening.cancelled() and opening.exception() is None:
        with opening.result():
            pass
