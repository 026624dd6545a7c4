"""A journal as a file: connections to it, and its lock.

Invariant: nothing that is no journal is opened, let alone changed.
"""

import os
import sqlite3
import struct
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from filelock import FileLock, Timeout
from sqlalchemy import Connection, create_engine, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from mi_async._core.files import open_regular_file
from mi_async.bulk.journal.header import WITH_KEY, identity_of
from mi_async.bulk.journal.old_names import clean_keys
from mi_async.bulk.journal.place import journal_error
from mi_async.bulk.journal.records import INGEST, Identity
from mi_async.bulk.journal.schema import APPLICATION, SCHEMA, journal, runs
from mi_async.bulk.journal.sqlite_errors import error_of, journal_errors
from mi_async.bulk.journal.typed_rows import DamagedError
from mi_async.errors import JournalError
from mi_async.text import one_line

MAGIC = b"SQLite format 3\0"
HEADER = 100
"""Bytes of SQLite's header, and where in it the application is told."""
APPLICATION_AT = 68
BUSY = 5.0
"""Seconds to wait for another connection, which may be a reader that makes room."""
PRIVATE = 0o600
"""Permissions of the journal and its companions: it has names of people."""


def is_journal(path: Path) -> bool:
    """Return True if there is a journal; a file without a byte is none yet.

    Raises:
        JournalError: there is something else.
        DamagedError: its header is cut off.
        OSError: it cannot be read.
    """
    try:
        with open_regular_file(path) as file:
            header = file.read(HEADER)
    except FileNotFoundError:
        return False
    if not header:
        return False
    if not header.startswith(MAGIC):
        raise journal_error(path, "the file is something else; it is left as it is")
    if len(header) < HEADER:
        message = "the file is cut off"
        raise DamagedError(message)
    if struct.unpack_from(">I", header, APPLICATION_AT)[0] != APPLICATION:
        raise journal_error(path, "the file is an SQLite database of something else; it is left as it is")
    return True


def lock_journal(path: Path) -> FileLock:
    """Lock a journal for its one writer, who releases it in the end; the system frees the lock of a killed process.

    Raises:
        JournalError: somebody else writes.
    """
    # A lock of the system on a file beside the journal, since SQLite's own is free between transactions, and a process
    # ID in a file would outlive a killed process, and name another one after a restart.
    taken = FileLock(f"{path}.lock", timeout=0, thread_local=False, mode=PRIVATE)
    with journal_errors(path):
        try:
            taken.acquire()
        except Timeout:
            reason = f"a run is under way on it{_holder(path)}; two at once would do the same work twice"
            raise journal_error(path, reason) from None
    return taken


def _holder(path: Path) -> str:
    """Return the process that writes the journal, where the journal tells."""
    with suppress(JournalError), open_file_snapshot(path) as connection:
        last = connection.execute(select(runs).where(runs.c.ended.is_(None)).order_by(runs.c.number.desc())).first()
        return f" (run {last.number}, process {last.pid} on {last.host})" if last else ""
    return ""


def connect_to(path: Path, mode: str) -> Connection:
    """Connect; closing the connection closes the file.

    Args:
        path: of the file.
        mode: as in SQLite's URI: ``rw``, or ``ro&immutable=1``.
    """
    uri = f"file:{quote(os.fsencode(path))}?mode={mode}"

    def connect() -> sqlite3.Connection:
        # transactions are begun by name, where they begin
        return sqlite3.connect(uri, uri=True, timeout=BUSY, isolation_level=None)

    return create_engine("sqlite://", creator=connect, poolclass=NullPool, hide_parameters=True).connect()


def make_private(path: Path) -> None:
    """Make the file, or take what is there, so that only its owner reads it; SQLite's companions get the same rights.

    Raises:
        OSError: it cannot be made.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE))
    with suppress(OSError):
        path.chmod(PRIVATE)


def check_pages(connection: Connection) -> None:
    """Read the whole file once, a second for a million people, and see that its pages are sound.

    Raises:
        DamagedError: they are not.
    """
    found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
    if found != "ok":
        raise DamagedError(one_line(str(found))[:120])


def driver_of(connection: Connection) -> sqlite3.Connection:
    """Return the driver's connection below one of SQLAlchemy's."""
    found = connection.connection.driver_connection
    assert isinstance(found, sqlite3.Connection)  # noqa: S101  open_file made it
    return found


@contextmanager
def open_file_snapshot(path: Path) -> Generator[Connection]:
    """Open one moment of a journal to read it, also during a run; nothing can be written.

    Raises:
        JournalError: it is none, or of another version.
    """
    with ExitStack() as stack:
        with journal_errors(path):
            if not is_journal(path):
                raise journal_error(path, "there is none")
            connection = stack.enter_context(_connect_to_read(path))
            connection.exec_driver_sql("PRAGMA query_only = ON")
            connection.exec_driver_sql("BEGIN")
            identity_of(path, connection)
        try:
            yield connection
        except (DBAPIError, sqlite3.Error, DamagedError) as error:  # of the system's, the reader may have its own
            failure = error_of(path, error)
            raise failure from failure.__cause__


def _connect_to_read(path: Path) -> Connection:
    """Connect to read, and try whether it can be read at all.

    Raises:
        DBAPIError: it cannot.
    """
    connection = connect_to(path, "rw")
    try:
        connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")
    except DBAPIError:
        connection.close()
        if Path(f"{path}-wal").exists():
            raise
        # on a medium that cannot be written, a file that is complete can be read as it is
        return connect_to(path, "ro&immutable=1")
    return connection


def upgrade_schema(path: Path, connection: Connection, stored: Identity) -> None:
    """Bring a journal of an earlier version up to date: no access key in it, clean names, and private to its owner.

    Args:
        path: of the file.
        connection: outside a transaction, of whoever has the lock.
        stored: what it belongs to, as it is written.
    """
    if connection.execute(select(journal.c.schema)).scalar_one() != WITH_KEY:
        return
    connection.exec_driver_sql("PRAGMA secure_delete = ON")  # or the key would stay in a free part of the file
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    if stored.operation != INGEST:
        clean_keys(connection)
    connection.execute(update(journal).values(schema=SCHEMA, access_key=stored.access_key))
    connection.commit()
    connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.rollback()
    for end in ("", "-wal", "-shm", ".lock"):
        with suppress(OSError):
            Path(f"{path}{end}").chmod(PRIVATE)


@contextmanager
def open_file_to_change(path: Path, *, checked: bool = False) -> Generator[Connection]:
    """Open a journal in a transaction that is committed at the end of the block; no run is under way meanwhile.

    Args:
        path: of the file.
        checked: True if its pages were found sound a moment ago, which takes as long as to read all of it.

    Raises:
        JournalError: there is none, a run is under way on it, or it cannot be written.
    """
    with ExitStack() as stack, journal_errors(path):
        if not is_journal(path):
            raise journal_error(path, "there is none")
        stack.callback(lock_journal(path).release)
        connection = stack.enter_context(connect_to(path, "rw"))
        if not checked:
            check_pages(connection)
        upgrade_schema(path, connection, identity_of(path, connection))
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection
        connection.commit()
