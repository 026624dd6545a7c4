"""Example images: for tests that need an image of a person and have none, without an imaging library.

Invariant: pure; the same arguments give the same bytes, and each of them counts as an image with a face.
"""

import random

from mi_async.emulator.png_images import grey_image

SIDE = 256
"""Pixels: the least that the service takes."""
BLOCK = 4
"""Pixels of a square of one grey: enough squares that no image is plain, and few enough for a small file."""


def example_image(number: int = 0, *, face: str | None = None) -> bytes:
    """Return a PNG that is taken wherever an image of a person is: 256 x 256 px, 8 kB.

    Args:
        number: another number is another image.
        face: whose face it shows, a word of yours: images of one face look alike to the emulator (90 to 99, the same
            image 100), those of two do not (below 80). The service knows nothing of it.
    """
    greys = random.Random(number)
    squares = SIDE // BLOCK
    rows = b"".join(
        (b"\0" + b"".join(bytes([grey]) * BLOCK for grey in greys.randbytes(squares))) * BLOCK for _ in range(squares)
    )
    return grey_image(rows, SIDE, level=9, face=face)
