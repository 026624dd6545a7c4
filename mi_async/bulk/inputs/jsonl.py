"""Tables in JSON Lines: one object to a line.

Invariant: streams. A line that is no object becomes a ``BadInput``, and the next one is read.
"""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from mi_async._core import json_codec
from mi_async.bulk.inputs.encodings import MARK, LineReader, LineTooLongError, open_text
from mi_async.bulk.inputs.models import BadInput
from mi_async.bulk.inputs.tables import TableRow
from mi_async.errors import InvalidArgumentError

LONGEST = 2**20
"""Characters of a line; a longer one is none of ours."""


def header(path: Path, encoding: str) -> tuple[str, ...]:
    """Return the members of the first object, ``()`` if there is none.

    Raises:
        InvalidArgumentError: the file is one JSON array.
    """
    with closing(open_text(path, encoding)) as file:
        if file.read(LONGEST).removeprefix(MARK).lstrip()[:1] == "[":
            message = f"{path}: this is one JSON array; JSON Lines has one object on each line, and nothing around them"
            raise InvalidArgumentError(message)
    first = next((row for row in rows(path, encoding) if isinstance(row, TableRow)), None)
    return tuple(first.cells) if first is not None else ()


def rows(path: Path, encoding: str) -> Iterator[TableRow | BadInput]:
    """Return every line that is not blank."""
    with closing(open_text(path, encoding)) as file:
        lines = LineReader(file, LONGEST)
        while True:
            try:
                line = next(lines)
            except StopIteration:
                return
            except LineTooLongError as error:
                yield BadInput(f"{path}:{lines.number}", str(error))
                continue
            if line.strip():
                yield _row(f"{path}:{lines.number}", line)


def _row(origin: str, line: str) -> TableRow | BadInput:
    try:
        cells: Any = json_codec.loads(line)
    except json.JSONDecodeError as error:
        return BadInput(origin, f"not JSON: {error.msg} at column {error.colno}")
    if not isinstance(cells, dict):
        return BadInput(origin, f"a line holds one object, not {type(cells).__name__}")
    return TableRow(origin, cells)
