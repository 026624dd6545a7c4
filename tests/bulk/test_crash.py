"""A bulk run that is killed at random instants ends as one that was not: five kills here, hundreds in the soak."""

import random
from pathlib import Path

import pytest

from mi_async import Clock, emulator
from tests.support.killing import SPEED, Faces, make_people, settings

pytestmark = pytest.mark.slow

SEED = 4


@pytest.mark.parametrize(
    ("kills", "faults"), [pytest.param(2, 0.0, marks=pytest.mark.soak), (2, 0.1)], ids=["quiet", "with faults"]
)
async def test_killed_and_resumed(tmp_path: Path, kills: int, faults: float) -> None:
    people = make_people(tmp_path / "people", 20)
    async with emulator.serve(settings=settings(1, faults, SEED), clock=Clock(SPEED)) as server:
        victim = Faces(server=server, room="room-0", folder=people, journal=tmp_path / "run.journal")
        tale = await victim.survive(random.Random(SEED), kills, longest=0.7)  # noqa: S311  not cryptography
        assert victim.faults() == []
        before = server.log.count("persons.create")
        rows = await victim.run()
    assert rows is not None
    assert {row["status"] for row in rows} == {"skipped"}
    assert server.log.count("persons.create") == before
    assert tale.kills  # at least one came before the end
