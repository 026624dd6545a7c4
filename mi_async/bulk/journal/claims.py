"""Claims: which process works on which part of the input, in a journal that many processes share.

The input is divided into shards. A process that works with the journal is a member: it has a row in ``members`` that
says until when it lives, by the server's clock, and renews it in each transaction in which it writes, and when it has
written nothing for a third of its life. The shards of a member that has lapsed are free for others.

Invariant: renewing one's row is the fence: it is in the same transaction as what is written, so that a process that
stood still and was taken over writes nothing. No lock outlives a transaction.
"""

import uuid
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from attrs import define, field, frozen
from sqlalchemy import ColumnElement, Connection, and_, case, delete, func, insert, literal, not_, or_, select, update
from sqlalchemy.dialects.postgresql import INTERVAL

from mi_async.bulk.defaults import LIFE
from mi_async.bulk.journal.place import JournalUrl, journal_error
from mi_async.bulk.journal.schema import members, runs, shards
from mi_async.bulk.journal.sharing import TAKEN_OVER, OpenShards
from mi_async.errors import JournalError

END_STALLED = """
WITH stalled AS MATERIALIZED (
    SELECT m.run, a.pid FROM "{}".members m
    JOIN pg_catalog.pg_locks l ON l.locktype = 'transactionid' AND l.transactionid = m.xmax
    AND l.mode = 'ExclusiveLock' AND l.granted
    JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid AND a.usename = current_user
    WHERE m.lapses < clock_timestamp() AND m.run <> %s AND a.wait_event_type = 'Client'
    AND a.xact_start < clock_timestamp() - make_interval(secs => %s)
)
SELECT run FROM stalled WHERE pg_terminate_backend(pid)
"""
"""``xmax`` of a row is the transaction that is changing it; a user may end the connections of that user.

The lock is exclusive for the transaction itself; who has waited for its end has a shared one for a moment.

One that waits for its client has the rest of a request to come; one that waits for a disk or a lock is healthy.

Materialized, since a planner may call a function for rows that the other conditions would leave out.
"""


@frozen
class MemberRow:
    """A process that works with a journal.

    Attributes:
        run: number of its run.
        pid: number of the process.
        host: where that is.
        shards: that it has and that are not done.
        finished: shards that it has finished.
        lapses: seconds until its claims lapse without a sign of life; below 0 when they have.
    """

    run: int
    pid: int
    host: str
    shards: int
    finished: int
    lapses: float

    @property
    def lives(self) -> bool:
        """True while its claims last."""
        return self.lapses > 0


@define(eq=False)
class Claims:
    """Claims of this process; each method is part of a transaction of the caller.

    A transaction whose COMMIT got no answer may be done again by calling the same methods again.

    Args:
        url: of the journal, for messages.
        life: seconds that a claim lasts without a sign of life.

    Attributes:
        run: number of the run of this process; 0 before it is a member.
        held: shards that it has taken and not finished.
        lost: True once others have taken over.
    """

    url: JournalUrl
    life: float = LIFE
    run: int = field(init=False, default=0)
    held: set[int] = field(init=False, factory=set)
    lost: bool = field(init=False, default=False)
    _owner: str = field(init=False, factory=lambda: uuid.uuid4().hex)

    def known(self, connection: Connection) -> int | None:
        """Return the number of the run that this process has begun without hearing of it, None if it has not."""
        found: int | None = connection.execute(
            select(members.c.run).where(members.c.owner == self._owner)
        ).scalar_one_or_none()
        return found

    def living(self, connection: Connection) -> tuple[int, int, str] | None:
        """Return run, process and host of a member that lives, None if there is none; lapsed ones are evicted."""
        self._evict(connection, func.clock_timestamp())  # this may have waited for a lock
        rows = select(runs.c.number, runs.c.pid, runs.c.host).join(members, members.c.run == runs.c.number)
        row = connection.execute(rows.order_by(runs.c.number.desc()).limit(1)).first()
        return None if row is None else (row[0], row[1], row[2])

    def join(self, connection: Connection, run: int, *, reopen: bool, alone: bool) -> None:
        """Become a member.

        Args:
            connection: within a transaction in which nobody else can join.
            run: number of the run.
            reopen: True to open all shards again: no other member lives, so this is a new run over the whole input.
            alone: True to take all shards: this process works on the whole input by itself.
        """
        connection.execute(insert(members).values(run=run, owner=self._owner, lapses=self._lapses))
        if reopen:
            connection.execute(update(shards).values(done=False, run=None, since=run))
        if alone:
            connection.execute(update(shards).values(run=run, epoch=shards.c.epoch + 1))
        self.run = run

    def fence(self, connection: Connection) -> None:
        """Renew the claims of this process; first in each transaction in which it writes.

        Raises:
            JournalError: others have taken over.
        """
        renewed = update(members).where(members.c.run == self.run).values(lapses=self._lapses)
        self.check(connection.execute(renewed).rowcount)

    def check(self, renewed: int) -> None:
        """Raise JournalError unless the one row of this process was renewed."""
        if renewed != 1 or self.lost:
            self.lost = True
            raise self.taken_over()

    def taken_over(self) -> JournalError:
        """Return the error of a process whose work others have taken over."""
        return journal_error(self.url, TAKEN_OVER)

    def take(self, connection: Connection) -> int | None:
        """Take a shard that nobody has, the first one; None if there is none now."""
        # who is late itself comes after a server that was away: the others have been no less punctual
        punctual = connection.execute(
            select(members.c.lapses >= func.now()).where(members.c.run == self.run)
        ).scalar_one_or_none()
        self.fence(connection)
        if punctual:
            self._evict(connection, func.now())  # when this began: the server may have stood still since
        # one that is this run's and unknown here was taken in a transaction of whose COMMIT nobody heard
        mine = and_(shards.c.run == self.run, shards.c.shard.not_in(sorted(self.held)))
        free = select(shards.c.shard).where(not_(shards.c.done), or_(shards.c.run.is_(None), mine))
        first = free.order_by(shards.c.run.is_(None), shards.c.shard).limit(1).with_for_update(skip_locked=True)
        taken = (
            update(shards)
            .where(shards.c.shard == first.scalar_subquery())
            .values(run=self.run, epoch=shards.c.epoch + case((shards.c.run.is_(None), 1), else_=0))
            .returning(shards.c.shard)
        )
        shard: int | None = connection.execute(taken).scalar_one_or_none()
        return shard

    def finish(self, connection: Connection, shard: int) -> None:
        """Record that a shard is done: its input was gone through, and all its items have ended."""
        self.fence(connection)
        connection.execute(update(shards).where(shards.c.shard == shard, shards.c.run == self.run).values(done=True))

    def leave(self, connection: Connection) -> bool:
        """Give back what is not done, for others to take at once; returns False if this process is no member."""
        # the member's row first, as who evicts does: no deadlock
        left = connection.execute(delete(members).where(members.c.run == self.run)).rowcount == 1
        _release(connection, [self.run] if left else [])
        return left

    def count(self, connection: Connection) -> OpenShards:
        """Count the shards that are not done; those of lapsed members are still theirs."""
        mine = func.count().filter(shards.c.run == self.run)
        free = func.count().filter(shards.c.run.is_(None))
        number, own, nobody = connection.execute(select(func.count(), mine, free).where(not_(shards.c.done))).one()
        return OpenShards(own, number - own - nobody, nobody)

    @property
    def _lapses(self) -> "object":
        return func.clock_timestamp() + literal(timedelta(seconds=self.life), INTERVAL)

    def _evict(self, connection: Connection, at: ColumnElement[Any]) -> None:
        """Release the shards of other members that had lapsed; one that is just being renewed is passed over."""
        stalled = self._end_stalled(connection)
        lapsed = select(members.c.run).where(members.c.lapses < at, members.c.run != self.run)
        free = lapsed.with_for_update(skip_locked=True)
        for found in [lapsed.where(members.c.run.in_(stalled)).with_for_update(), free] if stalled else [free]:
            gone = delete(members).where(members.c.run.in_(found)).returning(members.c.run)
            if runs_gone := list(connection.execute(gone).scalars()):
                _release(connection, runs_gone)

    def _end_stalled(self, connection: Connection) -> list[int]:
        """End the connections of lapsed members that have let the server wait in a renewal as long as a claim lasts.

        A process that stands still in the middle of what it sends keeps its row locked, and the server waits for the
        rest: its limit for idle transactions begins when a request has ended. The row names the transaction.

        Returns:
            Their runs; their rows are free in a moment.
        """
        return list(connection.exec_driver_sql(END_STALLED.format(self.url.schema), (self.run, self.life)).scalars())


def _release(connection: Connection, of: list[int]) -> None:
    connection.execute(update(shards).where(shards.c.run.in_(of), not_(shards.c.done)).values(run=None))


def read_members(connection: Connection) -> tuple[MemberRow, ...]:
    """Return the members of a journal in the order of their runs."""
    count = [
        select(func.count()).where(shards.c.run == members.c.run, shards.c.done == done).scalar_subquery()
        for done in (False, True)
    ]
    lapses = func.extract("epoch", members.c.lapses - func.clock_timestamp())
    query = select(runs.c.number, runs.c.pid, runs.c.host, *count, lapses).join(members, members.c.run == runs.c.number)
    rows: Iterable[Any] = connection.execute(query.order_by(runs.c.number))
    return tuple(
        [MemberRow(run, pid, host, has, done, round(float(left), 1)) for run, pid, host, has, done, left in rows]
    )


def count_shards(connection: Connection) -> Mapping[str, int]:
    """Return the number of shards that are done, taken and free."""
    state = case((shards.c.done, "done"), (shards.c.run.is_(None), "free"), else_="taken")
    found: Iterable[Any] = connection.execute(select(state, func.count()).group_by(state))
    counts: dict[str, int] = {name: number for name, number in found}  # noqa: C416  rows, which are no pairs to a type
    return {name: counts.get(name, 0) for name in ("done", "taken", "free")}
