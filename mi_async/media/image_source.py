"""Sources of images: read once, off the event loop, and checked before any request."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from attrs import evolve, field, frozen

from mi_async._core.files import is_transient, open_sized
from mi_async._core.inflight import was_cancelled
from mi_async.errors import ImageRejectedError, InvalidArgumentError, ResourceError
from mi_async.media.image import MAX_BYTES
from mi_async.media.image_check import THUMBNAIL, Image, ImageRules, RawImage, checked_image, image_rejection, too_big
from mi_async.media.readable_source import (
    Readable,
    ReadableSource,
    given_name,
    read_piece,
    reader_error_text,
    reader_of,
)

Source: TypeAlias = str | os.PathLike[str] | bytes | bytearray | memoryview | ReadableSource
"""A path, bytes, or a readable object: an open file, a stream, or a file that a client has sent to a web service."""
MORE = 2**18
"""Bytes asked for at once of what a file has beyond its size."""


@frozen
class CheckedSource:
    """A source that was read and checked.

    Attributes:
        source: what can be read again: the image itself for a stream, or if it was made to fit.
        image: the image without its content.
    """

    source: "Source | Image" = field(repr=False)
    image: Image


async def check_image(
    source: Source, load: "Callable[[Source | Image], Awaitable[Image]] | None" = None
) -> CheckedSource:
    """Read and check a source.

    Args:
        source: a path, bytes or a readable object.
        load: reads it; by default :func:`load_image`.

    Raises:
        ImageRejectedError, ResourceError, InvalidArgumentError: as for :func:`load_image`.
    """
    image = await (load or load_image)(source)
    kept = image if image.note or reader_of(source) is not None else source
    return CheckedSource(kept, image.let_go())


def loading_as(
    load: "Callable[[Source | Image], Awaitable[Image]]", number: int, sources: Sequence[Source]
) -> "Callable[[Source | Image], Awaitable[Image]]":
    """Return a loader that calls one of several sources without a name by its position: ``image 2 of 3``.

    Args:
        load: reads the source.
        number: of the source, from 0.
        sources: all of them, as the caller gave them.
    """
    if not name_of(sources[number]).startswith("<"):
        return load
    name = f"image {number + 1} of {len(sources)}"

    async def loaded(given: "Source | Image") -> Image:
        try:
            image = await load(given)
        except ImageRejectedError as error:
            text = str(error).removeprefix(f"{error.source}: ")
            raise image_rejection(name, error.reason, text) from error
        return evolve(image, name=name)

    return loaded


async def load_image(source: "Source | Image", rules: ImageRules = THUMBNAIL) -> Image:
    """Read a source and check it: of a format by its content, at most 5 MB, and not too small.

    Raises:
        ImageRejectedError: it breaks a rule, or cannot be read.
        ResourceError: a file cannot be read now.
        InvalidArgumentError: it is no source at all.
    """
    return source if isinstance(source, Image) else await to_image(await read_source(source, rules=rules), rules)


async def read_source(source: Source, limit: int = MAX_BYTES, rules: ImageRules = THUMBNAIL) -> RawImage:
    """Read a source once, off the event loop where reading blocks, and no further than a byte past ``limit``.

    Args:
        source: a path, bytes or a readable object.
        limit: bytes; more than the service takes only where the image is made to fit afterwards.
        rules: what to do about a source that is larger.

    Raises:
        ImageRejectedError: there is more in it, or it cannot be read.
        ResourceError: a file cannot be read now.
        InvalidArgumentError: it is no source at all.
    """
    name = name_of(source)
    return _limited(name, await _read(source, name, limit), limit, rules)


def read_file(path: str | os.PathLike[str], limit: int = MAX_BYTES) -> RawImage:
    """Read a file as :func:`read_source` does; blocks."""
    name = name_of(path)
    return _limited(name, _read_file(name, limit), limit, THUMBNAIL)


def _limited(name: str, content: "bytes | _Excess", limit: int, rules: ImageRules) -> RawImage:
    if isinstance(content, _Excess):
        raise image_rejection(name, "size", too_big(limit, size=content.size, smaller=rules.smaller))
    return RawImage(name, content)


@frozen
class _Excess:
    """A content that is larger than allowed; its size in bytes, None where the source does not tell it."""

    size: int | None


async def to_image(raw: RawImage, rules: ImageRules = THUMBNAIL) -> Image:
    """Check what was read, off the event loop.

    Raises:
        ImageRejectedError: it breaks a rule.
    """
    return await asyncio.to_thread(checked_image, raw, rules)


def name_of(source: Source) -> str:
    """Return the name of a source in messages."""
    if isinstance(source, str):
        return source
    if isinstance(source, os.PathLike):
        return os.fsdecode(source)
    if isinstance(source, bytes | bytearray | memoryview):
        return "<bytes>"
    return given_name(source) or f"<{type(source).__name__}>"


async def _read(source: object, name: str, limit: int) -> bytes | _Excess:
    """Return the content, or its size if there is more than is allowed."""
    match source:
        case bytes() | bytearray() | memoryview():
            size = memoryview(source).nbytes
            return _Excess(size) if size > limit else bytes(source)
        case str() | os.PathLike():
            return await asyncio.to_thread(_read_file, name, limit)
        case _:
            reader = reader_of(source)
            if reader is None:
                message = f"an image is a path, bytes or a readable object, not {type(source).__name__}"
                raise InvalidArgumentError(message)
            content = await _read_object(reader, name, limit)
            return _Excess(None) if len(content) > limit else content


def _read_file(name: str, limit: int) -> bytes | _Excess:
    try:
        descriptor, size = open_sized(name)
        try:
            if size > limit:
                return _Excess(size)
            content = _read_all(descriptor, size, limit)
            return content if len(content) <= limit else _Excess(os.fstat(descriptor).st_size)
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:
        raise unreadable_file(name, error) from error


def _read_all(descriptor: int, size: int, limit: int) -> bytes:
    """Read a file to its end, and no further than a byte past ``limit``; its size says how much there is to begin with.

    A buffer for all that is allowed, 5 MB for each thumbnail, would cost more than the reading.
    """
    content = os.read(descriptor, size + 1)
    if len(content) == size:  # a byte more was asked for: this is its end
        return content
    while len(content) <= limit and (more := os.read(descriptor, min(MORE, limit + 1 - len(content)))):
        content += more  # it grows while it is read, or a network disk gives less than was asked for
    return content


async def _read_object(source: Readable, name: str, limit: int) -> bytes:
    """Read until the end: a raw or network stream may give less than was asked for."""
    content = bytearray()
    try:
        while len(content) <= limit:
            piece = await read_piece(source, limit + 1 - len(content))
            if not piece:
                break
            content += piece
    except asyncio.CancelledError as error:
        if was_cancelled():
            raise
        raise unreadable(name, error) from error  # it was something that the reader waits for
    except Exception as error:  # a reader is the caller's code and may raise anything
        raise unreadable(name, error) from error
    return bytes(content)


def unreadable_file(name: str, error: Exception) -> ImageRejectedError | ResourceError:
    """Return what to raise for a file that cannot be read, at all or now.

    A readable object is not asked again whatever it raises: what it gave already is lost.
    """
    if not name:
        return ImageRejectedError("the path of an image is empty", source=name, reason="unreadable")
    if is_transient(error):
        return ResourceError(f"{name}: cannot be read now: {getattr(error, 'strerror', None)}", source=name)
    return unreadable(name, error)


def unreadable(name: str, error: BaseException) -> ImageRejectedError:
    """Return the refusal of an image that cannot be read."""
    return image_rejection(name, "unreadable", f"cannot be read: {reader_error_text(error)}")
