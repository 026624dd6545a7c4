"""Rows of a table in which somebody has said who persons are.

Invariant: pure. A row that cannot be read becomes a ``BadInput`` in its place.
"""

from collections.abc import Iterable, Iterator

from mi_async._core.csv_lines import FORMULA
from mi_async._core.names import clean_name
from mi_async.bulk.inputs import cells
from mi_async.bulk.inputs.columns import Columns
from mi_async.bulk.inputs.models import BadInput
from mi_async.bulk.inputs.tables import TableRow
from mi_async.workflows.curation.table import ANSWERS, INFORMATION, CurationRow

CURATION = Columns(
    (("person_id",),),
    (*ANSWERS, "note", *INFORMATION),
    (
        *((name, "person_id") for name in ("인물 ID", "인물 아이디", "아이디")),
        *((name, "name") for name in ("이름", "성명", "인물명", "인물 이름")),
        *((name, "same_as") for name in ("같은 인물", "동일 인물", "같은 인물 ID", "동일 인물 ID")),
        *((name, "note") for name in ("비고", "메모")),
    ),
)
"""A table to fill in: only the ID and the answers are read."""


def curation_rows(rows: Iterable[TableRow | BadInput], _folder: str) -> Iterator[CurationRow | BadInput]:
    """Return the rows of a table; those that are not filled in too."""
    for row in rows:
        if isinstance(row, BadInput):
            yield row
            continue
        try:
            yield _row(row)
        except ValueError as error:
            yield BadInput(row.origin, str(error))


def _row(row: TableRow) -> CurationRow:
    name = cells.cell_text("name", row.cells.get("name"))
    same_as = cells.stripped(row.cells.get("same_as"))
    return CurationRow(
        cells.cell_number(row.cells.get("person_id")),
        clean_name(_without_guard(name)) or None if name else None,
        None if same_as is None else cells.cell_number(same_as, "same_as"),
        row.origin,
    )


def _without_guard(name: str) -> str:
    """Return a name without the apostrophe that our own tables put before what a spreadsheet would calculate."""
    return name[1:] if name[0] == "'" and FORMULA.match(name, 1) else name
