"""Items from files and folders: the format by the suffix, relative paths relative to the file.

Invariant: streams in flat memory. What cannot be an input at all is refused at once; a bad row or file becomes a
``BadInput`` in its place, and the next one is read.
"""

import csv
import os
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from attrs import frozen

from mi_async._core.files import open_regular_file
from mi_async.bulk.inputs import csv_table, directory, jsonl, parquet, tables
from mi_async.bulk.inputs.columns import PEOPLE, UPLOADS, Columns
from mi_async.bulk.inputs.curation_rows import CURATION, curation_rows
from mi_async.bulk.inputs.encodings import encoding_of
from mi_async.bulk.inputs.input_facts import PassedOver
from mi_async.bulk.inputs.input_path import named_path
from mi_async.bulk.inputs.models import BadInput, PersonInput, ThumbnailUpload
from mi_async.bulk.inputs.reading import CHEAP, Reading
from mi_async.bulk.inputs.tables import TableRow
from mi_async.errors import InvalidArgumentError, MIError
from mi_async.workflows.curation.table import CurationRow

T = TypeVar("T")


@frozen
class _Format:
    """Reader of tables of one format.

    Attributes:
        header: reads the names of the columns.
        rows: reads all rows.
        whole: True if every row has all columns.
        is_text: True if it has an encoding.
        later_header: finds the line of a header that is not the first row, where a format can have that.
    """

    header: Callable[[Path, str], Sequence[str]]
    rows: Callable[[Path, str], Iterator[TableRow | BadInput]]
    whole: bool = True
    is_text: bool = True
    later_header: Callable[[Path, str, Callable[[Sequence[str]], bool]], int | None] | None = None


_CSV = _Format(csv_table.header, csv_table.rows, later_header=csv_table.later_header)
_JSON_LINES = _Format(jsonl.header, jsonl.rows, whole=False)
_PARQUET = _Format(parquet.header, parquet.rows, is_text=False)

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
    ".xlsm": "save it as CSV UTF-8",
    ".xlsb": "save it as CSV UTF-8",
    ".ods": "save it as CSV in UTF-8",
    ".numbers": "export it as CSV in UTF-8",
    ".gsheet": "this is a link to Google Sheets; download it as CSV",
    ".txt": "call it .csv if it is a table with a header",
}
"""Advice for formats that are not read, by suffix."""


class Read(Protocol):
    """One of the functions below."""

    def __call__(
        self,
        path: str | os.PathLike[str],
        *,
        encoding: str | None = None,
        folder: str | os.PathLike[str] | None = None,
    ) -> Reading[PersonInput | BadInput] | Reading[ThumbnailUpload | BadInput]:
        """Return the items of an input."""
        ...


def read_people(
    path: str | os.PathLike[str], *, encoding: str | None = None, folder: str | os.PathLike[str] | None = None
) -> Reading[PersonInput | BadInput]:
    """Read people to enroll from a directory, CSV, JSON Lines or Parquet; see ``docs/bulk-inputs.md``.

    ``facts`` of what is returned tells the encoding, and counts what was passed over.

    Args:
        path: of the input; a file or directory that the disk spells in another Unicode form is found.
        encoding: of the text, as Python calls it; without it the mark of the file tells, else UTF-8 and CP949 are
            tried, and text that is unlikely to be Korean is refused.
        folder: what relative paths in a table are relative to; by default the folder of the table.

    Raises:
        InvalidArgumentError: at once, when this can be no input: not there, of no known format or encoding, without a
            column that is needed, or with one that means nothing; while reading, when the file cannot be read on.
        ConfigError: at once, when an extra is not installed.
    """
    return _read(
        path, encoding, PEOPLE, directory.people_in, tables.people_of, folder=folder, names=directory.count_names
    )


def read_thumbnails(
    path: str | os.PathLike[str], *, encoding: str | None = None, folder: str | os.PathLike[str] | None = None
) -> Reading[ThumbnailUpload | BadInput]:
    """Read images for people who exist from a directory, CSV, JSON Lines or Parquet; see ``docs/bulk-inputs.md``.

    Args:
        path: as for :func:`read_people`.
        encoding: likewise.
        folder: as for :func:`read_people`.

    Raises:
        InvalidArgumentError, ConfigError: as for :func:`read_people`.
    """
    return _read(path, encoding, UPLOADS, directory.uploads_in, tables.uploads_of, folder=folder)


def read_curation(path: str | os.PathLike[str], *, encoding: str | None = None) -> Reading[CurationRow | BadInput]:
    """Read a table of ``mi-async curate`` that somebody has filled in: CSV, JSON Lines or Parquet.

    Only ``person_id``, ``name`` and ``same_as`` are read; a row in which both answers are empty comes, too.

    Args:
        path: as for :func:`read_people`.
        encoding: likewise.

    Raises:
        InvalidArgumentError, ConfigError: as for :func:`read_people`.
    """
    return _read(path, encoding, CURATION, None, curation_rows, folder=None)


def count(path: str | os.PathLike[str], read: Read, *, encoding: str | None = None, cheap: int = CHEAP) -> int | None:
    """Return the number of items of an input, where that costs little; else None: see ``Reading.counted``.

    Raises:
        InvalidArgumentError, ConfigError: as for :func:`read_people`.
    """
    return read(path, encoding=encoding).counted(cheap)


def _read(
    given: str | os.PathLike[str],
    encoding: str | None,
    columns: Columns,
    from_folder: Callable[[Path, PassedOver], Iterator[T]] | None,
    from_rows: Callable[[Iterator[TableRow | BadInput], str], Iterator[T]],
    *,
    folder: str | os.PathLike[str] | None,
    names: Callable[[Path], int] | None = None,
) -> Reading[T]:
    """Check the input as a whole now, and read its items when they are asked for.

    Args:
        given: path of the input.
        encoding: as for :func:`read_people`.
        columns: of a table.
        from_folder: reads a directory; None where that is no such input.
        from_rows: makes items of rows.
        folder: as for :func:`read_people`.
        names: counts the items of a directory; None where the folders' contents would have to be counted.
    """
    path = Path(named_path(given))
    try:
        if path.is_dir() and from_folder is None:
            message = f"{path}: a directory is no table that can be filled in"
            raise InvalidArgumentError(message)
        if path.is_dir() and from_folder is not None:
            _has_no_encoding(path, "a directory", encoding)
            with os.scandir(path):
                return Reading(
                    lambda passed_over: _guarded(path, lambda: from_folder(path, passed_over)),
                    "",
                    lambda _: None if names is None else names(path),
                )
        open_regular_file(path).close()
        found = _format(path)
        if not found.is_text:
            _has_no_encoding(path, f"a {path.suffix} file", encoding)
        taken = encoding_of(path, encoding) if found.is_text else ""
        _check(found, path, taken, columns)
    except MIError:
        raise
    except (OSError, ValueError) as error:  # the latter for a null character in the path
        raise _unreadable(path, error) from error
    base = str(path.parent if folder is None else folder)

    def items() -> Iterator[T]:
        return from_rows(tables.named_rows(columns, found.rows(path, taken), whole=found.whole), base)

    def counted(cheap: int) -> int | None:
        return sum(1 for _ in _guarded(path, items)) if path.stat().st_size <= cheap else None

    return Reading(lambda _: _guarded(path, items), taken, counted)


def _has_no_encoding(path: Path, what: str, encoding: str | None) -> None:
    if encoding is not None:
        message = f"{path}: {what} has no encoding; leave out {encoding}"
        raise InvalidArgumentError(message)


def _check(found: _Format, path: Path, encoding: str, columns: Columns) -> None:
    """Refuse a table by its columns."""
    given = found.header(path, encoding)
    if found.later_header is not None and columns.fault(given) is not None:
        line = found.later_header(path, encoding, lambda names: columns.fault(names) is None)
        if line is not None:
            message = f"{path}: the columns are in line {line}; delete the lines above"
            raise InvalidArgumentError(message)
    columns.check(given, str(path), whole=found.whole)


def _format(path: Path) -> _Format:
    suffix = path.suffix.lower()
    if suffix in FORMATS:
        return FORMATS[suffix]
    hint = ELSE.get(suffix, f"a directory, {', '.join(FORMATS)} are read")
    message = f"{path}: {suffix or 'a file without a suffix'} is no format of an input: {hint}"
    raise InvalidArgumentError(message)


def _guarded(path: Path, items: Callable[[], Iterator[T]]) -> Generator[T]:
    try:
        yield from items()
    except (OSError, UnicodeError, csv.Error) as error:  # the file was changed, or the disk fails
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> InvalidArgumentError:
    return InvalidArgumentError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}")
