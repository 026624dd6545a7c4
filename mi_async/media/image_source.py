"""A picture to upload: read once, off the event loop, and checked before any request.

Law: the content decides, not the name; what is refused says what and how much.
Source of the rules: maiu-upload-person-thumbnail-url.
"""

import asyncio
import hashlib
import inspect
import io
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol, Self, TypeAlias, runtime_checkable

from attrs import evolve, field, frozen

from mi_async._core.files import is_transient, open_regular_file
from mi_async._core.inflight import was_cancelled
from mi_async.errors import ImageRejectedError, InvalidArgumentError, ResourceError
from mi_async.media.file_kind import FIRST, described, identify
from mi_async.media.image import MAX_BYTES, MIN_PIXELS, ImageHeader, is_cut_off, read_picture, sniff
from mi_async.text import escaped


@runtime_checkable
class Readable(Protocol):
    """Anything with a ``read(size)`` that gives bytes, or an awaitable of bytes."""

    def read(self, size: int, /) -> bytes | Awaitable[bytes]:
        """Read at most ``size`` bytes."""
        ...


Source: TypeAlias = str | os.PathLike[str] | bytes | bytearray | memoryview | Readable
"""Where a picture comes from: a path, bytes, or a readable object."""


@frozen
class Image:
    """A picture that passed the checks.

    Attributes:
        name: how messages call it: the path, or ``<bytes>``.
        file_name: what the service is told.
        content: the bytes.
        picture: format, width and height.
        md5: of the content in hex, as Object Storage gives it in ETag; made where the picture is checked, off the loop.
        note: what was done to make it fit, '' for nothing.
    """

    name: str
    file_name: str
    content: bytes = field(repr=False)
    picture: ImageHeader
    md5: str
    note: str = ""

    def let_go(self) -> Self:
        """The same without its content, which is no longer needed."""
        return evolve(self, content=b"")


@frozen
class RawImage:
    """What a source holds, before any check.

    Attributes:
        name: how messages call it: the path, or ``<bytes>``.
        content: the bytes, at most as many as were allowed.
    """

    name: str
    content: bytes = field(repr=False)

    @property
    def sha256(self) -> str:
        """SHA-256 of the content in hex."""
        return hashlib.sha256(self.content).hexdigest()


@frozen
class ImageRules:
    """What a picture may be.

    Attributes:
        formats: in words.
        least: pixels of its width and height.
        read: tells what a picture is by its content, None when it is nothing that may be.
        advice: what to do about an image of another format.
        smaller: what to do about an image of too many bytes.
    """

    formats: str = "jpg, png or webp"
    least: int = MIN_PIXELS
    read: Callable[[bytes], ImageHeader | None] = read_picture
    advice: str = "use --fit (fit=True), or export it as JPEG"
    smaller: str = "use --fit (fit=True)"


THUMBNAIL = ImageRules()


async def check_image(
    source: Source, load: "Callable[[Source | Image], Awaitable[Image]] | None" = None
) -> "Source | Image":
    """Read and check a source; returns what can be read again: the image itself for a stream, or if it was made to fit.

    Args:
        source: a path, bytes or a readable object.
        load: reads it; by default :func:`load_image`.

    Raises:
        ImageRejectedError, ResourceError, InvalidArgumentError: as for :func:`load_image`.
    """
    image = await (load or load_image)(source)
    return image if image.note or isinstance(source, Readable) else source


def loading_as(
    load: "Callable[[Source | Image], Awaitable[Image]]", number: int, source: Source
) -> "Callable[[Source | Image], Awaitable[Image]]":
    """Return a loader that calls one of several sources without a name by its position: ``image 2``.

    Args:
        load: reads the source.
        number: of the source, from 0.
        source: as the caller gave it.
    """
    if not name_of(source).startswith("<"):
        return load
    name = f"image {number + 1}"

    async def loaded(given: "Source | Image") -> Image:
        try:
            image = await load(given)
        except ImageRejectedError as error:
            text = str(error).removeprefix(f"{error.source}: ")
            raise rejected(name, error.reason, text) from error
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
        limit: bytes; more than the service takes only where the picture is made to fit afterwards.
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
        raise rejected(name, "size", too_big(limit, size=content.size, smaller=rules.smaller))
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
    return await asyncio.to_thread(image_of, raw, rules)


def image_of(raw: RawImage, rules: ImageRules = THUMBNAIL) -> Image:
    """Check what was read; takes a moment.

    Raises:
        ImageRejectedError: it breaks a rule.
    """
    if len(raw.content) > MAX_BYTES:
        raise rejected(raw.name, "size", too_big(size=len(raw.content), smaller=rules.smaller))
    picture = checked(raw.name, rules.read(raw.content), raw.content, rules)
    refuse_cut_off(raw.name, picture.format, raw.content)
    md5 = hashlib.md5(raw.content, usedforsecurity=False).hexdigest()
    return Image(raw.name, file_name(raw.name, picture), raw.content, picture, md5)


def checked(name: str, picture: ImageHeader | None, start: bytes, rules: ImageRules = THUMBNAIL) -> ImageHeader:
    """What a header says, when the service takes such a picture; size in bytes aside.

    Args:
        name: how messages call the picture.
        picture: what its header says, None when that cannot be read.
        start: the content, or as much of its start as was looked at.
        rules: what it may be.

    Raises:
        ImageRejectedError: the service does not take it.
    """
    if picture is None:
        raise rejected(name, "format", _not_taken(name, start, rules))
    if 0 < min(picture.width, picture.height) < rules.least:  # some headers do not tell
        size = f"{picture.width} x {picture.height} px, less than the {rules.least} px that the service wants"
        raise rejected(name, "resolution", size)
    return picture


def _not_taken(name: str, start: bytes, rules: ImageRules) -> str:
    """What is said of a content that is no image that the service takes."""
    if (ours := sniff(start)) is not None:
        return f"a {ours} that is cut off or damaged"
    kind = identify(start[:FIRST])
    if kind is None:
        return f"not a {rules.formats} image: {starts(start)}"
    return described(kind, name, rules.formats, rules.advice if kind.convertible else "")


def starts(content: bytes) -> str:
    """Return with which characters a content starts, for messages; bytes that are not ASCII text as escapes."""
    return f'it starts with "{escaped(content[:8].decode("ascii", "backslashreplace"))}"'


def refuse_cut_off(name: str, kind: str, content: bytes) -> None:
    """Refuse an image whose end is missing: what is shown of it is half a face, on grey.

    Raises:
        ImageRejectedError: it is.
    """
    if is_cut_off(kind, content):
        raise rejected(name, "format", f"a {kind} that is cut off: its end is missing")


def file_name(name: str, picture: ImageHeader) -> str:
    """What the service is told: the stem of the source's name, with the suffix that the content has."""
    # A file system may hold names that are not Unicode text.
    stem = Path(name).stem.encode(errors="replace").decode() if name[:1] != "<" else ""
    return f"{stem or 'thumbnail'}.{picture.format}"


def rejected(name: str, reason: str, text: str) -> ImageRejectedError:
    """The refusal of a picture; ``reason`` as in the error."""
    return ImageRejectedError(f"{name}: {text}", source=name, reason=reason)


def too_big(limit: int = MAX_BYTES, *, size: int | None = None, smaller: str = THUMBNAIL.smaller) -> str:
    """Return what is said of more bytes than are taken, and what to do.

    Args:
        limit: bytes that are taken; another one than the service's is that of an image to be made smaller.
        size: bytes of the image, None for unknown.
        smaller: what to do about an image that the service does not take.
    """
    has = "" if size is None else f"{size:,} bytes, "
    most = f"{has}more than the {limit // 2**20} MB ({limit:,} bytes) that"
    if limit == MAX_BYTES:
        return f"{most} the service takes; {smaller}"
    return f"{most} are read to make a picture fit; make it smaller"


def name_of(source: Source) -> str:
    """How messages call a source."""
    if isinstance(source, str | os.PathLike):
        return os.fsdecode(source)
    if isinstance(source, bytes | bytearray | memoryview):
        return "<bytes>"
    named = getattr(source, "name", None)
    return named if isinstance(named, str) else f"<{type(source).__name__}>"


async def _read(source: object, name: str, limit: int) -> bytes | _Excess:
    """Return the content, or its size if there is more than is allowed."""
    match source:
        case bytes() | bytearray() | memoryview():
            size = memoryview(source).nbytes
            return _Excess(size) if size > limit else bytes(source)
        case str() | os.PathLike():
            return await asyncio.to_thread(_read_file, name, limit)
        case Readable():
            content = await _read_object(source, name, limit)
            return _Excess(None) if len(content) > limit else content
        case _:
            message = f"a picture is a path, bytes or a readable object, not {type(source).__name__}"
            raise InvalidArgumentError(message)


def _read_file(name: str, limit: int) -> bytes | _Excess:
    try:
        with open_regular_file(name) as file:
            content = file.read(limit + 1)
            return content if len(content) <= limit else _Excess(os.fstat(file.fileno()).st_size)
    except (OSError, ValueError) as error:
        raise unreadable_file(name, error) from error


async def _read_object(source: Readable, name: str, limit: int) -> bytes:
    """Read until the end: a raw or network stream may give less than was asked for."""
    content = bytearray()
    try:
        while len(content) <= limit:
            size = limit + 1 - len(content)
            in_memory = isinstance(source, io.BytesIO) or inspect.iscoroutinefunction(source.read)
            piece: Any = source.read(size) if in_memory else await asyncio.to_thread(source.read, size)
            piece = await piece if inspect.isawaitable(piece) else piece
            if not isinstance(piece, bytes | bytearray | memoryview):  # None: a stream that has nothing yet
                message = f"read() gave {type(piece).__name__}, not bytes"
                raise TypeError(message)  # noqa: TRY301  one way out for whatever is wrong with a reader
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
    if is_transient(error):
        return ResourceError(f"{name}: cannot be read now: {getattr(error, 'strerror', None)}", source=name)
    return unreadable(name, error)


def unreadable(name: str, error: BaseException) -> ImageRejectedError:
    """The refusal of a picture that cannot be read."""
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error) or type(error).__name__
    return rejected(name, "unreadable", f"cannot be read: {said}")
