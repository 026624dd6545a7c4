"""Content of an image as a journal and the service know it: SHA-256 and MD5, read in pieces.

Invariant: no file is held in memory, whatever its size; what cannot be read now is left to the next run.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable

from attrs import frozen

from mi_async._core.files import open_regular_file
from mi_async.bulk.images.image_converter import MOST_BYTES
from mi_async.bulk.images.loading import FilePath, checked_fingerprint, is_file
from mi_async.errors import ImageRejectedError, MIError
from mi_async.media.image_source import Source, name_of, read_source

PIECE = 2**18
"""Bytes that are read at once."""


@frozen
class ImageContent:
    """Content of an image, without its bytes.

    Attributes:
        source: path, or name in messages.
        size: bytes.
        mtime_ns: time of the last change of the file, 0 if the source is none.
        sha256: by which a journal knows it, hex.
        md5: by which the name of an upload tells it, hex.
    """

    source: str
    size: int
    mtime_ns: int
    sha256: str
    md5: str


ReadContent = Callable[[Source], Awaitable[ImageContent | None]]
"""Returns the content of a source, None where it cannot be read."""


def content_of_file(path: FilePath) -> ImageContent | None:
    """Return the content of a file, None where it cannot be read; blocks."""
    try:
        size, changed = checked_fingerprint(path)  # before it is read: if it changes meanwhile, the run reads it again
        sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
        with open_regular_file(path) as file:
            while piece := file.read(PIECE):
                sha256.update(piece)
                md5.update(piece)
    except (OSError, ValueError, ImageRejectedError):
        return None
    return ImageContent(name_of(path), size, changed, sha256.hexdigest(), md5.hexdigest())


def reader_of(read_file: Callable[[FilePath], Awaitable[ImageContent | None]]) -> ReadContent:
    """Return the reader of any source; files are read by the function that is given."""

    async def read(source: Source) -> ImageContent | None:
        if is_file(source):
            return await read_file(source)
        try:
            raw = await read_source(source, MOST_BYTES)
        except MIError:
            return None
        return await asyncio.to_thread(lambda: ImageContent(name_of(source), len(raw.content), 0, raw.sha256, raw.md5))

    return read
