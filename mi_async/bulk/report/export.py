"""Export of a run from its journal, every item a row: as JSON objects, as JSON Lines, as a data frame.

Invariant: streams, but for the data frame; the journal is read at one moment and not changed.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mi_async._core.convert import dumps_shown
from mi_async._core.extras import require
from mi_async._core.output_file import InputFile, OutputFile, output_file
from mi_async.bulk.engine.outcome import AssetOutcome, BulkOutcome, Problem, Status
from mi_async.bulk.inputs.cells import IMAGE_SUFFIXES
from mi_async.bulk.inputs.media_files import SUFFIXES as MEDIA_SUFFIXES
from mi_async.bulk.inputs.own_reports import OURS
from mi_async.bulk.journal.place import Journalled, journal_file
from mi_async.bulk.journal.records import OPEN, AssetRecord, ImageRecord, PersonRecord
from mi_async.errors import BulkError, InvalidArgumentError
from mi_async.text import encodable
from mi_async.workflows.upload import State

if TYPE_CHECKING:
    from mi_async.bulk.journal.reader import JournalReader

_PROBLEM_COLUMNS = {"origin": "string", "problems": "int64", "code": "string", "message": "string", "source": "string"}
COLUMNS = {"key": "string", "status": "category", "person_id": "Int64", "attached": "int64", **_PROBLEM_COLUMNS}
"""Columns of the data frame and their types."""
ASSET_COLUMNS = {
    "key": "string",
    "status": "category",
    "asset_id": "Int64",
    "place": "string",
    "state": "string",
    "size": "int64",
    **_PROBLEM_COLUMNS,
}
"""The same for media files."""
READ_SUFFIXES = IMAGE_SUFFIXES | MEDIA_SUFFIXES
"""Suffixes of the files of a directory that a run reads."""


def rows_file(
    path: str | os.PathLike[str],
    *,
    journal: Journalled | None,
    inputs: Iterable[InputFile] = (),
    force: bool = False,
) -> OutputFile:
    """Check a file that rows are to be written to, before the work begins.

    Raises:
        InvalidArgumentError: as for :func:`output_file`, or it is one of the files of an input directory.
    """
    if any(_is_below(path, folder) for folder in inputs if not isinstance(folder, int)):
        # a Git LFS pointer, or a file that is still being copied, has not the content of an image
        message = f"{encodable(os.fspath(path))} is a file of the input; it is left as it is, name another file"
        raise InvalidArgumentError(message)
    return output_file(path, ours=OURS, inputs=inputs, journal=journal_file(journal), force=force)


def _is_below(path: str | os.PathLike[str], folder: str | os.PathLike[str]) -> bool:
    """Return True if a run over this directory reads a file of this name."""
    try:
        real = Path(os.path.realpath(path))
        return real.suffix.lower() in READ_SUFFIXES and real.is_relative_to(os.path.realpath(folder))
    except ValueError:  # a null character
        return False


def line(row: dict[str, Any]) -> bytes:
    """Return a row as a line of JSON."""
    return dumps_shown(row) + b"\n"


def outcome_rows(journal: Journalled, run: int) -> Iterator[dict[str, Any]]:
    """Return a JSON object for each person or media file that a run has seen, in the order of their keys.

    Raises:
        JournalError: the journal cannot be read.
        ConfigError: the extra ``bulk`` is not installed.
    """
    with _opened(journal) as reader:
        if reader.has_assets:
            yield from (_asset_row(asset) for asset in reader.assets() if reader.is_of(run, asset.run))
            return
        for person, pictures in reader.entries():
            if reader.is_of(run, person.run):
                yield _row(person, pictures)


def _opened(journal: Journalled) -> "AbstractContextManager[JournalReader]":
    require("bulk")
    from mi_async.bulk.journal.reader import read_journal  # noqa: PLC0415  brings SQLAlchemy, an extra

    return read_journal(journal)


def write_report(journal: Journalled, run: int, path: str | os.PathLike[str], *, force: bool = False) -> None:
    """Write the rows as JSON Lines.

    Raises:
        BulkError: the file must not or cannot be written.
        JournalError: the journal cannot be read.
    """
    try:
        write_to(rows_file(path, journal=journal, force=force), journal, run)
    except InvalidArgumentError as error:
        raise BulkError(str(error)) from error


def write_to(target: OutputFile, journal: Journalled, run: int) -> None:
    """Write the rows to a file that was found fit for it.

    Raises:
        BulkError: it cannot be written.
        JournalError: the journal cannot be read.
    """
    lines = map(line, outcome_rows(journal, run))
    try:
        with target.writing() as file:
            file.writelines(lines)
    except OSError as error:
        message = f"cannot write the report to {encodable(target.path)}: {error.strerror or error}"
        raise BulkError(message) from error


def data_frame(journal: Journalled, run: int) -> Any:
    """Return the rows as a ``pandas.DataFrame``, in memory as a whole.

    Raises:
        ConfigError: pandas is not installed.
        JournalError: the journal cannot be read.
    """
    require("pandas")
    pandas: Any = import_module("pandas")
    with _opened(journal) as reader:
        types: dict[str, Any] = dict(ASSET_COLUMNS if reader.has_assets else COLUMNS)
    columns: dict[str, list[Any]] = {name: [] for name in types}
    for row in outcome_rows(journal, run):
        for name, value in _flat(row).items():
            columns[name].append(value)
    types["status"] = pandas.CategoricalDtype([OPEN, *[status.value for status in Status]])
    return pandas.DataFrame({name: pandas.array(columns[name], dtype=kind) for name, kind in types.items()})


def _row(person: PersonRecord, pictures: Sequence[ImageRecord]) -> dict[str, Any]:
    return person_outcome(person, pictures).as_row() | {"status": person.status}  # of one that a run has left: open


def person_outcome(person: PersonRecord, pictures: Sequence[ImageRecord]) -> BulkOutcome:
    """Return the outcome of a person, as the journal has it; one that is not finished counts as done."""
    problems = [Problem(row.source, row.code, row.message) for row in pictures if row.code]
    if person.code and not any((p.code, p.message) == (person.code, person.message) for p in problems):
        problems.insert(0, Problem(person.origin or person.person, person.code, person.message))
    return BulkOutcome(
        key=person.person,
        status=Status.DONE if person.status == OPEN else Status(person.status),
        person_id=person.person_id,
        attached=sum(picture.state == State.ATTACHED.value for picture in pictures),
        origin=person.origin,
        problems=tuple(problems),
        notes=tuple(f"{picture.source}: {picture.note}" for picture in pictures if picture.note),
        created=tuple(picture.left for picture in pictures if picture.left is not None),
    )


def _asset_row(asset: AssetRecord) -> dict[str, Any]:
    row = asset_outcome(asset).as_row() | {"status": asset.status, "size": asset.size}
    return {name: row[name] for name in [*ASSET_COLUMNS, "notes"] if name in row}


def asset_outcome(asset: AssetRecord) -> AssetOutcome:
    """Return the outcome of a media file, likewise."""
    problem = Problem(asset.source or asset.origin, asset.code, asset.message)
    return AssetOutcome(
        key=asset.key,
        status=Status.DONE if asset.status == OPEN else Status(asset.status),
        origin=asset.origin,
        problems=(problem,) if asset.code else (),
        asset_id=asset.asset_id,
        place=asset.place,
        state=asset.state,
    )


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with its first problem in columns of its own."""
    first = row["problems"][0] if row["problems"] else {}
    one = {name: first.get(name) for name in ("code", "message", "source")}
    own = {name: value for name, value in row.items() if name not in ("notes", "created")}
    return {**own, "problems": len(row["problems"]), **one}
