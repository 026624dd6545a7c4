"""Cells of a table as spreadsheets, pandas and people write them: texts, lists, numbers of persons, truth values.

Invariant: pure. What a program has damaged beyond doubt is refused with what it says, and never taken for a name.
"""

import re
import unicodedata
from contextlib import suppress
from typing import Any

from mi_async._core.names import trimmed
from mi_async.bulk.inputs.models import number_fault

SEPARATOR = re.compile(r"[|\uff5c\r\n]")
"""Between several images or tags in one cell: a bar, also a wide one as Korean keyboards write it, or a line break."""

YES = ("1", "1.0", "true", "t", "yes", "y", "예", "네", "참", "o", "ja", "oui", "vrai", "wahr", "はい", "是")
NO = (
    "",
    "0",
    "0.0",
    "false",
    "f",
    "no",
    "n",
    "아니오",
    "아니요",
    "거짓",
    "nein",
    "non",
    "faux",
    "falsch",
    "いいえ",
    "否",
)
FLAGS: dict[str, bool] = {**dict.fromkeys(YES, True), **dict.fromkeys(NO, False)}
"""Truth values in English, in Korean and as spreadsheets show them elsewhere. Not ``x``, which some mean as yes."""

ERRORS = frozenset({"#N/A", "#REF!", "#NAME?", "#VALUE!", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!", "#ERROR!"})
"""Values that a spreadsheet shows where a formula failed."""

WHOLE = re.compile(r"(\d+|\d{1,3}(?:,\d{3})+)(?:\.0*)?")
"""A number as spreadsheets write one: ``1002``, ``1002.0``, ``1,003``."""
DIGITS = re.compile(r"-?\d+", re.ASCII)
ROUNDED = re.compile(r"\d+(?:[.,]\d+)?E\+?\d+", re.IGNORECASE)
"""A number of which a spreadsheet has kept a few digits."""
EXACT = 2**53
"""Floating-point numbers below it are whole numbers exactly."""

SHOWN = 60
"""Characters of a cell that a message shows."""
IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp"}) | {
    *(".heic", ".heif", ".hif", ".avif", ".tif", ".tiff", ".bmp", ".dib", ".gif")  # which fit converts
}
"""Suffixes of files that are taken for images, in any case; what they are, their content decides."""
LISTED = re.compile(rf"(?:{'|'.join(map(re.escape, sorted(IMAGE_SUFFIXES)))})\s*[,;]\s*\S", re.IGNORECASE)
"""The end of one file name, and what another list separator has after it."""
QUOTES = {'"': '"', "'": "'", "\u201c": "\u201d", "\u2018": "\u2019"}
WESTERN = "cp1252"
LAST_WESTERN = "\u2122"
"""The last character of Windows-1252: a text with a later one, such as a Hangul syllable, was not read as it."""


def shown_cell(value: str) -> str:
    """Return a cell for messages."""
    return repr(value if len(value) <= SHOWN else f"{value[:SHOWN]}...")


def stripped(value: Any) -> Any:
    """Return a cell without invisible characters at its ends; None for an empty one."""
    if isinstance(value, str):
        return trimmed(value) or None
    return None if value != value else value  # noqa: PLR0124  pandas' empty cells are NaN, which equals nothing


def cell_text(what: str, value: Any) -> str | None:
    """Return the text of a cell; None for an empty one.

    Raises:
        ValueError: it is none, or is damaged.
    """
    if not isinstance(value, str):
        if stripped(value) is None:
            return None
        message = f"{what} is text, not {type(value).__name__}"
        raise ValueError(message)
    if not (value := trimmed(value)):
        return None
    if (fault := _damage(value)) is not None:
        message = f"{what} is {shown_cell(value)}: {fault}"
        raise ValueError(message)
    return value


def needed(what: str, value: Any) -> str:
    """Return the text of a cell that must not be empty.

    Raises:
        ValueError: as for :func:`text`, or it is.
    """
    found = cell_text(what, value)
    if found is None:
        message = f"{what} is empty"
        raise ValueError(message)
    return found


def texts(what: str, value: Any) -> list[str]:
    """Return the texts of a cell: a list, or one text that is split.

    Raises:
        ValueError: as for :func:`text`.
    """
    value = stripped(value)
    several = SEPARATOR.split(value) if isinstance(value, str) else [] if value is None else value
    if isinstance(several, list):
        return [found for found in (cell_text(what, item) for item in several) if found is not None]
    message = f"{what} is a list of texts, not {type(value).__name__}"
    raise ValueError(message)


def image_paths(what: str, value: Any) -> list[str]:
    """Return the paths in a cell.

    Raises:
        ValueError: as for :func:`text`, or they are separated in another way.
    """
    found = texts(what, value)
    for one in found:
        if LISTED.search(one):
            message = f"{what} is {shown_cell(one)}: separate images by | or line breaks, or give each a row"
            raise ValueError(message)
    return [unquoted(one) for one in found]


def unquoted(path: str) -> str:
    """Return a path without quotes around it, as Windows copies paths."""
    return path[1:-1].strip() if len(path) > 2 and QUOTES.get(path[0]) == path[-1] else path  # noqa: PLR2004  quotes


def number(value: Any, what: str = "person_id") -> int:
    """Return the ID of a person; ``what`` names the column.

    Raises:
        ValueError: it is none.
    """
    if isinstance(value, str) and DIGITS.fullmatch(value):
        with suppress(ValueError):  # Python reads no more than some thousands of digits
            value = int(value)
    fault = number_fault(value, what) if value is not None else f"{what} is empty"
    if fault is None and isinstance(value, int):
        return value
    raise ValueError(fault)


def cell_number(value: Any, what: str = "person_id") -> int:
    """Return the ID of a person in a cell, also as a spreadsheet or pandas writes it; ``what`` names the column.

    Raises:
        ValueError: it is none, or some of its digits are lost.
    """
    value = stripped(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT:
        return number(int(value), what)
    if isinstance(value, str):
        plain = unicodedata.normalize("NFKC", value).removeprefix("'")  # the apostrophe of a cell that is text
        if ROUNDED.fullmatch(plain):
            message = f"{what} is {shown_cell(value)}: a spreadsheet has rounded it; format the column as text"
            raise ValueError(message)
        if (whole := WHOLE.fullmatch(plain)) is not None:
            return number(whole[1].replace(",", ""), what)
    return number(value, what)


def flag(what: str, value: Any) -> bool:
    """Return the truth value of a cell.

    Raises:
        ValueError: it is none.
    """
    value = stripped(value)
    known = value if isinstance(value, bool) else FLAGS.get(str("" if value is None else value).casefold())
    if known is None:
        message = f"{what} is true or false, not {value!r}"
        raise ValueError(message)
    return known


def _damage(value: str) -> str | None:
    """Return the damage that a program has done to a trimmed text, None if there is none."""
    first = value[0]
    if first == "#" and value in ERRORS:
        return "the formula in this cell has failed"
    if first == "?" and not value.strip("? "):
        return "its letters were lost when the table was saved; save it as CSV UTF-8"
    # the first letter tells of most Korean texts that they were read well
    if first <= LAST_WESTERN and not value.isascii() and (meant := _read_as_western(value)) is not None:
        return f"it was UTF-8 and read as Western text, and may mean {shown_cell(meant)}"
    return None


def _read_as_western(value: str) -> str | None:
    """Return the text whose UTF-8 was read as Windows-1252; None if that did not happen."""
    if max(value) > LAST_WESTERN:
        return None
    try:
        # Python leaves five bytes of Windows-1252 undefined; Windows keeps them as control characters.
        meant = b"".join(char.encode("latin-1" if char < "\u0100" else WESTERN) for char in value).decode()
    except UnicodeError:
        return None
    return meant if len(meant) < len(value) else None
