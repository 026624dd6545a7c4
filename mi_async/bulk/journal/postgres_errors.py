"""Failures of PostgreSQL as JournalError, by their SQLSTATE: with the journal and the reason, without a password.

Invariant: pure; the failure itself stays the cause. https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager

import psycopg
from sqlalchemy.exc import DBAPIError

from mi_async.bulk.journal.place import JournalUrl, journal_error
from mi_async.bulk.journal.typed_rows import DamagedError
from mi_async.errors import JournalError
from mi_async.text import one_line

SHOWN = 200
"""Characters of what the server says."""
CHANGED = "it is incomplete, or was changed by hand; restore a copy of it"
NO_ANSWER = "there is no connection to the server"
MEANINGS: Mapping[str, str] = {
    "08": NO_ANSWER,
    "22": "this cannot be written",
    "23": CHANGED,
    "25006": "the server takes no writes now, as a replica does",
    "28": "the server refuses the user or the password",
    "3D": "there is no such database",
    "3F": CHANGED,
    "40": "it is in use by too many at once",
    "42501": "the user has not the rights; it needs those to make a schema, or tables in this one",
    "42": CHANGED,
    "53100": "the disk of the server is full",
    "53200": "the server is out of memory",
    "53300": "the server has too many connections",
    "54": "a text is too long",
    "55P03": "another program keeps it locked",
    "57014": "the server has cancelled this",
    "57P": NO_ANSWER,
    "58": "the server cannot read or write its files",
    "XX": "it is damaged; restore a copy of it",
}
"""Reasons of failures, by the start of the SQLSTATE; the longest that fits counts."""
PASSING = ("08", "25P03", "40", "53300", "57P")
"""Starts of the SQLSTATEs of failures that pass: of the connection, a transaction that stood still, a conflict with
another process, a restart.
"""


def cause_of(error: BaseException) -> BaseException:
    """Return the failure of the driver below one of SQLAlchemy's."""
    return error.orig if isinstance(error, DBAPIError) and error.orig is not None else error


def is_passing(error: BaseException) -> bool:
    """Return True if the same may succeed after a new connection."""
    cause = cause_of(error)
    if isinstance(cause, psycopg.Error) and cause.sqlstate is not None:
        return cause.sqlstate.startswith(PASSING)
    return isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError)


def error_of(url: JournalUrl, error: BaseException) -> JournalError:
    """Return the error for a failure; its cause is the failure of the driver itself."""
    if isinstance(error, JournalError):
        return JournalError(*error.args)
    cause = cause_of(error)
    found = journal_error(url, _reason(cause))
    found.__cause__ = cause
    return found


def _reason(cause: BaseException) -> str:
    if isinstance(cause, DamagedError):
        return f"it is damaged ({cause}); restore a copy of it"
    if not isinstance(cause, psycopg.Error):
        return f"this cannot be written: {cause}"
    state = cause.sqlstate or ""
    starts = [start for start in MEANINGS if state.startswith(start)]
    meaning = MEANINGS[max(starts, key=len)] if starts else NO_ANSWER if is_passing(cause) else "PostgreSQL failed"
    said = cause.diag.message_primary or str(cause)
    return f"{meaning} ({one_line(said)[:SHOWN]})"


@contextmanager
def postgres_errors(url: JournalUrl) -> Generator[None]:
    """Turn failures of PostgreSQL into JournalError."""
    try:
        yield
    except (DBAPIError, psycopg.Error, DamagedError) as error:
        failure = error_of(url, error)
        raise failure from failure.__cause__
