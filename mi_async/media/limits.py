"""The rule by which a media file is taken or refused before a byte is sent, as far as its header tells.

Invariant: touches headers only, however large the file. The content decides, not the name; what a header does not prove
is left to the service. One rule for the single call, the bulk run and the plan.
Source of the limits: the service's guide, specifications of media assets.
"""

import logging
from io import BytesIO
from pathlib import PurePosixPath

from mi_async.errors import MediaRejectedError
from mi_async.media.file_kind import EMPTY, FIRST, identify, kind_refusal, starts
from mi_async.media.header import Header, Read, incomplete
from mi_async.media.image import is_cut_off, sniff
from mi_async.media.isobmff import read_isobmff
from mi_async.media.matroska import read_matroska
from mi_async.text import one_line

_log = logging.getLogger(__name__)

VIDEOS = frozenset({"mp4", "mkv", "mov", "webm"})
IMAGES = frozenset({"jpg", "png", "heic"})
MOST_VIDEO_BYTES, MOST_IMAGE_BYTES = 10 * 2**30, 10 * 2**20
MOST_SECONDS = 6 * 3600
LEAST_LINES, MOST_LINES = 360, 1088
"""360p to 1080p. Video is coded in blocks of 16 lines, so that 1,080 are stored, and often declared, as 1,088."""
LEAST_WIDTH = 640
"""Width of 360p: a wide video of fewer lines may count as 360p or more, which the service's documents leave open."""
SPELLINGS = {"jpeg": "jpg", "heif": "heic"}
KINDS = "mp4, mkv, mov or webm video, or jpg, png or heic image"


def read_header(read: Read, size: int) -> Header | None:
    """Read what a file says of itself; None when it is no media file that we know.

    Args:
        read: gives bytes of the file.
        size: bytes of the file.
    """
    return read_isobmff(read, size) or read_matroska(read, size) or _picture(read, size)


def _picture(read: Read, size: int) -> Header | None:
    import imagesize  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]  # as in media.image

    kind = sniff(read(0, 12))
    if kind is None:
        return None
    content = read(0, min(size, MOST_IMAGE_BYTES))
    width, height = imagesize.get(BytesIO(content))  # -1, -1 for what it cannot read
    fault = incomplete("its end is missing") if len(content) == size and is_cut_off(kind, content) else None
    return Header(kind, width, height, fault=fault) if width > 0 and height > 0 else Header(kind, fault=fault)


def check_media(header: Header | None, size: int, name: str, start: bytes = b"") -> str:
    """Refuse a file that breaks a documented limit or is proved useless; returns what is doubtful, '' for nothing.

    Args:
        header: what the file says of itself.
        size: bytes of the file.
        name: of the file, for the message.
        start: first bytes of the file, to say what it is where it is no media file.

    Raises:
        MediaRejectedError: it breaks one, is incomplete, or has no picture track.
    """
    if header is None or header.format not in VIDEOS | IMAGES:
        raise _rejected(name, "format", _not_taken(name, start, size))
    check_size(header.format, size, name)
    if header.fault is not None:
        raise _rejected(name, header.fault.reason, header.fault.text)
    return _check_extent(header, name)


def _not_taken(name: str, start: bytes, size: int) -> str:
    """Return the reason for refusing a content that is no media file that the service takes."""
    if size and not start:  # nobody has looked
        return f"no {KINDS}"
    kind = identify(start)
    return f"no {KINDS}: {starts(start)}" if kind is None else kind_refusal(kind, name, KINDS)


def _check_extent(header: Header, name: str) -> str:
    """Refuse a video or an image that is too long or of another size; return what is doubtful."""
    if header.seconds is not None and header.seconds > MOST_SECONDS:
        raise _rejected(name, "duration", f"{header.seconds / 3600:.2f} hours, more than 6")
    lines, width = sorted((header.width or 0, header.height or 0))
    if lines > MOST_LINES or (0 < lines < LEAST_LINES and width < LEAST_WIDTH):
        raise _rejected(name, "resolution", f"{header.width} x {header.height} px, not from 360p to 1080p")
    if 0 < lines < LEAST_LINES:
        return f"{header.width} x {header.height} px, which may count as less than 360p"
    return ""


def inspect_media(read: Read, size: int, name: str) -> Header:
    """Read the header of a file and check it, as far as it tells anything; logs what is doubtful. Blocks.

    Args:
        read: gives bytes of the file.
        size: bytes of the file.
        name: of the file, for messages.

    Raises:
        MediaRejectedError: as for :func:`check_media`.
    """
    header, start = read_header(read, size), read(0, FIRST)
    if doubt := check_media(header, size, name, start):
        _log.warning("%s: %s; it is sent all the same", one_line(name), doubt)
    return header or Header("")  # which is refused, and never returned


def check_not_empty(size: int, name: str) -> None:
    """Refuse an empty file, which no service can use: also where documented limits are not checked.

    Raises:
        MediaRejectedError: it has 0 bytes.
    """
    if not size:
        raise _rejected(name, "format", kind_refusal(EMPTY, name, KINDS))


def check_size(kind: str, size: int, name: str) -> None:
    """Refuse what is too large for its format.

    Raises:
        MediaRejectedError: it is.
    """
    most = MOST_IMAGE_BYTES if kind in IMAGES else MOST_VIDEO_BYTES
    if size > most:
        shown = "10 GB" if most == MOST_VIDEO_BYTES else "10 MB"
        raise _rejected(name, "size", f"{size:,} bytes, more than the {shown} ({most:,} bytes) that the service takes")


def check_name(key: str, size: int) -> None:
    """Refuse an object whose name says that it is no media file, or one that is too large for what it says.

    Raises:
        MediaRejectedError: it does.
    """
    extension = PurePosixPath(key).suffix[1:].lower()
    kind = SPELLINGS.get(extension, extension)
    if kind and kind not in VIDEOS | IMAGES:
        raise _rejected(key, "format", f"no {KINDS} by its name")
    check_size(kind, size, key)


def _rejected(name: str, reason: str, text: str) -> MediaRejectedError:
    return MediaRejectedError(f"{name}: {text}", source=name, reason=reason)
