"""Members of shared runs, killed at twenty random instants and replaced: nothing is lost, nothing is there twice."""

import asyncio
import os
import random
import statistics
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from mi_async import Status
from mi_async.bulk import report_of
from mi_async.emulator import Latency
from tests.fleet.test_members import LIFE, SETTINGS, ended_well, fleet_of
from tests.support.films import film
from tests.support.fleet import Fleet, face_faults, make_faces
from tests.support.postgres import PostgresServer
from tests.support.storage import BUCKET, Bucket

pytestmark = pytest.mark.soak

KILLS = int(os.environ.get("MI_ASYNC_SOAK_RUNS", "20"))
SEED = int(os.environ.get("MI_ASYNC_SOAK_SEED", "2026"))
MEMBERS, EACH = 4, 4
"""Members of a run, and kills of each run over persons."""


async def struck(fleet: Fleet, rng: random.Random, kills: int) -> list[float]:
    """Kill a member at random instants, and start another; returns the seconds until all that each had was resumed."""
    members = [await fleet.start() for _ in range(MEMBERS)]
    resumed: list[float] = []
    for _ in range(kills):
        victim = members.pop(rng.randrange(MEMBERS))
        await fleet.until_at_work(victim)
        await asyncio.sleep(rng.uniform(0.0, 1.0))
        had = fleet.held(victim)
        members.append(await fleet.start())
        seconds = await fleet.kill(victim)
        if had:  # one that had nothing proves nothing
            resumed.append(seconds)
    await ended_well(members)
    return resumed


def told(what: str, resumed: list[float]) -> None:
    slowest, median = max(resumed), statistics.median(resumed)
    kills = f"{len(resumed)} kills of members at work"
    print(f"{what}: {kills}, resumed in {median:.1f} s (median), {slowest:.1f} s at most")  # noqa: T201


async def test_persons(postgres_server: PostgresServer, tmp_path: Path) -> None:
    folder = make_faces(tmp_path / "faces", 240)
    resumed: list[float] = []
    number = 0
    while len(resumed) < KILLS:
        number += 1
        options: dict[str, Any] = {"operation": "enroll_many", "source": str(folder), "shards": 64}
        async with fleet_of(postgres_server, f"soak-{number}", **options) as fleet:
            rng = random.Random(f"{SEED} {number}")  # noqa: S311  not cryptography
            resumed += await struck(fleet, rng, min(EACH, KILLS - len(resumed)))
            assert face_faults(fleet.server, "newsroom", folder) == []
            whole = report_of(fleet.journal)
            assert (dict(whole.counts), whole.pictures, whole.ending) == ({Status.DONE: 240}, 360, "")
    told("persons", resumed)
    assert max(resumed) < LIFE + 1.0


async def test_media_files(postgres_server: PostgresServer, s3: Bucket, tmp_path: Path) -> None:
    for number in range(120):
        (tmp_path / f"{number:03}.mp4").write_bytes(film(size=100_000 + number))
    settings = evolve(SETTINGS, objects=s3.look, importing=Latency.constant(4.0), analysing=Latency.constant(8.0))
    options = {"operation": "ingest_many", "source": str(tmp_path), "storage_url": s3.url, "bucket": BUCKET}
    async with fleet_of(postgres_server, "soak-films", settings, shards=64, **options) as fleet:
        resumed = await struck(fleet, random.Random(SEED), 8)  # noqa: S311  not cryptography
        keys = sorted(asset.key for _, asset in fleet.server.state.workspaces["newsroom"].assets())
        whole = report_of(fleet.journal)
    assert keys == [f"{number:03}.mp4" for number in range(120)]
    assert dict(whole.counts) == {Status.DONE: 120}
    assert s3.unfinished() == 0
    told("media files", resumed)
    assert max(resumed) < LIFE + 1.0
