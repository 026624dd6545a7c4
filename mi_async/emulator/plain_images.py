"""Plain images, of a single colour or of a few stripes, told from all others by how little they say.

Pure: no decoder. In every format the data of a plain image repeat themselves, so a second compression leaves next to
nothing of them, while the simplest drawing keeps more than a kilobyte.
"""

import zlib
from collections.abc import Iterator

LEAST_SAID = 800
"""Bytes that an image which shows something keeps when it is compressed once more."""
SLICE = 65_536
PNG, RIFF = b"\x89PNG\r\n\x1a\n", b"RIFF"
START_OF_SCAN = 0xDA
WEBP_IMAGES = {b"VP8 ", b"VP8L", b"ALPH", b"ANMF"}


def is_plain(content: bytes) -> bool:
    """Return True if the image shows next to nothing, such as a gradient; False for what is no JPEG, PNG or WebP."""
    compressor, said = zlib.compressobj(), 0
    found = False
    for data in _image_data(content):
        for start in range(0, len(data), SLICE):
            found = True
            piece = compressor.compress(data[start : start + SLICE]) + compressor.flush(zlib.Z_SYNC_FLUSH)
            said += len(piece)
            if said >= LEAST_SAID:
                return False
    return found


def _image_data(content: bytes) -> Iterator[bytes]:
    """Yield what codes the pixels, without the metadata around it."""
    if content.startswith(b"\xff\xd8"):
        yield _scans(content)
    elif content.startswith(PNG):
        for kind, data in _chunks(content, len(PNG), "big", trailer=4):
            if kind == b"IDAT":
                yield data
    elif content.startswith(RIFF) and content[8:12] == b"WEBP":
        for kind, data in _chunks(content, 12, "little"):
            if kind in WEBP_IMAGES:
                yield data


def _scans(content: bytes) -> bytes:
    """Return the scans of a JPEG: what follows the first segment that starts one."""
    at = 2
    while content[at : at + 1] == b"\xff" and len(content) >= at + 4:
        length = int.from_bytes(content[at + 2 : at + 4], "big")
        if content[at + 1] == START_OF_SCAN:
            return content[at + 2 + length :]
        at += 2 + length
    return b""


def _chunks(content: bytes, at: int, order: str, *, trailer: int = 0) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and data of the chunks of a PNG (length first) or of a RIFF file (kind first, padded to even)."""
    while len(content) >= at + 8:
        first, second = content[at : at + 4], content[at + 4 : at + 8]
        size = int.from_bytes(first, "big") if order == "big" else int.from_bytes(second, "little")
        kind = second if order == "big" else first
        yield kind, content[at + 8 : at + 8 + size]
        at += 8 + size + trailer + (0 if order == "big" else size % 2)
