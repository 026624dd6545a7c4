"""Long runs over media files, by `nox -s soak`: killed again and again, with every kind of fault."""

import os
import random
from pathlib import Path

import pytest

from mi_async import Clock, emulator
from mi_async.emulator import Faults, Latency, Settings
from tests.support.films import film
from tests.support.killing import SPEED, Films
from tests.support.storage import Bucket, Refusal, bucket

pytestmark = pytest.mark.soak

RUNS = int(os.environ.get("MI_ASYNC_SOAK_RUNS", "100")) // 4
SEED = int(os.environ.get("MI_ASYNC_SOAK_SEED", "2026"))
FAULTS = 0.1
SMALL, LARGE = 60_000, 18 * 2**20
"""Bytes of files that go up in one piece, and in three."""
WRITES = {"object PUT", "part PUT", "upload POST"}
BUSY = ("503 Slow Down", "SlowDown")


def make_footage(folder: Path, number: int) -> Path:
    """Ten small films and a large one, in a place of their own."""
    place = folder / f"저녁 뉴스 {number}"
    place.mkdir(parents=True)
    for one in range(10):
        (place / f"{one}.mp4").write_bytes(film(size=SMALL + one))
    (place / "long.mp4").write_bytes(film(size=LARGE + number))
    return folder


def go_wrong(s3: Bucket, rng: random.Random) -> None:
    """Have the storage refuse some requests without effect, and lose the answers to others."""

    def refuse(kind: str, _query: object) -> Refusal | None:
        luck = rng.random() if kind in WRITES else 1.0
        if FAULTS / 2 < luck < FAULTS:
            s3.lose.add(kind)
        return BUSY if luck < FAULTS / 2 else None

    s3.refuse = refuse


async def test_killed_again_and_again(tmp_path: Path) -> None:
    wrong: list[str] = []
    kills = 0
    with bucket() as s3:
        go_wrong(s3, random.Random(SEED))  # noqa: S311  not cryptography
        settings = Settings(
            seed=SEED,
            workspaces=tuple(f"room-{number}" for number in range(RUNS + 1)),
            latency=Latency.lognormal(median=0.8, p95=4),
            random_faults=Faults.uniform(FAULTS),
            importing=Latency.lognormal(median=5, p95=20),
            queueing=Latency.lognormal(median=5, p95=20),
            analysing=Latency.lognormal(median=20, p95=60),
            objects=s3.look,
        )
        async with emulator.serve(settings=settings, clock=Clock(SPEED)) as server:

            def victim(number: int) -> Films:
                (tmp_path / str(number)).mkdir()
                return Films(
                    server=server,
                    room=f"room-{number}",
                    folder=make_footage(tmp_path / f"footage {number}", number),
                    journal=tmp_path / str(number) / "journal",
                    s3=s3,
                )

            untouched = victim(RUNS)
            await untouched.survive(random.Random(SEED), 0, 0.0)  # noqa: S311  not cryptography
            longest = untouched.took[0]
            print(f"seed {SEED}, {FAULTS:.0%} faults, 11 films, {longest:.2f} s without a kill")  # noqa: T201
            for number in range(RUNS):
                rng = random.Random(f"{SEED} {number}")  # noqa: S311  not cryptography
                one = victim(number)
                tale = await one.survive(rng, rng.choice((1, 2, 3)), longest)
                kills += len(tale.kills)
                wrong += [f"run {number}, killed at {tale.kills}: {fault}" for fault in one.faults()]
            injected = server.faults.injected.total()
    print(f"{RUNS} runs, {kills} kills, {injected:,} faults; wrong: {wrong}")  # noqa: T201
    assert wrong == []
