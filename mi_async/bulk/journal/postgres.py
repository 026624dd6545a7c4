"""A journal in a schema of a PostgreSQL database, which any number of processes may share.

Invariant: each unit of work is done again, whole, after the connection broke in it: its COMMIT may have had no answer.
No state outlives a transaction in the session, so a connection pool such as pgbouncer may stand between.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, suppress
from functools import partial
from typing import Any, TypeVar

import psycopg
from attrs import define, field
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DBAPIError

from mi_async._core.clock import Clock
from mi_async.bulk.defaults import SHARDS
from mi_async.bulk.journal.backend import Pairs
from mi_async.bulk.journal.claims import Claims
from mi_async.bulk.journal.header import SOFTWARE, add_run, create_tables, end_run
from mi_async.bulk.journal.place import JournalUrl
from mi_async.bulk.journal.postgres_connection import (
    MARK,
    connect_to_schema,
    driver_below,
    end_idle_transactions,
    has_journal,
    has_schema,
    lock_alone,
    lock_runs,
    under_way,
)
from mi_async.bulk.journal.postgres_errors import SHOWN, cause_of, error_of, is_passing, postgres_errors
from mi_async.bulk.journal.records import UPLOAD, Identity
from mi_async.bulk.journal.schema import INDEX_BY_SOURCE, SHARED, layout_of, members, runs, shards
from mi_async.bulk.journal.server_wait import SILENT, ServerWait, SilenceLimit
from mi_async.bulk.journal.sharing import OpenShards
from mi_async.bulk.journal.statements import PairLookup, RecordKind, postgres_kinds, renewal
from mi_async.bulk.journal.views import in_postgres
from mi_async.errors import JournalError
from mi_async.text import encodable, one_line

_log = logging.getLogger(__name__)

T = TypeVar("T")


@define(eq=False)
class PostgresBackend:
    """A journal in a schema; the methods are described at ``JournalBackend``.

    Args:
        url: where it is.
        clock: speeds up the patience.
        patience: seconds for which a server that does not answer is waited for.
        wanted: parts of the input that processes take, when the journal is made; None for a run that works on the
            whole input and meets no other.
        claims: claims of this process.
    """

    url: JournalUrl
    clock: Clock
    patience: float
    wanted: int | None
    claims: Claims
    shards: int = field(init=False, default=0)
    kinds: Mapping[type, RecordKind] = field(init=False, repr=False)
    _fence: str = field(init=False, repr=False)
    _connection: Connection | None = field(init=False, default=None)
    _hurry: threading.Event = field(init=False, factory=threading.Event)
    _driver: "psycopg.Connection[Any]" = field(init=False)  # that of the connection, while there is one
    _opened: bool = field(init=False, default=False)
    _given_up: bool = field(init=False, default=False)  # until the server answers, nobody else waits as long
    _renewed: float = field(init=False, default=0.0)  # when the renewal that succeeded last was sent

    def __attrs_post_init__(self) -> None:
        """Write the statements for the schema."""
        self.kinds, self._fence = postgres_kinds(self.url.schema), renewal(self.url.schema)

    @property
    def name(self) -> str:
        """URL without a password."""
        return str(self.url)

    def open(self, stack: ExitStack, stored: Identity, now: str) -> None:
        """Connect, and make the schema and its tables if there are none."""
        stack.callback(self._disconnect)
        made = {"created": now, "software": SOFTWARE}
        self.write(lambda connection: self._create(connection, stored, made))

    def _create(self, connection: Connection, stored: Identity, made: Mapping[str, str]) -> None:
        if has_journal(self.url, connection):
            return
        lock_runs(self.url, connection)
        if has_journal(self.url, connection):  # made by another process meanwhile
            return
        if not has_schema(self.url, connection):  # IF NOT EXISTS asks for the right to make one all the same
            connection.exec_driver_sql(f'CREATE SCHEMA "{self.url.schema}"')
        connection.exec_driver_sql(f'SET LOCAL search_path TO "{self.url.schema}"')
        views = [statement for view in layout_of(stored.operation).views for statement in in_postgres(view)]
        index = [INDEX_BY_SOURCE] if stored.operation == UPLOAD else []
        comment = f"COMMENT ON TABLE journal IS '{MARK}'"
        create_tables(connection, stored, made, [*views, *index, comment], SHARED)
        number = func.generate_series(0, (self.wanted or SHARDS) - 1)
        connection.execute(shards.insert().from_select(["shard"], select(number)))

    def prepare(self, stored: Identity) -> None:  # noqa: ARG002  a file is brought up to date
        """Wait for the server from now on: what is wrong with the URL has been told."""
        self._opened = True

    def begin_run(self, connection: Connection, facts: Mapping[str, Any]) -> int:
        """Begin a run, and become a member."""
        lock_runs(self.url, connection)
        self._renewed = self.clock.steady()
        if self.wanted is not None:
            self.shards = connection.execute(select(func.count()).select_from(shards)).scalar_one()
        if (run := self.claims.known(connection)) is not None:
            self.claims.run = run
            return run
        living = self.claims.living(connection)
        if self.wanted is None and living is not None:
            raise under_way(self.url, living)
        run = add_run(connection, facts, runs.c.number.not_in(select(members.c.run)))
        self.claims.join(connection, run, reopen=living is None, alone=self.wanted is None)
        return run

    def end_run(self, connection: Connection, number: int, ended: str, ending: str) -> None:
        """Record the end of a run, unless others have taken over, or that was done and nobody heard of it."""
        if self.claims.leave(connection):
            end_run(connection, number, ended, ending)

    def alone(self, connection: Connection) -> None:
        """Keep others from joining until the transaction ends."""
        lock_alone(self.url, connection, self.claims)

    def read(self, work: Callable[[Connection], T]) -> T:
        """Read in a transaction that is rolled back."""
        with self.errors():
            return self._persist(work, Connection.rollback)

    def write(self, work: Callable[[Connection], T]) -> T:
        """Do work in a transaction."""
        return self._persist(work, Connection.commit)

    def claim(self, work: Callable[[Connection], T]) -> T:
        """Do work behind the fence."""

        def fenced(connection: Connection) -> T:
            self.claims.fence(connection)
            return work(connection)

        return self._renewed_by(fenced)

    def upsert(self, rows: Mapping[type, Sequence[tuple[object, ...]]]) -> None:
        """Write rows by the driver, in one request from the fence to the COMMIT."""
        self._persist(lambda _: self._upsert(self._driver, rows), None)

    def _upsert(self, driver: "psycopg.Connection[Any]", rows: Mapping[type, Sequence[tuple[object, ...]]]) -> None:
        sent = self.clock.steady()
        try:
            with driver.pipeline(), closing(driver.cursor()) as cursor:
                cursor.execute(self._fence.encode(), (self.claims.life, self.claims.run))
                for kind, values in rows.items():
                    # one after the other, as several rows may have one key
                    cursor.executemany(self.kinds[kind].upsert.encode(), values)
                driver.commit()
        except psycopg.errors.DivisionByZero:
            self.claims.check(0)
        self._renewed = sent

    def find_pairs(self, connection: Connection, lookup: PairLookup, pairs: Pairs) -> Sequence[Sequence[Any]]:
        """Look all pairs up in one request."""
        people, others = [[encodable(pair[at]) for pair in pairs] for at in (0, 1)]
        return connection.execute(lookup.together, {"people": people, "others": others}).all()

    def take_shard(self) -> int | None:
        """Claim a shard."""
        shard = self._renewed_by(self.claims.take)
        if shard is not None:
            self.claims.held.add(shard)
        return shard

    def finish_shard(self, shard: int) -> None:
        """Record that a shard is done."""
        self._renewed_by(partial(self.claims.finish, shard=shard))
        self.claims.held.discard(shard)

    def open_shards(self) -> OpenShards:
        """Count the shards that are not done."""
        return self.read(self.claims.count)

    def confirm(self) -> None:
        """Renew the claims if half their life has passed since that was done."""
        self._renew(self.claims.life / 2)

    def _renew(self, within: float) -> None:
        if self.claims.lost:
            raise self.claims.taken_over()
        if self.clock.steady() - self._renewed >= within:
            self._renewed_by(self.claims.fence)

    def _renewed_by(self, work: Callable[[Connection], T]) -> T:
        """Do work that begins with the fence."""
        with self.errors():
            sent = self.clock.steady()
            result = self.write(work)
            self._renewed = sent
            return result

    @property
    def interval(self) -> float:
        """A third of the life of a claim."""
        return self.claims.life / 3

    def beat(self) -> None:
        """Renew the claims if a third of their life has passed; what fails is told by the next write."""
        if self.claims.run and not self.claims.lost:
            try:
                self._renew(self.interval)
            except JournalError as error:
                _log.warning("%s", error)

    def close(self) -> None:
        """Do nothing: the end of the run was the end."""

    def hurry(self) -> None:
        """Wait no longer than a few seconds."""
        self._hurry.set()

    def error_of(self, error: BaseException) -> JournalError:
        """Return the error for a failure."""
        return error_of(self.url, error)

    def errors(self) -> AbstractContextManager[None]:
        """Turn failures of the server into JournalError."""
        return postgres_errors(self.url)

    def _persist(self, work: Callable[[Connection], T], end: Callable[[Connection], None] | None) -> T:
        """Do a unit of work; again, after connecting, where the connection broke or another process was in the way."""
        waiting: ServerWait | None = None
        while True:
            try:
                connection = self._connected()
                result = work(connection)
                if end is not None:
                    end(connection)
            except BaseException as error:
                self._undo()
                if not is_passing(error):
                    raise
                waiting = waiting or ServerWait(self.clock, self.patience, self._hurry)
                if not self._opened or self._given_up or not waiting.another(self._said(error)):
                    self._given_up = True
                    raise
            else:
                self._given_up = False
                if waiting is not None:
                    _log.warning("journal %s: the server answers again", self.name)
                return result

    def _said(self, error: BaseException) -> str:
        return f"journal {self.name}: {one_line(str(cause_of(error)))[:SHOWN]}"

    def _connected(self) -> Connection:
        if self._connection is None:
            # a lock of a member that stands still may last for the life of its claims
            longest = max(self.clock.real(self.patience), self.claims.life, SILENT)
            self._connection = connect_to_schema(self.url, SilenceLimit(self.clock, longest, self._hurry))
            self._driver = driver_below(self._connection)
            end_idle_transactions(self._driver, self.claims.life)
        return self._connection

    def _undo(self) -> None:
        """Undo what was begun; a connection that broke is closed."""
        if self._connection is None:
            return
        try:
            self._driver.rollback()
            self._connection.rollback()
        except (DBAPIError, psycopg.Error):
            self._disconnect()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._driver.close()
            with suppress(DBAPIError, psycopg.Error):
                connection.close()
