"""A journal that is lost after a kill at any instant and rebuilt: the end is that of a run which nothing disturbed."""

import asyncio
import hashlib
import os
import random
import sys
from collections.abc import Sized
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from attrs import evolve

import mi_async
from mi_async import Clock, emulator
from mi_async.bulk.rebuild.unfinished_journal import UNFINISHED
from mi_async.emulator import Latency, Settings
from mi_async.emulator.state import EmulatedUpload
from mi_async.emulator.workspace import EmulatedPerson
from mi_async.workflows.thumbnail_names import upload_name
from tests.support.bulk import rows
from tests.support.bulk_child import people
from tests.support.films import film
from tests.support.killing import SPEED, Faces, Films, make_people, settings
from tests.support.storage import bucket

SEED = int(os.environ.get("MI_ASYNC_SOAK_SEED", "15"))
PERSONS = 20
MOST_KILLS = 20


async def lost_and_rebuilt(runs: int, tmp_path: Path) -> list[str]:
    folder = make_people(tmp_path / "people", PERSONS)
    rng = random.Random(SEED)  # noqa: S311  not cryptography
    wrong: list[str] = []
    async with (
        emulator.serve(settings=settings(runs, 0.0, SEED), clock=Clock(SPEED)) as server,
        mi_async.connect(server.credentials, base_url=server.url, clock=Clock(SPEED)) as session,
    ):

        def victim(number: int, journal: str) -> Faces:
            return Faces(server=server, room=f"room-{number}", folder=folder, journal=tmp_path / f"{number}.{journal}")

        for number in range(runs):
            persons, most = server.state.workspaces[f"room-{number}"].persons, rng.randrange(PERSONS - 5)
            struck = await victim(number, "lost").run(kill_when=partial(_more_than, persons, most))
            assert struck is None
            await asyncio.sleep(0.1)  # what the killed client had sent has reached the server by then
            after = victim(number, "new")
            there = len(server.state.workspaces[after.room].persons)
            rebuilt = await session.workspace(after.room).rebuild_journal(people(folder), journal=after.journal)
            complete, found = rebuilt.counts.get("complete", 0), PERSONS - rebuilt.counts.get("absent", 0)
            rows = await after.run()
            assert rows is not None
            skipped = [row["status"] for row in rows].count("skipped")
            told = [fault for fault in after.faults() if not fault.startswith("nobody tells of")]
            if (there, complete) != (found, skipped):
                told.append(f"of {there} persons {found} were found, of {complete} complete {skipped} skipped")
            wrong += [f"run {number}, {there} persons there: {fault}" for fault in told]
            print(f"run {number}: {rebuilt.counts}")  # noqa: T201  what a soak is for
    return wrong


def _more_than(things: Sized, most: int) -> bool:
    return len(things) > most


@pytest.mark.slow
async def test_killed_once_and_rebuilt(tmp_path: Path) -> None:
    assert await lost_and_rebuilt(2, tmp_path) == []


@pytest.mark.soak
async def test_killed_at_forty_instants_and_rebuilt(tmp_path: Path) -> None:
    assert await lost_and_rebuilt(40, tmp_path) == []


def _enrolled(server: emulator.Server, folder: Path, part: int) -> None:
    """Let the service have all people of a folder but each so-many-th, as this package has enrolled them."""
    state = server.state
    room = state.workspaces["newsroom"]
    for number, one in enumerate(sorted(folder.iterdir())):
        if number % part == 0:
            continue
        person = EmulatedPerson(state.new_id(), one.name, None)
        for image in sorted(one.iterdir()):
            digest = hashlib.md5(image.read_bytes(), usedforsecurity=False).hexdigest()
            name = upload_name(image.name, f"{state.new_id():012x}", digest)
            key = f"newsroom/{name[-20:]}/{name}"
            state.uploads[key] = EmulatedUpload(key, "newsroom", 0.0, stored=0.0, md5=digest)
            person.thumbnails[state.new_id()] = key
        person.primary = next(iter(person.thumbnails))
        room.persons[person.id] = person
        room.names[one.name] = person.id


async def _rebuild(server: emulator.Server, folder: Path, journal: Path, most: int | None = None) -> bool:
    """Rebuild by the command; return True if it came to its end before it had written so many bytes and was killed."""
    keys = {"NCLOUD_ACCESS_KEY": server.credentials.access_key, "NCLOUD_SECRET_KEY": server.credentials.secret_key}
    given = ["journal", "rebuild", str(folder), "--journal", str(journal), "-w", "newsroom", "--base-url", server.url]
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "mi_async", *given, "-q", env=os.environ | keys, stdout=asyncio.subprocess.DEVNULL
    )
    written, ending = Path(f"{journal}{UNFINISHED}-wal"), asyncio.create_task(child.wait())
    while most is not None and not ending.done():
        with suppress(FileNotFoundError):
            if written.stat().st_size > most:
                child.kill()
                most = None
        await asyncio.sleep(0.0005)
    return await ending == 0


@pytest.mark.soak
async def test_a_rebuild_that_is_killed_again_and_again_is_that_of_one_which_is_not(tmp_path: Path) -> None:
    folder = make_people(tmp_path / "people", 600)
    rng = random.Random(SEED)  # noqa: S311  not cryptography
    async with emulator.serve(settings=Settings(latency=Latency.none())) as server:
        _enrolled(server, folder, 5)
        assert await _rebuild(server, folder, tmp_path / "whole")
        kills = 0
        killed = tmp_path / "killed"
        while kills < MOST_KILLS and not killed.exists():  # a process may be killed just after it had ended its work
            kills += not await _rebuild(server, folder, killed, rng.randrange(300_000))
        assert killed.exists() or await _rebuild(server, folder, killed)
    print(f"{kills} kills")  # noqa: T201  what a soak is for
    whole, resumed = (
        {key: (evolve(person, run=0), images) for key, (person, images) in rows(journal).items()}
        for journal in (tmp_path / "whole", killed)
    )
    assert len(whole) == 480
    assert whole == resumed


@pytest.mark.soak
async def test_of_media_files_a_new_journal_does_for_the_lost_one(tmp_path: Path) -> None:
    rng, wrong = random.Random(SEED), list[str]()  # noqa: S311  not cryptography
    long = Latency.lognormal(median=20, p95=60)
    with bucket() as s3:
        rooms = tuple(f"room-{number}" for number in range(8))
        settings = Settings(workspaces=rooms, importing=long, queueing=long, analysing=long, objects=s3.look)
        async with emulator.serve(settings=settings, clock=Clock(SPEED)) as server:
            for room in rooms:
                place = tmp_path / room / room
                place.mkdir(parents=True)
                for one in range(10):
                    (place / f"{one}.mp4").write_bytes(film(size=60_000 + one))
                journals = tmp_path / f"{room} journals"
                journals.mkdir()
                lost, new = (
                    Films(server=server, room=room, folder=tmp_path / room, journal=journals / name, s3=s3)
                    for name in ("lost", "new")
                )
                most = rng.randrange(9)
                assert await lost.run(kill_when=partial(_has_assets, server, room, most)) is None
                await asyncio.sleep(0.1)  # what the killed client had sent has reached the server by then
                rows = await new.run()
                assert rows is not None
                wrong += [f"{room}, killed at {most} assets: {fault}" for fault in new.faults()]
                wrong += [f"{room}: {row}" for row in rows if row["status"] != "done"]
    assert wrong == []


def _has_assets(server: emulator.Server, room: str, most: int) -> bool:
    return sum(1 for _ in server.state.workspaces[room].assets()) > most
