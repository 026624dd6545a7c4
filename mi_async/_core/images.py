"""What a picture is, by its content: format and size in pixels, from the header alone.

Law: pure; bytes in, a value out. Used by the checks before an upload and by the emulator.
"""

from io import BytesIO

from attrs import frozen

MAX_BYTES = 5 * 2**20
"""Largest person thumbnail, in bytes. Source: maiu-upload-person-thumbnail-url (5 MB)."""

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
