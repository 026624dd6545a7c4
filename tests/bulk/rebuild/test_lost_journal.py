"""A journal that is lost after a kill at any instant and rebuilt: the end is that of a run which nothing disturbed."""

import asyncio
import os
import random
from collections.abc import Sized
from functools import partial
from pathlib import Path

import pytest

import mi_async
from mi_async import Clock, emulator
from tests.support.bulk_child import people
from tests.support.killing import SPEED, Faces, make_people, settings

SEED = int(os.environ.get("MI_ASYNC_SOAK_SEED", "15"))
PERSONS = 20


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
