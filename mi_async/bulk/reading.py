"""Items from files and folders: the format by the suffix, relative paths relative to the file.

Law: streams in flat memory. What cannot be an input at all is refused at once; a bad row or file becomes a ``BadInput``
in its place, and the next one is read.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from attrs import frozen

from mi_async.bulk import delimited, directory, jsonlines, parquet, rows
from mi_async.bulk.items import BadInput, PersonInput, ThumbnailUpload
from mi_async.bulk.rows import PEOPLE, UPLOADS, Columns, Row
from mi_async.errors import InvalidArgumentError

T = TypeVar("T")

CHEAP = 64 * 2**20
"""Bytes of a file that is read twice to know its length: 2 to 5 seconds."""


@frozen
class _Format:
    """How tables of one format are read.

    Attributes:
        header: names of the columns.
        rows: all rows.
        whole: whether every row has all columns.
    """

    header: Callable[[Path], Sequence[str]]
    rows: Callable[[Path], Iterator[Row | BadInput]]
    whole: bool = True


_CSV = _Format(delimited.header, delimited.rows)
_JSON_LINES = _Format(jsonlines.header, jsonlines.rows, whole=False)
_PARQUET = _Format(parquet.header, parquet.rows)

FORMATS = {
    ".csv": _CSV,
    ".tsv": _CSV,
    ".jsonl": _JSON_LINES,
    ".ndjson": _JSON_LINES,
    ".parquet": _PARQUET,
}
"""Formats by suffix."""

ELSE = {
    ".json": "write one object to a line and call it .jsonl",
    ".xlsx": "save it as CSV UTF-8",
    ".xls": "save it as CSV UTF-8",
    ".txt": "call it .csv if it is a table with a header",
}
"""What to do about files that come close."""


class Read(Protocol):
    """One of the functions below."""

    def __call__(self, path: str | os.PathLike[str]) -> Iterator[PersonInput | ThumbnailUpload | BadInput]:
        """Items of an input."""
        ...


def read_people(
    path: str | os.PathLike[str], *, folder: str | os.PathLike[str] | None = None
) -> Iterator[PersonInput | BadInput]:
    """People to enroll, from a directory, CSV, JSON Lines or Parquet; see ``docs/bulk-inputs.md``.

    Args:
        path: of the input.
        folder: what relative paths in a table are relative to; by default the folder of the table.

    Raises:
        InvalidArgumentError: at once, when this can be no input: not there, of no known format, without a column that
            is needed, or with one that means nothing; while reading, when the file cannot be read on.
        ConfigError: at once, when an extra is not installed.
    """
    return _read(Path(path), PEOPLE, directory.people, rows.people, folder)


def read_thumbnails(
    path: str | os.PathLike[str], *, folder: str | os.PathLike[str] | None = None
) -> Iterator[ThumbnailUpload | BadInput]:
    """Pictures for people who exist, from a directory, CSV, JSON Lines or Parquet; see ``docs/bulk-inputs.md``.

    Args:
        path: of the input.
        folder: as for :func:`read_people`.

    Raises:
        InvalidArgumentError, ConfigError: as for :func:`read_people`.
    """
    return _read(Path(path), UPLOADS, directory.uploads, rows.uploads, folder)


def count(path: str | os.PathLike[str], read: Read) -> int | None:
    """How many items an input has, where that can be known in seconds; else None.

    Exact for a table. For a directory it is the number of names in it, and what is bad inside a folder comes on top;
    None where ``read`` is ``read_thumbnails``, as there the folders' contents would have to be counted.

    Raises:
        InvalidArgumentError, ConfigError: as for :func:`read_people`.
    """
    items = read(path)
    path = Path(path)
    if path.is_dir():
        return None if read is read_thumbnails else directory.count(path)
    return sum(1 for _ in items) if path.stat().st_size <= CHEAP else None


def _read(
    path: Path,
    columns: Columns,
    from_folder: Callable[[Path], Iterator[T]],
    from_rows: Callable[[Iterator[Row | BadInput], str], Iterator[T]],
    folder: str | os.PathLike[str] | None,
) -> Iterator[T]:
    """Look at the input as a whole now, and at its items when they are asked for."""
    try:
        if path.is_dir():
            with os.scandir(path):
                return _guarded(path, lambda: from_folder(path))
        path.open("rb").close()
        found = _format(path)
        columns.check(found.header(path), str(path), whole=found.whole)
    except OSError as error:
        raise _unreadable(path, error) from error
    read = found.rows(path) if found.whole else _held_to(columns, found.rows(path))
    return _guarded(path, lambda: from_rows(read, str(path.parent if folder is None else folder)))


def _format(path: Path) -> _Format:
    suffix = path.suffix.lower()
    if suffix in FORMATS:
        return FORMATS[suffix]
    hint = ELSE.get(suffix, f"a directory, {', '.join(FORMATS)} are read")
    message = f"{path}: {suffix or 'a file without a suffix'} is no format of an input: {hint}"
    raise InvalidArgumentError(message)


def _held_to(columns: Columns, read: Iterator[Row | BadInput]) -> Iterator[Row | BadInput]:
    """Hold each row against the columns, where rows differ."""
    for row in read:
        fault = columns.fault(tuple(row.cells), whole=False) if isinstance(row, Row) else None
        yield row if fault is None else BadInput(row.origin, fault)


def _guarded(path: Path, items: Callable[[], Iterator[T]]) -> Iterator[T]:
    try:
        yield from items()
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> InvalidArgumentError:
    return InvalidArgumentError(f"{path}: cannot be read: {error.strerror or error}")
