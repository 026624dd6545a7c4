"""Example images: for tests that need an image of a person and have none, without an imaging library.

Invariant: pure; the same number gives the same bytes, and each of them counts as an image with a face.
"""

import random
import struct
import zlib

SIDE = 256
"""Pixels: the least that the service takes."""
BLOCK = 4
"""Pixels of a square of one grey: enough squares that no image is plain, and few enough for a small file."""


def example_image(number: int = 0) -> bytes:
    """Return a PNG that is taken wherever an image of a person is: 256 x 256 px, 8 kB.

    Args:
        number: another number is another image.
    """
    greys = random.Random(number)
    squares = SIDE // BLOCK
    rows = b"".join(
        (b"\0" + b"".join(bytes([grey]) * BLOCK for grey in greys.randbytes(squares))) * BLOCK for _ in range(squares)
    )
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 0, 0, 0, 0)  # 8 bits of grey
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
