"""Members of shared runs, killed at twenty random instants and replaced: nothing is lost, nothing is there twice."""

import asyncio
import os
import random
import signal
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
"""Members of a run, and kills of each run at most: one that ends before them is followed by another run."""
SLOW = evolve(SETTINGS, latency=Latency.lognormal(median=4, p95=16))
"""A service that takes longer than a process takes to start on a busy machine, so that there is work left to strike."""


async def struck(fleet: Fleet, rng: random.Random, kills: int) -> list[float]:
    """Kill members at random instants, each time with another that joins; returns the seconds until all that each had
    was resumed.

    One that was stopped with a shard keeps the run open, so that another can still join it.
    """
    *members, spare = [await fleet.start(wait=True) for _ in range(MEMBERS + 1)]
    for member in members:
        member.join()
    resumed: list[float] = []
    while len(resumed) < kills and not fleet.is_done():
        victim = members[rng.randrange(MEMBERS)]
        await fleet.until_at_work(victim)
        await asyncio.sleep(rng.uniform(0.0, 1.0))
        victim.send(signal.SIGSTOP)
        if not fleet.held(victim):  # a kill of one that has nothing proves nothing
            victim.send(signal.SIGCONT)
            continue
        members.remove(victim)
        spare.join()
        members.append(spare)
        resumed.append(await fleet.kill(victim))
        spare = await fleet.start(wait=True)
    await ended_well(members)
    return resumed


def told(what: str, resumed: list[float], runs: int) -> None:
    slowest, median = max(resumed), statistics.median(resumed)
    kills = f"{len(resumed)} kills of members at work in {runs} runs"
    print(f"{what}: {kills}, resumed in {median:.1f} s (median), {slowest:.1f} s at most")  # noqa: T201


async def test_persons(postgres_server: PostgresServer, tmp_path: Path) -> None:
    folder = make_faces(tmp_path / "faces", 240)
    resumed: list[float] = []
    number = 0
    while len(resumed) < KILLS:
        assert number <= KILLS, "hardly a kill strikes a member at work"
        number += 1
        options: dict[str, Any] = {"operation": "enroll_many", "source": str(folder), "shards": 64}
        async with fleet_of(postgres_server, f"soak-{number}", SLOW, **options) as fleet:
            rng = random.Random(f"{SEED} {number}")  # noqa: S311  not cryptography
            resumed += await struck(fleet, rng, min(EACH, KILLS - len(resumed)))
            assert face_faults(fleet.server, "newsroom", folder) == []
            whole = report_of(fleet.journal)
            assert (dict(whole.counts), whole.ending) == ({Status.DONE: 240}, "")
            # on a busy machine one may join so late that all is done: that is the next run, which uploads nothing
            assert whole.pictures == (360 if whole.run == 1 else 0)
    told("persons", resumed, number)
    assert max(resumed) < LIFE + 1.0


async def test_media_files(postgres_server: PostgresServer, s3: Bucket, tmp_path: Path) -> None:
    for number in range(120):
        (tmp_path / f"{number:03}.mp4").write_bytes(film(size=100_000 + number))
    settings = evolve(SETTINGS, objects=s3.look, importing=Latency.constant(4.0), analysing=Latency.constant(8.0))
    options = {"operation": "ingest_many", "source": str(tmp_path), "storage_url": s3.url, "bucket": BUCKET}
    resumed: list[float] = []
    run, kills = 0, KILLS * 2 // 5
    while len(resumed) < kills:
        assert run <= kills, "hardly a kill strikes a member at work"
        run += 1
        s3.empty()
        async with fleet_of(postgres_server, f"soak-films-{run}", settings, shards=64, **options) as fleet:
            rng = random.Random(f"{SEED} {run}")  # noqa: S311  not cryptography
            resumed += await struck(fleet, rng, min(EACH, kills - len(resumed)))
            keys = sorted(asset.key for _, asset in fleet.server.state.workspaces["newsroom"].assets())
            whole = report_of(fleet.journal)
        assert keys == [f"{number:03}.mp4" for number in range(120)]
        assert dict(whole.counts) == {Status.DONE: 120}
        assert s3.unfinished() == 0
    told("media files", resumed, run)
    assert max(resumed) < LIFE + 1.0
