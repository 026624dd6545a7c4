"""Processes that share a journal in PostgreSQL: who has which shard, who has died, and who may still write."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, closing, suppress
from typing import Any, TypeAlias

import psycopg
import pytest

from mi_async._core.clock import Clock
from mi_async.bulk import report_of
from mi_async.bulk.journal.claims import Claims
from mi_async.bulk.journal.journal import Journal
from mi_async.bulk.journal.place import JournalUrl, parsed
from mi_async.bulk.journal.postgres_connection import connect_to_schema, end_idle_transactions
from mi_async.bulk.journal.reader import read_journal
from mi_async.bulk.journal.records import Identity, PersonRecord
from mi_async.bulk.journal.retry import retry_failed
from mi_async.bulk.journal.sharing import OpenShards, Sharing
from mi_async.bulk.journal.statements import renewal
from mi_async.errors import JournalError
from tests.support.postgres import execute, lapse

NEWSROOM = Identity("https://x.test/api", "AKIA1234WXYZ", "newsroom", "enroll")
TAKEN_OVER = "its work was taken over by another process"


class Stepped(Clock):
    """A clock whose steady time is told."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def steady(self) -> float:
        return self.now


Join: TypeAlias = "Callable[..., Any]"


@pytest.fixture
async def join(schema_url: str) -> AsyncIterator[Join]:
    """Begin a process that shares the journal of this test; all of them end with it."""
    async with AsyncExitStack() as stack:

        async def begin(shards: int | None = 3, life: float = 60.0, clock: Clock | None = None) -> Journal:
            sharing = Sharing(shards=shards, life=life, patience=30.0)
            journal = await Journal.open(schema_url, NEWSROOM, clock=clock, sharing=sharing)
            stack.push_async_callback(journal.aclose)
            return journal

        yield begin


async def test_each_shard_is_one_process_until_it_is_done(join: Join, schema_url: str) -> None:
    first, second = await join(), await join(shards=64)
    assert (first.run, second.run, first.shards, second.shards) == (1, 2, 3, 3)
    assert [await first.take_shard(), await second.take_shard(), await first.take_shard()] == [0, 1, 2]
    assert (await first.take_shard(), await second.take_shard()) == (None, None)
    assert await first.open_shards() == OpenShards(mine=2, others=1, free=0)
    await first.finish_shard(0)
    await second.finish_shard(1)
    assert await second.open_shards() == OpenShards(mine=0, others=1, free=0)
    with read_journal(schema_url) as reader:
        assert [(row.run, row.shards, row.finished, row.lapses > 0) for row in reader.members()] == [
            (1, 1, 1, True),
            (2, 0, 1, True),
        ]
        assert reader.shards() == {"done": 2, "taken": 1, "free": 0}
    await first.finish_shard(2)
    assert not (await second.open_shards()).any


async def test_who_leaves_leaves_its_shards_to_others_at_once(join: Join, schema_url: str) -> None:
    first, second = await join(), await join()
    assert [await first.take_shard() for _ in range(3)] == [0, 1, 2]
    await first.finish_shard(0)
    await first.aclose("cancelled")
    assert [await second.take_shard() for _ in range(3)] == [1, 2, None]
    with read_journal(schema_url) as reader:
        assert [(run.number, run.ending, run.ended is None) for run in reader.runs()] == [
            (1, "cancelled", False),
            (2, "", True),
        ]
    assert execute(schema_url, "SELECT shard, epoch, run, done FROM shards ORDER BY 1") == [
        (0, 1, 1, True),
        (1, 2, 2, False),
        (2, 2, 2, False),
    ]


async def test_a_killed_process_makes_no_run_longer(join: Join, schema_url: str) -> None:
    killed, other = await join(), await join()
    assert [await killed.take_shard(), await other.take_shard()] == [0, 1]
    execute(schema_url, "UPDATE runs SET started = '2026-01-01T00:00:00+00:00'")
    execute(schema_url, "UPDATE members SET lapses = '2026-01-01T00:01:40Z'")
    told = report_of(schema_url)
    assert (round(told.seconds), told.ending) == (100, "killed; 0 of 3 shards done")
    assert {told.as_dict()[name] for name in ("checks", "pool", "refused", "useful")} == {None}
    assert await other.open_shards() == OpenShards(mine=1, others=1, free=1)
    await other.finish_shard(1)
    assert report_of(schema_url).ending == "still running, by 1; 1 of 3 shards done"
    for _ in range(2):
        await other.finish_shard(await other.take_shard() or 0)
    await other.aclose("")
    execute(schema_url, "UPDATE runs SET ended = '2026-01-01T00:03:20+00:00' WHERE number = 2")
    assert (report_of(schema_url).seconds, report_of(schema_url).ending) == (200.0, "")


async def test_who_was_taken_over_writes_nothing_more(
    join: Join, schema_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    sleeper, other = await join(), await join()
    assert await sleeper.take_shard() == 0
    await sleeper.write(PersonRecord("Hong", "open", 1))
    lapse(schema_url, 1)
    assert await other.take_shard() == 0
    await other.write(PersonRecord("Hong", "done", 2))
    uses: list[Callable[[], Any]] = [
        lambda: sleeper.write(PersonRecord("Hong", "failed", 3)),
        sleeper.take_shard,
        lambda: sleeper.finish_shard(0),
        sleeper.confirm,
    ]
    for use in uses:
        with pytest.raises(JournalError, match=TAKEN_OVER):
            await use()
    await sleeper.aclose("finished")
    assert await other.find_persons(["Hong"]) == (PersonRecord("Hong", "done", 2),)
    third = await join()
    assert await third.take_shard() == 1
    with read_journal(schema_url) as reader:
        assert [run.ending for run in reader.runs()] == ["killed", "", ""]
    assert "not recorded" not in caplog.text


async def test_who_only_was_late_goes_on(join: Join, schema_url: str) -> None:
    late, other = await join(), await join()
    assert await late.take_shard() == 0
    lapse(schema_url, 1)
    await late.write(PersonRecord("Hong"))
    assert await other.take_shard() == 1


async def test_nobody_is_taken_over_after_a_server_that_was_away(join: Join, schema_url: str) -> None:
    members = [await join(shards=1), await join()]
    assert await members[0].take_shard() == 0
    for member in members:
        lapse(schema_url, member.run)
    assert await members[1].take_shard() is None
    await members[0].write(PersonRecord("Hong"))
    lapse(schema_url, members[0].run)
    assert await members[1].take_shard() == 0


async def test_who_stands_still_in_the_middle_of_a_request_is_taken_over(join: Join, schema_url: str) -> None:
    sleeper, other = await join(shards=1), await join(life=0.3)
    assert await sleeper.take_shard() == 0
    lapse(schema_url, sleeper.run)
    place = parsed(schema_url)
    assert isinstance(place, JournalUrl)
    taken: int | None = None
    with closing(psycopg.connect(place.dsn)) as connection:
        end_idle_transactions(connection, 0.3)
        with suppress(psycopg.OperationalError), connection.pipeline():
            connection.execute(renewal(place.schema).encode(), (60.0, sleeper.run))  # and nothing after it
            async with asyncio.timeout(60):
                while (taken := await other.take_shard()) is None:
                    pass
    assert taken == 0
    with pytest.raises(JournalError, match=TAKEN_OVER):
        await sleeper.write(PersonRecord("Hong"))


async def test_who_waits_for_a_lock_in_the_middle_of_a_request_is_left_alone(join: Join, schema_url: str) -> None:
    slow, other = await join(shards=1), await join(life=0.1)
    assert await slow.take_shard() == 0
    lapse(schema_url, slow.run)
    place = parsed(schema_url)
    assert isinstance(place, JournalUrl)
    waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND xact_start < now() - interval '0.2 s'"
    with closing(psycopg.connect(place.dsn)) as locking:
        locking.execute(f'LOCK TABLE "{place.schema}".persons'.encode())
        writing = asyncio.create_task(slow.write(PersonRecord("Hong")))
        async with asyncio.timeout(60):
            while not execute(schema_url, waits):
                assert await other.take_shard() is None
        assert await other.take_shard() is None
    await writing
    assert await other.take_shard() is None


async def test_signs_of_life_are_given_while_nothing_is_written(join: Join, schema_url: str) -> None:
    journal = await join(life=4.5)  # three times as long as it is silent: a busy machine may be late
    assert await journal.take_shard() == 0
    seen = set[object]()
    async with asyncio.timeout(60):
        while len(seen) < 3:
            seen.add(execute(schema_url, "SELECT lapses FROM members")[0][0])
            await asyncio.sleep(0.02)
    assert await (await join()).take_shard() == 1


async def test_claims_are_confirmed_only_when_they_are_old(join: Join, schema_url: str) -> None:
    clock = Stepped()
    journal = await join(life=60.0, clock=clock)
    before = execute(schema_url, "SELECT lapses FROM members")
    clock.now = 19.0
    await journal.confirm()
    assert execute(schema_url, "SELECT lapses FROM members") == before
    clock.now = 31.0
    await journal.confirm()
    assert execute(schema_url, "SELECT lapses FROM members") > before


async def test_a_new_run_goes_through_the_whole_input_again(join: Join) -> None:
    journal = await join()
    for shard in range(3):
        assert await journal.take_shard() == shard
        await journal.finish_shard(shard)
    assert not (await (await join()).open_shards()).any
    await journal.aclose()
    assert not (await (await join()).open_shards()).any


async def test_shards_are_open_again_once_nobody_is_left(join: Join) -> None:
    journal = await join()
    assert await journal.take_shard() == 0
    await journal.finish_shard(0)
    await journal.aclose()
    assert await (await join()).open_shards() == OpenShards(mine=0, others=0, free=3)


async def test_a_run_by_itself_and_a_shared_one_keep_out_of_each_others_way(join: Join, schema_url: str) -> None:
    shared = await join()
    with pytest.raises(JournalError, match="a run is under way on it"):
        await join(shards=None)
    with pytest.raises(JournalError, match="a run is under way on it"):
        await asyncio.to_thread(retry_failed, schema_url)
    await shared.aclose()
    alone = await join(shards=None)
    assert alone.shards == 0
    late = await join()
    assert await late.take_shard() is None
    await alone.aclose()
    assert await late.take_shard() == 0


async def test_many_processes_never_take_one_shard(join: Join) -> None:
    journals = [await join(shards=40) for _ in range(6)]

    async def work(journal: Journal) -> list[int]:
        taken = []
        while (shard := await journal.take_shard()) is not None:
            taken.append(shard)
            if shard % 2:
                await journal.finish_shard(shard)
        return taken

    taken = await asyncio.gather(*[work(journal) for journal in journals])
    assert sorted(shard for each in taken for shard in each) == list(range(40))


async def test_a_connection_that_breaks_is_no_loss(
    join: Join, schema_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    journal = await join(shards=5)
    backends = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mi-async'"
        " AND pid <> pg_backend_pid()"
    )
    for shard in range(5):
        execute(schema_url, backends)
        assert await journal.take_shard() == shard
        execute(schema_url, backends)
        await journal.finish_shard(shard)
    assert "the server answers again" in caplog.text


def test_a_transaction_whose_commit_got_no_answer_is_done_again(schema_url: str) -> None:
    async def make() -> None:
        await (await Journal.open(schema_url, NEWSROOM, sharing=Sharing(shards=3))).aclose()

    asyncio.run(make())
    place = parsed(schema_url)
    assert isinstance(place, JournalUrl)
    claims = Claims(place)
    with closing(connect_to_schema(place)) as connection:
        assert claims.known(connection) is None
        claims.join(connection, 2, reopen=True, alone=False)
        assert claims.known(connection) == 2
        assert [claims.take(connection), claims.take(connection)] == [0, 0]
        claims.held.add(0)
        assert claims.take(connection) == 1
        assert [claims.leave(connection), claims.leave(connection)] == [True, False]
        connection.rollback()
    assert execute(schema_url, "SELECT max(epoch) FROM shards") == [(0,)]


async def test_a_file_has_no_shards(tmp_path: Any) -> None:
    journal = await Journal.open(tmp_path / "j", NEWSROOM, sharing=Sharing(shards=3))
    assert (journal.shards, await journal.take_shard(), await journal.open_shards()) == (0, None, OpenShards(0, 0, 0))
    await journal.finish_shard(0)
    await journal.confirm()
    await journal.aclose()
    with read_journal(tmp_path / "j") as reader:
        assert (reader.members(), reader.shards()) == ((), {})
