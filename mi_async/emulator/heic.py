"""Format and size of a HEIC image, by its boxes.

Invariant: pure; reads the two boxes that say it, and takes a file whose boxes do not add up for no HEIC.
"""

import struct

from mi_async.media.image import ImageHeader

BRANDS = frozenset({b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"})
EXTENTS = b"ispe"
"""Image spatial extents: version and flags (4 bytes), width and height (4 bytes each, big-endian)."""


def read_heic(content: bytes) -> ImageHeader | None:
    """Return the size of the largest image in a HEIC file; None when the content is none."""
    if content[4:8] != b"ftyp" or content[8:12] not in BRANDS:
        return None
    sizes: list[tuple[int, int]] = []
    found = content.find(EXTENTS)
    while found >= 0:
        extents = content[found + 8 : found + 16]
        if len(extents) == struct.calcsize(">II"):
            sizes.append(struct.unpack(">II", extents))
        found = content.find(EXTENTS, found + 1)
    if not sizes:
        return None
    width, height = max(sizes, key=lambda size: size[0] * size[1])
    return ImageHeader("heic", width, height)
