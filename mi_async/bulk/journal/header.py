"""Header of a journal: the row that says what it belongs to, and its runs; the same statements for every database.

Invariant: within the caller's transaction, which it neither begins nor ends.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from sqlalchemy import ColumnElement, Connection, Table, delete, func, insert, select, update

from mi_async.bulk.journal.place import Journalled, journal_error
from mi_async.bulk.journal.records import CURATE, INGEST, UPLOAD, Identity, masked_fingerprint
from mi_async.bulk.journal.schema import READABLE, SCHEMA, journal, layout_of, metadata, runs
from mi_async.bulk.journal.typed_rows import MOST, DamagedError, read_journal_row
from mi_async.version import VERSION

SOFTWARE = f"mi-async {VERSION}"
WITH_KEY = 1
"""The schema that had the access key itself."""
OPERATIONS = frozenset({"enroll", UPLOAD, INGEST, CURATE})
EMPTY = "it does not say what it belongs to"


def create_tables(
    connection: Connection, stored: Identity, facts: Mapping[str, str], statements: Sequence[str], more: Sequence[Table]
) -> None:
    """Make the tables of a new journal.

    Args:
        connection: within a transaction.
        stored: what it belongs to, as it is written.
        facts: when it is made, in UTC, as ISO 8601 has it, and by which version.
        statements: that make views and indexes, in SQL.
        more: tables that only this database has.
    """
    metadata.create_all(connection, [journal, runs, *layout_of(stored.operation).tables, *more], checkfirst=False)
    for statement in statements:
        connection.exec_driver_sql(statement)
    connection.execute(insert(journal).values(schema=SCHEMA, **facts, **attrs.asdict(stored)))


def identity_of(place: Journalled, connection: Connection) -> Identity:
    """Return the identity of the journal, with a fingerprint instead of the access key.

    Raises:
        JournalError: it is of a version that this program does not know.
        DamagedError: it does not say what it belongs to.
    """
    row = connection.execute(select(journal)).first()
    if row is None:
        raise DamagedError(EMPTY)
    schema, endpoint, access_key, workspace, operation, _, software = read_journal_row(row)
    if operation not in OPERATIONS:
        raise DamagedError(EMPTY)
    if schema not in READABLE:
        reason = f"its schema is {schema}, made by {software}; this is {SOFTWARE}, which knows schema {SCHEMA}"
        raise journal_error(place, reason)
    found = Identity(endpoint, access_key, workspace, operation)
    return found.stored if schema == WITH_KEY else found


def rename_target(connection: Connection, found: Identity, wanted: Identity) -> bool:
    """Give a journal in which nothing was begun to another target, and return True: its first was misspelt."""
    for table in layout_of(found.operation).tables:
        connection.execute(delete(table))
    connection.execute(update(journal).values(**attrs.asdict(wanted)))
    return True


def add_run(connection: Connection, facts: Mapping[str, Any], over: ColumnElement[bool]) -> int:
    """Begin a run and return its number.

    Args:
        connection: within a transaction, of whoever alone may begin runs now.
        facts: further columns of its row.
        over: condition of earlier runs that can no longer be running.

    Raises:
        DamagedError: there can be no such number.
    """
    last = connection.execute(select(func.max(runs.c.number))).scalar_one()
    number: int = (last or 0) + 1
    if not 0 < number < MOST:
        message = f"the number of a run is {last}"
        raise DamagedError(message)
    killed = update(runs).where(runs.c.ended.is_(None), runs.c.ending == "", over).values(ending="killed")
    connection.execute(killed)
    connection.execute(insert(runs).values(number=number, ending="", software=SOFTWARE, **facts))
    return number


def end_run(connection: Connection, number: int, ended: str, ending: str) -> None:
    """Record the end of a run."""
    connection.execute(update(runs).where(runs.c.number == number).values(ended=ended, ending=ending))


def words_of(identity: Identity) -> str:
    """Return an identity for people."""
    where = f"workspace {identity.workspace!r} at {identity.endpoint}"
    return f"{identity.operation} in {where} with access key {masked_fingerprint(identity.access_key)}"
