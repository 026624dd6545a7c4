"""Format and size in pixels of an image by its content, and whether its end is there.

Invariant: pure; bytes in, a value out. Used by the checks before an upload and by the emulator.
"""

from io import BytesIO

from attrs import frozen

MAX_BYTES = 5 * 2**20
"""Largest person thumbnail, in bytes. Source: maiu-upload-person-thumbnail-url (5 MB)."""

FIT_BYTES = 5_000_000
"""Bytes that an image is made to fit into. The documents say "5 MB" and not which: this is below either megabyte, and
only what is above both (``MAX_BYTES``) is refused."""

MIN_PIXELS = 256
"""Smallest width and height of a person thumbnail. Source: maiu-upload-person-thumbnail-url."""

HEADER = 12


@frozen
class Picture:
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


def read_picture(content: bytes) -> Picture | None:
    """Format and size of a picture; None when the content is no jpg, png or webp with a readable header."""
    import imagesize  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]  # two numbers come out of it, here

    kind = sniff(content)
    if kind is None:
        return None
    width, height = imagesize.get(BytesIO(content))  # -1, -1 for what it cannot read
    return Picture(kind, width, height) if width > 0 and height > 0 else None


TAIL = 12
"""Bytes from the end of a file that :func:`has_end` looks at."""


def has_end(kind: str, start: bytes, tail: bytes, size: int) -> bool:
    """Return True if an image surely is all there, by its first and last bytes; False if a closer look is needed.

    Args:
        kind: format, as :func:`sniff` tells it; other formats are taken to be complete.
        start: at least the first 12 bytes.
        tail: the last 12 bytes.
        size: bytes of the image.
    """
    match kind:
        case "jpg":
            return tail.endswith(b"\xff\xd9")
        case "png":
            return tail[-8:-4] == b"IEND"
        case "webp":
            return 8 + int.from_bytes(start[4:8], "little") <= size
        case _:
            return True


def is_cut_off(kind: str, content: bytes) -> bool:
    """Return True if the content proves that its end is missing; what follows the end of an image does not matter.

    Cameras and phones put data of their own behind an image, so its end is looked for wherever it is.
    """
    if has_end(kind, content[:HEADER], content[-TAIL:], len(content)):
        return False
    return kind == "webp" or (_jpeg_is_cut_off(content) if kind == "jpg" else _png_is_cut_off(content))


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
