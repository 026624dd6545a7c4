"""A curation that is killed twenty times, by `nox -s soak`: 300 anonymous faces of 120 people, made by the API."""

import os
import random
from pathlib import Path

import pytest

import mi_async
from mi_async import Clock, emulator
from mi_async.emulator import Latency, Server, Settings, example_image
from tests.support.curation import Curation, FaceTable, table_of
from tests.support.killing import SPEED

pytestmark = pytest.mark.soak

KILLS = int(os.environ.get("MI_ASYNC_SOAK_RUNS", "20"))
SEED = int(os.environ.get("MI_ASYNC_SOAK_SEED", "2026"))
FACES, PEOPLE = 300, 120
SETTINGS = Settings(seed=SEED, latency=Latency.lognormal(median=20, p95=60), keep_bytes=True)


async def filled(server: Server, rng: random.Random) -> FaceTable:
    """Make the archive by the API: a person without a name for each face, and some who have one."""
    async with mi_async.connect(server.credentials, base_url=server.url, clock=Clock(SPEED)) as session:
        newsroom = session.workspace("newsroom")

        async def add(face: str, number: int, name: str | None) -> int:
            if name is not None:
                return (await newsroom.enroll_person(name, [example_image(number, face=face)])).id
            person = await newsroom.persons.create(None, thumbnails=[])
            await newsroom.upload_thumbnail(person.id, example_image(number, face=face), primary=True)
            return person.id

        return await table_of(add, FACES, PEOPLE, rng)


async def test_killed_twenty_times(tmp_path: Path) -> None:
    rng = random.Random(SEED)  # noqa: S311  not cryptography
    async with emulator.serve(settings=SETTINGS, clock=Clock(SPEED)) as server:
        table = await filled(server, rng)
        victim = Curation(server=server, room="newsroom", folder=tmp_path, journal=tmp_path / "j", table=table)
        struck = sum([await victim.strike(rng.randint(1, 4), rng.uniform(0.0, 0.02)) for _ in range(KILLS)])
        killed = server.log.count("persons.merge")
        rows = await victim.run()
        merges = f"{killed} of {server.log.count('persons.merge')} merges by runs that were killed"
        print(f"seed {SEED}, {struck} kills, {FACES} faces of {PEOPLE} people, {merges}")  # noqa: T201
        assert (struck, killed > KILLS) == (KILLS, True)
        assert rows is not None
        assert {row["status"] for row in rows} <= {"done", "skipped"}
        assert victim.faults() == []
