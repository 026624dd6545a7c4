"""The one writer of result files: reports, problems, exports.

Invariant: nothing is destroyed. A target is refused if it is an input, a journal or a medium, or was not written by us;
a file is replaced as a whole by a complete one, or stays as it was. What somebody wrote there after the check stays,
too: then the result is put beside it.
"""

import errno
import logging
import os
import re
import stat
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import BinaryIO, TypeAlias

from attrs import define, field

from mi_async._core.files import atomic_write, open_regular_file, probe_directory
from mi_async._core.output_content import START, refuse_foreign
from mi_async._core.paths import folded
from mi_async.errors import InvalidArgumentError
from mi_async.text import encodable, escaped

_log = logging.getLogger(__name__)

COMPANIONS = ("", "-wal", "-shm", "-journal", ".lock")
"""Endings of the files that belong to an SQLite journal."""
InputFile: TypeAlias = str | os.PathLike[str] | int
"""A file that is read: its path, or the descriptor that it is read from."""
_STREAM = re.compile(r"/(?:dev|proc/self)/fd/([0-9]{1,9})|/dev/std(in|out|err)")
_STREAMS = {"in": 0, "out": 1, "err": 2}

State: TypeAlias = tuple[int, int, int, int]
"""Device, inode, size and time of the last change of a file, in ns: another writer changes at least one of them."""


@define(eq=False)
class OutputFile:
    """A target that was found fit to be written; get one from :func:`output_file`.

    Attributes:
        path: as it was given, for messages.
        real: the file behind it, links followed.
        descriptor: of an open stream that it names (``/dev/stdout``), None for any other.
        special: True for a pipe or a terminal: written in place, since it cannot be replaced.
    """

    path: str
    real: Path
    descriptor: int | None = None
    special: bool = False
    # Of the file when it was checked, or when this object wrote it; None iff it was absent.
    _state: State | None = field(default=None, alias="state", repr=False)
    # Open from the check on iff the target is special: a pipe whose writer has closed it loses its reader.
    _held: BinaryIO | None = field(default=None, alias="held", repr=False)

    @contextmanager
    def writing(self) -> Generator[BinaryIO]:
        """Write it; a file changes when the block ends well, and not before.

        A file that somebody has written since the check is left alone: the result goes to the first free name of
        ``report.jsonl.1``, ``report.jsonl.2`` and so on, and a warning is logged.

        Raises:
            OSError: it cannot be written.
        """
        if self.descriptor is not None:
            with os.fdopen(os.dup(self.descriptor), "wb") as stream:
                yield stream
        elif self.special:
            held, self._held = self._held, None
            with held or _open_special(self.path) as special:
                yield special
        else:
            placed = self.real

            def place() -> Path:
                nonlocal placed
                placed = self._place()
                return placed

            with atomic_write(self.real, private=False, place=place) as file:
                yield file
            if placed == self.real:
                with suppress(OSError):
                    self._state = _state(placed.stat())

    def close(self) -> None:
        """Release a pipe that was not written to."""
        if self._held is not None:
            self._held.close()
            self._held = None

    def _place(self) -> Path:
        """Return where the complete file goes; what is there may be replaced."""
        if self._state is not None:
            with suppress(FileNotFoundError):
                if _state(self.real.stat()) == self._state:
                    return self.real
        if _made(self.real):
            return self.real
        beside = next(path for number in count(1) if _made(path := self.real.with_name(f"{self.real.name}.{number}")))
        _log.warning(
            "%s was changed by another program since it was checked; it is left as it is, the result is in %s",
            escaped(self.path),
            escaped(os.fspath(beside)),
        )
        return beside


def output_file(
    path: str | os.PathLike[str],
    *,
    ours: re.Pattern[bytes],
    inputs: Iterable[InputFile] = (),
    journal: str | os.PathLike[str] | None = None,
    force: bool = False,
) -> OutputFile:
    """Check a target before the work begins whose result it is to hold.

    An existing file must be empty or written by us, unless ``force``; what ``inputs`` and ``journal`` name, by whatever
    link or spelling, and images, media files, databases and archives are refused even then.

    Args:
        path: of the file; links are followed. ``/dev/stdout``, ``/dev/null`` and pipes are written in place.
        ours: matches the start of a file that we wrote.
        inputs: files that are read; standard input is 0.
        journal: of the run, there or not.
        force: replace a file that somebody else wrote.

    Raises:
        InvalidArgumentError: it must not or cannot be written.
    """
    name = encodable(os.fspath(path))
    try:
        return _checked(os.fspath(path), ours, tuple(inputs), journal, force=force)
    except (OSError, ValueError) as error:
        if isinstance(error, InvalidArgumentError):
            raise
        said = getattr(error, "strerror", None) or str(error)
        message = f"cannot write {name}: {said}"
        raise InvalidArgumentError(message) from error


def _checked(
    path: str,
    ours: re.Pattern[bytes],
    inputs: tuple[InputFile, ...],
    journal: str | os.PathLike[str] | None,
    *,
    force: bool,
) -> OutputFile:
    real = Path(os.path.realpath(path, strict=False))
    descriptor = _stream(path)
    _refuse_same(path, real, descriptor, inputs, journal)
    if descriptor is not None:
        _require_writable(descriptor)
        return OutputFile(path, real, descriptor)
    try:
        found = os.stat(path)  # noqa: PTH116  a pipe behind a link has no other path
    except FileNotFoundError:
        if path.endswith(os.sep):
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR)) from None
        if not real.parent.is_dir():
            raise OSError(errno.ENOENT, f"there is no directory {encodable(os.fspath(real.parent))}") from None
        probe_directory(real.parent)
        return OutputFile(path, real)
    if _is_special(found.st_mode):
        return OutputFile(path, real, special=True, held=_open_special(path))
    with open_regular_file(real) as file:  # refuses a directory, a disk and a socket
        state = _state(os.fstat(file.fileno()))
        start = file.read(START)
    refuse_foreign(path, start, ours, force=force)
    if not os.access(real, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        raise OSError(errno.EACCES, "the file is write-protected")
    probe_directory(real.parent)
    return OutputFile(path, real, state=state)


def _refuse_same(
    path: str,
    real: Path,
    descriptor: int | None,
    inputs: tuple[InputFile, ...],
    journal: str | os.PathLike[str] | None,
) -> None:
    """Refuse a target that is one of the files in use, or would become one of them."""
    base = None if journal is None else os.path.realpath(journal)
    used = [("the input", name if isinstance(name, int) else Path(os.path.realpath(name))) for name in inputs]
    if base is not None:
        used += [("a file of the journal" if end else "the journal", Path(f"{base}{end}")) for end in COMPANIONS]
    for what, other in used:
        if _is_same(real, descriptor, other):
            message = f"{encodable(path)} is {what}; it is left as it is, name another file"
            raise InvalidArgumentError(message)


def _is_same(real: Path, descriptor: int | None, other: Path | int) -> bool:
    try:
        found = real.stat() if descriptor is None else os.fstat(descriptor)
        if os.path.samestat(found, os.fstat(other) if isinstance(other, int) else other.stat()):
            # a terminal or a connection may be read and written
            return not _is_special(found.st_mode) and not stat.S_ISSOCK(found.st_mode)
    except OSError:
        pass
    if isinstance(other, int):
        return False
    # not there yet: on some disks names that differ in case or normal form are one file
    return folded(real.name) == folded(other.name) and real.parent == other.parent


def _stream(path: str) -> int | None:
    """Return the number of the open stream that a path names, by its name or by being the file of stdout or stderr.

    Replacing the file of a stream would lose what goes there later.
    """
    if named := _STREAM.fullmatch(os.path.normpath(path)):
        number, name = named.groups()
        return int(number) if number else _STREAMS[name]
    for number in (1, 2):
        try:
            found = os.fstat(number)
            if stat.S_ISREG(found.st_mode) and os.path.samestat(found, os.stat(path)):  # noqa: PTH116  any kind of path
                return number
        except (OSError, ValueError):
            continue
    return None


def _require_writable(descriptor: int) -> None:
    """Refuse an open stream that is only read, as standard input mostly is, or that is closed."""
    if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
        return  # always writable, and an empty datagram would be sent
    try:
        os.write(descriptor, b"")  # fcntl would tell, but Windows does not have it
    except OSError as error:
        raise OSError(error.errno, "it is not open for writing") from error


def _open_special(path: str) -> BinaryIO:
    """Open a pipe or a device for writing; a pipe that nobody reads is an error, not a wait without end."""
    try:
        descriptor = os.open(path, os.O_WRONLY | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        is_pipe = stat.S_ISFIFO(os.stat(path).st_mode)  # noqa: PTH116  any kind of path
        unread = error.errno == errno.ENXIO and is_pipe
        said = "nobody reads this pipe; start its reader first" if unread else error.strerror
        raise OSError(error.errno, said, path) from error
    if not _is_special(os.fstat(descriptor).st_mode):  # it was something else when it was checked
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it has become a file meanwhile", path)
    os.set_blocking(descriptor, True)
    return os.fdopen(descriptor, "wb")


def _state(found: os.stat_result) -> State:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _made(path: Path) -> bool:
    """Make an empty file, which nobody else can make any more; return False if anything has the name already."""
    try:
        path.open("xb").close()
    except FileExistsError:
        return False
    return True


def _is_special(mode: int) -> bool:
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)
