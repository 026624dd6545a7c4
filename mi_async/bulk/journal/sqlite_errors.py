"""Failures of SQLite and of the system, as JournalError: with the journal, the reason, and the way to mend it.

Invariant: pure; the failure itself stays the cause.
"""

import errno
import os
import shlex
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from mi_async.bulk.journal.place import journal_error
from mi_async.bulk.journal.typed_rows import DamagedError
from mi_async.errors import JournalError
from mi_async.text import one_line

DAMAGED, CHANGED = "it is damaged", "it is incomplete, or was changed by hand"
RESTORE = "restore a copy of it"
REPAIR = f"{RESTORE}, or take over what can be read: mi-async journal repair {{}} NEW"
"""Ways to mend a damaged journal; the second has a place for its name."""

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
"""Reasons of failures, by the start of SQLite's result code."""


def error_of(path: str | os.PathLike[str], error: BaseException, hint: str = REPAIR) -> JournalError:
    """Return the error for a failure; its cause is the failure of SQLite or the system itself."""
    if isinstance(error, JournalError):
        return JournalError(*error.args)
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    reason, is_damage = _reason(cause)
    found = journal_error(path, f"{reason}; {hint.format(shlex.quote(os.fspath(path)))}" if is_damage else reason)
    found.__cause__ = cause
    return found


def _reason(cause: BaseException) -> tuple[str, bool]:
    """Return what a failure says, and whether it is one that a repair may mend."""
    if isinstance(cause, DamagedError):
        return f"{DAMAGED} ({cause})", True
    if code := getattr(cause, "sqlite_errorname", ""):
        said = next((meaning for start, meaning in MEANINGS.items() if code.startswith(start)), "SQLite failed")
        return f"{said} ({cause})", said in {DAMAGED, CHANGED}
    if isinstance(cause, sqlite3.OperationalError | UnicodeDecodeError):  # the driver's own, of text that is none
        return f"{DAMAGED} ({one_line(str(cause))[:120]})", True
    if isinstance(cause, OSError):
        full = cause.errno in {errno.ENOSPC, errno.EDQUOT}
        return "the disk is full" if full else cause.strerror or str(cause), False
    return f"this cannot be written: {cause}", False


@contextmanager
def journal_errors(path: Path, hint: str = REPAIR) -> Generator[None]:
    """Turn failures of SQLite and the system into JournalError.

    Args:
        path: of the journal.
        hint: the way to mend a damaged one.
    """
    try:
        yield
    except (DBAPIError, sqlite3.Error, OSError, DamagedError, UnicodeDecodeError) as error:
        failure = error_of(path, error, hint)
        raise failure from failure.__cause__
