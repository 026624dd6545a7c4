"""A backup that is killed at random instants ends as one that was not: three kills here, twenty in the soak."""

import asyncio
import json
import os
import random
import sys
from pathlib import Path

import pytest
from attrs import define

import mi_async
from mi_async import Clock, emulator
from mi_async.backup import check_backup, open_backup
from mi_async.emulator import Server, Settings, example_image
from mi_async.errors import InvalidArgumentError
from tests.support import backup_child
from tests.support.backups import add_people, add_person, downloads, sha256sum
from tests.support.killing import SPEED, Victim

pytestmark = pytest.mark.slow

SEED = 5
IN_FLIGHT = 12


@define(kw_only=True)
class BackedUp(Victim):
    """A backup, by as many processes as it takes."""

    CHILD = backup_child.__file__

    def state(self) -> list[int]:
        """IDs of the persons that the backup shows, [] for none; whatever it shows is whole."""
        try:
            checked = check_backup(self.folder)
        except InvalidArgumentError as error:
            assert "interrupted" in str(error) or "has no backup.json" in str(error)  # noqa: PT017  one of two
            return []
        assert checked.ok, str(checked)
        return [person.id for person in open_backup(self.folder).persons()]


def ids(server: Server) -> list[int]:
    return list(server.state.workspaces["newsroom"].persons)


@pytest.mark.parametrize(
    ("persons", "kills", "longest"),
    [(60, 3, 0.6), pytest.param(400, 20, 3.0, marks=pytest.mark.soak)],
    ids=["three kills", "twenty kills"],
)
async def test_killed_and_resumed(tmp_path: Path, persons: int, kills: int, longest: float) -> None:
    rng = random.Random(SEED)  # noqa: S311  not cryptography
    async with emulator.serve(settings=Settings(), clock=Clock(SPEED)) as server:
        add_people(server, persons, images=2)
        victim = BackedUp(server=server, room="newsroom", folder=tmp_path / "archive", journal=tmp_path)
        states, killed = [list[int]()], 0
        while killed < kills:
            killed += await victim.run(kill_after=rng.uniform(0.0, longest)) is None
            states.append(ids(server))
            assert victim.state() in states
            add_person(server, None, example_image(10_000 + killed))  # the next one has something to do in any case
        assert await victim.run() is not None
        assert victim.state() == ids(server)
        images = 2 * persons + killed
        assert images <= downloads(server) <= images + IN_FLIGHT * killed
        (again,) = await victim.run() or []
    assert (again["images"]["downloaded"], again["persons"]["unchanged"]) == (0, len(ids(server)))
    assert sha256sum(victim.folder).returncode == 0
    assert not (victim.folder / ".unfinished").exists()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize(
    "every", [20, pytest.param(1, marks=pytest.mark.soak)], ids=["some instants", "every change to the disk"]
)
async def test_killed_before_each_change_to_the_disk(tmp_path: Path, every: int) -> None:
    async with (
        emulator.serve(settings=Settings()) as server,
        mi_async.connect(server.credentials, base_url=server.url) as session,
    ):
        first, second, _ = add_people(server, 3)
        newsroom = session.workspace("newsroom")
        await newsroom.back_up(tmp_path / "base")
        old = ids(server)
        del server.state.workspaces["newsroom"].persons[first.id]
        second.description = "changed"
        add_person(server, "New", example_image(99))
        keys = [server.credentials.access_key, server.credentials.secret_key]
        given = {"url": server.url, "keys": keys, "base": str(tmp_path / "base"), "folder": str(tmp_path)}
        command = [sys.executable, "-m", "tests.support.backup_instants", json.dumps(given | {"every": every})]
        child = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        async with asyncio.timeout(900):
            written, _ = await child.communicate()
    rows = json.loads(written)
    assert len(rows) > 40 / every
    assert [row for row in rows if row["before"] not in (old, ids(server)) or row["after"] != ids(server)] == []
    assert {str(row["before"]) for row in rows} == {str(old), str(ids(server))}
