"""Tables in which people say who somebody is: information first, then empty columns to fill in.

Invariant: pure. A table that nobody has filled in says nothing about anybody. ``bulk.inputs.readers.read_curation``
reads what is written here.
"""

from collections.abc import Mapping, Sequence

from attrs import frozen

from mi_async._core.csv_lines import MARK, csv_line

ANSWERS = ("name", "same_as")
"""Columns to fill in: a name, or the ID of the person whom this one is."""
UNNAMED_COLUMNS = ("person_id", "position", "seen", "thumbnails", "suggestions", *ANSWERS)
"""Columns of a table of persons without a name."""
DUPLICATE_COLUMNS = ("group", "person_id", "current_name", "position", "score", "evidence", "suggestions", "same_as")
"""Columns of a table of persons who look alike: without names, which ``curate merge`` refuses."""
INFORMATION = tuple(
    name for name in dict.fromkeys((*UNNAMED_COLUMNS, *DUPLICATE_COLUMNS)) if name not in {"person_id", *ANSWERS}
)
"""Columns that tell something and are not read."""


@frozen
class CurationRow:
    """One row of a table that somebody has filled in.

    Attributes:
        person_id: the person that the row is about.
        name: a new name, or that of somebody; in Unicode NFC, without white space at its ends. None: not filled in.
        same_as: ID of the person whom this one is. None: not filled in.
        origin: place in the table, for messages: ``faces.csv:17``.
    """

    person_id: int
    name: str | None = None
    same_as: int | None = None
    origin: str = ""


def table_header(columns: Sequence[str]) -> bytes:
    """Return the first line of a table, as CSV for spreadsheets."""
    return MARK + csv_line(columns)


def table_line(columns: Sequence[str], row: Mapping[str, object]) -> bytes:
    """Return a line of a table; a column that the row does not have is empty."""
    return csv_line([row.get(name, "") for name in columns])
