"""A folder against a project: what a plan lists, what a confirmed one does, and what nothing makes it do."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import evolve
from sqlalchemy import Connection

from mi_async import AnalysisOptions, InvalidArgumentError, PlanNotConfirmedError, Status, SyncState
from mi_async.bulk import plan_assets, read_assets
from mi_async.media.limits import MOST_IMAGE_BYTES
from tests.support.films import film
from tests.support.footage import first_project
from tests.support.storage import BUCKET, Bucket
from tests.support.synced import ALL, Synced, archive, make_folder

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "footage")


async def test_new_files_go_in_and_gone_ones_are_listed(s3: Bucket, folder: Path, tmp_path: Path) -> None:
    async with archive(s3) as room:
        synced = Synced(room, folder, tmp_path / "j")
        first = await synced.plan()
        assert (first.counts, first.bytes, first.code) == ({"new": 4}, 20_006, "")
        report = await synced.run(first)
        assert report.counts == {Status.DONE: 4}
        assert await synced.keys() == ALL
        (folder / "a.mp4").unlink()
        (folder / "e.mp4").write_bytes(film(size=9_000))
        plan = await synced.plan()
        assert plan.counts == {"same": 3, "new": 1, "gone": 1}
        assert [str(item.key) for item in plan.of(plan.items[0].state)] == ["a.mp4"]
        assert "gone, listed only" in str(plan)
        told = plan.as_dict()
        assert [(item["key"], item["size"]) for item in told["items"]] == [("a.mp4", None)]
        assert (told["gone"], [name for name in told["ingest"] if "gone" in name]) == (1, [])
        assert (plan.removed, plan.code) == ((), "")
        assert (await synced.run(plan)).counts == {Status.SKIPPED: 3, Status.DONE: 1}
        assert await synced.keys() == ["a.mp4", "b.mp4", "e.mp4", "뉴스/c.mp4", "뉴스/d.mp4"]


async def test_a_confirmed_plan_deletes_what_is_gone_and_no_other_code_does(
    s3: Bucket, folder: Path, tmp_path: Path
) -> None:
    async with archive(s3) as room:
        synced = Synced(room, folder, tmp_path / "j")
        await synced.run()
        (folder / "a.mp4").unlink()
        old = await synced.plan(delete=True)
        (folder / "b.mp4").unlink()
        plan = await synced.plan(delete=True, delete_objects=True)
        assert plan.warning == "2 assets and their objects would be deleted for good"
        for code in (None, "", "0000-0000", old.code, old):
            with pytest.raises(PlanNotConfirmedError):
                await synced.run(plan, confirm=code)
        assert await synced.keys() == ALL
        run = room.workspace.sync(plan, confirm=plan.code, bucket=BUCKET, analyze=False)
        await run
        assert [removal.status for removal in run.removals] == ["deleted", "deleted"]
        assert await synced.keys() == ["뉴스/c.mp4", "뉴스/d.mp4"]
        assert (s3.get("a.mp4"), s3.get("뉴스/c.mp4") is not None) == (None, True)
        assert (await synced.plan(delete=True)).counts == {"same": 2}
        assert room.server.log.count("assets.delete") == 2


async def test_a_journal_is_checked_as_often_for_one_removal_as_for_many(
    s3: Bucket, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[Connection] = []
    monkeypatch.setattr("mi_async.bulk.journal.connection.check_pages", checked.append)
    async with archive(s3) as room:
        synced = Synced(room, folder, tmp_path / "j")
        await synced.run()
        counts = list[int]()
        for gone in (["a.mp4"], ["b.mp4", "뉴스/c.mp4"]):
            for name in gone:
                (folder / name).unlink()
            checked.clear()
            await synced.delete()
            counts.append(len(checked))
        assert await synced.keys() == ["뉴스/d.mp4"]
    assert counts[0] == counts[1]


async def test_changed_files_are_replaced_only_on_demand(s3: Bucket, folder: Path, tmp_path: Path) -> None:
    async with archive(s3) as room:
        synced = Synced(room, folder, tmp_path / "j")
        await synced.run()
        new = film(size=7_777)
        (folder / "a.mp4").write_bytes(new)
        os.utime(folder / "b.mp4")
        plan = await synced.plan()
        assert plan.counts == {"same": 3, "changed": 1}
        assert (await synced.run(plan)).counts == {Status.DONE: 1, Status.SKIPPED: 2}  # b.mp4 was touched
        assert s3.get("a.mp4") == film(size=5_000)
        assert (await synced.plan()).bytes == 0
        plan = await synced.plan(replace=True)
        assert plan.bytes == 7_777
        assert plan.warning == "1 asset would be replaced for good"
        await synced.run(plan, confirm=plan.code)
        assert (s3.get("a.mp4"), await synced.keys()) == (new, ALL)
        assert (await synced.plan(replace=True)).counts == {"same": 4}


async def test_options_of_an_ingestion_are_refused_by_all_who_take_them(
    s3: Bucket, folder: Path, tmp_path: Path
) -> None:
    async with archive(s3) as room:
        plan = await Synced(room, folder, tmp_path / "j").plan()
        workspace, analysis = room.workspace, AnalysisOptions(analysis_person_count=11)
        starts: list[Callable[[], object]] = [
            lambda: workspace.ingest_many([], journal=tmp_path / "j", analysis=analysis),
            lambda: workspace.sync(plan, analysis=analysis),
            lambda: workspace.watch(folder, journal=tmp_path / "j", analysis=analysis),
        ]
        for start in starts:
            with pytest.raises(InvalidArgumentError, match="analysis_person_count"):
                start()


async def test_a_plan_tells_of_new_files_what_a_dry_run_tells(s3: Bucket, folder: Path, tmp_path: Path) -> None:
    (folder / "broken.mp4").write_bytes(b"no video at all")
    (folder / "empty.png").write_bytes(b"")
    (folder / "notes.txt").write_text("nothing for the service")
    async with archive(s3) as room:
        synced = Synced(room, folder, tmp_path / "j")
        plan = await synced.plan(analyze=False)
        dry = plan_assets(read_assets(folder), analyze=False)
        assert evolve(plan.ingest, problems=dry.problems) == dry
        assert [one.as_row() for one in plan.ingest.problems] == [one.as_row() for one in dry.problems]
        assert plan.counts == {"new": 4, "rejected": 2}
        assert plan.bytes == dry.bytes == 20_006
        told = {item.key: f"{folder / item.key}: {item.reason}" for item in plan.of(SyncState.REJECTED)}
        assert told == {one.key: one.problems[0].message for one in dry.problems}
        assert f"  rejected: {folder / 'broken.mp4'}: no mp4, " in str(plan)
        assert "  passed over" in str(plan)
        report = await synced.run(plan)
        assert report.counts == {Status.DONE: plan.ingest.new, Status.REJECTED: plan.ingest.rejected}
        again = await synced.plan(analyze=False)
        assert (again.ingest.skipped, again.ingest.rejected, again.counts) == (4, 2, {"same": 4, "rejected": 2})
        (folder / "broken.mp4").write_bytes(film(size=4_000))
        await room.workspace.assets.delete(await first_project(room.workspace), (await synced.assets())["a.mp4"])
        plan = await synced.plan(analyze=False)
        assert (plan.counts, plan.ingest.new) == ({"same": 3, "missing": 1, "new": 1, "rejected": 1}, 2)
        assert (await synced.run(plan)).counts == {Status.DONE: 2, Status.SKIPPED: 3, Status.REJECTED: 1}


async def test_a_name_that_is_no_text_is_rejected_and_deletes_nothing(s3: Bucket, folder: Path, tmp_path: Path) -> None:
    try:
        Path(os.fsdecode(os.fsencode(folder) + b"/\xff.mp4")).write_bytes(film(size=5_000))
    except OSError:  # of a file system that has none
        pytest.skip("this file system takes names of text only")
    async with archive(s3) as room:
        synced = Synced(room, folder, tmp_path / "j")
        for state in ("new", "same"):
            plan = await synced.plan(delete=True)
            assert (plan.counts, plan.ingest.rejected) == ({state: 4, "rejected": 1}, 1)
            assert plan.of(SyncState.REJECTED)[0].reason == r"not an object of a bucket: '\udcff.mp4'"
            assert (await synced.run(plan)).counts[Status.REJECTED] == 1
        assert await synced.keys() == ALL


async def test_a_plan_of_a_bucket_tells_of_objects_that_are_too_large(s3: Bucket, tmp_path: Path) -> None:
    s3.put("in/a.mp4", film(size=5_000))
    s3.put("in/b.png", bytes(MOST_IMAGE_BYTES + 1))
    async with archive(s3) as room:
        plan = await Synced(room, f"s3://{BUCKET}/in/", tmp_path / "j").plan()
        assert plan.counts == {"new": 1, "rejected": 1}
        assert (plan.ingest.new, plan.ingest.rejected, plan.of(SyncState.REJECTED)[0].key) == (1, 1, "in/b.png")
