"""A journal as a schema of PostgreSQL: connections to it, and the lock under which runs begin.

Invariant: nothing that is no journal is changed; no state outlives a transaction in the session.
"""

from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from typing import Any, cast

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import Connection, create_engine, func, select
from sqlalchemy.pool import NullPool

from mi_async.bulk.journal.bounded_connection import BoundedConnection
from mi_async.bulk.journal.claims import Claims
from mi_async.bulk.journal.header import identity_of
from mi_async.bulk.journal.place import JournalUrl, journal_error
from mi_async.bulk.journal.postgres_errors import postgres_errors
from mi_async.bulk.journal.postgres_text import speak_text
from mi_async.bulk.journal.server_wait import SilenceLimit
from mi_async.errors import JournalError

MARK = "mi-async journal"
"""Comment of the table ``journal``: tells it from any other of that name."""
LOCK = 0x6D694A31
"""First number of the advisory lock under which journals are made and runs begin; the second is of the schema."""
LONGEST = 2**31 - 1
"""Milliseconds of a timeout that PostgreSQL takes."""
DEFAULTS = {
    "connect_timeout": "10",
    "application_name": "mi-async",
    # A server that is gone without a word would hold a write for a quarter of an hour.
    "tcp_user_timeout": "30000",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
}
"""Parameters of the connection that the URL does not give."""


def connect_to_schema(url: JournalUrl, limit: SilenceLimit | None = None) -> Connection:
    """Connect; all statements of SQLAlchemy are on the tables of the schema.

    Args:
        url: of the journal.
        limit: to the silence of the server; None for that of a connection outside of a run.

    Raises:
        DBAPIError: there is no such server or database, or it refuses the user.
    """

    def connect() -> "psycopg.Connection[Any]":
        driver = BoundedConnection.connect(make_conninfo("", **DEFAULTS | conninfo_to_dict(url.dsn)))
        driver.limit = limit or driver.limit
        speak_text(driver)
        if _is_pooled(driver):
            driver.prepare_threshold = None
        return driver

    engine = create_engine(
        "postgresql+psycopg://",
        creator=connect,
        poolclass=NullPool,
        pool_reset_on_return=None,  # it is closed at once, and a broken one cannot be reset
        hide_parameters=True,
        use_native_hstore=False,
        execution_options={"schema_translate_map": {None: url.schema}},
    )
    return engine.connect()


def driver_below(connection: Connection) -> "psycopg.Connection[Any]":
    """Return the driver's connection below one of SQLAlchemy's."""
    return cast("psycopg.Connection[Any]", connection.connection.driver_connection)


def end_idle_transactions(driver: "psycopg.Connection[Any]", seconds: float) -> None:
    """Set a limit to the time that a transaction may be idle; the server ends the connection then.

    A process that stands still, such as one of a suspended machine, holds its locks no longer than its claims, and
    others need not wait until it wakes.

    Behind a pooler, which gives each transaction another session, its own timeout of idle transactions does so.
    """
    if not _is_pooled(driver):
        driver.execute(
            f"SET idle_in_transaction_session_timeout = {min(max(round(seconds * 1000), 1), LONGEST)}".encode()
        )
        driver.commit()


def _is_pooled(driver: "psycopg.Connection[Any]") -> bool:
    """Return True behind a pooler such as pgbouncer, which tells a process ID of its own.

    In its transaction mode each transaction may have another session of the server, in which a statement that was
    prepared before is missing, or is another client's: https://www.psycopg.org/psycopg3/docs/advanced/prepare.html
    """
    row = driver.execute("SELECT pg_backend_pid()").fetchone()
    driver.rollback()
    return row != (driver.info.backend_pid,)


def has_schema(url: JournalUrl, connection: Connection) -> bool:
    """Return True if there is the schema."""
    query = "SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname = %s"
    return bool(connection.exec_driver_sql(query, (url.schema,)).scalar_one())


def has_journal(url: JournalUrl, connection: Connection) -> bool:
    """Return True if the schema holds a journal, False if it is empty or not there.

    Raises:
        JournalError: it holds something else.
    """
    there = connection.exec_driver_sql(
        "SELECT c.relname, obj_description(c.oid, 'pg_class') FROM pg_catalog.pg_class c"
        " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = %s AND c.relkind IN ('r', 'v', 'm', 'f')",
        (url.schema,),
    ).all()
    if there and ("journal", MARK) not in [tuple(row) for row in there]:
        raise journal_error(url, "the schema holds something else; it is left as it is, name another after #")
    return bool(there)


def schema_exists(url: JournalUrl) -> bool:
    """Return True if there is a journal.

    Raises:
        JournalError: there is something else, or the server does not answer.
    """
    with postgres_errors(url), closing(connect_to_schema(url)) as connection:
        return has_journal(url, connection)


def under_way(url: JournalUrl, living: Sequence[Any]) -> JournalError:
    """Return the error for a journal with which somebody works."""
    run, pid, host = living
    reason = f"a run is under way on it (run {run}, process {pid} on {host}); two at once would do the same work twice"
    return journal_error(url, reason)


@contextmanager
def open_schema_snapshot(url: JournalUrl) -> Generator[Connection]:
    """Open one moment of a journal to read it; nothing can be written.

    Raises:
        JournalError: it is none, or of another version.
    """
    with postgres_errors(url), closing(connect_to_schema(url)) as connection:
        connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        if not has_journal(url, connection):
            raise journal_error(url, "there is none")
        identity_of(url, connection)
        yield connection


@contextmanager
def open_schema_to_change(url: JournalUrl) -> Generator[Connection]:
    """Open a journal in a transaction that is committed at the end of the block; no run is under way meanwhile.

    Raises:
        JournalError: there is none, a run is under way on it, or it cannot be written.
    """
    claims = Claims(url)
    with postgres_errors(url), closing(connect_to_schema(url)) as connection:
        end_idle_transactions(driver_below(connection), claims.life)
        if not has_journal(url, connection):
            raise journal_error(url, "there is none")
        identity_of(url, connection)
        lock_alone(url, connection, claims)
        yield connection
        connection.commit()


def lock_alone(url: JournalUrl, connection: Connection, claims: Claims) -> None:
    """Keep others from beginning a run until the transaction ends.

    Raises:
        JournalError: a run is under way.
    """
    lock_runs(url, connection)
    if (living := claims.living(connection)) is not None:
        raise under_way(url, living)


def lock_runs(url: JournalUrl, connection: Connection) -> None:
    """Make others wait who would make a journal or begin a run, until the transaction ends."""
    connection.execute(select(func.pg_advisory_xact_lock(LOCK, func.hashtext(url.schema))))
