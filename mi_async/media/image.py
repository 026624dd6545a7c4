"""Format and size in pixels of an image by its content, and whether its end is there.

Invariant: pure; bytes in, a value out. Used by the checks before an upload and by the emulator.
"""

from io import BytesIO
from struct import Struct
from typing import Literal

from attrs import frozen

from mi_async.models import Serializable

MAX_BYTES = 5 * 2**20
"""Largest person thumbnail, in bytes. Source: maiu-upload-person-thumbnail-url (5 MB)."""

FIT_BYTES = 5_000_000
"""Bytes that an image is made to fit into. The documents say "5 MB" and not which: this is below either megabyte, and
only what is above both (``MAX_BYTES``) is refused."""

MIN_PIXELS = 256
"""Smallest width and height of a person thumbnail. Source: maiu-upload-person-thumbnail-url."""

HEADER = 12


@frozen
class ImageHeader(Serializable):
    """Format (``jpg``, ``png`` or ``webp``), width and height in pixels."""

    format: str
    width: int
    height: int

    @property
    def content_type(self) -> str:
        """MIME type."""
        return CONTENT_TYPES[self.format]


CONTENT_TYPES = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}


def sniff(content: bytes) -> str | None:
    """Format by the first bytes; None for anything that a thumbnail may not be."""
    if content.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if len(content) >= HEADER and content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "webp"
    return None


def read_picture(content: bytes) -> ImageHeader | None:
    """Format and size of a picture; None when the content is no jpg, png or webp with a readable header."""
    kind = sniff(content)
    if kind is None:
        return None
    width, height = (_plain_jpeg_size(content) if kind == "jpg" else None) or _size(content)
    return ImageHeader(kind, width, height) if width > 0 and height > 0 else None


def _size(content: bytes) -> tuple[int, int]:
    """Return width and height as they are shown, -1 for what cannot be read."""
    import imagesize  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]  # two numbers come out of it, here

    found: tuple[int, int] = imagesize.get(BytesIO(content))
    return found


SIZED = frozenset({0xC0, 0xC1, 0xC2})
"""Markers of frames as cameras and programs write them: baseline, extended, progressive."""
PASSED = frozenset({0xC4, 0xDB, 0xDD, 0xE0, *range(0xE2, 0xF0), 0xFE})
"""Markers of segments that say nothing about the size: tables, application data but for Exif and XMP, comments."""
SEGMENT, PIXELS = Struct(">BBH").unpack_from, Struct(">HH").unpack_from
"""The beginning of a segment: 0xFF, its marker, its length; and height and width in the header of a frame."""
FRAME = 11
"""Bytes of a frame header up to the sampling of its first component."""


def _plain_jpeg_size(content: bytes) -> tuple[int, int] | None:
    """Return width and height of a JPEG of the common kind, at a fifth of the cost; None where a closer look is needed.

    That is where anything but the usual segments comes before the scan, above all Exif, which may turn the image.
    """
    found, at, last = None, 2, len(content) - FRAME
    while at <= last:
        begin, marker, size = SEGMENT(content, at)
        if begin != 0xFF:  # noqa: PLR2004  every marker begins with it
            return None
        if marker in PASSED and size >= 2:  # noqa: PLR2004  the length counts itself
            at += 2 + size
        elif marker in SIZED and size >= FRAME - 2 and found is None:
            height, width = PIXELS(content, at + 5)
            found = (width, height)
            at += 2 + size
        else:
            return found if marker == 0xDA else None  # noqa: PLR2004  SOS
    return None


TAIL = 12
"""Bytes from the end of a file that :func:`has_end` looks at."""


def has_end(kind: str, start: bytes, tail: bytes, size: int) -> bool:
    """Return True if an image surely is all there, by its first and last bytes; False if a closer look is needed.

    Args:
        kind: format: ``jpg``, ``png``, ``webp``, ``bmp``, ``gif`` or ``tiff``; any other is taken to be complete.
        start: as much of its start as is at hand; a few kilobytes tell more than the first 12 bytes.
        tail: the last 12 bytes.
        size: bytes of the image.
    """
    match kind:
        case "jpg":
            return tail.endswith(b"\xff\xd9")
        case "png":
            return tail[-8:-4] == b"IEND"
        case "gif":
            return False  # its last byte may be anything where it was cut off
        case _:
            return _least_size(kind, start) <= size


def is_cut_off(kind: str, content: bytes) -> bool:
    """Return True if the content proves that its end is missing; what follows the end of an image does not matter.

    Cameras and phones put data of their own behind an image, so its end is looked for wherever it is.
    """
    if has_end(kind, content, content[-TAIL:], len(content)):
        return False
    closer = {"jpg": _jpeg_is_cut_off, "png": _png_is_cut_off, "gif": _gif_is_cut_off}
    return kind not in closer or closer[kind](content)


def _least_size(kind: str, start: bytes) -> int:
    """Return how many bytes an image must have, by its first ones; 0 where they do not tell."""
    sizes = {"webp": _webp_size, "bmp": _bmp_size, "tiff": _tiff_size}
    return sizes[kind](start) if kind in sizes else 0


def _webp_size(start: bytes) -> int:
    return 8 + int.from_bytes(start[4:8], "little")


def _bmp_size(start: bytes) -> int:
    """Compute the end of the pixels; what the header says of the file's size is often wrong.

    Source: BITMAPFILEHEADER and BITMAPINFOHEADER.
    """
    compression = int.from_bytes(start[30:34], "little")
    if int.from_bytes(start[14:18], "little") < 40 or compression not in {0, 3}:  # noqa: PLR2004  an older header
        return 0
    width, height = (int.from_bytes(start[at : at + 4], "little", signed=True) for at in (18, 22))
    row = (width * int.from_bytes(start[28:30], "little") + 31) // 32 * 4
    return int.from_bytes(start[10:14], "little") + row * abs(height)


def _tiff_size(start: bytes) -> int:
    """Return the end of the first directory, or of the last strip or tile where that is known. Source: TIFF 6.0."""
    directory = _TiffDirectory(start)
    return directory.end if directory.end > len(start) else max(directory.end, directory.data_end())


class _TiffDirectory:
    """The first directory of a TIFF, as far as the bytes at hand tell.

    Attributes:
        end: of the directory, or of the values beside it.
    """

    def __init__(self, start: bytes) -> None:
        self._start = start
        self._order: Literal["little", "big"] = "little" if start[:2] == b"II" else "big"
        first = self._number(4, 4)
        self.end = first + 2 + 12 * self._number(first, 2)
        self._entries: dict[int, int] = {}
        if self.end <= len(start):
            ours = {tag for tags in _TAGS.values() for tag in tags}
            entries = {self._number(at, 2): at for at in range(first + 2, self.end, 12)}
            self._entries = {tag: at for tag, at in entries.items() if tag in ours}
            self.end = max([self.end, *[at + size for at, _, size in map(self._place, self._entries.values())]])

    def data_end(self) -> int:
        """Return the end of the last strip or tile, 0 where that is not known."""
        offsets, lengths = self._values("offsets"), self._values("lengths")
        if len(offsets) != len(lengths):
            return 0
        if len(offsets) == 1:  # the length of a single strip is often wrong
            lengths = [min(*lengths, self._pixels()) if self._values("compression") == [1] else 1]
        return max(map(sum, zip(offsets, lengths, strict=True)), default=0)

    def _pixels(self) -> int:
        row = (sum(self._values("bits")) * sum(self._values("width")) + 7) // 8
        return row * sum(self._values("height"))

    def _number(self, at: int, width: int) -> int:
        return int.from_bytes(self._start[at : at + width], self._order)

    def _place(self, entry: int) -> tuple[int, int, int]:
        """Return where the values of an entry are, bytes of each, and bytes of all."""
        width = {3: 2, 4: 4}.get(self._number(entry + 2, 2), 0)
        size = width * self._number(entry + 4, 4)
        return entry + 8 if size <= 4 else self._number(entry + 8, 4), width, size  # noqa: PLR2004  room for that

    def _values(self, name: str) -> list[int]:
        values: list[int] = []
        for tag in _TAGS[name]:
            at, width, size = self._place(self._entries[tag]) if tag in self._entries else (0, 0, 0)
            if width and at + size <= len(self._start):
                values += [self._number(place, width) for place in range(at, at + size, width)]
        return values


_TAGS = {
    "width": (256,),
    "height": (257,),
    "bits": (258,),
    "compression": (259,),
    "offsets": (273, 324),
    "lengths": (279, 325),
}
"""Tags of a directory; strips have other ones than tiles."""


def _gif_is_cut_off(content: bytes) -> bool:
    """Look for the end of the first frame, which is what is made of it. Source: GIF89a specification."""
    at = 13 + _colours(content, 10)
    while at < len(content) and content[at] in b"!,":
        if frame := content[at] == 0x2C:  # noqa: PLR2004  an image, and not an extension
            at += 11 + _colours(content, at + 9)
        else:
            at += 2
        while at < len(content) and content[at]:
            at += 1 + content[at]
        if frame and at < len(content):
            return False
        at += 1
    return at >= len(content)


def _colours(content: bytes, at: int) -> int:
    """Return how many bytes of colours follow, by the flags that stand there."""
    flags = int.from_bytes(content[at : at + 1], "big")
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _jpeg_is_cut_off(content: bytes) -> bool:
    """Look for the marker EOI behind the first SOS: previews before that have markers of their own."""
    at = 2
    while at + 4 <= len(content):
        if content[at] != 0xFF:  # noqa: PLR2004  every marker begins with it
            return False  # damaged, which says nothing about the end
        if content[at + 1] == 0xDA:  # noqa: PLR2004  SOS; in what follows FF D9 is a marker and nothing else
            return content.find(b"\xff\xd9", at) < 0
        # Any number of FF may precede a marker.
        at += 1 if content[at + 1] == 0xFF else 2 + int.from_bytes(content[at + 2 : at + 4], "big")  # noqa: PLR2004
    return True


def _png_is_cut_off(content: bytes) -> bool:
    """Look for the chunk IEND."""
    at = 8
    while at + 8 <= len(content):
        if content[at + 4 : at + 8] == b"IEND":
            return False
        at += 12 + int.from_bytes(content[at : at + 4], "big")
    return True
