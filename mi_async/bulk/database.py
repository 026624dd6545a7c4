"""A journal as a file: connections to it, its lock, and what each failure of SQLite means.

Law: nothing that is no journal is opened, let alone changed; whatever SQLite or the system says becomes a JournalError.
"""

import errno
import os
import sqlite3
import struct
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from filelock import FileLock, Timeout
from sqlalchemy import Connection, create_engine, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from mi_async.bulk.records import Identity
from mi_async.bulk.schema import APPLICATION, SCHEMA, journal, runs
from mi_async.errors import JournalError
from mi_async.version import VERSION

MAGIC = b"SQLite format 3\0"
HEADER = 100
"""Bytes of SQLite's header, and where in it the application is told."""
APPLICATION_AT = 68
BUSY = 5.0
"""Seconds to wait for another connection, which may be a reader that makes room."""
SHOWN = 4
"""Characters of an access key that anybody may see."""
SOFTWARE = f"mi-async {VERSION}"

MEANINGS = {
    "SQLITE_FULL": "the disk is full",
    "SQLITE_READONLY": "it cannot be written",
    "SQLITE_CORRUPT": "it is damaged",
    "SQLITE_NOTADB": "it is damaged",
    "SQLITE_BUSY": "another program keeps it locked",
    "SQLITE_LOCKED": "another program keeps it locked",
    "SQLITE_CANTOPEN": "it cannot be opened",
    "SQLITE_IOERR": "it cannot be read or written; is the disk full, or the size of files limited?",
    "SQLITE_TOOBIG": "a text is too long",
    "SQLITE_ERROR": "it is incomplete, or was changed by hand",
}
"""What SQLite's result codes mean, by how they start."""


def refusal(path: str | os.PathLike[str], reason: str) -> JournalError:
    """The error that names the journal and what is wrong."""
    return JournalError(f"journal {os.fspath(path)}: {reason}")


def refused(path: str | os.PathLike[str], error: BaseException) -> JournalError:
    """What a failure means; its cause is the failure of SQLite or the system itself."""
    if isinstance(error, JournalError):
        return JournalError(*error.args)
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    code = getattr(cause, "sqlite_errorname", "")
    if code:
        said = next((meaning for start, meaning in MEANINGS.items() if code.startswith(start)), "SQLite failed")
        found = refusal(path, f"{said} ({cause})")
    elif isinstance(cause, OSError):
        full = cause.errno in {errno.ENOSPC, errno.EDQUOT}
        found = refusal(path, "the disk is full" if full else os.strerror(cause.errno or 0))
    else:
        found = refusal(path, f"this cannot be written: {cause}")
    found.__cause__ = cause
    return found


@contextmanager
def telling(path: Path) -> Generator[None]:
    """Turn failures of SQLite and the system into JournalError."""
    try:
        yield
    except (DBAPIError, sqlite3.Error, OSError) as error:
        failure = refused(path, error)
        raise failure from failure.__cause__


def known(path: str | os.PathLike[str]) -> Path:
    """The file behind a path, links followed, so that each journal has one lock."""
    real = Path(os.path.realpath(path))
    if not real.parent.is_dir():
        raise refusal(path, f"there is no directory {real.parent}")
    return real


def check(path: Path) -> bool:
    """Whether there is a journal; a file without a byte is none yet.

    Raises:
        JournalError: there is something else.
    """
    try:
        with telling(path), path.open("rb") as file:
            header = file.read(HEADER)
    except JournalError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return False
        raise
    if not header:
        return False
    if not header.startswith(MAGIC):
        raise refusal(path, "the file is something else; it is left as it is")
    if len(header) < HEADER:
        raise refusal(path, MEANINGS["SQLITE_CORRUPT"])
    if struct.unpack_from(">I", header, APPLICATION_AT)[0] != APPLICATION:
        raise refusal(path, "the file is an SQLite database of something else; it is left as it is")
    return True


def lock(path: Path) -> FileLock:
    """Become the only one to write; release it in the end. The system frees the lock of a process that is killed.

    Raises:
        JournalError: somebody else writes.
    """
    taken = FileLock(f"{path}.lock", timeout=0, thread_local=False)
    with telling(path):
        try:
            taken.acquire()
        except Timeout:
            reason = f"a run is under way on it{_holder(path)}; two at once would do the same work twice"
            raise refusal(path, reason) from None
    return taken


def _holder(path: Path) -> str:
    """Which process it is, where the journal tells."""
    with suppress(JournalError), reading(path) as connection:
        last = connection.execute(select(runs).where(runs.c.ended.is_(None)).order_by(runs.c.number.desc())).first()
        return f" (run {last.number}, process {last.pid} on {last.host})" if last else ""
    return ""


def open_file(path: Path, mode: str) -> Connection:
    """Connect; closing the connection closes the file.

    Args:
        path: of the file.
        mode: as in SQLite's URI: ``rw`` or ``rwc``, which creates it; or ``ro&immutable=1``.
    """
    uri = f"file:{quote(os.fsencode(path))}?mode={mode}"

    def connect() -> sqlite3.Connection:
        # transactions are begun by name, where they begin
        return sqlite3.connect(uri, uri=True, timeout=BUSY, isolation_level=None)

    return create_engine("sqlite://", creator=connect, poolclass=NullPool, hide_parameters=True).connect()


def driver(connection: Connection) -> sqlite3.Connection:
    """What is below a connection."""
    found = connection.connection.driver_connection
    assert isinstance(found, sqlite3.Connection)  # noqa: S101  open_file made it
    return found


@contextmanager
def reading(path: Path) -> Generator[Connection]:
    """One moment of a journal, whether or not a run is under way; nothing can be written.

    Raises:
        JournalError: it is none, or of another version.
    """
    if not check(path):
        raise refusal(path, "there is none")
    with telling(path), _readable(path) as connection:
        connection.exec_driver_sql("PRAGMA query_only = ON")
        connection.exec_driver_sql("BEGIN")
        identity(path, connection)
        yield connection


def _readable(path: Path) -> Connection:
    connection = open_file(path, "rw")
    try:
        connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")
    except DBAPIError:
        connection.close()
        if Path(f"{path}-wal").exists():
            raise
        # on a medium that cannot be written, a file that is complete can be read as it is
        return open_file(path, "ro&immutable=1")
    return connection


def masked(access_key: str) -> str:
    """As much of an access key as tells which one it is."""
    return f"...{access_key[-SHOWN:]}"


def identity(path: Path, connection: Connection) -> Identity:
    """What the journal belongs to.

    Raises:
        JournalError: it is of a version that this program does not know.
    """
    with telling(path):
        row = connection.execute(select(journal)).first()
    if row is None:
        raise refusal(path, MEANINGS["SQLITE_ERROR"])
    if row.schema != SCHEMA:
        reason = f"its schema is {row.schema}, made by {row.software}; this is {SOFTWARE}, which knows schema {SCHEMA}"
        raise refusal(path, reason)
    return Identity(row.endpoint, row.access_key, row.workspace, row.operation)
