"""A workspace, its backup, what is restored from it, and the backup of that: equal but for IDs, whatever was killed."""

from collections import Counter
from pathlib import Path

import pytest

from mi_async import Clock, emulator
from tests.support.killing import SPEED
from tests.support.restoring import SETTINGS, TARGET, round_trip

pytestmark = pytest.mark.slow


async def test_a_backup_of_what_was_restored_is_the_backup(tmp_path: Path) -> None:
    async with emulator.serve(settings=SETTINGS, clock=Clock(SPEED)) as server:
        trip = await round_trip(server, tmp_path, 60, kills=2, longest=0.9)
        names = Counter(person.name for person in server.state.workspaces[TARGET].persons.values())
        keys = [
            key for person in server.state.workspaces[TARGET].persons.values() for key in person.thumbnails.values()
        ]
    assert (trip.compared.equal, trip.compared.first) == (60, 1), str(trip.compared)  # 59 persons, the base project
    assert (trip.compared.second, trip.compared.changed) == (0, 0)
    assert trip.compared.differences[0].key.startswith("without a name")
    assert set(names.values()) == {1}
    assert len(keys) == len(set(keys)) == 2 * 59
    assert trip.kills
