"""Text from elsewhere made safe to show, columns of text, and numbers as people read them.

Invariant: pure; nothing that a service or a file name says may move the cursor, change a colour or begin a line.
"""

import re
import unicodedata
from collections.abc import Collection, Sequence
from itertools import pairwise

_END_OF_HOST = re.compile("[/?#]")
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_JOINERS = frozenset("\u200c\u200d")
"""Format characters that scripts and emoji need."""

_JOINING = frozenset({"Mn", "Me", "Cf"})

MINUTE, HOUR, DAY = 60, 3600, 86_400


def plain(text: str) -> str:
    """Return the text with U+FFFD for every character that cannot be seen."""
    return "".join(c if _is_safe(c) else "\ufffd" for c in text)


def encodable(text: str) -> str:
    r"""Return the text with each lone surrogate, as of a path that is not UTF-8, as its escape ``\udcff``."""
    return text if text.isascii() else text.encode(errors="backslashreplace").decode()


def one_line(text: str) -> str:
    """Return the text on one line, and plain."""
    return plain(" ".join(text.split()))


def escaped(text: str, most: int = 200) -> str:
    """Return text from outside for a message or a log line: one line, escaped and cut.

    Line ends, control and format characters (ESC, marks of the writing direction) and lone surrogates become the
    escapes of Python, so that no service and no file name can forge a line of a log or move a cursor.

    Args:
        text: as it came.
        most: characters of it that are kept; what is cut off is counted.
    """
    head = text[:most]
    if not (head.isascii() and head.isprintable()):
        head = "".join(c if _is_safe(c) else c.encode("unicode_escape").decode("ascii") for c in head)
    return head if len(text) <= most else f"{head}... ({len(text):,} characters)"


def clock_difference(offset: float) -> str:
    """Return by how much this machine's clock is off, given the seconds by which the service's is ahead of it."""
    return f"this machine's clock is {abs(offset):.0f} s {'behind' if offset > 0 else 'ahead of'} the service's"


def _is_safe(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character) not in _UNSAFE


def romanized(text: str) -> str:
    """Return the text with Hangul in Latin letters, syllable by syllable, as ``hong-gil-dong``.

    Revised Romanization of each syllable by itself, without the changes of sound between them, so that two syllables
    stay two and names that differ in writing rarely become the same.
    """
    parts = [(_syllable(c), _is_syllable(c)) for c in unicodedata.normalize("NFC", text)]
    hyphens = ["-" if before[1] and after[1] else "" for before, after in pairwise([("", False), *parts])]
    return "".join(f"{hyphen}{latin}" for hyphen, (latin, _) in zip(hyphens, parts, strict=True))


_FIRST = "g kk n d tt r m b pp s ss  j jj ch k t p h".split(" ")  # noqa: SIM905  three lines, not three pages
_VOWELS = "a ae ya yae eo e yeo ye o wa wae oe yo u wo we wi yu eu ui i".split(" ")  # noqa: SIM905
_LAST = " k k k n n n t l k m l l l p l m p p t t ng t t k t p t".split(" ")  # noqa: SIM905
"""Letters of a syllable, in the order of Unicode: section 3.12 of its standard."""


def _is_syllable(character: str) -> bool:
    return "\uac00" <= character <= "\ud7a3"


def _syllable(character: str) -> str:
    if not _is_syllable(character):
        return character
    rest, last = divmod(ord(character) - 0xAC00, len(_LAST))
    first, vowel = divmod(rest, len(_VOWELS))
    return f"{_FIRST[first]}{_VOWELS[vowel]}{_LAST[last]}"


def display_width(text: str) -> int:
    """Return the columns that a text takes on a terminal: two for Hangul, none for a mark or a joiner."""
    return len(text) if text.isascii() else sum(map(_width, text))


def _width(character: str) -> int:
    # Vowels and final consonants of Hangul in NFD, as file names of a Mac are, join the syllable before them.
    joins = unicodedata.category(character) in _JOINING or "\u1160" <= character <= "\u11ff"
    return 0 if joins else 1 + (unicodedata.east_asian_width(character) in "WF")


def aligned(rows: Sequence[Sequence[str]], *, right: Collection[int] = ()) -> list[str]:
    """Return a line for each row, with columns as wide as what is in them and two blanks between.

    Args:
        rows: texts on one line, as many in each row.
        right: numbers of the columns that are aligned to the right.
    """
    widths = [max(map(display_width, column)) for column in zip(*rows, strict=True)]

    def padded(number: int, text: str) -> str:
        blanks = " " * (widths[number] - display_width(text))
        return blanks + text if number in right else text + blanks

    return ["  ".join([padded(number, text) for number, text in enumerate(row)]).rstrip() for row in rows]


class MaskedURL(str):
    """A URL with a secret in it: a presigned one, or that of a proxy with a password.

    It is the text itself wherever it is used; only its repr, which ends up in reports of errors that show the values of
    local variables, has neither user nor query.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        """Show scheme, host and port."""
        scheme, _, rest = self.partition("://")
        return f"<URL of {scheme}://{_END_OF_HOST.split(rest, maxsplit=1)[0].rpartition('@')[2]}>"


def quantity(number: int, noun: str) -> str:
    """Return a number with what is counted: ``1 person``, ``1,200 persons``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def size(count: int) -> str:
    """Return a number of bytes for people."""
    return f"{count / 1000:,.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:,.1f} MB"  # noqa: PLR2004  mega


def duration(seconds: float) -> str:
    """Return a time for people, with a decimal: ``0.9 ms``, ``120 ms``, ``3.4 s``."""
    if seconds >= 1:
        return f"{seconds:.1f} s"
    return f"{seconds * 1000:.1f} ms" if seconds < 0.01 else f"{seconds * 1000:.0f} ms"  # noqa: PLR2004  10 ms


def span(seconds: float) -> str:
    """Return a time for people who wait for its end: ``45 s``, ``12 min 30 s``, ``3 h 05 min``, ``2 d 4 h``."""
    whole = max(0, round(seconds))
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min {whole % MINUTE:02} s"
    if whole < DAY:
        return f"{whole // HOUR} h {whole % HOUR // MINUTE:02} min"
    return f"{whole // DAY} d {whole % DAY // HOUR} h"


def time_code(milliseconds: int) -> str:
    """Return a place in a film for people: ``0:12:03.4``; what is less than a tenth of a second is cut off."""
    tenths = max(0, milliseconds) // 100
    return f"{tenths // 36_000}:{tenths // 600 % 60:02}:{tenths // 10 % 60:02}.{tenths % 10}"


def media_length(milliseconds: int) -> str:
    """Return a length of media for people, to the second: ``1:13:42``, ``1,204:00:05``."""
    minutes, seconds = divmod(round(milliseconds / 1000), MINUTE)
    return f"{minutes // MINUTE:,}:{minutes % MINUTE:02}:{seconds:02}"


def percent(share: float) -> str:
    """Return a share for people; only all of it is 100 %."""
    return "100 %" if share >= 1 else f"{min(share * 100, 99.9):.1f} %"
