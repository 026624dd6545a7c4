"""Header of a media file: the values it may tell, and a reader with a limit.

Invariant: pure; a file is read only so often, whatever it says.
"""

from collections.abc import Callable
from itertools import count
from typing import TypeAlias

from attrs import frozen

Read: TypeAlias = Callable[[int, int], bytes]
"""From offset and length to bytes, fewer of them at the end of the file."""

MOST_READS = 10_000
"""Reads of one file. A video with a hundred tracks takes some thousands; a file that wants more is made to be slow."""


class TooManyReadsError(Exception):
    """A file whose header does not come to an end; of such a file nothing is known but its format."""


def sparing(read: Read) -> Read:
    """Return the same reader with a limit on the reads of the whole file; one for each level would multiply.

    Raises:
        TooManyReadsError: by what is returned, once that is used up.
    """
    reads = count()

    def spared(offset: int, length: int) -> bytes:
        if next(reads) >= MOST_READS:
            raise TooManyReadsError
        return read(offset, length)

    return spared


@frozen
class HeaderFault:
    """Something in a header that proves the file useless.

    Attributes:
        reason: ``incomplete`` or ``no_video``, as in :class:`mi_async.errors.MediaRejectedError`.
        text: in words, for the message.
    """

    reason: str
    text: str


@frozen
class Header:
    """Facts about a media file; None where its header does not tell.

    Attributes:
        format: ``mp4``, ``mkv``, ``mov``, ``webm``, ``jpg``, ``png``, ``heic``, or another that was recognised.
        width: pixels.
        height: pixels.
        seconds: length of a video.
        fault: what proves the file useless; None also where nothing can be proved.
    """

    format: str
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    fault: HeaderFault | None = None


def incomplete(text: str) -> HeaderFault:
    """Return the fault of a file that is cut off or still being written."""
    return HeaderFault("incomplete", f"{text}: it is cut off, or still being written")


def no_video(holds: str) -> HeaderFault:
    """Return the fault of a file without a picture track."""
    return HeaderFault("no_video", f"has no picture track, only {holds}")


def largest(sizes: list[tuple[int, int]]) -> tuple[int, int] | tuple[None, None]:
    """Return the size with the most pixels; a file may hold previews and tiles too."""
    real = [size for size in sizes if min(size) > 0]
    return max(real, key=lambda size: size[0] * size[1]) if real else (None, None)
