"""Contents of an existing file that a result file must not replace.

Invariant: pure; decided by the first bytes of the file.
"""

import re

from mi_async.errors import InvalidArgumentError
from mi_async.text import encodable

START = 64 * 2**10
"""Bytes at the start of an existing file that tell what it is."""
BY_FORCE = "replace it with force=True"
"""Advice for a caller in Python; the command line puts its own option in the place of it."""

_PRECIOUS: tuple[tuple[str, re.Pattern[bytes]], ...] = (
    ("a journal, or another SQLite database", re.compile(rb"SQLite format 3\0")),
    ("an image", re.compile(rb"\xff\xd8\xff|\x89PNG\r\n|GIF8|RIFF....WEBP|II\*\0|MM\0\*|BM.{4}\0\0\0\0", re.DOTALL)),
    (
        "a media file",
        re.compile(
            rb"....(?:ftyp|moov|mdat)|\x1a\x45\xdf\xa3|RIFF....AVI |\x06\x0e\x2b\x34|\x47.{187}\x47|"
            rb"\0\0\x01\xba|FLV\x01|\x30\x26\xb2\x75|ID3|OggS|fLaC|RIFF....WAVE",
            re.DOTALL,
        ),
    ),
    ("a Parquet file", re.compile(rb"PAR1")),
    ("an archive or a spreadsheet", re.compile(rb"PK\x03\x04|\x1f\x8b|\xd0\xcf\x11\xe0")),
)
"""Contents that are not replaced even with ``force``, by their first bytes."""


def refuse_foreign(path: str, start: bytes, ours: re.Pattern[bytes], *, force: bool) -> None:
    """Refuse to replace what we did not write, by the first bytes of it."""
    if not start or ours.match(start):
        return
    for what, pattern in _PRECIOUS:
        if pattern.match(start):
            message = f"{encodable(path)} exists and is {what}; it is left as it is, name another file"
            raise InvalidArgumentError(message)
    if not force:
        message = f"{encodable(path)} exists and was not written by mi-async; name another file, or {BY_FORCE}"
        raise InvalidArgumentError(message)
