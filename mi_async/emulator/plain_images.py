"""Plain images, of a single colour or of a few stripes, told from all others by how little they say.

Pure: no decoder. In every format the data of a plain image repeat themselves, so a second compression leaves next to
nothing of them, while the simplest drawing keeps more than a kilobyte.
"""

import zlib
from collections.abc import Iterator

from mi_async.emulator.png_images import SIGNATURE, chunks_of

LEAST_SAID = 800
"""Bytes that an image which shows something keeps when it is compressed once more."""
SLICE = 65_536
RIFF = b"RIFF"
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
    elif content.startswith(SIGNATURE):
        for kind, data in chunks_of(content):
            if kind == b"IDAT":
                yield data
    elif content.startswith(RIFF) and content[8:12] == b"WEBP":
        for kind, data in _riff_chunks(content):
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


def _riff_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and data of the chunks of a RIFF file, each padded to even."""
    at = 12
    while len(content) >= at + 8:
        size = int.from_bytes(content[at + 4 : at + 8], "little")
        yield content[at : at + 4], content[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
