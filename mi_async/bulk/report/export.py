"""What became of every item of a run, read back from its journal: as rows, as JSON Lines, as a data frame.

Law: streams, but for the data frame; the journal is read at one moment and not changed.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from typing import Any

from mi_async._core.convert import dumps_shown
from mi_async._core.extras import require
from mi_async._core.output_file import InputFile, OutputFile, output_file
from mi_async.bulk.engine.outcome import Status
from mi_async.bulk.inputs.own_reports import OURS
from mi_async.bulk.journal.records import OPEN, AssetRecord, PersonRecord, PictureRecord
from mi_async.errors import BulkError, InvalidArgumentError
from mi_async.storage.models import SCHEME
from mi_async.text import encodable
from mi_async.workflows.upload import State

COLUMNS = {
    "key": "string",
    "status": "category",
    "person_id": "Int64",
    "attached": "int64",
    "origin": "string",
    "problems": "int64",
    "code": "string",
    "message": "string",
    "source": "string",
}
"""Columns of the data frame and what they hold."""

ASSET_COLUMNS = {
    "key": "string",
    "status": "category",
    "asset_id": "Int64",
    "place": "string",
    "state": "string",
    "size": "int64",
    "origin": "string",
    "problems": "int64",
    "code": "string",
    "message": "string",
    "source": "string",
}
"""The same for media files."""


def rows_file(
    path: str | os.PathLike[str],
    *,
    journal: str | os.PathLike[str] | None,
    inputs: Iterable[InputFile] = (),
    force: bool = False,
) -> OutputFile:
    """Check a file that rows are to be written to, before the work begins.

    Raises:
        InvalidArgumentError: as for :func:`output_file`.
    """
    return output_file(path, ours=OURS, inputs=inputs, journal=journal, force=force)


def line(row: dict[str, Any]) -> bytes:
    """Return a row as a line of JSON."""
    return dumps_shown(row) + b"\n"


def rows(journal: str | os.PathLike[str], run: int) -> Iterator[dict[str, Any]]:
    """One JSON object per person or media file that a run has seen, in the order of their keys.

    Raises:
        JournalError: the journal cannot be read.
        ConfigError: the extra ``bulk`` is not installed.
    """
    require("bulk")
    from mi_async.bulk.journal.reader import read_journal  # noqa: PLC0415  brings SQLAlchemy, an extra

    with read_journal(journal) as reader:
        if reader.has_assets:
            yield from (_asset_row(asset) for asset in reader.assets() if asset.run == run)
            return
        for person, pictures in reader.entries():
            if person.run == run:
                yield _row(person, pictures)


def write(journal: str | os.PathLike[str], run: int, path: str | os.PathLike[str], *, force: bool = False) -> None:
    """Write the rows as JSON Lines.

    Raises:
        BulkError: the file must not or cannot be written.
        JournalError: the journal cannot be read.
    """
    try:
        write_to(rows_file(path, journal=journal, force=force), journal, run)
    except InvalidArgumentError as error:
        raise BulkError(str(error)) from error


def write_to(target: OutputFile, journal: str | os.PathLike[str], run: int) -> None:
    """Write the rows to a file that was found fit for it.

    Raises:
        BulkError: it cannot be written.
        JournalError: the journal cannot be read.
    """
    lines = map(line, rows(journal, run))
    try:
        with target.writing() as file:
            file.writelines(lines)
    except OSError as error:
        message = f"cannot write the report to {encodable(target.path)}: {error.strerror or error}"
        raise BulkError(message) from error


def data_frame(journal: str | os.PathLike[str], run: int) -> Any:
    """The rows as a ``pandas.DataFrame``, in memory as a whole.

    Raises:
        ConfigError: pandas is not installed.
        JournalError: the journal cannot be read.
    """
    require("pandas")
    pandas = import_module("pandas")
    kinds = _columns(journal)
    columns: dict[str, list[Any]] = {name: [] for name in kinds}
    for row in rows(journal, run):
        for name, value in _flat(row).items():
            columns[name].append(value)
    statuses = pandas.CategoricalDtype([OPEN, *[status.value for status in Status]])
    types = {name: statuses if kind == "category" else kind for name, kind in kinds.items()}
    return pandas.DataFrame({name: pandas.array(columns[name], dtype=kind) for name, kind in types.items()})


def _columns(journal: str | os.PathLike[str]) -> dict[str, str]:
    """What the rows of a journal have."""
    require("bulk")
    from mi_async.bulk.journal.reader import read_journal  # noqa: PLC0415  brings SQLAlchemy, an extra

    with read_journal(journal) as reader:
        return ASSET_COLUMNS if reader.has_assets else COLUMNS


def _asset_row(asset: AssetRecord) -> dict[str, Any]:
    own = {"source": asset.source or asset.origin, "code": asset.code, "message": asset.message}
    return {
        "key": asset.key,
        "status": asset.status,
        "asset_id": asset.asset_id,
        "place": f"{SCHEME}{asset.bucket}/{asset.key}" if asset.bucket else "",
        "state": asset.state,
        "size": asset.size,
        "origin": asset.origin,
        "problems": [own] if asset.code else [],
        "notes": [],
    }


def _row(person: PersonRecord, pictures: Sequence[PictureRecord]) -> dict[str, Any]:
    problems = [{"source": p.source, "code": p.code, "message": p.message} for p in pictures if p.code]
    if person.code and not any((p["code"], p["message"]) == (person.code, person.message) for p in problems):
        own = {"source": person.origin or person.person, "code": person.code, "message": person.message}
        problems.insert(0, own)
    return {
        "key": person.person,
        "status": person.status,
        "person_id": person.person_id,
        "attached": sum(picture.state == State.ATTACHED.value for picture in pictures),
        "origin": person.origin,
        "problems": problems,
        "notes": [f"{picture.source}: {picture.note}" for picture in pictures if picture.note],
        "created": [picture.left for picture in pictures if picture.left is not None],
    }


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """A row with the first problem in columns of its own."""
    first = row["problems"][0] if row["problems"] else {}
    one = {name: first.get(name) for name in ("code", "message", "source")}
    own = {name: row[name] for name in {**COLUMNS, **ASSET_COLUMNS} if name in row}
    return {**own, "problems": len(row["problems"]), **one}
