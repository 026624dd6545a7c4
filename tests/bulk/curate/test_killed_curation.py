"""Curations that are killed by SIGKILL on the way: the end state is what the table says."""

import random
from pathlib import Path

import pytest

from mi_async import Clock, emulator
from mi_async.emulator import Latency, Settings
from tests.support.curation import Curation, filled
from tests.support.killing import SPEED

SETTINGS = Settings(latency=Latency.lognormal(median=20, p95=60), workspaces=("untouched", "killed"), keep_bytes=True)
SEED = 2026


@pytest.mark.slow
async def test_killed_three_times(tmp_path: Path) -> None:
    rng = random.Random(SEED)  # noqa: S311  not cryptography
    async with emulator.serve(settings=SETTINGS, clock=Clock(SPEED)) as server:
        table = await filled(server, "killed", 60, 24, rng)
        victim = Curation(
            server=server, room="killed", folder=tmp_path, journal=tmp_path / "faces.journal", table=table
        )
        struck = [await victim.strike(changes, rng.uniform(0.0, 0.02)) for changes in (1, 4, 3)]
        assert struck == [True, True, True]
        assert server.log.count("persons.merge") > 0
        rows = await victim.run()
        assert rows is not None
        assert {row["status"] for row in rows} <= {"done", "skipped"}
        assert victim.faults() == []
        assert server.log.count("persons.merge") > 10
