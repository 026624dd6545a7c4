"""Rows of media files taken out of a journal: what they tell of is gone, and a later run begins anew.

Invariant: no run is under way on the journal meanwhile.
"""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Table, delete

from mi_async.bulk.journal.backend import open_to_change
from mi_async.bulk.journal.place import Journalled
from mi_async.bulk.journal.schema import assets
from mi_async.storage.models import StoredObject
from mi_async.text import encodable


def forget_assets(journal: Journalled, project_id: int, places: Iterable[StoredObject]) -> None:
    """Delete the rows of some objects; blocks. Without objects it only looks that no run is under way.

    Raises:
        JournalError: there is no journal, a run is under way on it, or it cannot be written.
    """
    with open_to_change(journal) as connection:
        for place in places:
            connection.execute(delete(assets).where(row_of(assets, project_id, place)))


def row_of(table: Table, project_id: int, place: StoredObject) -> ColumnElement[bool]:
    """Return the condition for the row of an object, in a table of the media files of projects."""
    found = (table.c.bucket == encodable(place.bucket)) & (table.c.key == encodable(place.key))
    return found & (table.c.project_id == project_id)
