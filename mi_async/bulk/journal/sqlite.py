"""A journal in a file of SQLite, for its one writer.

Invariant: the file is locked from ``open`` until the stack closes; what is committed is on the disk.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path
from typing import Any, TypeVar

from attrs import define, field
from sqlalchemy import Connection, true
from sqlalchemy.exc import DBAPIError

from mi_async._core.files import sync_directory
from mi_async.bulk.journal.backend import Pairs
from mi_async.bulk.journal.connection import (
    check_pages,
    connect_to,
    driver_of,
    is_journal,
    lock_journal,
    make_private,
    upgrade_schema,
)
from mi_async.bulk.journal.header import SOFTWARE, add_run, create_tables, end_run
from mi_async.bulk.journal.records import UPLOAD, Identity
from mi_async.bulk.journal.schema import APPLICATION, INDEX_BY_SOURCE, layout_of
from mi_async.bulk.journal.sharing import OpenShards
from mi_async.bulk.journal.sqlite_errors import error_of, journal_errors
from mi_async.bulk.journal.statements import KINDS, PairLookup, RecordKind
from mi_async.errors import JournalError
from mi_async.text import encodable

T = TypeVar("T")


@define(eq=False)
class SqliteBackend:
    """A journal in a file; the methods are described at ``JournalBackend``.

    Args:
        path: of the file, links followed.
    """

    path: Path
    kinds: Mapping[type, RecordKind] = field(init=False, default=KINDS, repr=False)
    _connection: Connection = field(init=False)
    _driver: sqlite3.Connection = field(init=False)

    @property
    def shards(self) -> int:
        """0: a file has one writer."""
        return 0

    @property
    def name(self) -> str:
        """Path of the file."""
        return str(self.path)

    def open(self, stack: ExitStack, stored: Identity, now: str) -> None:
        """Lock the file, and make the tables if there are none."""
        is_journal(self.path)  # no lock beside a file that is something else
        stack.callback(lock_journal(self.path).release)
        if not is_journal(self.path):
            make_private(self.path)
        self._connection = stack.enter_context(connect_to(self.path, "rw"))
        self._driver = driver_of(self._connection)
        if self._is_empty():
            create(self._connection, stored, now, SOFTWARE)
            self._connection.commit()
            sync_directory(self.path.parent)
        check_pages(self._connection)

    def _is_empty(self) -> bool:
        """Return True if it has no table: its maker was killed, and opening it has undone what was unfinished."""
        return not self._connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()

    def prepare(self, stored: Identity) -> None:
        """Bring the file up to date, and have each commit synced."""
        upgrade_schema(self.path, self._connection, stored)
        self._execute("PRAGMA journal_mode = WAL")
        # FULL: with NORMAL, a commit in WAL mode survives a killed process and not a power failure. The service
        # would then have what the journal has forgotten, and the next run would do it twice.
        self._execute("PRAGMA synchronous = FULL")

    def begin_run(self, connection: Connection, facts: Mapping[str, Any]) -> int:
        """Begin a run; the file is locked, so whatever has not ended never will."""
        return add_run(connection, facts, true())

    def end_run(self, connection: Connection, number: int, ended: str, ending: str) -> None:
        """Record the end of a run."""
        end_run(connection, number, ended, ending)

    def alone(self, connection: Connection) -> None:
        """Do nothing: the file is locked."""

    def read(self, work: Callable[[Connection], T]) -> T:
        """Read in a transaction that changes nothing."""
        with self.errors():
            try:
                return work(self._connection)
            finally:
                self._connection.rollback()

    def write(self, work: Callable[[Connection], T]) -> T:
        """Do work in a transaction that has the right to write from its beginning."""
        try:
            self._execute("BEGIN IMMEDIATE")
            result = work(self._connection)
            self._connection.commit()
        except BaseException:
            with suppress(DBAPIError):
                self._connection.rollback()
            raise
        return result

    def claim(self, work: Callable[[Connection], T]) -> T:
        """Do work in a transaction: the file is locked."""
        with self.errors():
            return self.write(work)

    def upsert(self, rows: Mapping[type, Sequence[tuple[object, ...]]]) -> None:
        """Write rows by the driver.

        SQLAlchemy's way to run a statement costs more than the statement, and each step of a run waits for this.
        """
        try:
            self._driver.execute("BEGIN IMMEDIATE")
            for kind, values in rows.items():
                self._driver.executemany(self.kinds[kind].upsert, values)
            self._driver.commit()
        except BaseException:
            with suppress(sqlite3.Error):
                self._driver.rollback()
            raise

    def find_pairs(self, connection: Connection, lookup: PairLookup, pairs: Pairs) -> Sequence[Sequence[Any]]:
        """Look each pair up by the index."""
        asked = [{"person": encodable(person), "other": encodable(other)} for person, other in pairs]
        return [row for each in asked for row in connection.execute(lookup.each, each)]

    def close(self) -> None:
        """Bring the ``-wal`` file into the journal."""
        self._execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def hurry(self) -> None:
        """Do nothing: a file is never waited for."""

    @property
    def interval(self) -> None:
        """None: nobody asks for a sign of life."""

    def take_shard(self) -> None:
        """Return None: there are none."""

    def finish_shard(self, shard: int) -> None:
        """Do nothing: there are none."""

    def open_shards(self) -> OpenShards:
        """Count none."""
        return OpenShards(0, 0, 0)

    def confirm(self) -> None:
        """Do nothing: the lock is held."""

    def beat(self) -> None:
        """Do nothing: the lock tells."""

    def error_of(self, error: BaseException) -> JournalError:
        """Return the error for a failure."""
        return error_of(self.path, error)

    def errors(self) -> AbstractContextManager[None]:
        """Turn failures of SQLite and the system into JournalError."""
        return journal_errors(self.path)

    def _execute(self, statement: str) -> None:
        self._connection.exec_driver_sql(statement)


def create(connection: Connection, stored: Identity, created: str, software: str) -> None:
    """Make the tables of a new journal, in a transaction that the caller commits.

    Args:
        connection: to an empty file.
        stored: what it belongs to, as it is written.
        created: when, in UTC, as ISO 8601 has it.
        software: version that makes it.
    """
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION}")
    statements = (*layout_of(stored.operation).views, *([INDEX_BY_SOURCE] if stored.operation == UPLOAD else []))
    create_tables(connection, stored, {"created": created, "software": software}, statements, ())
