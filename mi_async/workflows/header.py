"""What the header of a media file may tell, and how headers are read.

Law: values only.
"""

from collections.abc import Callable
from typing import TypeAlias

from attrs import frozen

Read: TypeAlias = Callable[[int, int], bytes]
"""From offset and length to bytes, fewer of them at the end of the file."""


@frozen
class Header:
    """What a media file says of itself; None where its header does not tell.

    Attributes:
        format: ``mp4``, ``mkv``, ``mov``, ``webm``, ``jpg``, ``png``, ``heic``, or another that was recognised.
        width: pixels.
        height: pixels.
        seconds: length of a video.
    """

    format: str
    width: int | None = None
    height: int | None = None
    seconds: float | None = None


def largest(sizes: list[tuple[int, int]]) -> tuple[int, int] | tuple[None, None]:
    """The size with the most pixels; a file may hold previews and tiles too."""
    real = [size for size in sizes if min(size) > 0]
    return max(real, key=lambda size: size[0] * size[1]) if real else (None, None)
