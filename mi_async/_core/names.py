"""Names of people and tags, spelled in one way whatever they come from.

Invariant: two names that look the same in print are one text, so that no second person is made of them.
"""

import unicodedata
from functools import lru_cache

JOINERS = frozenset("\u200c\u200d")
"""ZWNJ and ZWJ: scripts of India, Persian and emoji need them, other scripts do not show them."""
VISIBLE = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")
"""Format characters (Cf) that are printed: Arabic, Syriac and Kaithi number signs."""
BLANKS = frozenset("\u00a0\u2007\u202f\u3164\uffa0\u2800")
"""Blanks that look like a space and are none: no-break spaces, Hangul fillers, the empty Braille pattern."""
INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5")
"""Marks without a shape whose category is not Cf: the grapheme joiner, fillers of Hangul and Khmer."""
_TO_SPACE = dict.fromkeys(map(ord, BLANKS), " ")
_SHAPELESS = BLANKS | INVISIBLE
"""Characters that nobody sees and some of which ``str.isprintable`` takes for printable, as it takes no Cf for one."""
NOT_TEXT = "is not Unicode text"
LOST = "\ufffd"
"""Replacement character: a program could not read a letter here."""

_JOINING_FROM = 0x0590
"""The scripts below it, Latin, Greek and Cyrillic among them, never join letters."""
_UNJOINED = ((0x1100, 0x11FF), (0x3000, 0x9FFF), (0xAC00, 0xD7FF), (0xF900, 0xFAFF))
"""Hangul, kana and Chinese characters do not, either."""


def clean_name(text: str) -> str:
    """Return a name in Unicode NFC, without white space at its ends and without marks that nobody sees.

    Removed are format characters (BOM, zero width space, soft hyphen, marks of direction) and fillers. Zero width
    joiners stay where the letter or emoji before them may join. No-break spaces and Hangul fillers become spaces.
    White space inside stays as it is.
    """
    if text.isascii():  # most are, or are clean; this runs a million times
        return text.strip()
    text = unicodedata.normalize("NFC", text)
    if text.isprintable() and _SHAPELESS.isdisjoint(text):
        return text.strip()
    text = trimmed(text.translate(_TO_SPACE))
    shown = "".join(char for before, char in zip(" " + text, text, strict=False) if not _is_unseen(before, char))
    return unicodedata.normalize("NFC", shown)  # what a mark kept apart may be one letter now


def trimmed(text: str) -> str:
    """Return a text without white space at its ends, and without marks there that nobody sees."""
    bare = text.strip()
    if bare.isascii() or (bare.isprintable() and _SHAPELESS.isdisjoint((bare[0], bare[-1]))):
        return bare
    first, last = 0, len(text)
    while first < last and _is_nothing(text[first]):
        first += 1
    while first < last and _is_nothing(text[last - 1]):
        last -= 1
    return text[first:last]


def is_unicode(text: str) -> bool:
    """Return True if a text can be sent; file names that are no Unicode text come with halves of characters in them."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def name_fault(text: str) -> str | None:
    """Return what no name may hold: control characters, halves of characters, letters that were lost; else None."""
    printable = text.isprintable()  # then it holds no half of a character
    if not printable and not is_unicode(text):
        return NOT_TEXT
    if LOST in text:
        return "has lost letters (U+FFFD), which only its source can give back"
    if printable:
        return None
    for place, char in enumerate(text, 1):
        if unicodedata.category(char) in {"Cc", "Zl", "Zp"}:
            return f"has the control character U+{ord(char):04X} at character {place}"
    return None


def _is_nothing(char: str) -> bool:
    return char.isspace() or char in BLANKS or _is_mark(char)


@lru_cache(2048)  # of each letter once, and not of each of a million names
def _is_mark(char: str) -> bool:
    return char in INVISIBLE or (unicodedata.category(char) == "Cf" and char not in VISIBLE)


def _is_unseen(before: str, char: str) -> bool:
    """Return True if a character changes nothing that a person could see."""
    if not _is_mark(char):
        return False
    if char not in JOINERS:
        return True
    code = ord(before)
    return code < _JOINING_FROM or any(first <= code <= last for first, last in _UNJOINED)
