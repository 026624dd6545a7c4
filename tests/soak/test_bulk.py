"""Long runs of the bulk engine, by `nox -s soak`: killed a hundred times, with every kind of fault."""

import os
import random
from collections import Counter
from pathlib import Path

import pytest

from mi_async import Clock, emulator
from tests.support.killing import SPEED, Faces, make_people, settings

pytestmark = pytest.mark.soak

RUNS = int(os.environ.get("MI_ASYNC_SOAK_RUNS", "100"))
SEED = int(os.environ.get("MI_ASYNC_SOAK_SEED", "2026"))
FAULTS = 0.1
PERSONS = 40


async def test_killed_a_hundred_times(tmp_path: Path) -> None:
    people = make_people(tmp_path / "people", PERSONS)
    wrong: list[str] = []
    struck: Counter[int] = Counter()
    left = 0
    async with emulator.serve(settings=settings(RUNS + 1, FAULTS, SEED), clock=Clock(SPEED)) as server:
        untouched = Faces(server=server, room=f"room-{RUNS}", folder=people, journal=tmp_path / "untouched.journal")
        await untouched.survive(random.Random(SEED), 0, 0.0)  # noqa: S311  not cryptography
        longest = untouched.took[0]
        print(f"seed {SEED}, {FAULTS:.0%} faults, {PERSONS} persons, {longest:.2f} s without a kill")  # noqa: T201
        for number in range(RUNS):
            rng = random.Random(f"{SEED} {number}")  # noqa: S311  not cryptography
            victim = Faces(server=server, room=f"room-{number}", folder=people, journal=tmp_path / f"{number}.journal")
            tale = await victim.survive(rng, rng.choice((1, 1, 2, 3)), longest)
            faults = victim.faults()
            wrong += [f"run {number}, killed at {tale.kills}: {fault}" for fault in faults]
            struck[len(tale.kills)] += 1
            left += len(victim.left_behind())
            for line in faults:
                print(f"run {number}, killed at {tale.kills}: {line}")  # noqa: T201  what a soak is for
        injected = server.faults.injected.total()
    kills = sum(times * runs for times, runs in struck.items())
    print(f"{RUNS} runs, {kills} kills ({dict(sorted(struck.items()))} runs by kills), {injected:,} faults, ", end="")  # noqa: T201
    print(f"{left} pictures left at the service, all of them in a journal, if nothing is wrong: {wrong}")  # noqa: T201
    assert wrong == []
