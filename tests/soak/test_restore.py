"""Thousands of people backed up, restored and backed up again, killed on the way: equal but for IDs, in flat memory."""

import os
from pathlib import Path

import pytest

from mi_async import Clock, emulator
from tests.support.killing import SPEED
from tests.support.restoring import SETTINGS, RoundTrip, round_trip

pytestmark = pytest.mark.soak

PERSONS = int(os.environ.get("SOAK_PERSONS", "5000"))
FEWER = 10
"""The memory is compared with that of so many times fewer persons."""
MOST_GROWTH = 32 * 1024
"""KiB that a restore of ten times as many persons may take more: only these fill the 3,072 places in flight."""


async def _trip(folder: Path, persons: int, kills: int, longest: float) -> RoundTrip:
    folder.mkdir()
    async with emulator.serve(settings=SETTINGS, clock=Clock(SPEED)) as server:
        return await round_trip(server, folder, persons, kills=kills, longest=longest, images=1)


async def test_a_large_workspace_is_restored_whole_in_flat_memory(tmp_path: Path) -> None:
    small = await _trip(tmp_path / "small", PERSONS // FEWER, kills=0, longest=1.0)
    large = await _trip(tmp_path / "large", PERSONS, kills=10, longest=20.0)
    print(f"kills {large.kills}; peaks in KiB {small.peaks} and {large.peaks}; {large.compared}")  # noqa: T201  for whoever watches
    # all but the one person without a name, and the base project
    assert (large.compared.equal, large.compared.first) == (PERSONS, 1), str(large.compared)
    assert (large.compared.second, large.compared.changed) == (0, 0)
    assert large.kills
    assert large.peaks["restore"] <= small.peaks["restore"] + MOST_GROWTH
