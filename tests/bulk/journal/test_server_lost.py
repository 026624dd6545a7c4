"""The connection to PostgreSQL, or the server itself, lost at any moment: nothing is lost and nothing is done twice."""

import asyncio
import logging
import uuid
from pathlib import Path

import pytest

from mi_async.bulk.engine.outcome import Status
from mi_async.bulk.inputs.models import PersonInput
from mi_async.bulk.journal.journal import Journal
from mi_async.bulk.journal.reader import read_journal
from mi_async.bulk.journal.records import Identity, ImageRecord, PersonRecord
from mi_async.bulk.journal.sharing import OpenShards, Sharing
from tests.support.bulk import faces, files
from tests.support.cut_connection import CutConnection, cut_connection
from tests.support.newsroom import newsroom
from tests.support.postgres import PostgresServer, execute, postgres

NEWSROOM = Identity("https://x.test/api", "AKIA1234WXYZ", "newsroom", "enroll")
SHARED = Sharing(shards=3, patience=60.0)


async def use(journal: Journal) -> None:
    """Everything that a run does with its journal, once."""
    await journal.write(PersonRecord("Hong"), ImageRecord("Hong", "a" * 64, "1.jpg"))
    assert await journal.take_shard() == 0
    await journal.write(PersonRecord("Hong", "done", 1001), PersonRecord("Kim"))
    assert len((await journal.find(["Hong"]))["Hong"][1]) == 1
    await journal.finish_shard(0)
    assert await journal.open_shards() == OpenShards(0, 0, 2)
    await journal.write_part("b", "a.mp4", "{}")
    await journal.aclose("finished")


async def lose(way: CutConnection, server: PostgresServer, *, cut_at: int, deliver: bool) -> int:
    """Cut at a message; check what is there in the end, and return the number of messages."""
    schema = f"cut-{uuid.uuid4().hex}"
    url = server.url(schema).replace(server.folder.name, way.folder.name)
    journal = await Journal.open(url, NEWSROOM, sharing=SHARED)
    way.reset(cut_at, deliver=deliver)
    await asyncio.wait_for(use(journal), 60)
    messages = way.messages
    way.reset(0, deliver=False)
    with read_journal(server.url(schema)) as reader:
        assert [person.status for person, _ in reader.entries()] == ["done", "open"]
        assert [(run.number, run.ending) for run in reader.runs()] == [(1, "finished")]
        assert reader.shards() == {"done": 1, "taken": 0, "free": 2}
        assert reader.members() == ()
    assert execute(server.url(schema), "SELECT record FROM parts") == [("{}",)]
    assert execute(server.url(schema), "SELECT epoch FROM shards ORDER BY shard") == [(1,), (0,), (0,)]
    return messages


@pytest.mark.slow
@pytest.mark.parametrize(("deliver", "step"), [(True, 3), (False, 3), pytest.param(True, 1, marks=pytest.mark.soak)])
async def test_a_connection_that_is_cut_at_any_message_loses_nothing(
    postgres_server: PostgresServer, deliver: bool, step: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    with cut_connection(postgres_server) as way:
        messages = await lose(way, postgres_server, cut_at=0, deliver=False)
        assert messages > 10
        for number in range(1, messages, step):  # the last one says goodbye
            await lose(way, postgres_server, cut_at=number, deliver=deliver)


@pytest.mark.slow
async def test_a_server_that_is_killed_again_and_again_during_a_run(tmp_path: Path) -> None:
    with postgres() as server:
        done = asyncio.Event()

        async def kill() -> int:
            kills = 0
            while kills < (3 if done.is_set() else 8):  # on a busy machine it would get nowhere for minutes
                await asyncio.to_thread(server.kill)
                await asyncio.to_thread(server.start)
                kills += 1
                if done.is_set():
                    break
                await asyncio.sleep(0.1)
            return kills

        async with newsroom() as news:
            people = [PersonInput(f"Hong {n}", [path]) for n, path in enumerate(files(tmp_path, faces(12)))]
            journal = server.url("faces")
            run = news.workspace.enroll_many(people, journal=journal, patience=60 * news.server.clock.speed)
            killing: asyncio.Task[int] | None = None
            async for outcome in run:
                assert outcome.status is Status.DONE
                killing = killing or asyncio.create_task(kill())
            done.set()
            assert killing is not None
            assert await killing >= 1
            assert run.report.counts == {Status.DONE: 12}
            assert len(list(news.server.state.persons())) == 12
            again = await news.workspace.enroll_many(people, journal=journal)
            assert again.counts == {Status.SKIPPED: 12}
