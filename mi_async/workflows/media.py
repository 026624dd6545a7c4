"""Whether the service takes a media file, as far as its header tells.

Law: pure over a function that reads bytes; touches headers only, however large the file. The content decides, not the
name; what a header does not tell is left to the service.
Source of the limits: the service's guide, specifications of media assets.
"""

from io import BytesIO
from pathlib import PurePosixPath

from mi_async._core.images import sniff
from mi_async.errors import MediaRejectedError
from mi_async.workflows.ebml import read_matroska
from mi_async.workflows.header import Header, Read
from mi_async.workflows.isobmff import read_isobmff

VIDEOS = frozenset({"mp4", "mkv", "mov", "webm"})
IMAGES = frozenset({"jpg", "png", "heic"})
MOST_VIDEO_BYTES, MOST_IMAGE_BYTES = 10 * 2**30, 10 * 2**20
MOST_SECONDS = 6 * 3600
LEAST_LINES, MOST_LINES = 360, 1080
SPELLINGS = {"jpeg": "jpg", "heif": "heic"}
KINDS = "mp4, mkv, mov or webm video, or jpg, png or heic picture"


def read_header(read: Read, size: int) -> Header | None:
    """Read what a file says of itself; None when it is no media file that we know.

    Args:
        read: gives bytes of the file.
        size: bytes of the file.
    """
    return read_isobmff(read, size) or read_matroska(read, size) or _picture(read, size)


def _picture(read: Read, size: int) -> Header | None:
    import imagesize  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]  # as in _core.images

    kind = sniff(read(0, 12))
    if kind is None:
        return None
    width, height = imagesize.get(BytesIO(read(0, min(size, MOST_IMAGE_BYTES))))  # -1, -1 for what it cannot read
    return Header(kind, width, height) if width > 0 and height > 0 else Header(kind)


def check_media(header: Header | None, size: int, name: str) -> None:
    """Refuse what breaks a documented limit.

    Args:
        header: what the file says of itself.
        size: bytes of the file.
        name: of the file, for the message.

    Raises:
        MediaRejectedError: it breaks one.
    """
    if header is None or header.format not in VIDEOS | IMAGES:
        found = "" if header is None else f" but {header.format}"
        raise _rejected(name, "format", f"no {KINDS}{found}" if size else "empty")
    check_size(header.format, size, name)
    if header.seconds is not None and header.seconds > MOST_SECONDS:
        raise _rejected(name, "duration", f"{header.seconds / 3600:.2f} hours, more than 6")
    lines = min(header.width or 0, header.height or 0)
    if lines and not LEAST_LINES <= lines <= MOST_LINES:
        raise _rejected(name, "resolution", f"{header.width} x {header.height} px, not from 360p to 1080p")


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
