"""Pictures made on the spot: real JPEG, PNG and WebP bytes of any size.

Invariant: pure and seeded; the same arguments give the same picture.
"""

import random
import struct
import zlib
from io import BytesIO
from typing import Any

from PIL import Image, ImageDraw

SHAPES = 12


def picture(format: str = "jpg", width: int = 300, height: int = 300, seed: int = 0, **save: Any) -> bytes:  # noqa: A002  reads as the format
    """Bytes of a picture with some coloured ellipses.

    Args:
        format: ``jpg``, ``png``, ``webp``, or another that Pillow writes (``gif``, ``bmp``).
        width: in pixels.
        height: in pixels.
        seed: another seed is another picture.
        save: options of Pillow's writer, such as ``progressive=True`` or ``lossless=True``.
    """
    numbers = random.Random(f"{format} {width} {height} {seed}")  # noqa: S311  not cryptography
    image = Image.new("RGB", (width, height), _colour(numbers))
    drawing = ImageDraw.Draw(image)
    for _ in range(SHAPES):
        left, top = numbers.randrange(width), numbers.randrange(height)
        box = (left, top, left + numbers.randrange(1, width + 1), top + numbers.randrange(1, height + 1))
        drawing.ellipse(box, fill=_colour(numbers))
    stream = BytesIO()
    image.save(stream, {"jpg": "JPEG"}.get(format, format.upper()), **save)
    return stream.getvalue()


def plain_picture(format: str = "png", size: tuple[int, int] = (300, 300), **save: Any) -> bytes:  # noqa: A002  reads as the format
    """Bytes of a picture of a single colour, in which the emulator finds no face."""
    stream = BytesIO()
    Image.new("RGB", size, (120, 130, 140)).save(stream, {"jpg": "JPEG"}.get(format, format.upper()), **save)
    return stream.getvalue()


def padded(size: int) -> bytes:
    """Bytes of a PNG picture, exactly so many."""
    content = picture("png")
    filling = bytes(size - len(content) - 12)
    chunk = struct.pack(">L", len(filling)) + b"fiLl" + filling
    return content[:-12] + chunk + struct.pack(">L", zlib.crc32(chunk[4:])) + content[-12:]


def _colour(numbers: random.Random) -> tuple[int, int, int]:
    red, green, blue = numbers.randbytes(3)
    return red, green, blue
