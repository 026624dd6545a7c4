"""The writing side of a journal, for the one thread that owns it.

Invariant: synchronous; what ``write`` has accepted is on the disk when it returns, all of a call's records or none.
"""

import logging
import os
import platform
import sqlite3
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
from attrs import define, field
from sqlalchemy import Connection, Executable, delete, func, insert, select, update
from sqlalchemy.exc import DBAPIError

from mi_async._core.clock import Clock
from mi_async._core.files import sync_directory
from mi_async.bulk.journal.connection import (
    SOFTWARE,
    check_pages,
    connect_to,
    driver_of,
    identity_of,
    is_journal,
    lock_journal,
    make_private,
    real_path,
    upgrade_schema,
)
from mi_async.bulk.journal.records import UPLOAD, AssetRecord, Identity, ImageRecord, PersonRecord, Record, masked
from mi_async.bulk.journal.schema import (
    APPLICATION,
    ASSETS_OF,
    BY_SOURCE,
    IMAGE_BY_HASH,
    IMAGE_BY_SOURCE,
    IMAGES_OF,
    KINDS,
    PERSONS_OF,
    SCHEMA,
    has_any,
    journal,
    layout_of,
    metadata,
    runs,
)
from mi_async.bulk.journal.sqlite_errors import error_of, journal_error, journal_errors
from mi_async.bulk.journal.typed_rows import MOST, DamagedError, read_asset, read_image, read_person
from mi_async.errors import JournalError
from mi_async.text import encodable

_log = logging.getLogger(__name__)

Found = dict[str, tuple[PersonRecord, tuple[ImageRecord, ...]]]

CHUNK = 500
"""Keys that one query asks for."""


@define(eq=False)
class JournalDatabase:
    """A journal that is open for writing.

    Args:
        path: of the file.
        identity: what it must belong to.
        clock: for the times of runs.
    """

    path: Path
    identity: Identity
    clock: Clock
    run: int = field(init=False, default=0)
    _connection: Connection = field(init=False)
    _driver: sqlite3.Connection = field(init=False)
    _held: ExitStack = field(init=False, factory=ExitStack)

    def open(self) -> int:
        """Lock the file, make or check it, and begin a run; returns the run's number.

        Raises:
            JournalError: it cannot be used; nothing stays open.
        """
        with ExitStack() as stack, journal_errors(self.path):
            self.path = real_path(self.path)
            is_journal(self.path)  # no lock beside a file that is something else
            held = lock_journal(self.path)
            stack.callback(held.release)
            if not is_journal(self.path):
                make_private(self.path)
            self._connection = stack.enter_context(connect_to(self.path, "rw"))
            self._driver = driver_of(self._connection)
            if self._is_empty():
                create(self._connection, self.identity.stored, self._now(), SOFTWARE)
                sync_directory(self.path.parent)
            check_pages(self._connection)
            self._match(identity_of(self.path, self._connection))
            upgrade_schema(self.path, self._connection, self.identity.stored)
            self._execute("PRAGMA journal_mode = WAL")
            # FULL: with NORMAL, a commit in WAL mode survives a killed process and not a power failure. The service
            # would then have what the journal has forgotten, and the next run would do it twice.
            self._execute("PRAGMA synchronous = FULL")
            self.run = self._begin_run()
            self._held = stack.pop_all()
        return self.run

    def write(self, writes: Sequence[Sequence[Record]]) -> list[JournalError | None]:
        """Write what several waiters want in one transaction; return the error of each, None for none.

        If it fails as a whole each is tried on its own, so that none fails for another's sake.
        """
        # A row follows its effect at the service, and the next step follows the row. A crash between the first two
        # leaves an effect that no row tells of: the next run finds the step before it, and looks before it repeats.
        try:
            self._commit([record for records in writes for record in records])
        except Exception as error:  # noqa: BLE001  whatever it is, who waits must learn of it
            with suppress(sqlite3.Error):
                self._driver.rollback()
            if len(writes) > 1:
                return [failure for each in writes for failure in self.write([each])]
            if isinstance(error, UnicodeEncodeError):
                return self.write([[_encodable(record) for record in writes[0]]])
            return [error_of(self.path, error)]
        return [None] * len(writes)

    def find(self, keys: Sequence[str]) -> Found:
        """Return the rows of persons with those of their images, of the keys that exist."""
        found: dict[str, tuple[PersonRecord, list[ImageRecord]]] = {}
        asked = [encodable(key) for key in keys]
        with self._snapshot():
            for row in self._select(PERSONS_OF, asked):
                found[row[0]] = (read_person(row), [])
            for row in self._select(IMAGES_OF, asked):
                if row[0] in found:
                    found[row[0]][1].append(read_image(row))
        return {key: (person, tuple(pictures)) for key, (person, pictures) in found.items()}

    def find_persons(self, keys: Sequence[str]) -> tuple[PersonRecord, ...]:
        """Return the rows of persons without their images, of which there may be any number."""
        with self._snapshot():
            return tuple([read_person(row) for row in self._select(PERSONS_OF, [encodable(key) for key in keys])])

    def find_by_hash(self, keys: Sequence[tuple[str, str]]) -> tuple[ImageRecord, ...]:
        """Return the images of the pairs of a person and a content hash that exist."""
        return self._find_images(keys, IMAGE_BY_HASH)

    def find_by_source(self, keys: Sequence[tuple[str, str]]) -> tuple[ImageRecord, ...]:
        """Return the images of the pairs of a person and a source that exist."""
        return self._find_images(keys, IMAGE_BY_SOURCE)

    def find_assets(self, project_id: int, keys: Sequence[str]) -> tuple[AssetRecord, ...]:
        """Return the rows of a project's media files of these keys, in any bucket, that exist."""
        with self._snapshot():
            asked = [encodable(key) for key in keys]
            return tuple([read_asset(row) for row in self._select(ASSETS_OF, asked, project=project_id)])

    def _find_images(self, keys: Sequence[tuple[str, str]], statement: Executable) -> tuple[ImageRecord, ...]:
        # SQLite reads the whole table for a list of pairs
        asked = [{"person": encodable(person), "other": encodable(other)} for person, other in keys]
        with self._snapshot():
            return tuple([read_image(row) for each in asked for row in self._connection.execute(statement, each)])

    def close(self, ending: str) -> None:
        """End the run and let go of the file; what cannot be written any more is only logged."""
        run, self.run = self.run, 0
        with self._held:
            if not run:
                return
            try:
                self._transaction(
                    update(runs).where(runs.c.number == run).values(ended=self._now(), ending=encodable(ending))
                )
                self._execute("PRAGMA wal_checkpoint(TRUNCATE)")
            except DBAPIError as error:
                self._connection.rollback()
                _log.warning("%s; that the run has ended is not recorded", error_of(self.path, error))

    def _is_empty(self) -> bool:
        """Return True if it has no table: its maker was killed, and opening it has undone what was unfinished."""
        return not self._connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()

    def _match(self, found: Identity) -> None:
        """Refuse the journal of another target; a misspelt one, for which nothing was done, is put right."""
        wanted = self.identity.stored
        if found == wanted:
            return
        layout = layout_of(found.operation)
        if found.operation == self.identity.operation and not has_any(self._connection, layout.begun):
            emptied = [delete(table) for table in layout.tables]
            self._transaction(*emptied, update(journal).values(**attrs.asdict(wanted)))
        else:
            its, ours = _words(found), _words(wanted)
            reason = f"it belongs to {its}, and this run is for {ours}; give the run a journal of its own"
            raise journal_error(self.path, reason)

    def _begin_run(self) -> int:
        last = self._connection.execute(select(func.max(runs.c.number))).scalar_one()
        number = (last or 0) + 1
        if not 0 < number < MOST:
            message = f"the number of a run is {last}"
            raise DamagedError(message)
        # we hold the lock, so whatever has not ended never will
        dead = update(runs).where(runs.c.ended.is_(None), runs.c.ending == "").values(ending="killed")
        begun = insert(runs).values(
            number=number, started=self._now(), ending="", pid=os.getpid(), host=platform.node(), software=SOFTWARE
        )
        self._transaction(dead, begun)
        return number

    def _commit(self, records: Sequence[Record]) -> None:
        """Write records in one transaction, in their order within each table."""
        rows: dict[type, list[tuple[object, ...]]] = {}
        for record in records:
            rows.setdefault(type(record), []).append(KINDS[type(record)].values(record))
        # SQLAlchemy's way to run a statement costs more than the statement, and each step of a run waits for this
        self._driver.execute("BEGIN IMMEDIATE")
        for kind, values in rows.items():
            self._driver.executemany(KINDS[kind].upsert, values)
        self._driver.commit()

    def _select(self, statement: Executable, keys: Sequence[object], **more: object) -> Iterator[Sequence[Any]]:
        for start in range(0, len(keys), CHUNK):
            yield from self._connection.execute(statement, {"keys": keys[start : start + CHUNK], **more})

    @contextmanager
    def _snapshot(self) -> Generator[None]:
        with journal_errors(self.path):
            try:
                yield
            finally:
                self._connection.rollback()

    def _execute(self, statement: str) -> None:
        self._connection.exec_driver_sql(statement)

    def _transaction(self, *statements: Executable) -> None:
        self._execute("BEGIN IMMEDIATE")
        for statement in statements:
            self._connection.execute(statement)
        self._connection.commit()

    def _now(self) -> str:
        return datetime.fromtimestamp(self.clock.wall(), UTC).isoformat(timespec="seconds")


def create(connection: Connection, stored: Identity, created: str, software: str) -> None:
    """Make the tables of a new journal.

    Args:
        connection: to an empty file.
        stored: what it belongs to, as it is written.
        created: when, in UTC, as ISO 8601 has it.
        software: version that makes it.
    """
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION}")
    layout = layout_of(stored.operation)
    metadata.create_all(connection, [journal, runs, *layout.tables])
    for statement in (*layout.views, *([BY_SOURCE] if stored.operation == UPLOAD else [])):
        connection.exec_driver_sql(statement)
    made = {"schema": SCHEMA, "created": created, "software": software}
    connection.execute(insert(journal).values(**made, **attrs.asdict(stored)))
    connection.commit()


def _words(identity: Identity) -> str:
    where = f"workspace {identity.workspace!r} at {identity.endpoint}"
    return f"{identity.operation} in {where} with access key {masked(identity.access_key)}"


def _encodable(record: Record) -> Record:
    """Return the record with all its texts in encodable form."""
    members: dict[str, Any] = attrs.asdict(record, recurse=False)
    texts: dict[str, Any] = {name: encodable(value) for name, value in members.items() if isinstance(value, str)}
    return type(record)(**members | texts)
