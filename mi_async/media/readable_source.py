"""Readable sources: objects that give bytes, as Python, web frameworks and people have them, and what they are called.

Invariant: read once and piece by piece, never further than asked for; blocking reads are off the event loop. No web
framework is imported: the objects are told by what they have.
"""

import asyncio
import inspect
import io
import os
import re
from collections.abc import AsyncIterator, Awaitable
from contextlib import aclosing
from typing import Any, Protocol, TypeAlias, cast, runtime_checkable

from attrs import frozen

PART_PIECE = 2**18
"""Bytes asked for at once of a part of a multipart body; aiohttp wants at least the length of its boundary."""
_FOLDER = re.compile(r"[/\\]")
_NO_NAMES = frozenset({"", ".", ".."})
"""Names that a client may send and that are none, or that name a folder."""


@runtime_checkable
class Readable(Protocol):
    """Anything with a ``read(size)`` that gives bytes, or an awaitable of bytes."""

    def read(self, size: int, /) -> bytes | Awaitable[bytes]:
        """Read at most ``size`` bytes."""
        ...


@runtime_checkable
class HasFile(Protocol):
    """A form's file as a value that holds the file, such as ``aiohttp.web.FileField``."""

    @property
    def filename(self) -> str | None:
        """Name of the file at the client."""
        ...

    @property
    def file(self) -> Any:
        """The file, with ``read``."""
        ...


@runtime_checkable
class BodyPart(Protocol):
    """A part of a multipart body that is still arriving, such as ``aiohttp.BodyPartReader``."""

    @property
    def filename(self) -> str | None:
        """Name of the file at the client."""
        ...

    def read_chunk(self, size: int = ..., /) -> Awaitable[bytes]:
        """Read a piece, as it was sent."""
        ...

    def decode_iter(self, data: Any, /) -> AsyncIterator[Any]:
        """Decode a piece."""
        ...


ReadableSource: TypeAlias = Readable | HasFile | BodyPart
"""Open files, streams, and files that a client has sent to a web service."""


@frozen
class _PartReader:
    """The decoded content of a part of a multipart body."""

    part: BodyPart

    async def read(self, size: int, /) -> bytes:
        """Read the next piece, which may be longer than asked for: as much as was decoded of one that was sent."""
        while chunk := await self.part.read_chunk(PART_PIECE):
            content = bytearray()
            async with aclosing(cast("Any", self.part.decode_iter(chunk))) as decoded:
                async for piece in decoded:
                    content += piece
                    if len(content) > size:  # a small piece of gzip may become gigabytes
                        return bytes(content)
            if content:
                return bytes(content)
        return b""


def reader_of(source: object) -> Readable | None:
    """Return what reads a source, None if it is nothing that can be read."""
    if isinstance(source, BodyPart):  # before Readable: its read() takes no size
        return _PartReader(source)
    if isinstance(source, Readable):
        return source
    if isinstance(source, HasFile) and isinstance(source.file, Readable):
        return source.file
    return None


async def read_piece(reader: Readable, size: int) -> bytes:
    """Read the next piece; empty at the end.

    Raises:
        TypeError: it gives something else than bytes.
        Exception: a reader is the caller's code and may raise anything.
    """
    on_loop = isinstance(reader, io.BytesIO) or inspect.iscoroutinefunction(reader.read)
    piece: Any = reader.read(size) if on_loop else await asyncio.to_thread(reader.read, size)
    piece = await piece if inspect.isawaitable(piece) else piece
    if not isinstance(piece, bytes | bytearray | memoryview):  # None: a stream that has nothing yet
        message = f"read() gave {type(piece).__name__}, not bytes"
        raise TypeError(message)
    return bytes(piece)


def given_name(source: object) -> str | None:
    """Return the name that a readable object has for itself: its ``filename``, else its ``name``; None for neither.

    An uploaded file has both at times, and then ``name`` is that of the form's field. Folders that an old browser sends
    before the name of a file are left out.
    """
    given = getattr(source, "filename", source)
    if given is not source:
        last = _FOLDER.split(given)[-1] if isinstance(given, str) else ""
        return last if last not in _NO_NAMES else None
    named = getattr(source, "name", None)  # a number, for a file that has none or was opened by its descriptor
    return os.fsdecode(named) if isinstance(named, str | bytes | os.PathLike) and named else None


def reader_error_text(error: BaseException) -> str:
    """Return what an error of a reader says, without the number of the operating system."""
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error) or type(error).__name__
