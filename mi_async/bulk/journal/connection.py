"""A journal as a file: connections to it, its lock, and what each failure of SQLite means.

Law: nothing that is no journal is opened, let alone changed; whatever SQLite or the system says becomes a JournalError.
"""

import errno
import os
import shlex
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
from mi_async.bulk.journal.old_names import clean_keys
from mi_async.bulk.journal.records import INGEST, UPLOAD, Identity
from mi_async.bulk.journal.schema import APPLICATION, READABLE, SCHEMA, journal, runs
from mi_async.bulk.journal.typed_rows import DamagedError, read_journal_row
from mi_async.errors import JournalError
from mi_async.text import one_line
from mi_async.version import VERSION

MAGIC = b"SQLite format 3\0"
HEADER = 100
"""Bytes of SQLite's header, and where in it the application is told."""
APPLICATION_AT = 68
BUSY = 5.0
"""Seconds to wait for another connection, which may be a reader that makes room."""
SOFTWARE = f"mi-async {VERSION}"
PRIVATE = 0o600
"""Permissions of the journal and its companions: it has names of people."""
WITH_KEY = 1
"""The schema that had the access key itself."""
OPERATIONS = frozenset({"enroll", UPLOAD, INGEST})
DAMAGED, CHANGED = "it is damaged", "it is incomplete, or was changed by hand"
EMPTY = "it does not say what it belongs to"

MEANINGS = {
    "SQLITE_FULL": "the disk is full",
    "SQLITE_READONLY": "it cannot be written",
    "SQLITE_CORRUPT": DAMAGED,
    "SQLITE_NOTADB": DAMAGED,
    "SQLITE_FORMAT": DAMAGED,
    "SQLITE_CONSTRAINT": DAMAGED,
    "SQLITE_MISMATCH": DAMAGED,
    "SQLITE_BUSY": "another program keeps it locked",
    "SQLITE_LOCKED": "another program keeps it locked",
    "SQLITE_CANTOPEN": "it cannot be opened",
    "SQLITE_IOERR": "it cannot be read or written; is the disk full, or the size of files limited?",
    "SQLITE_TOOBIG": "a text is too long",
    "SQLITE_ERROR": CHANGED,
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
    if isinstance(cause, DamagedError):
        found = damaged(path, str(cause))
    elif code:
        said = next((meaning for start, meaning in MEANINGS.items() if code.startswith(start)), "SQLite failed")
        mendable = said in {DAMAGED, CHANGED}
        found = damaged(path, str(cause), said) if mendable else refusal(path, f"{said} ({cause})")
    elif isinstance(cause, sqlite3.OperationalError | UnicodeDecodeError):  # the driver's own, of text that is none
        found = damaged(path, one_line(str(cause))[:120])
    elif isinstance(cause, OSError):
        full = cause.errno in {errno.ENOSPC, errno.EDQUOT}
        found = refusal(path, "the disk is full" if full else cause.strerror or str(cause))
    else:
        found = refusal(path, f"this cannot be written: {cause}")
    found.__cause__ = cause
    return found


def damaged(path: str | os.PathLike[str], detail: str, said: str = DAMAGED) -> JournalError:
    """The error of a journal that was damaged, with what to do about it."""
    name = shlex.quote(os.fspath(path))
    hint = f"restore a copy of it, or take over what can be read: mi-async journal rebuild {name} NEW"
    return refusal(path, f"{said} ({detail}); {hint}")


@contextmanager
def telling(path: Path) -> Generator[None]:
    """Turn failures of SQLite and the system into JournalError."""
    try:
        yield
    except (DBAPIError, sqlite3.Error, OSError, DamagedError, UnicodeDecodeError) as error:
        failure = refused(path, error)
        raise failure from failure.__cause__


def known(path: str | os.PathLike[str]) -> Path:
    """The file behind a path, links followed, so that each journal has one lock."""
    try:
        real = Path(os.path.realpath(path))
    except ValueError as error:  # a null character
        raise refusal(path, str(error)) from error
    if not real.parent.is_dir():
        raise refusal(path, f"there is no directory {real.parent}")
    return real


def check(path: Path) -> bool:
    """Whether there is a journal; a file without a byte is none yet.

    Raises:
        JournalError: there is something else.
    """
    try:
        with telling(path), open_regular_file(path) as file:
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
        raise damaged(path, "the file is cut off")
    if struct.unpack_from(">I", header, APPLICATION_AT)[0] != APPLICATION:
        raise refusal(path, "the file is an SQLite database of something else; it is left as it is")
    return True


def lock(path: Path) -> FileLock:
    """Become the only one to write; release it in the end. The system frees the lock of a process that is killed.

    Raises:
        JournalError: somebody else writes.
    """
    taken = FileLock(f"{path}.lock", timeout=0, thread_local=False, mode=PRIVATE)
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
    with ExitStack() as stack:
        with telling(path):
            connection = stack.enter_context(readable(path))
            connection.exec_driver_sql("PRAGMA query_only = ON")
            connection.exec_driver_sql("BEGIN")
            identity(path, connection)
        try:
            yield connection
        except (DBAPIError, sqlite3.Error, DamagedError) as error:  # of the system's, the reader may have its own
            failure = refused(path, error)
            raise failure from failure.__cause__


def readable(path: Path) -> Connection:
    """Connect to read, and try whether it can be read at all.

    Raises:
        DBAPIError: it cannot.
    """
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


def identity(path: Path, connection: Connection) -> Identity:
    """Return the identity of the journal, with a fingerprint instead of the access key.

    Raises:
        JournalError: it is of a version that this program does not know.
    """
    with telling(path):
        row = connection.execute(select(journal)).first()
        if row is None:
            raise DamagedError(EMPTY)
        schema, endpoint, access_key, workspace, operation, _, software = read_journal_row(row)
        if operation not in OPERATIONS:
            raise DamagedError(EMPTY)
    if schema not in READABLE:
        reason = f"its schema is {schema}, made by {software}; this is {SOFTWARE}, which knows schema {SCHEMA}"
        raise refusal(path, reason)
    found = Identity(endpoint, access_key, workspace, operation)
    return found.stored if schema == WITH_KEY else found


def upgrade(path: Path, connection: Connection, stored: Identity) -> None:
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
