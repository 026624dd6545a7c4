"""What a picture is, by a look at its header: enough to tell whether it would be taken.

Law: reads files, and as little of them as will do; the rules are those of ``workflows.source``.
"""

import os
import stat

from attrs import frozen

from mi_async._core.images import MAX_BYTES, Picture, read_picture, sniff
from mi_async.bulk.fit import MOST_BYTES
from mi_async.errors import ImageRejectedError
from mi_async.workflows.source import Source, checked, name_of, rejected, too_big, unreadable

FIRST = 8 * 2**10
"""Bytes that are read of each file; metadata of some cameras are longer, and then more is read."""
MORE = 8
"""By how much more each time."""


@frozen
class Look:
    """What a look at a picture has shown.

    Attributes:
        size: bytes, 0 where that is not known.
        fits: whether it is no larger than the service takes; if not, it is to be made to fit.
        same: whether the file is the one that a journal knows; then it was not opened.
        problem: why it would be refused.
    """

    size: int = 0
    fits: bool = True
    same: bool = False
    problem: ImageRejectedError | None = None


def look(source: Source, fit: bool, known: tuple[int, int] | None = None) -> Look:
    """Look at one picture; a readable object is taken as it is, for it can be read only once.

    Args:
        source: as in an upload.
        fit: whether pictures of too many bytes are made to fit.
        known: size and time of the last change of the file that a journal knows.
    """
    try:
        if isinstance(source, str | os.PathLike):
            return _look_at_file(os.fspath(source), fit, known)
        if isinstance(source, bytes | bytearray | memoryview):
            content = bytes(source)
            return _judge(name_of(source), read_picture(content), content, len(content), fit)
    except ImageRejectedError as error:
        return Look(problem=error)
    return Look()


def _look_at_file(path: str, fit: bool, known: tuple[int, int] | None) -> Look:
    try:
        if known is not None:
            found = os.stat(path)  # noqa: PTH116  cheaper than a Path, and runs a million times
            if (found.st_size, found.st_mtime_ns) == known:
                return Look(found.st_size, same=True)
        # without O_NONBLOCK a pipe would be waited for until somebody writes to it
        file = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
        try:
            found = os.fstat(file)
            if not stat.S_ISREG(found.st_mode):
                raise rejected(path, "unreadable", "not a file")
            size = found.st_size
            if size > MAX_BYTES and not fit:
                raise rejected(path, "size", too_big())
            start = os.read(file, FIRST)
            picture = read_picture(start)
            while picture is None and sniff(start) and (more := os.read(file, len(start) * (MORE - 1))):
                start += more
                picture = read_picture(start)
            return _judge(path, picture, start, size, fit)
        finally:
            os.close(file)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error


def _judge(name: str, picture: Picture | None, start: bytes, size: int, fit: bool) -> Look:
    if size > MAX_BYTES and not fit:
        raise rejected(name, "size", too_big())
    if size > MOST_BYTES:
        raise rejected(name, "size", too_big(MOST_BYTES))
    checked(name, picture, start)
    return Look(size, size <= MAX_BYTES)
