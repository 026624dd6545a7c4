"""PNG images: written grey by grey, and whose face one says that it shows.

Invariant: pure; bytes from elsewhere are read as far as they are a PNG, and never refused.

A face is named by a text chunk with the keyword ``Face`` (PNG specification, 11.3.3): iTXt is what is written, for it
is UTF-8; tEXt is read too, for most tools write that.
"""

import struct
import zlib
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
KEYWORD = b"Face"
UNCOMPRESSED = b"\0\0"
"""Compression flag and method of an iTXt chunk whose text is as it is."""


def grey_image(rows: bytes, side: int, *, level: int = -1, face: str | None = None) -> bytes:
    """Return a square PNG of greys.

    Args:
        rows: of pixels, each behind a zero.
        side: pixels.
        level: of the compression.
        face: whose face the image says that it shows; None says nothing.
    """
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)  # 8 bits of grey
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows, level)), (b"IEND", b"")]
    if face is not None:
        # behind the flags come a language and a translation of the keyword, both empty
        chunks.insert(1, (b"iTXt", KEYWORD + b"\0" + UNCOMPRESSED + b"\0\0" + face.encode()))
    return SIGNATURE + b"".join(_chunk(kind, data) for kind, data in chunks)


def chunks_of(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and data of the chunks of a PNG; nothing for what is none."""
    at = len(SIGNATURE)
    while content.startswith(SIGNATURE) and len(content) >= at + 8:
        size, kind = struct.unpack_from(">I4s", content, at)
        yield kind, content[at + 8 : at + 8 + size]
        at += 12 + size


def face_in(content: bytes) -> str:
    """Return whose face an image says that it shows, '' if it says nothing; its first megabyte is enough."""
    for kind, data in chunks_of(content):
        if kind == b"IDAT":
            break
        keyword, _, text = data.partition(b"\0")
        if keyword != KEYWORD:
            continue
        if kind == b"tEXt":
            return text.decode("latin-1")
        if kind == b"iTXt" and text.startswith(UNCOMPRESSED):
            return text[2:].split(b"\0", 2)[-1].decode(errors="replace")
    return ""


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
