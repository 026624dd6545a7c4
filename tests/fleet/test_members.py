"""Members as processes: killed, stopped for a while, told to leave; nothing is lost and nothing is there twice."""

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from mi_async import Clock, Status, emulator
from mi_async.bulk import report_of
from mi_async.emulator import Fault, Latency, Settings
from tests.support.films import film
from tests.support.fleet import TERMINATED, Fleet, MemberProcess, face_faults, make_faces
from tests.support.postgres import PostgresServer
from tests.support.storage import BUCKET, Bucket

pytestmark = pytest.mark.slow

SPEED = 4.0
LIFE = 6.0
SLACK = 30.0
"""Seconds that a busy machine may add; the soak holds members against the figure itself."""
SETTINGS = Settings(latency=Latency.lognormal(median=0.8, p95=4), enforce_quotas=False, keep_bytes=False)


@asynccontextmanager
async def fleet_of(
    server: PostgresServer, schema: str, settings: Settings = SETTINGS, **options: Any
) -> AsyncIterator[Fleet]:
    """A service in this process, for members that are others."""
    given = {"speed": SPEED, "workspace": "newsroom", "claim_life": LIFE, "shards": 16} | options
    async with emulator.serve(settings=settings, clock=Clock(SPEED)) as served:
        fleet = Fleet(server=served, postgres=server, schema=schema, options=given)
        try:
            yield fleet
        finally:
            await fleet.end()


async def ended_well(members: list[MemberProcess]) -> list[dict[str, Any]]:
    """The reports of members that came to the end of all work."""
    ends = [await member.ended() for member in members]
    assert [(status, report.get("ending")) for status, report, _ in ends] == [(0, "")] * len(members), ends
    return [report for _, report, _ in ends]


async def test_three_members_one_is_killed_and_one_joins_late(postgres_server: PostgresServer, tmp_path: Path) -> None:
    folder = make_faces(tmp_path / "faces", 60)
    async with fleet_of(postgres_server, "killed", operation="enroll_many", source=str(folder)) as fleet:
        late, *members = [await fleet.start(wait=True) for _ in range(4)]
        fleet.server.faults.next("persons.create", Fault.UNAVAILABLE, times=100_000)  # until the late one has joined
        for member in members:
            member.join()
        victim = await fleet.first_at_work(members)
        late.join()
        await fleet.until_member(late)
        fleet.server.faults.clear()
        assert await fleet.kill(victim) < LIFE + 1.0 + SLACK
        reports = await ended_well([*[member for member in members if member is not victim], late])
        assert face_faults(fleet.server, "newsroom", folder) == []
        whole = report_of(fleet.journal)
    assert dict(whole.counts) == {Status.DONE: 60}
    assert (whole.ok, whole.ending, whole.pictures) == (True, "", 90)
    assert sum(report["counts"].get("done", 0) for report in reports) <= 60


async def test_a_member_that_stood_still_writes_nothing_and_ends(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    folder = make_faces(tmp_path / "faces", 40)
    async with fleet_of(postgres_server, "slept", operation="enroll_many", source=str(folder)) as fleet:
        sleeper = await fleet.start()
        assert await fleet.until_at_work(sleeper)
        sleeper.send(signal.SIGSTOP)
        await ended_well([await fleet.start()])  # it waits for the claims of the first to lapse, and does all
        before = fleet.ask("SELECT * FROM {schema}.persons ORDER BY person")
        sleeper.send(signal.SIGCONT)
        status, report, said = await sleeper.ended()
        assert (status, report) == (1, {})
        assert "its work was taken over by another process" in said
        assert fleet.ask("SELECT * FROM {schema}.persons ORDER BY person") == before
        assert face_faults(fleet.server, "newsroom", folder) == []
        assert report_of(fleet.journal).ok


async def test_sigterm_leaves_at_once(postgres_server: PostgresServer, tmp_path: Path) -> None:
    folder = make_faces(tmp_path / "faces", 30)
    options: dict[str, Any] = {"operation": "enroll_many", "source": str(folder), "claim_life": 600.0, "grace": 1.0}
    async with fleet_of(postgres_server, "left", **options) as fleet:
        leaver = await fleet.start()
        assert await fleet.until_at_work(leaver)
        leaver.send(signal.SIGTERM)
        status, _, said = await leaver.ended()
        assert status == TERMINATED, said
        assert fleet.held(leaver) == []
        await ended_well([await fleet.start()])  # far sooner than the claims would have lapsed
        assert face_faults(fleet.server, "newsroom", folder) == []


async def test_media_files_are_registered_once(postgres_server: PostgresServer, s3: Bucket, tmp_path: Path) -> None:
    for number in range(24):
        (tmp_path / f"{number:02}.mp4").write_bytes(film(size=200_000 + number))
    settings = evolve(SETTINGS, objects=s3.look, importing=Latency.constant(1.0), analysing=Latency.constant(2.0))
    options = {"operation": "ingest_many", "source": str(tmp_path), "storage_url": s3.url, "bucket": BUCKET}
    async with fleet_of(postgres_server, "films", settings, **options) as fleet:
        victim, other = [await fleet.start() for _ in range(2)]
        assert await fleet.until_at_work(victim)
        await fleet.kill(victim)
        await ended_well([other])
        keys = sorted(asset.key for _, asset in fleet.server.state.workspaces["newsroom"].assets())
        whole = report_of(fleet.journal)
    assert keys == [f"{number:02}.mp4" for number in range(24)]
    assert dict(whole.counts) == {Status.DONE: 24}
    assert s3.unfinished() == 0
