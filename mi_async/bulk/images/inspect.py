"""Inspection of an image by its header: enough to say if it would be rejected.

Invariant: reads as little of a file as will do, and all of it only to know its content again. The rules are those of
``media.image_source``.
"""

import hashlib
import os

from attrs import frozen

from mi_async._core.files import is_exhausted, open_regular_file, open_sized
from mi_async.bulk.images.image_converter import MOST_BYTES, convertible, fits
from mi_async.errors import ImageRejectedError, ResourceError
from mi_async.media.image import MAX_BYTES, TAIL, ImageHeader, has_end, read_picture, sniff
from mi_async.media.image_check import checked_header, image_rejection, refuse_cut_off, too_big
from mi_async.media.image_source import Source, name_of, unreadable_file

FIRST = 8 * 2**10
"""Bytes that are read of each file at first; the metadata of some cameras are longer, and then more is read."""
MORE = 8
"""Factor by which more is read each time."""


@frozen
class ImageInspection:
    """Result of an inspection.

    Attributes:
        size: bytes, 0 if unknown.
        fits: False if it has to be resized.
        problem: why it would be rejected, or cannot be read now.
    """

    size: int = 0
    fits: bool = True
    problem: ImageRejectedError | ResourceError | None = None


def inspect_image(source: Source, fit: bool) -> ImageInspection:
    """Inspect one image; a readable object counts as good, because it can be read only once.

    Args:
        source: as in an upload.
        fit: images of too many bytes or of other formats are resized.

    Raises:
        ResourceError: this machine is out of a resource; one file that cannot be read now is a problem of that file.
    """
    try:
        if isinstance(source, str | os.PathLike):
            return _inspect_file(os.fspath(source), fit)
        if isinstance(source, bytes | bytearray | memoryview):
            content = bytes(source)
            header = _header(content, fit)
            shown = _judge(name_of(source), header, content, len(content), fit)
            refuse_cut_off(name_of(source), header.format if header else "", content)
            return shown
    except (ImageRejectedError, ResourceError) as error:
        if is_exhausted(error.__cause__):
            raise
        return ImageInspection(problem=error)
    return ImageInspection()


def digest(source: Source) -> str:
    """Return the SHA-256 of an image's content in hex; '' if it cannot be read, or can be read only once."""
    if isinstance(source, bytes | bytearray | memoryview):
        return hashlib.sha256(bytes(source)).hexdigest()
    if not isinstance(source, str | os.PathLike):
        return ""
    try:
        with open_regular_file(source) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError):
        return ""


def _inspect_file(path: str, fit: bool) -> ImageInspection:
    try:
        file, size = open_sized(path)
        try:
            if size > MAX_BYTES and not fit:
                raise image_rejection(path, "size", too_big(size=size))
            start = os.read(file, FIRST)
            header = _header(start, fit)
            while _may_tell_more(header, start) and (more := os.read(file, len(start) * (MORE - 1))):
                start += more
                header = _header(start, fit)
            shown = _judge(path, header, start, size, fit)
            _check_end(path, file, header.format if header else "", start, size)
            return shown
        finally:
            os.close(file)
    except (OSError, ValueError) as error:
        raise unreadable_file(path, error) from error


def _header(start: bytes, fit: bool) -> ImageHeader | None:
    header = read_picture(start)
    return convertible(start) if header is None and fit else header


def _may_tell_more(header: ImageHeader | None, start: bytes) -> bool:
    """Return True if more of a file may tell its size; a TIFF often has it at its end."""
    return sniff(start) is not None if header is None else header.width == 0


def _check_end(path: str, file: int, kind: str, start: bytes, size: int) -> None:
    """Refuse a file whose end is missing; all of it is read only where its first and last bytes leave that open."""
    os.lseek(file, max(0, size - TAIL), os.SEEK_SET)
    if has_end(kind, start, os.read(file, TAIL), size):
        return
    os.lseek(file, 0, os.SEEK_SET)
    with os.fdopen(os.dup(file), "rb") as whole:
        refuse_cut_off(path, kind, whole.read())


def _judge(name: str, header: ImageHeader | None, start: bytes, size: int, fit: bool) -> ImageInspection:
    if size > MAX_BYTES and not fit:
        raise image_rejection(name, "size", too_big(size=size))
    if size > MOST_BYTES:
        raise image_rejection(name, "size", too_big(MOST_BYTES, size=size))
    checked_header(name, header, start)
    return ImageInspection(size, not fit or fits(start, size))
