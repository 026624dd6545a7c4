"""Tables in CSV: as spreadsheets write them, in UTF-8, UTF-16 or CP949, with commas, semicolons or tabs.

Law: streams; a row that cannot be read becomes a ``BadInput`` with its line, and the next one is read.
"""

import codecs
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from mi_async.bulk.items import BadInput
from mi_async.bulk.rows import Row
from mi_async.errors import InvalidArgumentError

DELIMITERS = (",", ";", "\t")
MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
ENCODINGS = ("utf-8", "cp949")
"""Tried in this order where no mark tells; the second is what a Korean Excel writes."""
WIDE = {(False, True): "utf-16-le", (True, False): "utf-16-be"}
"""UTF-16 without a mark, by which of the first two bytes is 0: names of columns are ASCII."""
BLOCK = 2**20


def header(path: Path) -> tuple[str, ...]:
    """Names of the columns.

    Raises:
        InvalidArgumentError: the file is empty, or its encoding is none of those that are known.
    """
    with _opened(path) as file:
        line = file.readline()
    if not line:
        message = f"{path}: the file is empty"
        raise InvalidArgumentError(message)
    return _header(line)[0]


def rows(path: Path) -> Iterator[Row | BadInput]:
    """Every row that is not blank, with the line where it begins."""
    with _opened(path) as file:
        names, delimiter = _header(file.readline())
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        while True:
            line = reader.line_num + 2  # the header is one, and lines are counted from 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield BadInput(f"{path}:{line}", _explained(error, line, reader.line_num + 1))
                continue
            if len(cells) == len(names):
                if any(cells):
                    yield Row(f"{path}:{line}", dict(zip(names, cells, strict=True)))
            elif any(cells):
                yield BadInput(f"{path}:{line}", f"it has {len(cells)} fields where the header has {len(names)}")


def _opened(path: Path) -> TextIO:
    return path.open(encoding=_encoding(path), newline="")


def _header(line: str) -> tuple[tuple[str, ...], str]:
    """Names and delimiter: the one that makes most columns."""
    tried = [(next(csv.reader([line], delimiter=delimiter), []), delimiter) for delimiter in DELIMITERS]
    names, delimiter = max(tried, key=lambda one: len(one[0]))
    return tuple(name.strip().casefold() for name in names), delimiter


def _encoding(path: Path) -> str:
    """Encoding of a file, all of it looked at, in blocks."""
    with path.open("rb") as file:
        start = file.read(max(map(len, MARKS)))
    marked = [name for mark, name in MARKS.items() if start.startswith(mark)]
    if (wide := WIDE.get((start[:1] == b"\0", start[1:2] == b"\0"))) is not None:
        marked.append(wide)
    for name in marked or ENCODINGS:
        if _is_encoded(path, name):
            return name
    message = f"{path}: the text is neither {' nor '.join(marked or ENCODINGS)}; save it as UTF-8"
    raise InvalidArgumentError(message)


def _is_encoded(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _explained(error: csv.Error, first: int, last: int) -> str:
    lines = f" (lines {first} to {last} are lost: is a quotation mark left open?)" if last > first else ""
    return f"not readable as CSV: {error}{lines}"
