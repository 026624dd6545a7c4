"""A sync that is stopped at each of its requests: the next one finishes what was confirmed, and nothing is doubled."""

import asyncio
import json
import sqlite3
import time
from collections.abc import Awaitable, Iterable
from contextlib import closing, suppress
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from mi_async import Hooks, JournalError, NotFoundError, PlanNotConfirmedError, Status
from mi_async.bulk.journal.repair import rebuild_journal
from mi_async.emulator import Fault
from tests.support.films import film
from tests.support.footage import first_project
from tests.support.newsroom import Newsroom
from tests.support.postgres import execute, lapse
from tests.support.storage import BUCKET, Bucket
from tests.support.synced import ALL, QUICK, Synced, archive, make_folder

pytestmark = pytest.mark.slow


class Stopper:
    """Cancels a task with its n-th request: before it goes, or when its answer has come."""

    def __init__(self) -> None:
        self.task: asyncio.Task[Any] | None = None
        self.left = 0

    async def __call__(self, *_told: object) -> None:
        self.left -= 1
        if self.left == 0 and self.task is not None:
            self.task.cancel()

    async def stopped(self, work: Awaitable[Any], number: int) -> bool:
        """Run some work, and stop it at this request; return False if it has ended before."""
        self.task, self.left = asyncio.ensure_future(work), number
        with suppress(asyncio.CancelledError):
            await self.task
        cancelled, self.task = self.task.cancelled(), None
        return cancelled


def changed(folder: Path) -> None:
    """One file gone, one replaced, one new."""
    (folder / "a.mp4").unlink()
    (folder / "b.mp4").write_bytes(film(size=7_777))
    (folder / "e.mp4").write_bytes(film(size=6_666))


AFTER = ["b.mp4", "e.mp4", *ALL[2:]]


async def stopped_at(s3: Bucket, place: Path, numbers: Iterable[int], *, late: bool) -> int:
    """Stop syncs at these requests, each anew, and finish them; return the first number that none had."""
    stopper = Stopper()
    hooks = Hooks(after=[stopper]) if late else Hooks(before=[stopper])
    async with archive(s3, hooks=hooks) as room:
        for number in numbers:
            synced = await prepared(room, s3, place / str(number))
            plan = await synced.plan(delete=True, delete_objects=True, replace=True)
            assert plan.counts == {"gone": 1, "changed": 1, "new": 1, "same": 2}
            work = synced.run(plan, confirm=plan.code, grace=0.0)
            if not await stopper.stopped(work, number):
                return number
            resumed = await synced.plan(delete=True, delete_objects=True, replace=True)
            await synced.run(resumed, confirm=resumed.code)
            assert await synced.keys() == AFTER, number
            assert (s3.get("a.mp4"), s3.get("b.mp4")) == (None, film(size=7_777)), number
            assert (await synced.plan()).counts == {"same": 4}
            assert confirmed_in(synced.journal) == (0, 0), number
            await emptied(room)
    return 0


def confirmed_in(journal: Path | str) -> tuple[int, int]:
    """Number of plans and removals that a journal has."""
    with closing(sqlite3.connect(journal)) as database:
        plans, removals = [database.execute(f"SELECT * FROM {name}").fetchall() for name in ("plans", "removals")]  # noqa: S608
        return len(plans), len(removals)


@pytest.mark.parametrize("late", [False, True])
async def test_stopped_while_it_deletes(s3: Bucket, tmp_path: Path, late: bool) -> None:
    assert await stopped_at(s3, tmp_path, range(2 + late, 11, 4), late=late) == 0


@pytest.mark.soak
@pytest.mark.parametrize("late", [False, True])
async def test_stopped_at_every_request(s3: Bucket, tmp_path: Path, late: bool) -> None:
    assert await stopped_at(s3, tmp_path, count(1), late=late) > 10


async def prepared(room: Newsroom, s3: Bucket, place: Path, journal: Path | str | None = None) -> Synced:
    """A folder whose files are at the service, and that has changed since."""
    s3.empty()
    synced = Synced(room, make_folder(place / "footage"), journal or place / "j")
    await synced.run()
    changed(place / "footage")
    return synced


async def emptied(room: Newsroom) -> None:
    project = (await room.workspace.projects.list()).projects[0].project_id
    for asset in [one.asset_id async for one in room.workspace.assets.all(project)]:
        await room.workspace.assets.delete(project, asset)


async def test_a_run_that_is_asked_to_stop_removes_nothing_more(s3: Bucket, tmp_path: Path) -> None:
    async with archive(s3) as room:
        synced = await prepared(room, s3, tmp_path)
        plan = await synced.plan(delete=True, replace=True)
        run = room.workspace.sync(plan, confirm=plan.code, bucket=BUCKET, analyze=False)
        run.stop()
        await run
        assert (run.removals, await synced.keys()) == ([], ALL)
        left = await synced.plan(delete=True, replace=True)
        assert ([one.key for one in left.unfinished], left.code) == (["a.mp4", "b.mp4"], "")
        assert confirmed_in(synced.journal) == (1, 2)
        assert (left.ingest.items, left.ingest.uploads) == (4, 2)  # what is replaced is among them
        assert (await synced.run(left)).counts == {Status.DONE: 2, Status.SKIPPED: 2}
        assert await synced.keys() == AFTER


async def test_a_plan_that_was_stopped_and_is_run_again_removes_each_asset_once(s3: Bucket, tmp_path: Path) -> None:
    async with archive(s3) as room:
        synced = await prepared(room, s3, tmp_path)
        plan = await synced.plan(delete=True, replace=True)
        runs = [room.workspace.sync(plan, confirm=plan.code, bucket=BUCKET, analyze=False) for _ in range(2)]
        runs[0].stop()
        for run in runs:
            await run
        assert [str(removal.status) for removal in runs[1].removals] == ["deleted", "deleted"]
        assert (await synced.keys(), confirmed_in(synced.journal)) == (AFTER, (0, 0))


async def half_done(room: Newsroom, s3: Bucket, place: Path, journal: Path | str | None = None) -> Synced:
    """A sync whose confirmed removals were left to the next one."""
    synced = await prepared(room, s3, place, journal)
    plan = await synced.plan(delete=True, replace=True)
    run = room.workspace.sync(plan, confirm=plan.code, bucket=BUCKET, analyze=False)
    run.stop()
    await run
    return synced


async def test_what_was_confirmed_waits_until_it_is_asked_for_again(s3: Bucket, tmp_path: Path) -> None:
    async with archive(s3) as room:
        synced = await half_done(room, s3, tmp_path)
        plan = await synced.plan()
        assert ([one.key for one in plan.waiting], plan.resumed, plan.resumption) == (["a.mp4", "b.mp4"], (), "")
        assert (plan.ingest.uploads, plan.bytes) == (1, 6_666)  # what waits is not sent
        assert "waiting (--delete --replace finishes it, --give-up ends it):\n  a.mp4 (asset " in str(plan)
        await synced.run(plan)
        assert await synced.keys() == sorted([*ALL, "e.mp4"])
        assert s3.get("b.mp4") == film(size=5_001)
        plan = await synced.plan(delete=True)
        assert ([one.key for one in plan.resumed], [one.key for one in plan.waiting]) == (["a.mp4"], ["b.mp4"])
        ((key, confirmed),) = [(row["key"], row["confirmed"]) for row in plan.as_dict()["resumed"]]
        when = f"confirmed {confirmed[:10]} {confirmed[11:16]} UTC"
        told = f"1 asset will be deleted for good: {when}, not finished; --give-up stops it"
        assert (key, plan.code, plan.resumption, str(plan).splitlines()[-1]) == ("a.mp4", "", told, told)
        assert f"to delete, {when} and not finished (--give-up stops it):\n  a.mp4 (asset " in str(plan)
        assert abs(time.time() - datetime.fromisoformat(confirmed).timestamp()) < 600
        await synced.run(plan)
        assert await synced.keys() == ["b.mp4", "e.mp4", *ALL[2:]]
        assert confirmed_in(synced.journal) == (1, 1)
        await synced.run(await synced.plan(replace=True))
        assert (s3.get("b.mp4"), confirmed_in(synced.journal)) == (film(size=7_777), (0, 0))


async def test_what_replaces_an_asset_that_is_deleted_already_is_still_to_be_sent(s3: Bucket, tmp_path: Path) -> None:
    async with archive(s3) as room:
        synced = await half_done(room, s3, tmp_path)
        assert (await synced.plan(replace=True)).bytes == 7_777 + 6_666
        # as a sync leaves it that was killed right after the deletion
        await room.workspace.assets.delete(await first_project(room.workspace), (await synced.assets())["b.mp4"])
        plan = await synced.plan(replace=True)
        assert ([item.key for item in plan.resumed], plan.bytes) == (["b.mp4"], 7_777 + 6_666)
        await synced.run(await synced.plan())  # without the option nothing of it is done, nor forgotten
        await synced.run(await synced.plan(replace=True))
        assert s3.get("b.mp4") == film(size=7_777)


async def test_an_object_that_was_confirmed_waits_for_the_option_that_deletes_it(s3: Bucket, tmp_path: Path) -> None:
    async with archive(s3) as room:
        synced = await prepared(room, s3, tmp_path)
        plan = await synced.plan(delete=True, delete_objects=True)
        run = room.workspace.sync(plan, confirm=plan.code, bucket=BUCKET, analyze=False)
        run.stop()
        await run
        plan = await synced.plan(delete=True)  # less than was confirmed, and a plan of its own
        assert (plan.resumed, plan.waiting, plan.code != "") == ((), (), True)
        plan = await synced.plan(delete=True, delete_objects=True)
        assert plan.resumption.startswith("1 asset and its object will be deleted for good")
        await synced.run(plan)
        assert ("a.mp4" in await synced.keys(), s3.get("a.mp4")) == (False, None)


async def test_what_is_given_up_needs_a_code_again(s3: Bucket, tmp_path: Path) -> None:
    async with archive(s3) as room:
        synced = await half_done(room, s3, tmp_path)
        plan = await synced.plan(give_up=True)
        assert (plan.unfinished, [str(item.state) for item in plan.items]) == ((), ["gone", "changed"])
        assert len((await synced.plan()).unfinished) == 2  # a plan changes nothing
        await synced.run(plan)
        assert "a.mp4" in await synced.keys()
        assert ((await synced.plan()).unfinished, confirmed_in(synced.journal)) == ((), (0, 0))
        plan = await synced.plan(delete=True, give_up=True)
        with pytest.raises(PlanNotConfirmedError):
            await synced.run(plan)
        await synced.run(plan, confirm=plan.code)
        assert "a.mp4" not in await synced.keys()


async def test_what_is_confirmed_is_of_one_source_and_workspace(s3: Bucket, tmp_path: Path) -> None:
    async with archive(s3, evolve(QUICK, workspaces=("newsroom", "sports"))) as room:
        synced = await half_done(room, s3, tmp_path)
        other = Synced(room, make_folder(tmp_path / "other"), synced.journal)
        assert (await other.plan()).unfinished == ()
        sports = evolve(await synced.plan(), workspace="sports", items=())
        with pytest.raises(JournalError, match="it holds a confirmed plan for workspace 'newsroom'"):
            await room.session.workspace("sports").sync(sports, bucket=BUCKET, analyze=False)
        repaired = tmp_path / "repaired"
        rows = rebuild_journal(synced.journal, repaired).rows
        assert (rows["removals"], rows["confirmations"]) == (2, 1)
        synced = evolve(synced, journal=repaired)
        await synced.run(await synced.plan(delete=True))
        assert "a.mp4" not in await synced.keys()


async def test_a_confirmed_removal_that_is_damaged_is_none(s3: Bucket, tmp_path: Path) -> None:
    async with archive(s3) as room:
        synced = await half_done(room, s3, tmp_path)
        with closing(sqlite3.connect(synced.journal)) as database, database:
            database.execute("UPDATE removals SET state = 'new' WHERE key = 'a.mp4'")
        with pytest.raises(JournalError, match="a value in table removals"):
            await synced.plan()
        assert "a.mp4" in await synced.keys()


async def test_what_was_confirmed_keeps_its_time(s3: Bucket, tmp_path: Path) -> None:
    async with archive(s3) as room:
        synced = await half_done(room, s3, tmp_path)
        journal = synced.journal
        with closing(sqlite3.connect(journal)) as database, database:
            database.execute("UPDATE confirmations SET confirmed = '2026-11-27T09:00:00.000+00:00'")
        (tmp_path / "footage" / ALL[2]).unlink()
        plan = await synced.plan(delete=True)
        run = room.workspace.sync(plan, confirm=plan.code, bucket=BUCKET, analyze=False)
        run.stop()
        await run
        plan = await synced.plan(delete=True)
        times = {item.key: item.confirmed[:10] for item in plan.unfinished}
        today = times.pop(ALL[2])
        assert times == dict.fromkeys(ALL[:2], "2026-11-27")
        assert f"confirmed 2026-11-27 09:00 UTC to {today} " in plan.resumption
        with closing(sqlite3.connect(journal)) as database, database:
            database.execute("UPDATE confirmations SET confirmed = 'yesterday'")
        with pytest.raises(JournalError, match="a value in table confirmations"):
            await synced.plan()
        with closing(sqlite3.connect(journal)) as database, database:
            database.execute("DROP TABLE confirmations")  # as an earlier version has left it
        plan = await synced.plan(delete=True)
        assert (
            plan.resumption == "2 assets will be deleted for good: confirmed before, not finished; --give-up stops it"
        )
        await synced.run(plan)
        assert await synced.keys() == ["b.mp4", "e.mp4", ALL[3]]


async def test_an_answer_that_is_lost_is_no_second_deletion(s3: Bucket, tmp_path: Path) -> None:
    async with archive(s3) as room:
        synced = await prepared(room, s3, tmp_path)
        plan = await synced.plan(delete=True)
        room.server.faults.next("assets.delete", Fault.DROP_AFTER)
        run = room.workspace.sync(plan, confirm=plan.code, bucket=BUCKET, analyze=False)
        report = await run
        assert [removal.status.value for removal in run.removals] == ["gone already"]
        assert report.counts == {Status.DONE: 1, Status.SKIPPED: 2}  # the changed one is listed only


@pytest.mark.parametrize(
    ("operation", "code"), [("assets.get", "300"), ("assets.delete", "300"), ("assets.get", "10025")]
)
async def test_a_path_that_is_not_known_is_no_asset_that_is_gone(
    s3: Bucket, tmp_path: Path, operation: str, code: str
) -> None:
    async with archive(s3) as room:
        synced = await prepared(room, s3, tmp_path)
        plan = await synced.plan(delete=True, delete_objects=True)
        room.server.faults.next(operation, code, times=20)
        with pytest.raises(NotFoundError):
            await synced.run(plan, confirm=plan.code)
        assert "a.mp4" in await synced.keys()
        assert s3.get("a.mp4") is not None
        room.server.faults.clear()
        await synced.run(await synced.plan(delete=True, delete_objects=True))
        assert ("a.mp4" in await synced.keys(), s3.get("a.mp4")) == (False, None)


async def test_a_confirmed_plan_in_the_file_of_an_earlier_version(s3: Bucket, tmp_path: Path) -> None:
    async with archive(s3) as room:
        synced = await prepared(room, s3, tmp_path)
        plan = await synced.plan(delete=True)
        confirmed = tmp_path / "j.confirmed"
        item = plan.removed[0].to_dict()
        owner = {"endpoint": plan.endpoint, "workspace": "newsroom", "project_id": plan.project_id}
        confirmed.write_text(json.dumps({"of": {**owner, "source": "/elsewhere"}, "items": [item]}))
        with pytest.raises(JournalError, match="an earlier sync of '/elsewhere' was not finished"):
            await synced.plan()
        for broken in ("", "[]", '{"of": {}}', '{"of": {}, "items": [{}]}'):
            confirmed.write_text(broken)
            with pytest.raises(JournalError, match="cannot be read"):
                await synced.plan()
        confirmed.write_text(json.dumps({"of": {**owner, "source": plan.source}, "items": [item]}))
        again = await synced.plan(delete=True)
        assert ([one.key for one in again.unfinished], again.code) == (["a.mp4"], "")
        assert "1 asset will be deleted for good: confirmed before, not finished" in str(again)
        run = room.workspace.sync(again, bucket=BUCKET, analyze=False)
        run.stop()
        await run
        assert (confirmed.exists(), confirmed_in(synced.journal)) == (False, (1, 1))
        await synced.run(await synced.plan(delete=True))
        assert "a.mp4" not in await synced.keys()
        confirmed.write_text(json.dumps({"of": {**owner, "source": plan.source}, "items": [item]}))
        await synced.run(await synced.plan(give_up=True))
        assert not confirmed.exists()


async def test_what_is_given_up_may_be_in_the_file_of_an_earlier_version_alone(s3: Bucket, tmp_path: Path) -> None:
    async with archive(s3) as room:
        synced = await prepared(room, s3, tmp_path)
        plan = await synced.plan(delete=True)
        owner = {"endpoint": plan.endpoint, "workspace": "newsroom", "project_id": plan.project_id}
        body = {"of": {**owner, "source": plan.source}, "items": [plan.removed[0].to_dict()]}
        (tmp_path / "j.confirmed").write_text(json.dumps(body))
        await synced.run(await synced.plan(give_up=True))
        assert not (tmp_path / "j.confirmed").exists()
        assert "a.mp4" in await synced.keys()


async def test_a_journal_in_postgresql_finishes_what_was_confirmed(s3: Bucket, tmp_path: Path, schema_url: str) -> None:
    async with archive(s3) as room:
        synced = await half_done(room, s3, tmp_path, schema_url)
        plan = await synced.plan(delete=True)
        assert ([one.key for one in plan.resumed], [one.key for one in plan.waiting]) == (["a.mp4"], ["b.mp4"])
        assert "1 asset will be deleted for good: confirmed 20" in plan.resumption
        await synced.run(plan)
        assert ([row[2] for row in execute(schema_url, "SELECT * FROM removals")], s3.get("b.mp4")) == (
            ["b.mp4"],
            film(size=5_001),
        )
        await synced.run(await synced.plan(give_up=True))
        left = "SELECT fingerprint FROM plans UNION SELECT key FROM removals UNION SELECT plan FROM confirmations"
        assert execute(schema_url, left) == []
        plan = await synced.plan(replace=True, delete=True)
        await synced.run(plan, confirm=plan.code)
        assert (await synced.keys(), s3.get("b.mp4")) == (AFTER, film(size=7_777))
        assert (await synced.plan()).counts == {"same": 4}


async def test_nothing_is_deleted_while_a_run_is_under_way_on_a_shared_journal(
    s3: Bucket, tmp_path: Path, schema_url: str
) -> None:
    async with archive(s3) as room:
        synced = await prepared(room, s3, tmp_path, schema_url)
        plan = await synced.plan(delete=True)
        other = "INSERT INTO members SELECT max(number), 'other', clock_timestamp() + interval '1 h' FROM runs"
        execute(schema_url, other)
        with pytest.raises(JournalError, match="a run is under way on it"):
            await synced.run(plan, confirm=plan.code)
        assert "a.mp4" in await synced.keys()
        lapse(schema_url, 1)
        await synced.run(plan, confirm=plan.code)
        assert "a.mp4" not in await synced.keys()


async def test_a_prefix_of_a_bucket(s3: Bucket, tmp_path: Path) -> None:
    async with archive(s3) as room:
        for name in ("in/a.mp4", "in/b.mp4", "other.mp4"):
            s3.put(name, film(size=5_000))
        synced = Synced(room, f"s3://{BUCKET}/in/", tmp_path / "j")
        assert (await synced.plan()).bytes == 0
        await synced.run()
        assert await synced.keys() == ["in/a.mp4", "in/b.mp4"]
        s3.ask("DELETE", f"/{BUCKET}/in/a.mp4")
        s3.put("in/b.mp4", film(size=6_000))
        plan = await synced.plan(delete=True, replace=True)
        assert plan.counts == {"gone": 1, "changed": 1}
        before = await synced.assets()
        await synced.run(plan, confirm=plan.code)
        after = await synced.assets()
        assert list(after) == ["in/b.mp4"]
        assert after["in/b.mp4"] != before["in/b.mp4"]
        assert s3.get("in/b.mp4") == film(size=6_000)
        s3.ask("DELETE", f"/{BUCKET}/in/b.mp4")
        assert [item.reason.partition(":")[0] for item in (await synced.plan(delete=True)).conflicts] == [
            "the folder is empty"
        ]
