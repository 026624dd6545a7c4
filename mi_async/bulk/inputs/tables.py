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
class TableRow:
    """One row of a table: its place, and its cells by column."""

    origin: str
    cells: Mapping[str, Any]


def named_rows(columns: Columns, rows: Iterable[TableRow | BadInput], *, whole: bool) -> Iterator[TableRow | BadInput]:
    """Return rows that are not blank, by the names of the columns, whatever the table calls them.

    Args:
        columns: those of the table.
        rows: the table.
        whole: True if every row has the same columns; if not, those of each row are checked.
    """
    same: bool | None = None  # True if a table's columns have their own names: then a row is what it is
    for row in rows:
        if isinstance(row, BadInput):
            yield row
        elif not _is_blank(row):
            if whole and same is None:
                same = all(columns.named(name) == name for name in row.cells)
            yield row if same else _renamed(columns, row, whole=whole)


def _renamed(columns: Columns, row: TableRow, *, whole: bool) -> TableRow | BadInput:
    fault = None if whole else columns.fault(tuple(row.cells), whole=False)
    if fault is not None:
        return BadInput(row.origin, fault)
    return TableRow(row.origin, {columns.named(name): value for name, value in row.cells.items()})


def _is_blank(row: TableRow) -> bool:
    """Return True if all cells of a row are empty, as at the end of many a sheet."""
    for value in row.cells.values():  # not all(...), which makes a generator for the first cell of a million rows
        if value not in (None, "", []) and value == value:  # noqa: PLR0124  pandas' empty cells are NaN
            return False
    return bool(row.cells)


def people_of(rows: Iterable[TableRow | BadInput], folder: str) -> Iterator[PersonInput | BadInput]:
    """Return the people of a table; consecutive rows of one name are one person with several images.

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


def uploads_of(rows: Iterable[TableRow | BadInput], folder: str) -> Iterator[ThumbnailUpload | BadInput]:
    """Return the images of a table; arguments as for :func:`people_of`."""
    for row in rows:
        if isinstance(row, BadInput):
            yield row
            continue
        try:
            yield _upload(row, folder)
        except ValueError as error:
            yield BadInput(row.origin, str(error))


def _person(row: TableRow, folder: str) -> PersonInput:
    own = row.cells
    one = cells.cell_text("thumbnail", own.get("thumbnail"))
    images = [cells.unquoted(one)] if one is not None else cells.image_paths("thumbnails", own.get("thumbnails"))
    if not images:
        message = "there is no image in it"
        raise ValueError(message)
    return PersonInput(
        cells.needed("name", own.get("name")),
        tuple(os.path.join(folder, picture) for picture in images),  # noqa: PTH118  text, and a million of them
        cells.cell_text("description", own.get("description")),
        tuple(cells.texts("tags", own.get("tags"))),
        origin=row.origin,
    )


def _joined(first: PersonInput, more: PersonInput) -> PersonInput:
    """Return one person of two rows."""
    description = first.description if more.description is None else more.description
    if first.description not in (None, description):
        message = f"{first.name!r} has a different description at {first.origin}"
        raise ValueError(message)
    images = (*first.thumbnails, *more.thumbnails)
    return evolve(first, thumbnails=images, description=description, tags=(*first.tags, *more.tags))


def _upload(row: TableRow, folder: str) -> ThumbnailUpload:
    own = row.cells
    person_id = cells.cell_number(own.get("person_id"))
    path = cells.unquoted(cells.needed("thumbnail", own.get("thumbnail")))
    primary = cells.flag("primary", own.get("primary"))
    return ThumbnailUpload(person_id, os.path.join(folder, path), primary, origin=row.origin)  # noqa: PTH118  as above
