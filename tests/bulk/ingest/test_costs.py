"""Costs of a media file, alone and in a bulk run: at the service from the emulator's log, at the storage from S3's.

Invariant: what one file costs alone is what it costs in a run of many, which asks for the project once besides.
"""

import asyncio
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from attrs import evolve, frozen

from mi_async import Attempt, Hooks, MediaRejectedError, MIError, Polling, RetryPolicy, Storage
from mi_async.bulk.engine.outcome import Status
from mi_async.bulk.inputs.media_files import read_assets
from mi_async.emulator import Fault, Latency, Rejection, Settings
from mi_async.storage.part_layout import LEAST_PART
from tests.support.bulk import outcomes
from tests.support.costs import added, costs
from tests.support.films import film
from tests.support.footage import first_project
from tests.support.newsroom import Newsroom, newsroom
from tests.support.storage import BUCKET, Bucket

pytestmark = pytest.mark.slow

Cost: TypeAlias = Mapping[str, int]

NONE = Latency.none()
SETTINGS = Settings(importing=NONE, queueing=NONE, analysing=NONE, summarizing=NONE)
RETRY = RetryPolicy(random=lambda: 1.0)
CODE = Rejection(400, "10048", "Check the linked Object Storage settings")

INDEX = {"indexes.request": 1, "indexes.status": 1, "indexes.get": 1}
WAIT = {"assets.import_status": 1, "assets.get": 1}
SERVICE = {"workspaces.get": 1, "assets.list": 1, "assets.register": 1, **WAIT, **INDEX}
AGAIN = {
    "workspaces.get": 1,
    "assets.list": 1,
    "assets.import_status": 2,
    "assets.get": 2,
    "indexes.status": 1,
    "indexes.get": 1,
}
"""The asset that is there is looked at before it is waited for; its index, which is there, is not asked about twice."""
ONE_PIECE = {"object HEAD": 2, "object PUT": 1}
"""With each registration one HEAD is the service's own."""
THREE_PARTS = {"object HEAD": 4, "begin POST": 1, "part PUT": 3, "upload POST": 1}


@frozen
class Room:
    """A session whose service looks into the bucket, and a file to ingest."""

    news: Newsroom
    s3: Bucket
    project: int
    clip: Path

    async def one(self, _journal: Path | None = None) -> None:
        await self.news.workspace.ingest_asset(self.clip, project=self.project, bucket=BUCKET, key=self.clip.name)

    async def many(self, journal: Path) -> Status:
        items = read_assets(self.clip.parent)
        run = self.news.workspace.ingest_many(items, journal=journal, bucket=BUCKET, project=self.project)
        (outcome,) = (await outcomes(run)).values()
        return outcome.status


def clip_in(folder: Path, size: int = 50_000) -> Path:
    (folder / "in").mkdir()
    clip = folder / "in" / "a.mp4"
    clip.write_bytes(film(size=size))
    return clip


def run(main: Any, s3: Bucket, clip: Path, **options: Any) -> None:
    """Run with an emulator whose service looks into the bucket."""

    async def connected() -> None:
        settings = evolve(SETTINGS, objects=s3.look)
        async with newsroom(settings, speed=200.0, storage=Storage(s3.url), retry=RETRY, **options) as news:
            room = Room(news, s3, await first_project(news.workspace), clip)
            s3.forget_counts()
            await main(room)

    asyncio.run(connected())


@pytest.mark.parametrize("parts", [1, 3])
def test_without_a_fault_and_then_again(parts: int, s3: Bucket, tmp_path: Path) -> None:
    clip = clip_in(tmp_path, 50_000 if parts == 1 else 2 * LEAST_PART + 5)

    async def main(room: Room) -> None:
        with costs(room.news.server, SERVICE):
            await room.one()
        assert s3.asked == (ONE_PIECE if parts == 1 else THREE_PARTS)
        s3.forget_counts()
        with costs(room.news.server, AGAIN):
            await room.one()
        assert s3.asked == {"object HEAD": 2}

    run(main, s3, clip)


@pytest.mark.parametrize("parts", [1, 3])
def test_many_cost_what_one_costs_and_nothing_again(parts: int, s3: Bucket, tmp_path: Path) -> None:
    clip = clip_in(tmp_path, 50_000 if parts == 1 else 2 * LEAST_PART + 5)

    async def main(room: Room) -> None:
        with costs(room.news.server, {**SERVICE, "projects.list": 1}):
            assert await room.many(tmp_path / "j") is Status.DONE
        assert s3.asked == (ONE_PIECE if parts == 1 else THREE_PARTS)
        s3.forget_counts()
        with costs(room.news.server, {"projects.list": 1, "workspaces.get": 1}):
            assert await room.many(tmp_path / "j") is Status.SKIPPED
        assert not s3.asked

    run(main, s3, clip)


@pytest.mark.parametrize("parts", [1, 3])
def test_many_whose_journal_was_lost_cost_a_look_and_nothing_is_there_twice(
    parts: int, s3: Bucket, tmp_path: Path
) -> None:
    clip = clip_in(tmp_path, 50_000 if parts == 1 else 2 * LEAST_PART + 5)

    async def main(room: Room) -> None:
        assert await room.many(tmp_path / "lost") is Status.DONE
        s3.forget_counts()
        with costs(room.news.server, {**AGAIN, "projects.list": 1}):
            assert await room.many(tmp_path / "new") is Status.DONE
        assert s3.asked == {"object HEAD": 2}
        with costs(room.news.server, {"projects.list": 1, "workspaces.get": 1}):
            assert await room.many(tmp_path / "new") is Status.SKIPPED

    run(main, s3, clip)


@pytest.mark.parametrize("place", SERVICE)
def test_one_fault_costs_one_request(place: str, s3: Bucket, tmp_path: Path) -> None:
    lost = {"assets.list": 1} if place == "assets.register" else {place: 1}
    failed = {**lost, place: 1}
    cases = [(Fault.RATE_LIMITED, {place: 1}), (Fault.ERROR_BEFORE, failed), (Fault.DROP_AFTER, lost)]
    clip = clip_in(tmp_path)

    async def main(room: Room) -> None:
        for number, (fault, more) in enumerate(cases):
            room.news.server.faults.next(place, fault)
            clip.write_bytes(film(size=50_000 + number))
            renamed = clip.rename(clip.with_name(f"{number}.mp4"))
            with costs(room.news.server, added(SERVICE, more)):
                await evolve(room, clip=renamed).one()
            renamed.rename(clip)

    run(main, s3, clip)


@pytest.mark.parametrize(("fault", "more"), [(Fault.ERROR_BEFORE, 1), (Fault.DROP_AFTER, 0)])
def test_a_registration_in_a_run_of_many_is_looked_for_before_another(
    fault: Fault, more: int, s3: Bucket, tmp_path: Path
) -> None:
    clip = clip_in(tmp_path)

    async def main(room: Room) -> None:
        room.news.server.faults.next("assets.register", fault)
        cost = {**SERVICE, "projects.list": 1, "assets.list": 2, "assets.register": 1 + more}
        with costs(room.news.server, cost):
            assert await room.many(tmp_path / "j") is Status.DONE

    run(main, s3, clip)


@pytest.mark.parametrize(
    ("kind", "parts", "more"),
    [
        ("object PUT", 1, {"object HEAD": 1}),
        ("object HEAD", 1, {"object HEAD": 1}),
        ("begin POST", 3, {"begin POST": 1}),
        ("part PUT", 3, {"part PUT": 1}),
        ("upload POST", 3, {"upload DELETE": 1}),
        ("object HEAD", 3, {"object HEAD": 1}),
    ],
)
def test_a_lost_answer_of_the_storage(kind: str, parts: int, more: Cost, s3: Bucket, tmp_path: Path) -> None:
    """A lost PUT or completion costs a look, and the file is not sent twice."""
    clip = clip_in(tmp_path, 50_000 if parts == 1 else 2 * LEAST_PART + 5)

    async def main(room: Room) -> None:
        s3.lose.add(kind)
        with costs(room.news.server, SERVICE):
            await room.one()
        assert s3.asked == added(ONE_PIECE if parts == 1 else THREE_PARTS, more)

    run(main, s3, clip)


def test_a_storage_that_forbids_is_asked_once_and_the_service_for_nothing_more(s3: Bucket, tmp_path: Path) -> None:
    clip = clip_in(tmp_path)

    async def main(room: Room) -> None:
        s3.forbidden.add(clip.name)
        with costs(room.news.server, {"workspaces.get": 1, "assets.list": 1}), pytest.raises(MIError):
            await room.one()
        assert s3.asked["object PUT"] == 1

    run(main, s3, clip)


def test_a_refused_registration_is_not_repeated(s3: Bucket, tmp_path: Path) -> None:
    clip = clip_in(tmp_path)
    cost = {"workspaces.get": 1, "assets.list": 1, "assets.register": 1}

    async def main(room: Room) -> None:
        room.news.server.faults.next("assets.register", CODE)
        with costs(room.news.server, cost), pytest.raises(MIError):
            await room.one()

    run(main, s3, clip)


def test_a_file_that_breaks_a_rule_costs_nothing(s3: Bucket, tmp_path: Path) -> None:
    clip = clip_in(tmp_path)
    clip.write_bytes(film(width=100, height=100, size=50_000))

    async def main(room: Room) -> None:
        with costs(room.news.server, {}), pytest.raises(MediaRejectedError):
            await room.one()
        assert not s3.asked

    run(main, s3, clip)


LOOKED_FOR = {**INDEX, "indexes.status": 2}
"""An index is looked for before it is asked for again."""
KILLED: list[tuple[str, str, Cost, Cost]] = [
    ("before", "assets.register", {"assets.list": 1, "assets.register": 1, **WAIT, **INDEX}, {"object HEAD": 1}),
    ("after", "assets.register", {"assets.list": 1, **WAIT, **LOOKED_FOR}, {}),
    ("before", "assets.import_status", {**WAIT, **LOOKED_FOR}, {}),
    ("before", "indexes.request", LOOKED_FOR, {}),
    ("after", "indexes.request", {"indexes.status": 1, "indexes.get": 1}, {}),
    ("before", "indexes.get", {"indexes.status": 1, "indexes.get": 1}, {}),
]


@pytest.mark.parametrize(("when", "place", "cost", "asked"), KILLED)
def test_killed_and_resumed(when: str, place: str, cost: Cost, asked: Cost, *, s3: Bucket, tmp_path: Path) -> None:
    clip = clip_in(tmp_path)
    (before := tmp_path / "before").mkdir()
    doomed: list[asyncio.Task[Any]] = []

    async def kill(attempt: Attempt, *_outcome: object) -> None:
        if attempt.operation == place and doomed:
            shutil.copytree(before, tmp_path / "after")  # what a process that is killed now leaves behind
            doomed.pop().cancel()
            await asyncio.Event().wait()

    async def main(room: Room) -> None:
        doomed.append(task := asyncio.create_task(room.many(before / "j")))
        with pytest.raises(asyncio.CancelledError):
            await task
        s3.forget_counts()
        with costs(room.news.server, {**cost, "projects.list": 1, "workspaces.get": 1}):
            assert await room.many(tmp_path / "after" / "j") in {Status.DONE, Status.SKIPPED}
        assert s3.asked == asked
        assert len([each async for each in room.news.workspace.assets.all(room.project)]) == 1

    run(main, s3, clip, hooks=Hooks(before=[kill]) if when == "before" else Hooks(after=[kill]))


def test_a_look_for_a_registration_waits_until_it_can_show(s3: Bucket, tmp_path: Path) -> None:
    clip = clip_in(tmp_path)

    async def main(room: Room) -> None:
        log = room.news.server.log
        room.news.server.faults.next("assets.register", Fault.DROP_AFTER)
        await room.one()
        assert log.arrivals["assets.list"][-1] - log.arrivals["assets.register"][0] >= 100.0

    run(main, s3, clip, polling=Polling(first=100.0, timeout=1_000.0))
