"""Names that the workspace has already, and whose they are: those of earlier runs with the journal, or others'.

Invariant: in flat memory, in a temporary database that goes when it is closed; asks for listings only.
"""

import sqlite3
from collections.abc import Iterable
from contextlib import aclosing

from attrs import define, field, frozen

from mi_async._core.names import clean_name
from mi_async.api.persons import NameType, SortColumn, SortType
from mi_async.bulk.journal.place import Journalled, journal_error
from mi_async.bulk.plan.dedup import existing
from mi_async.text import encodable
from mi_async.workflows.context import Context
from mi_async.workflows.named_person import LOOKUP_PAGE

CACHE = 16 * 2**10
"""KiB of the database that are kept in memory."""
AT_ONCE = 500
"""Names that are written at once."""


@frozen
class Namesake:
    """A person of the workspace who has a name of the backup.

    Attributes:
        id: of the person; None for one of ours, whose ID the journal has.
        ours: an earlier run with the journal has created it, or begun to.
    """

    id: int | None
    ours: bool


@define(eq=False)
class TargetNames:
    """Names of the persons of the workspace, and of those in the journal."""

    _database: sqlite3.Connection = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Lay out the table."""
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for line in (
            "PRAGMA journal_mode = OFF",
            f"PRAGMA cache_size = -{CACHE}",
            "CREATE TABLE names (name TEXT PRIMARY KEY, id INTEGER, ours INTEGER) WITHOUT ROWID",
            "BEGIN",  # one for all: nothing of it is to last
        ):
            self._database.execute(line)

    def add(self, names: Iterable[tuple[str, int | None]], *, ours: bool) -> None:
        """Add names; one that is there already keeps whose it is."""
        rows = [(encodable(name), number, ours) for name, number in names]
        self._database.executemany("INSERT OR IGNORE INTO names VALUES (?, ?, ?)", rows)

    def find(self, name: str) -> Namesake | None:
        """Return who has a name, None if nobody has."""
        row = self._database.execute("SELECT id, ours FROM names WHERE name = ?", (encodable(name),)).fetchone()
        return None if row is None else Namesake(row[0], bool(row[1]))

    def close(self) -> None:
        """Delete the database."""
        self._database.close()


async def read_names(context: Context, names: TargetNames, journal: Journalled | None) -> None:
    """Read the names of the journal, then those of the workspace.

    Raises:
        JournalError: the journal cannot be read.
        MIError: the persons cannot be listed.
    """
    if (earlier := existing(journal)) is not None:
        names.add(_journalled(earlier, context.groups.name), ours=True)
    # By ID, so that no analysis changes the order of the pages; those without a name are left out.
    found = context.groups.persons.search_all(
        page_size=LOOKUP_PAGE,
        name_type=NameType.NAMED,
        sort_column=SortColumn.PERSON_ID,
        sort_type=SortType.ASC,
    )
    page: list[tuple[str, int | None]] = []
    async with aclosing(found) as persons:
        async for person in persons:
            page.append((clean_name(person.name or ""), person.id))
            if len(page) == AT_ONCE:
                names.add(page, ours=False)
                page.clear()
    names.add(page, ours=False)


def _journalled(journal: Journalled, workspace: str) -> Iterable[tuple[str, int | None]]:
    """Yield the persons that an earlier run has begun; what was rejected was never sent."""
    from mi_async.bulk.journal.finished_names import finished_names  # noqa: PLC0415  brings SQLAlchemy, an extra
    from mi_async.bulk.journal.reader import read_journal  # noqa: PLC0415  brings SQLAlchemy, an extra

    with read_journal(journal) as reader:
        its = reader.identity
        if (its.operation, its.workspace) != ("enroll", workspace):
            message = f"it belongs to {its.operation} in {its.workspace!r}, and this restores into {workspace!r}"
            raise journal_error(journal, message)
        for name, _ in finished_names(reader.connection, its.operation):
            yield clean_name(name), None
