"""Tables in CSV: as spreadsheets write them, with commas, semicolons or tabs.

Invariant: streams. A row that cannot be read becomes a ``BadInput`` with its line, and the next one is read.
"""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import Any

from attrs import define

from mi_async._core.names import trimmed
from mi_async.bulk.inputs.cells import shown_cell
from mi_async.bulk.inputs.encodings import LineReader, LineTooLongError, open_text
from mi_async.bulk.inputs.models import BadInput
from mi_async.bulk.inputs.tables import TableRow
from mi_async.errors import InvalidArgumentError

DELIMITERS = (",", ";", "\t")
LONGEST = 2**20
"""Characters of a line; a longer one is none of ours."""
SEPARATOR_LINE = re.compile(r'"?sep=(?P<delimiter>[,;\t|])"?[,;\t]*\s*', re.IGNORECASE)
"""First line by which Excel is told the delimiter."""
BLANK = re.compile(r"[\s,;\"]*|#TYPE .*\s*")
"""Lines before the header that hold nothing: empty cells, and what PowerShell's Export-Csv says of its objects."""
END = ["\x1a"]
"""The mark by which DOS ended a text, and some exports still do."""
FORMULA = re.compile(r'="(.*)"', re.DOTALL)
"""A number that an export protects from spreadsheets: ``="1002"``."""
FURTHER = 20
"""Rows among which a header is looked for that is not the first one."""


@define(eq=False)
class _OpenTable:
    """An open table whose header was read."""

    names: tuple[str, ...]
    reader: Any
    lines: LineReader


def header(path: Path, encoding: str) -> tuple[str, ...]:
    """Return the names of the columns, '' for one without.

    Raises:
        InvalidArgumentError: the file is empty, or its first row cannot be read.
    """
    with closing(open_text(path, encoding)) as file:
        return _begun(path, file).names


def later_header(path: Path, encoding: str, is_header: Callable[[Sequence[str]], bool]) -> int | None:
    """Return the line of a header below a title, None if there is none in the first rows."""
    found = (row for row in rows(path, encoding, cells_of=lambda _, cells: dict(enumerate(cells))))
    for number, row in enumerate(found):
        if number == FURTHER:
            break
        if isinstance(row, TableRow) and is_header([trimmed(cell) for cell in row.cells.values()]):
            return int(row.origin.rpartition(":")[2])
    return None


def rows(
    path: Path, encoding: str, cells_of: Callable[[Sequence[str], Sequence[str]], Any] | None = None
) -> Iterator[TableRow | BadInput]:
    """Return every row that is not blank, with the line where it begins; ``cells_of`` names its cells."""
    with closing(open_text(path, encoding)) as file:
        table = _begun(path, file)
        while True:
            line = table.lines.number + 1
            origin = f"{path}:{line}"
            try:
                cells = next(table.reader)
            except StopIteration:
                return
            except LineTooLongError as error:
                yield BadInput(origin, str(error))
                continue
            except csv.Error as error:
                yield BadInput(origin, _explained(error, line, table.lines.number))
                continue
            if not any(cells) or cells == END:
                continue
            if (fault := None if cells_of else _fault(table.names, cells)) is not None:
                yield BadInput(origin, fault)
            else:
                yield TableRow(origin, (cells_of or _named)(table.names, cells))


def _begun(path: Path, file: Any) -> _OpenTable:
    """Read as far as the header."""
    lines, delimiter = LineReader(file, LONGEST), None
    try:
        first = next(line for line in lines if not BLANK.fullmatch(line))
        if (told := SEPARATOR_LINE.fullmatch(first)) is not None:
            delimiter = told["delimiter"]
            first = next(line for line in lines if not BLANK.fullmatch(line))
        reader = csv.reader(chain([first], lines), delimiter=delimiter or _delimiter(first), strict=True)
        names = tuple(map(trimmed, next(reader)))
    except StopIteration:
        message = f"{path}: the file is empty"
        raise InvalidArgumentError(message) from None
    except (csv.Error, LineTooLongError) as error:
        message = f"{path}:{lines.number}: the header is not readable as CSV: {error}"
        raise InvalidArgumentError(message) from error
    return _OpenTable(names, reader, lines)


def _delimiter(line: str) -> str:
    """Return the delimiter that makes most columns."""
    return max(DELIMITERS, key=lambda delimiter: len(next(csv.reader([line], delimiter=delimiter), [])))


def _fault(names: Sequence[str], cells: Sequence[str]) -> str | None:
    """Return the fault of a row, a cell without a named column; None if it has none."""
    if len(cells) <= len(names) and all(names):
        return None
    for number, cell in enumerate(cells):
        if number >= len(names) and cell.strip():
            return f"it has {len(cells)} fields where the header has {len(names)}"
        if number < len(names) and not names[number] and cell.strip():
            return f"column {number + 1} ({_letters(number)}) has no name in the header, and holds {shown_cell(cell)}"
    return None


def _letters(number: int) -> str:
    """Return a spreadsheet's name of a column: A to Z, then AA."""
    rest, last = divmod(number, 26)
    return (_letters(rest - 1) if rest else "") + chr(ord("A") + last)


def _named(names: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """Return cells by the names of their columns; some programs leave out empty cells at the end of a row."""
    if len(cells) < len(names):
        cells = [*cells, *[""] * (len(names) - len(cells))]
    whole = zip(names, cells, strict=False)
    return {name: cell if cell[:2] != '="' else _unprotected(cell) for name, cell in whole if name}


def _unprotected(cell: str) -> str:
    """Return a cell without the formula that protects it, if it is one."""
    told = FORMULA.fullmatch(cell)
    return cell if told is None else told[1].replace('""', '"')


def _explained(error: csv.Error, first: int, last: int) -> str:
    lines = f" (lines {first} to {last} are lost: is a quotation mark left open?)" if last > first else ""
    return f"not readable as CSV: {error}{lines}"
