"""A source that is watched: what is taken and when, and what survives."""

import asyncio
import os
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from mi_async import (
    AssetOutcome,
    InvalidArgumentError,
    JournalError,
    NotFoundError,
    ResourceError,
    RetryPolicy,
    Status,
    WatchPass,
)
from mi_async.emulator import Fault
from mi_async.storage.local_file import open_file
from mi_async.sync.watch import pause_after
from tests.support.films import film
from tests.support.newsroom import Newsroom
from tests.support.storage import BUCKET, Bucket
from tests.support.synced import ALL, Synced, archive, make_folder

pytestmark = pytest.mark.slow


class Watched:
    """A watch that a test goes through, look after look; ``between`` is called after each."""

    def __init__(self, room: Newsroom, source: Path | str, journal: Path) -> None:
        self.room, self.source, self.journal = room, source, journal
        self.passes: list[WatchPass] = []
        self.between: dict[int, Any] = {}

    def told(self, done: WatchPass) -> None:
        self.passes.append(done)
        self.between.get(done.number, lambda: None)()

    async def run(self, passes: int, **options: Any) -> list[AssetOutcome]:
        options = {"bucket": BUCKET, "analyze": False, "interval": 2.0, "progress": self.told, **options}
        watch = self.room.workspace.watch(self.source, journal=self.journal, passes=passes, **options)
        return [outcome async for outcome in watch]

    @property
    def unsettled(self) -> list[int]:
        return [done.unsettled for done in self.passes]


async def test_a_file_is_taken_once_it_has_stopped_changing(s3: Bucket, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "footage")
    late = folder / "late.mp4"
    async with archive(s3) as room:
        watched = Watched(room, folder, tmp_path / "j")
        watched.between = {
            1: lambda: late.write_bytes(film(size=1_000)),
            2: lambda: late.write_bytes(film(size=2_000)),
        }
        found = await watched.run(4)
        assert sorted(outcome.key for outcome in found) == sorted([*ALL, "late.mp4"])
        assert found[-1].key == "late.mp4"
        assert watched.unsettled == [4, 1, 1, 0]
        assert s3.get("late.mp4") == film(size=2_000)
        assert str(watched.passes[1]) == "pass 2: 5 files, 1 still changing, 4 done"
        # another process with the same journal has nothing to tell
        again = Watched(room, folder, tmp_path / "j")
        assert await again.run(3) == []
        assert again.passes[1].counts == {"skipped": 5}


async def test_it_never_deletes_and_never_replaces(
    s3: Bucket, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = make_folder(tmp_path / "footage")
    async with archive(s3) as room:
        await Synced(room, folder, tmp_path / "j").run()
        (folder / "a.mp4").unlink()
        (folder / "b.mp4").write_bytes(film(size=9_000))
        watched = Watched(room, folder, tmp_path / "j")
        assert await watched.run(3) == []
        assert [done.changed for done in watched.passes] == [0, 1, 0]
        assert "b.mp4 has changed since it was ingested" in caplog.text
        assert await Synced(room, folder, tmp_path / "j").keys() == ALL
        assert s3.get("b.mp4") == film(size=5_001)


async def test_a_file_that_cannot_be_compared_is_looked_at_again(
    s3: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_folder(tmp_path / "footage")
    left = iter([True])

    def dead_once(path: str) -> Any:
        if next(left, False):
            message = "Input/output error"
            raise ResourceError(message, source=path)
        return open_file(path)

    async with archive(s3) as room:
        await Synced(room, folder, tmp_path / "j").run()
        monkeypatch.setattr("mi_async.sync.folder_source.open_file", dead_once)
        os.utime(folder / "b.mp4")
        watched = Watched(room, folder, tmp_path / "j")
        assert [outcome.key for outcome in await watched.run(4)] == ["b.mp4"]
        counts = [(done.changed, done.counts) for done in watched.passes]
        assert counts == [(0, {}), (0, {"skipped": 3}), (0, {"done": 1}), (0, {})]
        assert next(left, None) is None


async def test_a_folder_that_cannot_be_read_is_told(
    s3: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, usual = make_folder(tmp_path / "footage"), os.scandir

    def dead(path: Any) -> Any:
        if str(path).endswith("뉴스"):
            raise OSError(5, "Input/output error", str(path))
        return usual(path)

    monkeypatch.setattr(os, "scandir", dead)
    async with archive(s3) as room:
        watched = Watched(room, folder, tmp_path / "j")
        watched.between = {2: monkeypatch.undo}
        assert sorted(outcome.key for outcome in await watched.run(4) if outcome.asset_id) == ALL
        assert [done.unreadable for done in watched.passes] == [1, 1, 0, 0]
        assert str(watched.passes[0]) == "pass 1: 2 files, 2 still changing, 1 folder cannot be read"


async def test_objects_of_a_bucket_are_taken_at_once(s3: Bucket, tmp_path: Path) -> None:
    async with archive(s3) as room:
        s3.put("in/a.mp4", film(size=5_000))
        watched = Watched(room, f"s3://{BUCKET}/in/", tmp_path / "j")
        watched.between = {1: lambda: s3.put("in/b.mp4", film(size=5_001))}
        assert [outcome.key for outcome in await watched.run(2)] == ["in/a.mp4", "in/b.mp4"]


async def test_outages_are_survived(s3: Bucket, tmp_path: Path) -> None:
    folder, away = make_folder(tmp_path / "footage"), tmp_path / "away"
    async with archive(s3, retry=RetryPolicy(max_attempts=1)) as room:
        watched = Watched(room, folder, tmp_path / "j")
        watched.between = {
            1: lambda: room.server.faults.next("projects.list", Fault.UNAVAILABLE),  # the run asks for it, too
            2: lambda: folder.rename(away),
            3: lambda: away.rename(folder),
        }
        found = await watched.run(5, patience=0.0)
        assert [bool(done.failure) for done in watched.passes] == [False, True, True, False, False]
        assert "no such directory" in watched.passes[2].failure
        assert {outcome.status for outcome in found} == {Status.DONE}
        assert sorted(outcome.key for outcome in found) == ALL


async def test_a_service_that_is_away_at_the_beginning_is_waited_for(s3: Bucket, tmp_path: Path) -> None:
    async with archive(s3, retry=RetryPolicy(max_attempts=1)) as room:
        room.server.faults.next("projects.list", Fault.UNAVAILABLE)
        watched = Watched(room, make_folder(tmp_path / "footage"), tmp_path / "j")
        assert sorted(outcome.key for outcome in await watched.run(3)) == ALL
        assert [bool(done.failure) for done in watched.passes] == [True, False, False]


async def test_what_no_later_look_mends_is_raised(s3: Bucket, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "footage")
    async with archive(s3) as room:
        with pytest.raises(InvalidArgumentError, match="no such directory"):
            await Watched(room, tmp_path / "nowhere", tmp_path / "j").run(1)
        with pytest.raises(NotFoundError):
            await Watched(room, folder, tmp_path / "j").run(2, project="nobody's")
        (empty := tmp_path / "empty").mkdir()
        for project in ("nobody's", 404):
            with pytest.raises(NotFoundError, match="has no project"):  # and not once the first file comes
                await Watched(room, empty, tmp_path / "j").run(1, project=project)
        with pytest.raises(InvalidArgumentError, match="is linked to no bucket"):
            await Watched(room, empty, tmp_path / "j").run(1, bucket=None)
        nowhere = room.session.workspace("nowhere").watch(empty, journal=tmp_path / "j", passes=1)
        with pytest.raises(NotFoundError):
            await anext(nowhere)
        wrongs: tuple[dict[str, Any], ...] = ({"interval": -1}, {"interval": 0}, {"passes": -1})
        for wrong in wrongs:
            with pytest.raises(InvalidArgumentError):
                room.workspace.watch(folder, journal=tmp_path / "j", **wrong)


def test_pauses_grow_to_a_bound() -> None:
    assert [pause_after(failures, 60.0) for failures in (0, 1, 2, 3, 4, 5, 10**6)] == [60, 120, 240, 480, 900, 900, 900]
    assert pause_after(9, 3600.0) == 3600


@pytest.mark.usefixtures("leaves_nothing")
async def test_it_is_left_between_two_looks(s3: Bucket, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "footage")
    async with archive(s3) as room:
        watch = room.workspace.watch(folder, journal=tmp_path / "j", interval=2.0, bucket=BUCKET, analyze=False)
        async with aclosing(watch) as outcomes:
            async for outcome in outcomes:
                assert outcome.status is Status.DONE
                break
        task = asyncio.ensure_future(
            anext(room.workspace.watch(folder, journal=tmp_path / "j", interval=1e6, bucket=BUCKET))
        )
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_journal_of_another_project_is_refused_as_by_a_sync(s3: Bucket, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "footage")
    async with archive(s3) as room:
        await Synced(room, folder, tmp_path / "j").run()
        third = (await room.workspace.projects.create("Third")).project_id
        with pytest.raises(JournalError, match=rf"registered the media .*, and this run is for project {third}:"):
            await Watched(room, folder, tmp_path / "j").run(2, project="Third")
        assert [asset async for asset in room.workspace.assets.all(third)] == []
        assert len(await Watched(room, folder, tmp_path / "other").run(2, project="Third")) == 4
