"""Tables in Parquet, where pyarrow is installed.

Law: streams by record batch; pyarrow is imported by whoever reads such a file and by nobody else.
"""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from mi_async.bulk.items import BadInput
from mi_async.bulk.rows import Row
from mi_async.errors import ConfigError, InvalidArgumentError

BATCH = 1024
"""Rows in memory at once."""


def header(path: Path) -> tuple[str, ...]:
    """Names of the columns.

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


def rows(path: Path) -> Iterator[Row | BadInput]:
    """Every row, counted from 1."""
    number = 0
    with _opened(path) as file:
        for batch in file.iter_batches(batch_size=BATCH, use_threads=False):
            for cells in batch.to_pylist():
                number += 1
                yield Row(f"{path}:{number}", cells)


def _is_plain(kind: Any) -> bool:
    """Whether a column holds text, numbers, truth values, lists or dictionaries of these, or nothing."""
    types = _pyarrow().types
    if types.is_dictionary(kind) or types.is_list(kind) or types.is_large_list(kind):
        return _is_plain(kind.value_type)
    looks = (types.is_string, types.is_large_string, types.is_integer, types.is_boolean, types.is_null)
    return any(look(kind) for look in looks)


@contextmanager
def _opened(path: Path) -> Generator[Any]:
    pyarrow = _pyarrow()
    try:
        with pyarrow.parquet.ParquetFile(path, pre_buffer=False) as file:
            yield file
    except pyarrow.ArrowException as error:
        message = f"{path}: not readable as Parquet: {error}"
        raise InvalidArgumentError(message) from error


def _pyarrow() -> Any:
    """The library, which is heavy, untyped and an extra."""
    try:
        import_module("pyarrow.parquet")
        return import_module("pyarrow")
    except ImportError as error:
        message = "reading Parquet needs pyarrow: pip install 'mi-async[parquet]'"
        raise ConfigError(message) from error
