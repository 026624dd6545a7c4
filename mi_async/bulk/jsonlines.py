"""Tables in JSON Lines: one object to a line, in UTF-8.

Law: streams; a line that is no object becomes a ``BadInput``, and the next one is read.
"""

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from mi_async.bulk.items import BadInput
from mi_async.bulk.rows import Row
from mi_async.errors import InvalidArgumentError

LONGEST = 2**20
"""Bytes of a line; a longer one is none of ours."""


def header(path: Path) -> tuple[str, ...]:
    """Members of the first object, ``()`` when there is none.

    Raises:
        InvalidArgumentError: the file is one JSON array.
    """
    with path.open("rb") as file:
        if file.read(LONGEST).removeprefix(codecs.BOM_UTF8).lstrip()[:1] == b"[":
            message = f"{path}: this is one JSON array; JSON Lines has one object on each line, and nothing around them"
            raise InvalidArgumentError(message)
    first = next((row for row in rows(path) if isinstance(row, Row)), None)
    return tuple(first.cells) if first is not None else ()


def rows(path: Path) -> Iterator[Row | BadInput]:
    """Every line that is not blank."""
    with path.open("rb") as file:
        for number, line in _lines(file):
            origin = f"{path}:{number}"
            if line is None:
                yield BadInput(origin, f"the line is longer than {LONGEST:,} bytes")
            elif line.strip():
                yield _row(origin, line)


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Lines by number, None for one that is too long."""
    number = 0
    while line := file.readline(LONGEST):
        number += 1
        if number == 1:
            line = line.removeprefix(codecs.BOM_UTF8)
        whole = line
        while len(whole) == LONGEST and not whole.endswith(b"\n"):
            whole = file.readline(LONGEST)
        yield number, line if whole is line else None


def _row(origin: str, line: bytes) -> Row | BadInput:
    try:
        cells: Any = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return BadInput(origin, f"not JSON: {error.msg} at column {error.colno}")
    if not isinstance(cells, dict):
        return BadInput(origin, f"a line holds one object, not {type(cells).__name__}")
    return Row(origin, cells)
