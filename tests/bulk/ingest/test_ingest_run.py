"""Many media files from disk or bucket to their indexes: resumed, killed, stopped; the emulator beside a real S3."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from weakref import WeakSet

import pytest
from attrs import evolve

from mi_async import (
    AssetInput,
    AssetOutcome,
    Attempt,
    BulkError,
    BulkProgress,
    BulkRun,
    Hooks,
    IngestedAsset,
    InvalidArgumentError,
    JournalError,
    NotFoundError,
    PermissionDeniedError,
    RetryPolicy,
    Status,
    Storage,
    StoredObject,
)
from mi_async.bulk.inputs.media_files import read_assets
from mi_async.bulk.inputs.models import BadInput, PersonInput
from mi_async.bulk.journal.journal import Journal
from mi_async.bulk.journal.reader import read_journal
from mi_async.bulk.journal.records import AssetRecord, Identity
from mi_async.bulk.journal.retry import ReopenedAssets, retry_failed
from mi_async.bulk.plan.ingest import CHUNK, plan_assets, plan_listing
from mi_async.bulk.report.wording import transfer
from mi_async.emulator import Fault, Latency, Settings
from tests.support.films import film
from tests.support.newsroom import Newsroom, context_of, newsroom, no_lease_held
from tests.support.storage import BUCKET, Bucket

QUICK = Settings(
    importing=Latency.constant(1.0),
    queueing=Latency.constant(0.5),
    analysing=Latency.constant(5.0),
    summarizing=Latency.constant(1.0),
)
NEVER = evolve(QUICK, analysing=Latency.constant(100_000.0))
ONCE = RetryPolicy(max_attempts=1)
PLACE = "저녁 뉴스"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three clips, one of them deeper, beside what is no media file."""
    root = tmp_path / "footage"
    (root / PLACE).mkdir(parents=True)
    (root / PLACE / "clip 1.mp4").write_bytes(film(size=50_001))
    (root / "a.mp4").write_bytes(film(size=50_002))
    (root / "b.MOV").write_bytes(film(size=50_003, brand=b"qt  "))
    (root / "notes.txt").write_text("x")
    (root / ".hidden.mp4").write_bytes(b"x")
    return root


KEYS = ["a.mp4", "b.MOV", f"{PLACE}/clip 1.mp4"]


@asynccontextmanager
async def session_with(s3: Bucket, settings: Settings = QUICK, **options: Any) -> AsyncIterator[Newsroom]:
    """A session whose service looks into the bucket."""
    settings = evolve(settings, objects=s3.look)
    async with newsroom(settings, speed=300.0, storage=Storage(s3.url), **options) as room:
        yield room


def many(room: Newsroom, items: Any, journal: Path, **options: Any) -> BulkRun:
    return room.workspace.ingest_many(items, **{"journal": journal, "bucket": BUCKET, **options})


async def outcomes(run: BulkRun) -> dict[str, AssetOutcome]:
    found: dict[str, AssetOutcome] = {}
    async for outcome in run:
        assert isinstance(outcome, AssetOutcome)
        found[outcome.key] = outcome
    return found


async def project(room: Newsroom) -> int:
    return (await room.workspace.projects.list()).projects[0].project_id


async def numbers(room: Newsroom) -> list[int]:
    return [asset.asset_id async for asset in room.workspace.assets.all(await project(room))]


async def until(come: Callable[[], bool]) -> None:
    """Wait for something that another task brings about."""
    while not come():  # noqa: ASYNC110  what is waited for knows nothing of an event
        await asyncio.sleep(0.005)


def asked(room: Newsroom) -> int:
    return room.server.log.answers.total()


def rows(journal: Path) -> dict[str, AssetRecord]:
    with read_journal(journal) as reader:
        return {row.key: row for row in reader.assets()}


async def write(room: Newsroom, journal: Path, *records: AssetRecord) -> None:
    """A journal as a run that was killed has left it."""
    context = context_of(room)
    identity = Identity(context.endpoint, await context.account(), context.groups.name, "ingest")
    written = await Journal.open(journal, identity)
    await written.write(*records)
    await written.aclose("killed")


def print_of(path: Path) -> dict[str, Any]:
    found = path.stat()
    return {"size": found.st_size, "mtime_ns": found.st_mtime_ns}


@pytest.mark.usefixtures("leaves_nothing")
async def test_a_directory_goes_in_and_again_costs_nothing(s3: Bucket, folder: Path, tmp_path: Path) -> None:
    journal = tmp_path / "j"
    async with session_with(s3) as room:
        run = many(room, read_assets(folder), journal, summarize=True, locale="ko")
        found = await outcomes(run)
        assert {outcome.status for outcome in found.values()} == {Status.DONE}
        assert sorted(found) == sorted(KEYS)
        assert found["a.mp4"].place == f"s3://{BUCKET}/a.mp4"
        assert {outcome.state for outcome in found.values()} == {"summarized"}
        assert sorted(await numbers(room)) == sorted(outcome.asset_id or 0 for outcome in found.values())
        assert (run.report.sent, run.progress.sent) == (150_006, 150_006)
        assert "sent" in str(run.report)
        assert no_lease_held(room.session)
        s3.forget_counts()
        before = asked(room)
        again = many(room, read_assets(folder), journal, project=await project(room), summarize=True)
        report = await again
        assert report.counts == {Status.SKIPPED: 3}
        assert report.ok
        assert asked(room) - before == 3  # the test's own question for the project, the run's for project and bucket
        assert not s3.asked
    assert [s3.get(key) is not None for key in KEYS] == [True] * 3
    assert not list(tmp_path.glob(".*"))
    assert [row["status"] for row in report.rows()] == ["done"] * 3
    assert list(report.to_dataframe()["state"]) == ["summarized"] * 3


async def test_a_listing_is_registered_and_not_sent(s3: Bucket, folder: Path, tmp_path: Path) -> None:
    for key in KEYS:
        s3.put(f"in/{key}", (folder / key).read_bytes())
    s3.put("in/notes.txt", b"x")
    s3.put("out/c.mp4", film())
    journal = tmp_path / "j"
    async with session_with(s3) as room:
        s3.forget_counts()
        prefix = f"s3://{BUCKET}/in/"
        found = await outcomes(many(room, room.workspace.stored_assets(prefix), journal, analyze=False))
        assert sorted(found) == sorted(f"in/{key}" for key in KEYS)
        assert {outcome.status for outcome in found.values()} == {Status.DONE}
        assert s3.asked["object PUT"] == 0
        s3.forget_counts()
        again = await many(room, room.workspace.stored_assets(prefix), journal, analyze=False)
        assert again.counts == {Status.SKIPPED: 3}
        assert dict(s3.asked) == {"bucket GET": 1}
        more = await many(room, room.workspace.stored_assets(prefix), journal)
        assert (more.counts, room.server.log.count("indexes.request")) == ({Status.DONE: 3}, 3)
        with pytest.raises(InvalidArgumentError, match="not a prefix"):
            [item async for item in room.workspace.stored_assets("in/")]


async def test_what_is_no_media_file_is_refused_alone(s3: Bucket, folder: Path, tmp_path: Path) -> None:
    (folder / "z.mp4").write_bytes(b"nothing")
    items = [*read_assets(folder), AssetInput(folder / "a.mp4"), BadInput("list:9", "no path"), AssetInput("x", "y/")]
    items += [AssetInput(folder / "gone.mp4"), AssetInput(StoredObject(BUCKET, "nowhere.mp4"))]
    async with session_with(s3) as room:
        run = many(room, items, tmp_path / "j", analyze=False)
        report = await run
        assert report.counts == {Status.DONE: 3, Status.REJECTED: 5, Status.FAILED: 1}
        codes = sorted(outcome.problems[0].code for outcome in report.problems)
        assert codes == ["DUPLICATE", "INPUT", "INPUT", "NotFoundError", "format", "unreadable"]
        assert len(await numbers(room)) == 3
        with pytest.raises(BulkError, match="takes AssetInput"):
            await many(room, [PersonInput("x", ["y"])], tmp_path / "other")
        for project_given in ("없음", 4711):
            with pytest.raises(NotFoundError, match="no project"):
                await many(room, read_assets(folder), tmp_path / "third", project=project_given)
        with pytest.raises(BulkError, match="NoSuchBucket"):  # once, and not for each of them
            await many(room, read_assets(folder), tmp_path / "fourth", bucket="nowhere")
        with pytest.raises(JournalError, match="it belongs to ingest"):
            await room.workspace.enroll_many([], journal=tmp_path / "j")


async def test_a_registration_that_nobody_wrote_down_is_found(s3: Bucket, folder: Path, tmp_path: Path) -> None:
    """Killed between the registration and its row; and before it, where nothing is found."""
    journal, path = tmp_path / "j", folder / "a.mp4"
    s3.put("a.mp4", path.read_bytes())
    async with session_with(s3) as room:
        place = await project(room)
        older = await room.workspace.assets.register(place, key="a.mp4", bucket_name=BUCKET)
        lost = await room.workspace.assets.register(place, key="a.mp4", bucket_name=BUCKET)
        row = AssetRecord(place, BUCKET, "a.mp4", str(path), state="registering", fresh=True, **print_of(path))
        await write(room, journal, evolve(row, earlier=(older.asset_id,)))
        found = await outcomes(many(room, [AssetInput(path)], journal, if_exists="duplicate"))
        assert (found["a.mp4"].asset_id, found["a.mp4"].status) == (lost.asset_id, Status.DONE)
        assert len(await numbers(room)) == 2
        await write(room, tmp_path / "k", evolve(row, earlier=(older.asset_id, lost.asset_id)))
        found = await outcomes(many(room, [AssetInput(path)], tmp_path / "k", analyze=False))
        assert len(await numbers(room)) == 3
    assert rows(journal)["a.mp4"].status == "done"


@pytest.mark.parametrize("state", ["stored", "registered", "imported", "indexed"])
async def test_killed_after_each_step(s3: Bucket, folder: Path, tmp_path: Path, state: str) -> None:
    journal, path = tmp_path / "j", folder / "a.mp4"
    s3.put("a.mp4", path.read_bytes())
    async with session_with(s3) as room:
        workspace, place = room.workspace, await project(room)
        number: int | None = None
        if state != "stored":
            number = (await workspace.assets.register(place, key="a.mp4", bucket_name=BUCKET)).asset_id
        if state == "imported":
            await workspace.job(f"import:{workspace.name}:{place}:{number}")
        if state == "indexed":
            done = await workspace.ingest_asset(path, project=place, bucket=BUCKET)
            number = done.asset.asset_id
        row = AssetRecord(place, BUCKET, "a.mp4", str(path), asset_id=number, state=state, **print_of(path))
        await write(room, journal, row)
        s3.forget_counts()
        found = await outcomes(many(room, [AssetInput(path)], journal))
        assert found["a.mp4"].state == "indexed"
        assert len(await numbers(room)) == 1
        assert room.server.log.count("indexes.request") == 1
        assert s3.asked["object PUT"] == 0


async def test_an_analysis_that_failed_waits_for_retry(s3: Bucket, folder: Path, tmp_path: Path) -> None:
    journal, item = tmp_path / "j", AssetInput(folder / "a.mp4")
    async with session_with(s3, evolve(QUICK, analysing=Latency.constant(300.0))) as room:
        run = many(room, [item], journal)
        task = asyncio.create_task(outcomes(run))
        await until(lambda: room.server.log.count("indexes.status") > 0)
        await room.workspace.indexes.cancel(await project(room), (await numbers(room))[0])
        found = await task
        assert (found["a.mp4"].status, found["a.mp4"].problems[0].code) == (Status.PARTIAL, "AnalysisFailedError")
        again = await outcomes(many(room, [item], journal))
        assert (again["a.mp4"].status, room.server.log.count("indexes.request")) == (Status.PARTIAL, 1)
        assert again["a.mp4"].problems[0].code == "AnalysisFailedError"
        assert retry_failed(journal, code="other") == ReopenedAssets(0)
        assert retry_failed(journal) == ReopenedAssets(1)
        last = await outcomes(many(room, [item], journal))
        assert (last["a.mp4"].status, len(await numbers(room))) == (Status.DONE, 1)
        with read_journal(journal) as reader:
            assert not list(reader.problems())


async def test_an_import_that_failed_begins_anew_after_retry(s3: Bucket, folder: Path, tmp_path: Path) -> None:
    journal, item = tmp_path / "j", AssetInput(folder / "a.mp4")
    async with session_with(s3) as room:
        s3.poor.add("a.mp4")
        found = await outcomes(many(room, [item], journal))
        s3.poor.clear()
        assert (found["a.mp4"].status, found["a.mp4"].state) == (Status.FAILED, "registered")
        with read_journal(journal) as reader:
            (problem,) = reader.problems("ImportFailedError")
        assert (problem.status, problem.source) == ("failed", str(folder / "a.mp4"))
        assert retry_failed(journal) == ReopenedAssets(1)
        last = await outcomes(many(room, [item], journal))
        assert (last["a.mp4"].status, len(await numbers(room))) == (Status.DONE, 2)


@pytest.mark.parametrize("fault", [Fault.DROP_AFTER, Fault.ERROR_AFTER, Fault.ERROR_BEFORE])
async def test_a_registration_whose_answer_is_lost(s3: Bucket, folder: Path, tmp_path: Path, fault: Fault) -> None:
    async with session_with(s3, retry=ONCE) as room:
        room.server.faults.next("assets.register", fault)
        report = await many(room, read_assets(folder), tmp_path / "j", analyze=False)
        assert report.counts == {Status.DONE: 3}
        assert len(await numbers(room)) == 3


async def test_what_the_project_has_already(s3: Bucket, folder: Path, tmp_path: Path) -> None:
    item = AssetInput(folder / "a.mp4")
    async with session_with(s3) as room:
        first = (await outcomes(many(room, [item], tmp_path / "1")))["a.mp4"]
        second = (await outcomes(many(room, [item], tmp_path / "2")))["a.mp4"]
        assert (second.asset_id, second.reused, second.sent) == (first.asset_id, True, 0)
        refused = (await outcomes(many(room, [item], tmp_path / "3", if_exists="error")))["a.mp4"]
        assert (refused.status, refused.problems[0].code) == (Status.FAILED, "AlreadyExistsError")
        third = (await outcomes(many(room, [item], tmp_path / "4", if_exists="duplicate")))["a.mp4"]
        assert (third.reused, len(await numbers(room))) == (False, 2)
        assert room.server.log.count("indexes.request") == 2


async def test_an_older_object_is_not_taken_for_this_one(s3: Bucket, folder: Path, tmp_path: Path) -> None:
    """The object was replaced, and whoever stored the new one was killed before a row or an asset came of it."""
    item, there = AssetInput(folder / "a.mp4"), AssetInput(f"s3://{BUCKET}/a.mp4")
    async with session_with(s3, retry=ONCE) as room:
        old = (await outcomes(many(room, [item], tmp_path / "1", analyze=False)))["a.mp4"]
        assert s3.ask("DELETE", f"/{BUCKET}/a.mp4")[0] == 204
        (folder / "a.mp4").write_bytes(film(seconds=9, size=50_002))
        room.server.faults.next("assets.register", Fault.ERROR_BEFORE, times=3)
        killed = (await outcomes(many(room, [item], tmp_path / "2", analyze=False)))["a.mp4"]
        assert (killed.status, killed.sent) == (Status.PARKED, 50_002)
        new = (await outcomes(many(room, [item], tmp_path / "3", analyze=False)))["a.mp4"]
        assert (new.asset_id == old.asset_id, new.reused, new.sent) == (False, False, 0)
        same = (await outcomes(many(room, [there], tmp_path / "4", analyze=False)))["a.mp4"]
        assert (same.asset_id, same.reused) == (new.asset_id, True)
        assert await numbers(room) == [old.asset_id, new.asset_id]


@pytest.mark.parametrize("called", [KEYS, []])
async def test_runs_and_calls_of_a_session_take_turns(
    s3: Bucket, folder: Path, tmp_path: Path, called: list[str]
) -> None:
    async with session_with(s3, evolve(QUICK, latency=Latency.constant(3.0))) as room:
        runs = [many(room, read_assets(folder), tmp_path / str(number), analyze=False) for number in range(2)]
        calls = [room.workspace.ingest_asset(folder / key, key=key, bucket=BUCKET, analyze=False) for key in called]
        first, second, *rest = await asyncio.gather(*[outcomes(run) for run in runs], *calls)
        assert isinstance(first, dict)
        assert isinstance(second, dict)
        assert {outcome.status for outcome in [*first.values(), *second.values()]} == {Status.DONE}
        made = {outcome.asset_id for outcome in first.values()}
        assert made == {outcome.asset_id for outcome in second.values()} == set(await numbers(room))
        assert made >= {one.asset.asset_id for one in rest if isinstance(one, IngestedAsset)}
        assert s3.asked["object PUT"] == 3


@pytest.mark.parametrize("if_exists", ["reuse", "error"])
async def test_an_asset_that_is_gone_since_the_listing(
    s3: Bucket, folder: Path, tmp_path: Path, if_exists: str
) -> None:
    gone: list[int] = []

    async def before(attempt: Attempt) -> None:
        """Somebody deletes an asset just before it is looked at."""
        if gone and attempt.operation == "assets.get":
            room.server.state.workspace("newsroom").project(place).assets.pop(gone.pop())

    async with session_with(s3, hooks=Hooks(before=[before])) as room:
        place, item = await project(room), AssetInput(folder / "a.mp4")
        first = (await outcomes(many(room, [item], tmp_path / "1", analyze=False)))["a.mp4"]
        gone.append(first.asset_id or 0)
        again = (await outcomes(many(room, [item], tmp_path / "2", analyze=False, if_exists=if_exists)))["a.mp4"]
        assert (again.status, again.reused, gone) == (Status.DONE, False, [])
        assert await numbers(room) == [again.asset_id]


async def test_a_file_that_changed_is_not_taken_for_the_old_one(s3: Bucket, folder: Path, tmp_path: Path) -> None:
    journal, path = tmp_path / "j", folder / "a.mp4"
    async with session_with(s3) as room:
        await many(room, [AssetInput(path)], journal)
        os.utime(path, ns=(1, 1))
        report = await many(room, [AssetInput(path)], journal)  # only touched
        assert (report.counts, report.sent) == ({Status.DONE: 1}, 0)
        path.write_bytes(film(size=60_000))
        found = await outcomes(many(room, [AssetInput(path)], journal))
        assert found["a.mp4"].problems[0].code == "AlreadyExistsError"
        assert (await outcomes(many(room, [AssetInput(path)], journal)))["a.mp4"].status is Status.FAILED
        assert len(await numbers(room)) == 1


async def test_an_object_that_was_replaced_is_registered_anew(s3: Bucket, tmp_path: Path) -> None:
    journal = tmp_path / "j"
    s3.put("in/a.mp4", film(size=50_001))
    async with session_with(s3) as room:
        prefix = f"s3://{BUCKET}/in/"
        (first,) = (await outcomes(many(room, room.workspace.stored_assets(prefix), journal, analyze=False))).values()
        s3.put("in/a.mp4", film(size=60_001))
        (second,) = (await outcomes(many(room, room.workspace.stored_assets(prefix), journal, analyze=False))).values()
        assert (second.status, second.reused) == (Status.DONE, False)
        assert await numbers(room) == [first.asset_id, second.asset_id]
        assert rows(journal)["in/a.mp4"].size == 60_001


@pytest.mark.usefixtures("leaves_nothing")
@pytest.mark.parametrize("how", ["stop", "cancel"])
async def test_stopping_leaves_the_jobs_to_the_service(s3: Bucket, folder: Path, tmp_path: Path, how: str) -> None:
    journal = tmp_path / "j"
    async with session_with(s3, NEVER) as room:
        run = many(room, read_assets(folder), journal, grace=1_000_000.0)

        async def through() -> None:
            async for _ in run:
                raise AssertionError

        task = asyncio.create_task(through())
        await until(lambda: run.progress.pending == room.server.log.count("indexes.request") == 3)
        if how == "stop":
            run.stop()
            await asyncio.wait_for(task, 60)
        else:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(task, 60)
        assert (run.report.open, run.report.ok) == (3, False)
        assert {(row.status, row.state) for row in rows(journal).values()} == {("open", "imported")}
        second = many(room, read_assets(folder), journal)
        resumed = asyncio.create_task(outcomes(second))
        await until(lambda: second.progress.pending == 3)
        second.stop()
        assert await asyncio.wait_for(resumed, 60) == {}
        assert room.server.log.count("indexes.request") == 3


async def test_a_forbidden_object_ends_its_own_file_only(s3: Bucket, folder: Path, tmp_path: Path) -> None:
    s3.forbidden = {"a.mp4"}
    async with session_with(s3, retry=ONCE) as room:
        for _ in range(2):
            found = await outcomes(many(room, read_assets(folder), tmp_path / "j", analyze=False))
            assert found["a.mp4"].status is Status.PARKED
            assert found["a.mp4"].problems[0].code in {"AccessDenied", "403"}
            assert {found[key].status for key in KEYS[1:]} <= {Status.DONE, Status.SKIPPED}
        s3.forbidden = set()
        report = await many(room, read_assets(folder), tmp_path / "j", analyze=False)
        assert report.counts == {Status.DONE: 1, Status.SKIPPED: 2}


async def test_several_forbidden_objects_in_a_row_stop_the_run_and_the_next_one_gets_further(
    s3: Bucket, tmp_path: Path
) -> None:
    folder, count = tmp_path / "films", 40
    folder.mkdir()
    names = [f"{number:02}.mp4" for number in range(count)]
    for number, each in enumerate(names):
        (folder / each).write_bytes(film(size=50_000 + number))
    s3.forbidden = set(names[:5])
    async with session_with(s3, retry=ONCE) as room:
        with pytest.raises(
            BulkError, match="several different items in a row were refused for the same reason"
        ) as stop:
            await many(room, read_assets(folder), tmp_path / "j", analyze=False)
        assert isinstance(stop.value.__cause__, PermissionDeniedError)
        before = len(list(room.server.state.workspaces["newsroom"].assets()))
        report = await many(room, read_assets(folder), tmp_path / "j", analyze=False)
        assert report.counts[Status.PARKED] == 5
        assert count - 5 == len(list(room.server.state.workspaces["newsroom"].assets())) >= before


async def test_parts_of_a_large_file_are_not_sent_again(s3: Bucket, tmp_path: Path) -> None:
    path, journal = tmp_path / "large.mp4", tmp_path / "j"
    path.write_bytes(film(size=17 * 2**20))
    s3.refuse = lambda kind, query: (
        ("403 Forbidden", "InvalidAccessKeyId") if kind == "part PUT" and query["partNumber"] == ["3"] else None
    )
    async with session_with(s3, retry=ONCE) as room:
        report = await many(room, [AssetInput(path)], journal, analyze=False)
        assert report.counts == {Status.PARKED: 1}
        arrived = set(s3.arrived())
        s3.refuse = lambda _kind, _query: None
        s3.forget_counts()
        report = await many(room, [AssetInput(path)], journal, analyze=False)
        assert report.counts == {Status.DONE: 1}
    assert arrived
    assert not arrived & set(s3.parts)
    assert s3.get("large.mp4") == path.read_bytes()


def test_a_directory_is_read_in_the_order_of_its_keys(folder: Path) -> None:
    items = list(read_assets(folder))
    assert [item.key for item in items if isinstance(item, AssetInput)] == sorted(KEYS)
    with pytest.raises(InvalidArgumentError, match="no directory"):
        read_assets(folder / "a.mp4")


@pytest.mark.parametrize("state", ["registering", "imported"])
async def test_a_touched_file_is_no_other_one_where_there_is_to_be_one_asset(
    s3: Bucket, folder: Path, tmp_path: Path, state: str
) -> None:
    """Its own asset, even one whose registration nobody wrote down, is no reason to refuse it."""
    journal, path = tmp_path / "j", folder / "a.mp4"
    async with session_with(s3) as room:
        found = await outcomes(many(room, [AssetInput(path)], journal, if_exists="error", analyze=False))
        row = rows(journal)["a.mp4"]
        if state == "registering":
            await write(room, journal, evolve(row, state=state, asset_id=None, earlier=()))
        os.utime(path, ns=(1, 1))
        again = await outcomes(many(room, [AssetInput(path)], journal, if_exists="error"))
        assert (again["a.mp4"].status, again["a.mp4"].problems) == (Status.DONE, ())
        assert (again["a.mp4"].asset_id, again["a.mp4"].sent) == (found["a.mp4"].asset_id, 0)
        assert len(await numbers(room)) == 1


async def test_a_plan_tells_what_a_run_does(s3: Bucket, folder: Path, tmp_path: Path) -> None:
    (folder / "z.mp4").write_bytes(b"nothing")
    plan = plan_assets(read_assets(folder), summarize=True)
    assert (plan.items, plan.new, plan.uploads, plan.rejected, plan.bytes) == (4, 3, 3, 1, 150_006)
    assert plan.footage == pytest.approx(180)
    calls = {cost.operation: cost.calls for cost in plan.costs}
    assert (calls["assets.register"], calls["indexes.request"], calls["storage.put"]) == (3, 3, 3)
    assert "video to analyse" in str(plan)
    assert plan.as_dict()["reasons"] == {"format": 1}
    async with session_with(s3) as room:
        await many(room, read_assets(folder), tmp_path / "j", analyze=False)
    done = plan_assets(read_assets(folder), journal=tmp_path / "j", analyze=False)
    assert (done.skipped, done.rejected, done.bytes, done.ok) == (3, 1, 0, False)
    further = plan_assets(read_assets(folder), journal=tmp_path / "j")
    assert (further.resumed, further.bytes) == (3, 0)
    elsewhere = plan_assets(read_assets(folder), journal=tmp_path / "j", analyze=False, project=999_999)
    assert (elsewhere.skipped, elsewhere.new) == (0, 3)


async def test_a_listing_is_planned_as_it_comes() -> None:
    alive: WeakSet[AssetInput] = WeakSet()
    most = 0

    async def listing() -> AsyncIterator[AssetInput]:
        nonlocal most
        for number in range(4 * CHUNK + 1):
            item = AssetInput(f"s3://{BUCKET}/{number}.mp4", size=1_000)
            alive.add(item)
            most = max(most, len(alive))
            yield item
            del item

    plan = await plan_listing(listing())
    assert (plan.items, plan.new, plan.unknown) == (4 * CHUNK + 1,) * 3
    assert most <= CHUNK + 3


async def test_a_file_needs_a_bucket_and_an_object_has_one(s3: Bucket, folder: Path, tmp_path: Path) -> None:
    s3.put("in.mp4", (folder / "a.mp4").read_bytes())
    async with session_with(s3) as room:
        items = [AssetInput(f"s3://{BUCKET}/in.mp4")]
        report = await room.workspace.ingest_many(items, journal=tmp_path / "j", analyze=False)
        assert report.counts == {Status.DONE: 1}
        with pytest.raises(BulkError, match="is linked to no bucket"):
            await room.workspace.ingest_many(read_assets(folder), journal=tmp_path / "j")
        with pytest.raises(InvalidArgumentError, match="exclude each other"):
            many(room, [], tmp_path / "j", analyze=False, summarize=True)
        with pytest.raises(InvalidArgumentError, match="a path or a stored object"):
            AssetInput(7)  # type: ignore[arg-type]  # what a caller without types may do


def test_bytes_and_waits_are_told() -> None:
    moment = BulkProgress(open=40, total=100, sent=1_200_000, bandwidth=31e6, pending=40, elapsed=65.0)
    assert transfer(moment) == ["1.2 MB sent, 31.0 MB/s", "40 wait for the service"]
    assert transfer(evolve(moment, bandwidth=0.0, pending=0)) == ["1.2 MB sent"]
    assert transfer(BulkProgress()) == []
