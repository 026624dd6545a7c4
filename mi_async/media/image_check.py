"""Rules that an image must keep before any request, and an image that has passed them.

Invariant: pure; the content decides, not the name; what is refused says what and how much.
Source of the rules: maiu-upload-person-thumbnail-url.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Self

from attrs import field, frozen

from mi_async._core.drafts import evolve
from mi_async.errors import ImageRejectedError
from mi_async.media.file_kind import FIRST, identify, kind_refusal, starts
from mi_async.media.image import MAX_BYTES, MIN_PIXELS, ImageHeader, is_cut_off, read_picture, sniff
from mi_async.models import Serializable, internal


@frozen(weakref_slot=False)  # else no draft has its layout
class Image(Serializable):
    """An image that passed the checks.

    Attributes:
        name: in messages: the path, or ``<bytes>``.
        file_name: as the service is told.
        content: the bytes.
        picture: format, width and height.
        md5: of the content in hex, as Object Storage gives it in ETag; made where the image is checked, off the loop.
        note: what was done to make it fit, '' for nothing.
        source_md5: of the source's content, where that was made to fit; '' where it is uploaded as it is.
    """

    name: str
    file_name: str
    content: bytes = field(repr=False, metadata=internal(b""))
    picture: ImageHeader
    md5: str
    note: str = ""
    source_md5: str = ""

    @property
    def digest(self) -> str:
        """MD5 of the source's content: the same whenever and by whatever version of Pillow it was made to fit."""
        return self.source_md5 or self.md5

    def let_go(self) -> Self:
        """Return the same without its content, which is no longer needed."""
        return evolve(self, content=b"")


@frozen
class RawImage:
    """Content of a source, before any check.

    Attributes:
        name: in messages: the path, or ``<bytes>``.
        content: the bytes, at most as many as were allowed.
    """

    name: str
    content: bytes = field(repr=False)

    @property
    def sha256(self) -> str:
        """SHA-256 of the content in hex."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def md5(self) -> str:
        """MD5 of the content in hex."""
        return hashlib.md5(self.content, usedforsecurity=False).hexdigest()


@frozen
class ImageRules:
    """Limits of an image.

    Attributes:
        formats: in words.
        least: pixels of its width and height.
        read: returns the header of an image by its content, None for another format.
        advice: what to do about an image of another format.
        smaller: what to do about an image of too many bytes.
    """

    formats: str = "jpg, png or webp"
    least: int = MIN_PIXELS
    read: Callable[[bytes], ImageHeader | None] = read_picture
    advice: str = "use --fit (fit=True), or export it as JPEG"
    smaller: str = "use --fit (fit=True)"


THUMBNAIL = ImageRules()


def checked_image(raw: RawImage, rules: ImageRules = THUMBNAIL) -> Image:
    """Check what was read; takes milliseconds, so call it off the loop.

    Raises:
        ImageRejectedError: it breaks a rule.
    """
    if len(raw.content) > MAX_BYTES:
        raise image_rejection(raw.name, "size", too_big(size=len(raw.content), smaller=rules.smaller))
    picture = checked_header(raw.name, rules.read(raw.content), raw.content, rules)
    refuse_cut_off(raw.name, picture.format, raw.content)
    return Image(raw.name, file_name(raw.name, picture), raw.content, picture, raw.md5)


def checked_header(name: str, picture: ImageHeader | None, start: bytes, rules: ImageRules = THUMBNAIL) -> ImageHeader:
    """Return a header if the service takes such an image, its size in bytes aside.

    Args:
        name: in messages.
        picture: the header, None when that cannot be read.
        start: the content, or as much of its start as was looked at.
        rules: what it may be.

    Raises:
        ImageRejectedError: the service does not take it.
    """
    if picture is None:
        raise image_rejection(name, "format", _not_taken(name, start, rules))
    if 0 < min(picture.width, picture.height) < rules.least:  # some headers do not tell
        size = f"{picture.width} x {picture.height} px, less than the {rules.least} px that the service wants"
        raise image_rejection(name, "resolution", size)
    return picture


def _not_taken(name: str, start: bytes, rules: ImageRules) -> str:
    """Return the reason for refusing a content that is no image that the service takes."""
    if (ours := sniff(start)) is not None:
        return f"a {ours} that is cut off or damaged"
    kind = identify(start[:FIRST])
    if kind is None:
        return f"not a {rules.formats} image: {starts(start)}"
    return kind_refusal(kind, name, rules.formats, rules.advice if kind.convertible else "")


def refuse_cut_off(name: str, kind: str, content: bytes) -> None:
    """Refuse an image whose end is missing: what is shown of it is half a face, on grey.

    Raises:
        ImageRejectedError: it is.
    """
    if is_cut_off(kind, content):
        raise image_rejection(name, "incomplete", f"a {kind} that is cut off: its end is missing")


def file_name(name: str, picture: ImageHeader) -> str:
    """Return the file name for the service: the stem of the source's name, with the suffix that the content has."""
    # A file system may hold names that are not Unicode text.
    stem = Path(name).stem.encode(errors="replace").decode() if name[:1] != "<" else ""
    return f"{stem or 'thumbnail'}.{picture.format}"


def image_rejection(name: str, reason: str, text: str) -> ImageRejectedError:
    """Return the refusal of an image; ``reason`` as in the error."""
    return ImageRejectedError(f"{name}: {text}", source=name, reason=reason)


def too_big(limit: int = MAX_BYTES, *, size: int | None = None, smaller: str = THUMBNAIL.smaller) -> str:
    """Return the reason for refusing more bytes than are taken, and what to do.

    Args:
        limit: bytes that are taken; another one than the service's is that of an image to be made smaller.
        size: bytes of the image, None for unknown.
        smaller: what to do about an image that the service does not take.
    """
    has = "" if size is None else f"{size:,} bytes, "
    most = f"{has}more than the {limit // 2**20} MB ({limit:,} bytes) that"
    if limit == MAX_BYTES:
        return f"{most} the service takes; {smaller}"
    return f"{most} are read to make an image fit; make it smaller"
