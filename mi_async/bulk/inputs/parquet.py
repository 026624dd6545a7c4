"""Tables in Parquet, where pyarrow is installed.

Invariant: streams by record batch. pyarrow is imported by whoever reads such a file and by nobody else, and nothing
that it raises leaves this module.
"""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from mi_async._core.extras import require
from mi_async._core.files import open_regular_file
from mi_async.bulk.inputs.models import BadInput
from mi_async.bulk.inputs.tables import TableRow
from mi_async.errors import ConfigError, InvalidArgumentError
from mi_async.text import one_line

BATCH = 1024
"""Rows in memory at once."""
SAID = 200
"""Characters of pyarrow's messages that are shown; they hold pages of the file."""


def header(path: Path, encoding: str) -> tuple[str, ...]:  # noqa: ARG001  as readers of text
    """Return the names of the columns; there is no ``encoding`` to tell.

    Raises:
        ConfigError: pyarrow is not installed.
        InvalidArgumentError: it is no Parquet file, or a column has a type that cannot be meant.
    """
    with _opened(path) as file:
        schema = file.schema_arrow
        for column in schema:
            if not _is_plain(column.type):
                message = (
                    f"{path}: the column {column.name!r} holds {column.type}; texts, lists of them or numbers will do"
                )
                raise InvalidArgumentError(message)
        return tuple(schema.names)


def rows(path: Path, encoding: str) -> Iterator[TableRow | BadInput]:  # noqa: ARG001  as readers of text
    """Return every row, counted from 1."""
    number = 0
    with _opened(path) as file:
        for batch in file.iter_batches(batch_size=BATCH, use_threads=False):
            for cells in _cells(batch):
                number += 1
                origin = f"{path}:{number}"
                yield BadInput(origin, "a text in it is not UTF-8") if cells is None else TableRow(origin, cells)


def _cells(batch: Any) -> list[dict[str, Any] | None]:
    """Return the rows of a batch, None for one with a text that is not UTF-8; writers in C++ and Rust check nothing."""
    try:
        rows: list[dict[str, Any] | None] = batch.to_pylist()
    except UnicodeDecodeError:
        if batch.num_rows == 1:
            return [None]
        return [cells for number in range(batch.num_rows) for cells in _cells(batch.slice(number, 1))]
    return rows


def _is_plain(kind: Any) -> bool:
    """Return True if a column holds text, numbers, truth values, lists or dictionaries of these, or nothing."""
    types = _pyarrow().types
    if types.is_dictionary(kind) or types.is_list(kind) or types.is_large_list(kind):
        return _is_plain(kind.value_type)
    looks = (
        types.is_string,
        types.is_large_string,
        types.is_integer,
        types.is_floating,
        types.is_boolean,
        types.is_null,
    )
    return any(look(kind) for look in looks)


@contextmanager
def _opened(path: Path) -> Generator[Any]:
    pyarrow = _pyarrow()
    open_regular_file(path).close()  # pyarrow would wait for a pipe
    try:
        with pyarrow.parquet.ParquetFile(path, pre_buffer=False) as file:
            yield file
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:  # it uses OSError for damaged pages
        message = f"{path}: not readable as Parquet: {one_line(str(error))[:SAID]}"
        raise InvalidArgumentError(message) from error


def _pyarrow() -> Any:
    """Import the library, which is heavy, untyped and an extra."""
    require("parquet")
    try:
        import_module("pyarrow.parquet")
        return import_module("pyarrow")
    except ImportError as error:  # built for another Python, NumPy or C library
        message = f"reading Parquet needs pyarrow, which is installed and cannot be imported: {one_line(str(error))}"
        raise ConfigError(message) from error
