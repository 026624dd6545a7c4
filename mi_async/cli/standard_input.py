"""A table on standard input, as a bulk run reads it: in a private file, since tables are read more than once.

Invariant: what people read names ``<stdin>``, never the file, which is gone when the block ends.
"""

import codecs
import shutil
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, TypeAlias

from attrs import evolve, frozen

from mi_async.bulk.inputs.models import BadInput
from mi_async.bulk.inputs.readers import Read
from mi_async.bulk.inputs.reading import Reading
from mi_async.cli.streams import notes
from mi_async.errors import InvalidArgumentError

STDIN = "-"
SHOWN = "<stdin>"
DESCRIPTOR = 0
"""Of standard input, whatever ``sys.stdin`` has become."""

TableFormat: TypeAlias = Literal["csv", "jsonl", "parquet"]

LOOKED_AT = 4096
"""Bytes at the start that tell the format."""


@frozen
class StandardInput:
    """A table that came by standard input.

    Attributes:
        path: of the file that holds it.
    """

    path: Path

    def read(self, reader: Read, encoding: str | None) -> Reading[Any]:
        """Read the table; relative paths in it are relative to the current directory.

        Raises:
            InvalidArgumentError: as the reader does.
        """
        try:
            return reader(self.path, encoding=encoding, folder="").mapped(self._named)
        except InvalidArgumentError as error:
            raise self._renamed(error) from error

    def _named(self, items: Iterator[Any]) -> Generator[Any]:
        try:
            for item in items:
                changes = {"origin": self._shown(item.origin)}
                if isinstance(item, BadInput):
                    changes["message"] = self._shown(item.message)
                yield evolve(item, **changes)
        except InvalidArgumentError as error:
            raise self._renamed(error) from error

    def _renamed(self, error: InvalidArgumentError) -> InvalidArgumentError:
        return InvalidArgumentError(self._shown(str(error)))

    def _shown(self, text: str) -> str:
        return text.replace(str(self.path), SHOWN)


def check_table_format(source: str, given: TableFormat | None) -> None:
    """Refuse the format of a table on standard input where the input is a path.

    Raises:
        InvalidArgumentError: it is.
    """
    if source != STDIN and given is not None:
        message = "--input-format is for a table on standard input; give - as INPUT"
        raise InvalidArgumentError(message)


@contextmanager
def read_input(source: str, reader: Read, encoding: str | None, given: TableFormat | None) -> Generator[Reading[Any]]:
    """Read a path, or a table on standard input, which is kept until the block ends.

    Args:
        source: path, or ``-``.
        reader: of the items.
        encoding: of a table; None for the one that its content tells.
        given: format of a table on standard input; None likewise.

    Raises:
        InvalidArgumentError: it cannot be read.
    """
    check_table_format(source, given)
    if source != STDIN:
        yield reader(source, encoding=encoding)
        return
    with standard_input(given) as table:
        yield table.read(reader, encoding)


@contextmanager
def standard_input(given: TableFormat | None) -> Generator[StandardInput]:
    """Take all of standard input; it is kept until the block ends.

    Args:
        given: format of the table; None for the one that its content tells.

    Raises:
        InvalidArgumentError: it cannot be kept.
    """
    if sys.stdin.isatty():
        notes().write("reading a table from standard input; Ctrl-D ends it\n")
    try:
        folder = TemporaryDirectory(prefix="mi-async-")
    except OSError as error:
        message = f"standard input cannot be kept: {error.strerror or error}; set TMPDIR to a directory with room"
        raise InvalidArgumentError(message) from error
    with folder as name:
        yield StandardInput(_spooled(Path(name), given))


def _spooled(folder: Path, given: TableFormat | None) -> Path:
    try:
        start = sys.stdin.buffer.read(LOOKED_AT)
        path = folder / f"stdin.{given or table_format(start)}"
        with path.open("wb") as file:
            file.write(start)
            if len(start) == LOOKED_AT:  # else it has ended: who types would have to end it twice
                shutil.copyfileobj(sys.stdin.buffer, file)
    except OSError as error:
        message = f"standard input cannot be kept in {folder.parent}: {error.strerror or error}; set TMPDIR"
        raise InvalidArgumentError(message) from error
    return path


def table_format(start: bytes) -> TableFormat:
    """Return the format that the first bytes of a table tell."""
    if start.startswith(b"PAR1"):
        return "parquet"
    for mark in (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        start = start.removeprefix(mark)
    # An array is JSON that the reader refuses with what to do about it. In UTF-16 every other byte is 0.
    return "jsonl" if start.replace(b"\0", b"").lstrip()[:1] in {b"{", b"["} else "csv"
