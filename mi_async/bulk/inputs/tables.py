"""Rows of a table to items: what the columns hold, and which rows belong together.

Invariant: pure. A row that is no item becomes a ``BadInput`` in its place.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from attrs import evolve, frozen

from mi_async.bulk.inputs import cells
from mi_async.bulk.inputs.columns import Columns
from mi_async.bulk.inputs.models import BadInput, PersonInput, ThumbnailUpload


@frozen
class Row:
    """One row of a table: where it is, and its cells by column."""

    origin: str
    cells: Mapping[str, Any]


def named(columns: Columns, rows: Iterable[Row | BadInput], *, whole: bool) -> Iterator[Row | BadInput]:
    """Rows by the names of the columns, whatever the table calls them.

    Args:
        columns: those of the table.
        rows: the table.
        whole: whether every row has the same columns; if not, those of each row are checked.
    """
    for row in rows:
        fault = columns.fault(tuple(row.cells), whole=False) if isinstance(row, Row) and not whole else None
        if fault is not None:
            yield BadInput(row.origin, fault)
        elif isinstance(row, Row):
            yield Row(row.origin, {columns.named(name): value for name, value in row.cells.items()})
        else:
            yield row


def people(rows: Iterable[Row | BadInput], folder: str) -> Iterator[PersonInput | BadInput]:
    """People of a table; consecutive rows of one name are one person with several pictures.

    Args:
        rows: the table.
        folder: what relative paths are relative to.
    """
    held: PersonInput | None = None
    for row in rows:
        if isinstance(row, BadInput):
            yield row
            continue
        try:
            person = _person(row, folder)
            joined = _joined(held, person) if held is not None and held.name == person.name else None
        except ValueError as error:
            yield BadInput(row.origin, str(error))
            continue
        if joined is None and held is not None:
            yield held
        held = joined or person
    if held is not None:
        yield held


def uploads(rows: Iterable[Row | BadInput], folder: str) -> Iterator[ThumbnailUpload | BadInput]:
    """Pictures of a table; arguments as for :func:`people`."""
    for row in rows:
        if isinstance(row, BadInput):
            yield row
            continue
        try:
            yield _upload(row, folder)
        except ValueError as error:
            yield BadInput(row.origin, str(error))


def _person(row: Row, folder: str) -> PersonInput:
    own = row.cells
    one = cells.text("thumbnail", own.get("thumbnail"))
    pictures = [cells.unquoted(one)] if one is not None else cells.images("thumbnails", own.get("thumbnails"))
    if not pictures:
        message = "there is no picture in it"
        raise ValueError(message)
    return PersonInput(
        cells.needed("name", own.get("name")),
        tuple(os.path.join(folder, picture) for picture in pictures),  # noqa: PTH118  text, and a million of them
        cells.text("description", own.get("description")),
        tuple(cells.texts("tags", own.get("tags"))),
        origin=row.origin,
    )


def _joined(first: PersonInput, more: PersonInput) -> PersonInput:
    """One person of two rows."""
    description = first.description if more.description is None else more.description
    if first.description not in (None, description):
        message = f"the description of {first.name!r} is another one in {first.origin}"
        raise ValueError(message)
    pictures = (*first.thumbnails, *more.thumbnails)
    return evolve(first, thumbnails=pictures, description=description, tags=(*first.tags, *more.tags))


def _upload(row: Row, folder: str) -> ThumbnailUpload:
    own = row.cells
    person_id = cells.cell_number(own.get("person_id"))
    path = cells.unquoted(cells.needed("thumbnail", own.get("thumbnail")))
    primary = cells.flag("primary", own.get("primary"))
    return ThumbnailUpload(person_id, os.path.join(folder, path), primary, origin=row.origin)  # noqa: PTH118  as above
