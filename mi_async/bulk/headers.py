"""What a picture is, by a look at its header: enough to tell whether it would be taken.

Law: reads files, and as little of them as will do; all of one only to know its content again. The rules are those of
``workflows.source``.
"""

import hashlib
import os

from attrs import frozen

from mi_async._core.files import open_regular, open_regular_file
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
        problem: why it would be refused.
    """

    size: int = 0
    fits: bool = True
    problem: ImageRejectedError | None = None


def look(source: Source, fit: bool) -> Look:
    """Look at one picture; a readable object is taken as it is, for it can be read only once.

    Args:
        source: as in an upload.
        fit: whether pictures of too many bytes are made to fit.
    """
    try:
        if isinstance(source, str | os.PathLike):
            return _look_at_file(os.fspath(source), fit)
        if isinstance(source, bytes | bytearray | memoryview):
            content = bytes(source)
            return _judge(name_of(source), read_picture(content), content, len(content), fit)
    except ImageRejectedError as error:
        return Look(problem=error)
    return Look()


def digest(source: Source) -> str:
    """SHA-256 of a picture's content in hex; '' where it cannot be read, or can be read only once."""
    if isinstance(source, bytes | bytearray | memoryview):
        return hashlib.sha256(bytes(source)).hexdigest()
    if not isinstance(source, str | os.PathLike):
        return ""
    try:
        with open_regular_file(source) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError):
        return ""


def _look_at_file(path: str, fit: bool) -> Look:
    try:
        file = open_regular(path)
        try:
            size = os.fstat(file).st_size
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
