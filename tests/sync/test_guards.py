"""What a sync never deletes: guards that users of other tools have learnt the hard way."""

import asyncio
import os
import time
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from mi_async import (
    Hooks,
    InvalidArgumentError,
    JournalError,
    NotFoundError,
    Page,
    PlanNotConfirmedError,
    SyncPlan,
    SyncState,
)
from mi_async.api.assets import Asset, Assets
from mi_async.bulk import read_assets
from mi_async.emulator import Latency
from mi_async.emulator.bodies import BODIES
from mi_async.emulator.bodies.assets import EmulatedAssets
from tests.support.films import film
from tests.support.footage import first_project
from tests.support.storage import BUCKET, Bucket
from tests.support.synced import ALL, QUICK, Synced, archive, make_folder

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "footage")


def kept(plan: SyncPlan) -> dict[str, str]:
    return {item.key: item.reason.partition(":")[0] for item in plan.conflicts}


async def test_an_empty_folder_deletes_nothing_unless_that_is_said(s3: Bucket, folder: Path, tmp_path: Path) -> None:
    async with archive(s3) as room:
        synced = Synced(room, folder, tmp_path / "j")
        await synced.run()
        for name in ALL[2:]:
            (folder / name).unlink()
        plan = await synced.plan(delete=True, delete_objects=True)
        assert kept(plan) == dict.fromkeys(ALL[2:], "the folder is empty")
        assert plan.code == ""
        for name in ALL[:2]:
            (folder / name).unlink()
        await synced.run(await synced.plan(delete=True))
        assert await synced.keys() == ALL
        plan = await synced.plan(delete=True, delete_all=True)
        assert plan.counts == {"gone": 4}
        with pytest.raises(PlanNotConfirmedError):
            await synced.run(plan)
        await synced.run(plan, confirm=plan.code)
        assert await synced.keys() == []
        assert s3.get("a.mp4") is not None


async def test_a_disk_that_goes_after_the_plan_keeps_all(s3: Bucket, folder: Path, tmp_path: Path) -> None:
    async with archive(s3) as room:
        synced = Synced(room, folder, tmp_path / "j")
        await synced.run()
        (folder / "a.mp4").unlink()
        plan = await synced.plan(delete=True)
        assert [item.key for item in plan.removed] == ["a.mp4"]
        folder.rename(tmp_path / "unmounted")
        folder.mkdir()
        run = room.workspace.sync(plan, confirm=plan.code, bucket=BUCKET, analyze=False)
        await run
        assert [str(removal.status) for removal in run.removals] == ["kept"]
        assert await synced.keys() == ALL


async def test_a_folder_that_is_not_there_is_an_error(s3: Bucket, folder: Path, tmp_path: Path) -> None:
    async with archive(s3) as room:
        synced = Synced(room, folder, tmp_path / "j")
        await synced.run()
        folder.rename(tmp_path / "elsewhere")
        with pytest.raises(InvalidArgumentError, match="no such directory"):
            await synced.plan(delete=True, delete_all=True)


async def test_what_is_only_out_of_sight_is_kept(s3: Bucket, folder: Path, tmp_path: Path) -> None:
    async with archive(s3) as room:
        synced = Synced(room, folder, tmp_path / "j")
        await synced.run()
        (folder / "뉴스").rename(tmp_path / "moved")
        (folder / "뉴스").symlink_to(tmp_path / "moved")
        (folder / "loop").symlink_to(folder)
        (folder / "a.mp4").unlink()
        (folder / "a.mp4").symlink_to(tmp_path / "nowhere")
        plan = await synced.plan(delete=True, delete_all=True)
        unfit = {"a.mp4": "the file of other content cannot be ingested"}
        assert kept(plan) == {**dict.fromkeys(ALL[2:], "it is there, but not read"), **unfit}
        assert plan.code == ""


async def test_a_folder_that_cannot_be_read_stops_deletions_below_it(
    s3: Bucket, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with archive(s3) as room:
        synced = Synced(room, folder, tmp_path / "j")
        await synced.run()
        for name in (ALL[0], ALL[2]):
            (folder / name).unlink()
        usual = os.scandir

        def dead(path: Any) -> Any:  # a network disk that does not answer: root reads whatever has no permission
            if str(path).endswith("뉴스"):
                raise OSError(5, "Input/output error", str(path))
            return usual(path)

        monkeypatch.setattr(os, "scandir", dead)
        plan = await synced.plan(delete=True)
        assert kept(plan) == dict.fromkeys(ALL[2:], "it cannot be told whether it is there")
        assert [item.key for item in plan.removed] == ["a.mp4"]


async def test_a_folder_that_cannot_be_read_is_no_empty_one(
    s3: Bucket, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with archive(s3) as room:
        synced = Synced(room, folder, tmp_path / "j")
        await synced.run()

        def dead(path: Any) -> Any:
            raise OSError(5, "Input/output error", str(path))

        monkeypatch.setattr(os, "scandir", dead)
        plan = await synced.plan(delete=True, delete_all=True)
        assert (kept(plan), plan.code) == (dict.fromkeys(ALL, "it cannot be told whether it is there"), "")


async def test_a_place_to_mount_a_disk_at_may_hold_a_hidden_file(s3: Bucket, folder: Path, tmp_path: Path) -> None:
    async with archive(s3) as room:
        synced = Synced(room, folder, tmp_path / "j")
        await synced.run()
        for name in ALL[2:]:
            (folder / name).unlink()
        (folder / "뉴스" / ".not-mounted").touch()
        plan = await synced.plan(delete=True)
        assert (kept(plan), plan.code) == (dict.fromkeys(ALL[2:], "the folder is empty"), "")


async def test_a_file_that_changes_while_others_are_removed_replaces_nothing(
    s3: Bucket, folder: Path, tmp_path: Path
) -> None:
    async def change(request: object, *_more: object) -> None:
        if getattr(request, "operation", None) == "assets.delete":  # that of a.mp4, which is removed first
            (folder / "b.mp4").unlink(missing_ok=True)

    async with archive(s3, hooks=Hooks(before=[change])) as room:
        synced = Synced(room, folder, tmp_path / "j")
        await synced.run()
        (folder / "a.mp4").unlink()
        (folder / "b.mp4").write_bytes(film(size=9_000))
        plan = await synced.plan(delete=True, replace=True)
        run = room.workspace.sync(plan, confirm=plan.code, bucket=BUCKET, analyze=False)
        await run
        ended = [(removal.status.value, removal.reason) for removal in run.removals]
        assert ended == [("deleted", ""), ("kept", "the file has changed since the plan was made")]
        assert (await synced.keys(), s3.get("b.mp4")) == (ALL[1:], film(size=5_001))


async def test_two_files_of_one_name_do_not_take_turns(s3: Bucket, folder: Path, tmp_path: Path) -> None:
    async with archive(s3) as room:
        synced = Synced(room, folder, tmp_path / "j")
        names = unicodedata.normalize("NFC", "뉴스.mp4"), unicodedata.normalize("NFD", "뉴스.mp4")
        for number, name in enumerate(names):
            (folder / name).write_bytes(film(size=6_000 + number))
        await synced.run()
        plan = await synced.plan(replace=True)
        assert (plan.counts, plan.code) == ({"same": 5}, "")


async def test_an_object_is_in_the_way_of_a_file_whose_asset_somebody_has_deleted(
    s3: Bucket, folder: Path, tmp_path: Path
) -> None:
    async with archive(s3) as room:
        synced = Synced(room, folder, tmp_path / "j")
        await synced.run()
        project, assets = await first_project(room.workspace), await synced.assets()
        await room.workspace.assets.delete(project, assets["a.mp4"])
        (folder / "a.mp4").write_bytes(film(size=9_000))
        plan = await synced.plan()
        assert (plan.counts, (await synced.run(plan)).ok) == ({"changed": 1, "same": 3}, True)
        plan = await synced.plan(replace=True)
        await synced.run(plan, confirm=plan.code)
        assert (await synced.keys(), s3.get("a.mp4")) == (ALL, film(size=9_000))
        await room.workspace.assets.delete(project, (await synced.assets())["a.mp4"])
        (folder / "a.mp4").write_bytes(film(size=9_001))
        s3.ask("DELETE", f"/{BUCKET}/a.mp4")
        plan = await synced.plan()  # nothing is in the way
        assert (plan.counts, plan.code) == ({"missing": 1, "same": 3}, "")
        await synced.run(plan)
        assert (await synced.keys(), s3.get("a.mp4")) == (ALL, film(size=9_001))


async def test_assets_of_others_are_never_touched(s3: Bucket, folder: Path, tmp_path: Path) -> None:
    async with archive(s3) as room:
        project = await first_project(room.workspace)
        for name in ("a.mp4", "z.mp4"):
            s3.put(name, film(size=5_000))
            await room.workspace.assets.register(project, key=name, bucket_name=BUCKET)
        synced = Synced(room, folder, tmp_path / "j")
        await synced.run()
        assert await synced.keys() == sorted([*ALL, "z.mp4"])  # that of a.mp4 was reused
        (folder / "a.mp4").unlink()
        plan = await synced.plan(delete=True)
        assert kept(plan) == {"a.mp4": "the asset was there before; no run over this source has registered it"}
        assert plan.code == ""
        forged = evolve(plan, items=tuple([evolve(item, state=SyncState.GONE) for item in plan.items]))
        await synced.run(forged, confirm=forged.code)
        assert "a.mp4" in await synced.keys()
        (folder / "a.mp4").write_bytes(film(size=4_000))
        assert list(kept(await synced.plan(replace=True))) == ["a.mp4"]
        other = Synced(room, make_folder(tmp_path / "other"), tmp_path / "j")
        (tmp_path / "other" / "b.mp4").unlink()
        assert (await other.plan(delete=True)).counts == {"new": 3}


async def test_a_changed_file_that_cannot_be_ingested_replaces_nothing(
    s3: Bucket, folder: Path, tmp_path: Path
) -> None:
    async with archive(s3) as room:
        synced = Synced(room, folder, tmp_path / "j")
        await synced.run()
        (folder / "a.mp4").write_bytes(b"cut off while it was copied")
        for replace in (False, True):
            plan = await synced.plan(replace=replace)
            (item,) = plan.conflicts
            assert item.reason.startswith("the file of other content cannot be ingested: ")
            assert (plan.code, plan.bytes, plan.ingest.items, plan.ingest.ok) == ("", 0, 3, True)
        assert (await synced.run(plan)).ok
        assert (await synced.keys(), s3.get("a.mp4")) == (ALL, film(size=5_000))
        (folder / "b.mp4").write_bytes(film(size=9_000))
        plan = await synced.plan(replace=True)
        assert ([item.key for item in plan.removed], plan.ingest.new) == (["b.mp4"], 1)


async def test_too_many_deletions_are_refused(s3: Bucket, folder: Path, tmp_path: Path) -> None:
    async with archive(s3) as room:
        synced = Synced(room, folder, tmp_path / "j")
        await synced.run()
        (folder / "a.mp4").unlink()
        (folder / "b.mp4").unlink()
        plan = await synced.plan(delete=True, max_delete=1)
        assert plan.refusal.startswith("2 of 4 assets would be deleted, and 1 may be")
        with pytest.raises(InvalidArgumentError, match="max_delete=2"):
            await synced.run(plan, confirm=plan.code)
        assert await synced.keys() == ALL
        await synced.delete(max_delete=2)
        assert await synced.keys() == ALL[2:]


async def test_what_is_gone_at_the_service_comes_again_and_is_forgotten_with_its_file(
    s3: Bucket, folder: Path, tmp_path: Path
) -> None:
    async with archive(s3) as room:
        synced = Synced(room, folder, tmp_path / "j")
        await synced.run()
        project, assets = await first_project(room.workspace), await synced.assets()
        for name in ALL[:2]:
            await room.workspace.assets.delete(project, assets[name])
        (folder / "b.mp4").unlink()
        plan = await synced.plan()
        assert plan.counts == {"missing": 1, "forgotten": 1, "same": 2}
        await synced.run(plan)
        assert await synced.keys() == ["a.mp4", *ALL[2:]]
        assert (await synced.plan()).counts == {"same": 3}


class Keyless(EmulatedAssets):
    """A listing without keys."""

    async def list(self, project_id: int, *, page_num: int = 1, page_size: int | None = None) -> Page[Asset]:
        page = await super().list(project_id, page_num=page_num, page_size=page_size)
        return evolve(page, content=tuple(evolve(asset, key=None) for asset in page.content))


class Nameless(Keyless):
    """Details without a key, too."""

    async def get(self, project_id: int, asset_id: int) -> Asset:
        return evolve(await super().get(project_id, asset_id), key=None)


@pytest.mark.parametrize(("body", "gone"), [(Keyless, 1), (Nameless, 0)])
async def test_a_listing_without_keys(
    s3: Bucket, folder: Path, tmp_path: Path, body: type[EmulatedAssets], gone: int
) -> None:
    async with archive(s3, bodies={**BODIES, Assets: body}) as room:
        synced = Synced(room, folder, tmp_path / "j")
        await synced.run()
        (folder / "a.mp4").unlink()
        plan = await synced.plan(delete=True)
        assert (len(plan.removed), len(plan.conflicts)) == (gone, 1 - gone)


async def test_the_world_may_change_after_the_plan(s3: Bucket, folder: Path, tmp_path: Path) -> None:
    async with archive(s3, evolve(QUICK, analysing=Latency.constant(1e6))) as room:
        synced = Synced(room, folder, tmp_path / "j")
        await synced.run()
        project, assets = await first_project(room.workspace), await synced.assets()
        await room.workspace.analyze(project, assets["b.mp4"])
        contents = {name: (folder / name).read_bytes() for name in ALL}
        for name in ALL[:3]:
            (folder / name).unlink()
        plan = await synced.plan(delete=True, delete_objects=True)
        assert len(plan.removed) == 3
        (folder / "a.mp4").write_bytes(contents["a.mp4"])
        run = room.workspace.sync(plan, confirm=plan.code, bucket=BUCKET, analyze=False)
        await run
        ended = {removal.item.key: (removal.status.value, removal.reason) for removal in run.removals}
        assert ended["a.mp4"] == ("kept", "the file is there again")
        assert ended["b.mp4"][0] == "kept"
        assert "10017" in ended["b.mp4"][1]
        assert ended[ALL[2]] == ("deleted", "")
        assert s3.get("b.mp4") is not None
        plan = await synced.plan(delete=True)
        assert {item.key: item.state for item in plan.items} == {"b.mp4": SyncState.GONE}


async def test_plans_of_another_workspace_project_or_journal(s3: Bucket, folder: Path, tmp_path: Path) -> None:
    async with archive(s3, evolve(QUICK, workspaces=("newsroom", "sports"))) as room:
        synced = Synced(room, folder, tmp_path / "j")
        await synced.run()
        (folder / "a.mp4").unlink()
        plan = await synced.plan(delete=True)
        sports = room.session.workspace("sports")
        with pytest.raises(InvalidArgumentError, match="the plan is for workspace 'newsroom'"):
            sports.sync(plan, confirm=plan.code)
        with pytest.raises(JournalError, match="it belongs to ingest in workspace 'newsroom'"):
            await sports.plan_sync(folder, journal=synced.journal, settle=0)
        with pytest.raises(NotFoundError):
            await synced.plan(project="nobody's")
        other = (await room.workspace.projects.create("Evening news")).project_id
        with pytest.raises(JournalError, match=rf"registered the media .*, and this run is for project {other}:"):
            await synced.plan(project="Evening news")
        for wrong in ({"delete_all": True}, {"settle": -1}, {"delete": True, "max_delete": -1}):
            with pytest.raises(InvalidArgumentError):
                await synced.plan(**wrong)
        # a plan that somebody has changed by hand needs the code of what it says now
        more = evolve(plan, items=tuple([evolve(item, with_object=True) for item in plan.items]))
        unfinished = evolve(plan, delete=False, unfinished=plan.items)
        with pytest.raises(PlanNotConfirmedError):
            await synced.run(more, confirm=plan.code)
        await synced.run(unfinished)
        assert await synced.keys() == ALL


@pytest.mark.parametrize("ahead", [0, 60], ids=["", "by a machine whose clock is ahead"])
async def test_names_in_nfd_and_files_that_are_written(s3: Bucket, folder: Path, tmp_path: Path, ahead: float) -> None:
    async with archive(s3) as room:
        synced = Synced(room, folder, tmp_path / "j")
        await synced.run()
        (folder / "뉴스").rename(folder / unicodedata.normalize("NFD", "뉴스"))
        assert (await synced.plan(delete=True)).counts == {"same": 4}
        new = folder / "e.mp4"
        new.write_bytes(film(size=4_000))
        os.utime(folder / "a.mp4", (4e9, 4e9))  # the clock of a camera

        async def writing() -> None:
            size = 4_000
            while True:
                new.write_bytes(film(size=(size := size + 1)))
                os.utime(new, (moment := time.time() + ahead, moment))
                await asyncio.sleep(0.005)

        writer = asyncio.create_task(writing())
        plan = await synced.plan(settle=30)
        writer.cancel()
        assert plan.counts == {"same": 4, "unsettled": 1}
        await synced.run(plan)
        assert await synced.keys() == ALL


async def test_objects_of_others_are_left(s3: Bucket, folder: Path, tmp_path: Path) -> None:
    async with archive(s3) as room:
        for number, name in enumerate(ALL[:2]):
            s3.put(name, film(size=5_000 + number))  # by other software, and the same as the files
        synced = Synced(room, folder, tmp_path / "j")
        await synced.run()
        assert await synced.keys() == ALL
        (folder / "a.mp4").unlink()
        (folder / "b.mp4").write_bytes(film(size=9_000))
        plan = await synced.plan(delete=True, delete_objects=True, replace=True)
        run = room.workspace.sync(plan, confirm=plan.code, bucket=BUCKET, analyze=False)
        await run
        ended = {removal.item.key: (removal.status.value, removal.reason) for removal in run.removals}
        foreign = "no run has stored it"
        assert ended == {"a.mp4": ("deleted", f"the object was left: {foreign}"), "b.mp4": ("kept", foreign)}
        assert (s3.get("a.mp4"), s3.get("b.mp4")) == (film(size=5_000), film(size=5_001))
        assert await synced.keys() == ALL[1:]


async def test_an_object_that_somebody_has_replaced_is_left(s3: Bucket, folder: Path, tmp_path: Path) -> None:
    async with archive(s3) as room:
        synced = Synced(room, folder, tmp_path / "j")
        await synced.run()
        theirs = film(size=8_000)
        for name in ALL[:2]:
            s3.put(name, theirs)
        (folder / "a.mp4").unlink()
        (folder / "b.mp4").write_bytes(film(size=9_000))
        plan = await synced.plan(delete=True, delete_objects=True, replace=True)
        assert [item.key for item in plan.removed] == ALL[:2]
        await synced.run(plan, confirm=plan.code)
        assert (s3.get("a.mp4"), s3.get("b.mp4")) == (theirs, theirs)


async def test_an_object_that_an_asset_of_another_project_uses_is_left(
    s3: Bucket, folder: Path, tmp_path: Path
) -> None:
    async with archive(s3) as room:
        synced = Synced(room, folder, tmp_path / "j")
        await synced.run()
        third = (await room.workspace.projects.create("Third")).project_id
        await room.workspace.ingest_many(
            read_assets(folder), journal=synced.journal, project="Third", bucket=BUCKET, analyze=False
        )
        (folder / "a.mp4").unlink()
        (folder / "b.mp4").write_bytes(film(size=9_000))
        plan = await synced.plan(delete=True, delete_objects=True, replace=True)
        (item,) = plan.removed
        stays = f"of project {third} is of the same object"
        assert (item.key, item.with_object, item.reason.endswith(stays)) == ("a.mp4", False, True)
        assert list(kept(plan)) == ["b.mp4"]
        # a plan that was confirmed before the other project had them
        forged = evolve(
            plan,
            items=tuple(
                [
                    evolve(one, state=SyncState(state), with_object=True, reason="")
                    for one, state in zip(plan.items, ("gone", "changed"), strict=True)
                ]
            ),
        )
        run = room.workspace.sync(forged, confirm=forged.code, bucket=BUCKET, analyze=False)
        await run
        ended = {removal.item.key: removal.as_row() for removal in run.removals}
        assert {key: row["status"] for key, row in ended.items()} == {"a.mp4": "deleted", "b.mp4": "kept"}
        assert all(row["reason"].endswith(stays) for row in ended.values())
        assert (s3.get("a.mp4"), s3.get("b.mp4")) == (film(size=5_000), film(size=5_001))
        # the last asset of an object takes it along
        plan = await synced.plan(delete=True, delete_objects=True, project="Third")
        assert [(one.key, one.with_object) for one in plan.removed] == [("a.mp4", True)]
        await synced.run(plan, confirm=plan.code)
        assert s3.get("a.mp4") is None


async def test_an_object_that_is_registered_twice_is_left(s3: Bucket, folder: Path, tmp_path: Path) -> None:
    async with archive(s3) as room:
        synced = Synced(room, folder, tmp_path / "j")
        await synced.run()
        again = await room.workspace.assets.register(
            await first_project(room.workspace), key="a.mp4", bucket_name=BUCKET
        )
        (folder / "a.mp4").unlink()
        plan = await synced.plan(delete=True, delete_objects=True)
        assert f"the object stays: asset {again.asset_id} of project" in str(plan)
        await synced.run(plan, confirm=plan.code)
        assert (await synced.assets())["a.mp4"] == again.asset_id
        assert s3.get("a.mp4") == film(size=5_000)
