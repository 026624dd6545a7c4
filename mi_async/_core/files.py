"""Local files: opened without waiting, and written as a whole or not at all.

Invariant: opening never blocks on a pipe or a device, and a written file is complete or as it was before.
"""

import errno
import os
import stat
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

from mi_async._core.paths import ABSENT, existing_path, not_found

EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})
"""Errors of a machine that is out of file descriptors or memory: no file can be opened."""
TRANSIENT = EXHAUSTED | {errno.EIO, getattr(errno, "ESTALE", errno.EIO)}
"""Errors of the machine or of a network disk: trying again later may succeed, and the file is not at fault."""

NO_DESCRIPTOR = {
    errno.EMFILE: "this process has no file descriptor left; raise `ulimit -n` or open fewer files",
    errno.ENFILE: "this machine has no file descriptor left",
}
"""The same in words, with what to do."""

NOT_REGULAR = "not a regular file"
_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
"""Without O_NONBLOCK, opening a pipe waits until somebody writes to it. It means nothing for a regular file."""


def is_transient(error: BaseException | None) -> bool:
    """Return True if an error says something about the machine's state and nothing about the file."""
    return isinstance(error, OSError) and error.errno in TRANSIENT


def is_exhausted(error: BaseException | None) -> bool:
    """Return True if the machine is out of a resource; another transient error may concern one file or disk."""
    return isinstance(error, OSError) and error.errno in EXHAUSTED


def open_regular(path: str | os.PathLike[str]) -> int:
    """Open a regular file for reading, also one that the disk spells otherwise; the caller closes the descriptor.

    Raises:
        OSError: it cannot be opened, or is a directory (EISDIR), pipe, device or socket (EINVAL).
        ValueError: the path holds a null character.
    """
    return open_sized(path)[0]


def open_sized(path: str | os.PathLike[str]) -> tuple[int, int]:
    """Open a regular file as :func:`open_regular` does; return its descriptor and its size in bytes."""
    descriptor = _opened(path)
    try:
        found = os.fstat(descriptor)
        _require_regular(found.st_mode, path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor, found.st_size


def _opened(path: str | os.PathLike[str]) -> int:
    try:
        return os.open(path, _READ)
    except OSError as error:
        if error.errno == errno.ENXIO:  # a socket: said in the same words as a pipe
            raise OSError(errno.EINVAL, NOT_REGULAR, os.fspath(path)) from None
        if error.errno not in ABSENT:
            raise
        found = existing_path(path)
        if found == os.fsdecode(path):
            raise not_found(path) if error.errno == errno.ENOENT else error from None
    return os.open(found, _READ)


def _require_regular(mode: int, path: str | os.PathLike[str]) -> None:
    if stat.S_ISDIR(mode):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, NOT_REGULAR, os.fspath(path))


def open_regular_file(path: str | os.PathLike[str]) -> BufferedReader:
    """Open a regular file for reading, as a file object.

    Raises:
        OSError, ValueError: as for :func:`open_regular`.
    """
    return os.fdopen(open_regular(path), "rb")


@contextmanager
def atomic_write(
    path: Path, *, private: bool = True, place: Callable[[], Path] | None = None, durable: bool = True
) -> Generator[BinaryIO]:
    """Write a file beside its path, and put it there when the block ends well.

    It survives a crash of the machine, unless that is left to :func:`make_durable`. Whatever fails or is interrupted,
    what was at the path is still there.

    Args:
        path: of the file.
        private: only its owner may read it; else as the file that it replaces, or as any new file.
        place: names the path in the same directory that the complete file gets; by default ``path``.
        durable: wait until it is on the disk; False where many files are written, and then made durable together.

    Raises:
        OSError: it cannot be written there.
    """
    fresh, descriptor = _fresh(path.parent, path.name[:40], 0o600 if private else 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if not private:
                with suppress(OSError):
                    fresh.chmod(stat.S_IMODE(path.stat().st_mode))
            yield file
            if durable:
                file.flush()
                os.fsync(file.fileno())
        fresh.replace(path if place is None else place())
    except BaseException:
        with suppress(OSError):
            fresh.unlink()
        raise
    if durable:
        sync_directory(path.parent)


def make_durable(path: Path) -> None:
    """Wait until the content of a file is on the disk; its name is only with :func:`sync_directory`.

    Raises:
        OSError: it is not there, or the disk fails.
    """
    descriptor = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))  # Windows flushes what is open for writing
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def probe_directory(path: Path) -> None:
    """Check by doing it that a file can be made in a directory.

    Raises:
        OSError: it cannot, or there is no directory.
    """
    fresh, descriptor = _fresh(path, "probe", 0o600)
    os.close(descriptor)
    fresh.unlink()


def _fresh(folder: Path, name: str, mode: int) -> tuple[Path, int]:
    """Make a new hidden file; returns its path and its descriptor, which the caller closes."""
    fresh = folder / f".{name}.{token_hex(8)}"
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    return fresh, os.open(fresh, flags, mode)


def sync_directory(path: Path) -> None:
    """Make the names in a directory outlive a power cut, where directories can be opened."""
    with suppress(OSError):
        number = os.open(path, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
