"""Lines of CSV for spreadsheets: RFC 4180 in UTF-8, in which no text becomes a formula or moves a cursor.

Invariant: pure; a text that would be a formula gets ' before it, a number never.
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence

from mi_async._core import json_codec

FORMULA = re.compile("[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
"""Start of a text that a spreadsheet would calculate: https://owasp.org/www-community/attacks/CSV_Injection."""
NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
"""A number: harmless, although it may begin like a formula."""
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""Characters that a terminal would obey; the ends of lines, and tabs, are content."""
MARK = "\ufeff".encode()
"""At the start of a CSV file: without it Excel takes Hangul for something else."""


def _cell(value: object) -> object:
    """Return a value as a cell: things with something inside as JSON, a flag as JSON writes it."""
    if isinstance(value, tuple | list | Mapping):
        return json_codec.dumps(value).decode()
    if isinstance(value, str):
        text = CONTROL.sub("\ufffd", value)
        return f"'{text}" if FORMULA.match(text) and not NUMBER.fullmatch(text) else text
    return str(value).lower() if isinstance(value, bool) else value


def csv_line(values: Sequence[object]) -> bytes:
    """Return values as a line."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(map(_cell, values))
    return line.getvalue().encode()
