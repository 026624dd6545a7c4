"""Members on Dask: a worker that dies is replaced, and the command line shows and reports the whole run."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from mi_async import ConfigError, InvalidArgumentError, Status
from mi_async.bulk import report_of
from mi_async.cli.bulk_fleet import FleetCommand, FollowedRun
from mi_async.cli.connection import InStorage, InWorkspace
from mi_async.emulator import Fault
from mi_async.fleet import member as member_by_hand
from mi_async.integrations.dask import DaskPlace
from tests.fleet.test_members import LIFE, SPEED, fleet_of
from tests.support import dask_child
from tests.support.fleet import LONG, Fleet, face_faults, make_faces
from tests.support.postgres import PostgresServer

INTERRUPTED = 130
JOURNAL = "postgresql://media@db/media#faces"
GIVEN: dict[str, Any] = {"on": "local:4", "members": None, "journal": JOURNAL, "grace": 30.0, "fit": True}


@pytest.mark.parametrize(
    ("text", "members", "place"),
    [
        ("local:4", None, DaskPlace("", 4)),
        ("local:4", 4, DaskPlace("", 4)),
        ("dask://scheduler:8786", None, DaskPlace("tcp://scheduler:8786", 0)),
        ("dask://scheduler:8786", 8, DaskPlace("tcp://scheduler:8786", 8)),
    ],
)
def test_where_members_run(text: str, members: int | None, place: DaskPlace) -> None:
    assert DaskPlace.parse(text, members) == place


@pytest.mark.parametrize("text", ["local", "local:", "local:0", "local:x", "dask://", "ray://x", ""])
def test_where_they_cannot(text: str) -> None:
    with pytest.raises(InvalidArgumentError, match="members run on local:N"):
        DaskPlace.parse(text)
    with pytest.raises(InvalidArgumentError, match="names the number of members already"):
        DaskPlace.parse("local:4", 8)


def test_what_the_command_line_starts() -> None:
    service = InStorage(workspace="newsroom", timeout=60.0, validate=False, storage_url="http://127.0.0.1:1")
    command = FleetCommand.of("ingest_many", "s3://archive/", {**GIVEN, "fit": None}, service)
    assert (command.place, command.grace, str(command.journal)) == (DaskPlace("", 4), 30.0, JOURNAL)
    member = command.member
    assert (member.source, member.journal, member.storage_url) == ("s3://archive/", JOURNAL, "http://127.0.0.1:1")
    assert member.options == {"grace": 30.0, "timeout": 60.0, "validate": False}
    faces = FleetCommand.of("enroll_many", "people.csv", GIVEN, InWorkspace(workspace="newsroom"))
    options: dict[str, Any] = {"grace": 30.0, "fit": True, "validate": True}
    source = str(Path("people.csv").absolute())
    assert faces.member == member_by_hand(
        "newsroom", "enroll_many", source, journal=JOURNAL, quota_store=None, **options
    )


def test_what_cannot_be_sent_to_members() -> None:
    service = InWorkspace(workspace="newsroom")
    for journal in (None, "faces.journal"):
        with pytest.raises(InvalidArgumentError, match="--on needs --journal postgresql://"):
            FleetCommand.of("enroll_many", "people.csv", {**GIVEN, "journal": journal}, service)
    with pytest.raises(ConfigError, match="holds a password"):
        FleetCommand.of("enroll_many", "people.csv", {**GIVEN, "journal": "postgresql://u:pw@db/media"}, service)
    with pytest.raises(InvalidArgumentError, match="--proxy is of one process"):
        FleetCommand.of("enroll_many", "people.csv", GIVEN, InWorkspace(workspace="n", proxy="http://u:pw@p:1"))


async def test_a_journal_is_followed_from_before_it_is_there(schema_url: str) -> None:
    run = FollowedRun(schema_url, 4)
    await run.look()
    assert (run.progress.ended, run.progress.total, list(run.latest)) == (0, 4, [])


def _environment(fleet: Fleet) -> dict[str, str]:
    keys = fleet.server.credentials
    own = {"NCLOUD_ACCESS_KEY_ID": keys.access_key, "NCLOUD_SECRET_ACCESS_KEY": keys.secret_key}
    return {**os.environ, **own, "MI_ASYNC_BASE_URL": fleet.server.url}


async def _started(fleet: Fleet, *command: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        *command, stdout=pipe, stderr=pipe, env=_environment(fleet), start_new_session=True
    )


async def _pids(fleet: Fleet, number: int) -> list[int]:
    """Processes that have a shard, once there are so many."""
    query = "SELECT DISTINCT r.pid FROM {schema}.shards s JOIN {schema}.runs r ON r.number = s.run WHERE NOT s.done"
    async with asyncio.timeout(LONG):
        while len(found := fleet.ask(query)) < number:  # noqa: ASYNC110  a database tells nobody
            await asyncio.sleep(0.05)
    return [pid for (pid,) in found]


@pytest.mark.slow
async def test_a_member_whose_worker_is_killed_is_started_again_and_one_that_cannot_begin_is_not(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    folder = make_faces(tmp_path / "faces", 60)
    async with fleet_of(postgres_server, "dask", operation="enroll_many", quota_store=None) as fleet:
        given = {"base_url": fleet.server.url, "journal": fleet.journal, **fleet.options}
        never = given | {"source": str(tmp_path / "nowhere.csv"), "journal": postgres_server.url("never")}
        fleet.server.faults.next("persons.create", Fault.UNAVAILABLE, times=100_000)  # until both are at work
        runs = json.dumps([never, given | {"source": str(folder)}])  # on the same workers: to start them takes longest
        child = await _started(fleet, sys.executable, dask_child.__file__, runs)
        ending = asyncio.create_task(child.communicate())
        (victim, _) = await _pids(fleet, 2)
        os.kill(victim, signal.SIGKILL)
        fleet.server.faults.clear()
        written, said = await asyncio.wait_for(ending, LONG)
        assert child.returncode == 0, said.decode()
        failed, none_failed = json.loads(written)
        assert ["nowhere.csv" in failure for failure in failed] == [True, True]
        assert "Traceback" not in said.decode().partition(dask_child.NEXT)[0]
        assert none_failed == [], said.decode()
        assert face_faults(fleet.server, "newsroom", folder) == []
        assert report_of(fleet.journal).counts == {Status.DONE: 60}
        assert fleet.ask("SELECT count(*) FROM {schema}.runs") == [(3,)]  # Dask has started it again


@pytest.mark.slow
async def test_the_command_stops_its_members_and_goes_on(postgres_server: PostgresServer, tmp_path: Path) -> None:
    folder = make_faces(tmp_path / "faces", 40)
    async with fleet_of(postgres_server, "on", speed=SPEED, claim_life=LIFE) as fleet:
        command = [
            *(sys.executable, "-m", "mi_async", "enroll-many", str(folder), "--workspace", "newsroom"),
            *("--journal", fleet.journal, "--on", "local:2", "--shards", "8", "--grace", "1"),
        ]
        fleet.server.faults.next("persons.create", Fault.UNAVAILABLE, times=100_000)  # nobody comes to an end
        stopped = tmp_path / "stopped.jsonl"
        child = await _started(fleet, *command, "--report", str(stopped))
        ending = asyncio.create_task(child.communicate())
        await _pids(fleet, 1)  # the other may find nothing left
        os.killpg(child.pid, signal.SIGINT)  # as Ctrl-C does
        written, said = await asyncio.wait_for(ending, LONG)
        assert child.returncode == INTERRUPTED, said.decode()
        assert "Traceback" not in said.decode()
        assert "to resume" in said.decode()
        assert "of 8 shards done" in json.loads(written)["ending"]
        assert stopped.exists()
        assert await _pids(fleet, 0) == [], "the shards are given back, and not left to lapse after 30 seconds"
        fleet.server.faults.clear()
        alone = ["local:1" if word == "local:2" else word for word in command]  # each process costs seconds
        again = await _started(fleet, *alone, "--report", str(tmp_path / "report.jsonl"))
        written, said = await asyncio.wait_for(again.communicate(), LONG)
        assert again.returncode == 0, said.decode()
        assert face_faults(fleet.server, "newsroom", folder) == []
        third = await _started(fleet, *alone, "--report", str(tmp_path / "third.jsonl"))
        third_written, said_again = await asyncio.wait_for(third.communicate(), LONG)
        assert third.returncode == 0, said_again.decode()
        assert json.loads(third_written) | {"goodput": 0, "pictures": 0} == json.loads(third_written)
    assert json.loads(written)["counts"]["done"] == 40
    assert "40 of 40 (100.0%); 40 done" in said.decode()
    assert len((tmp_path / "report.jsonl").read_text().splitlines()) == 40


@pytest.mark.slow
async def test_ctrl_c_while_members_start_is_quiet(postgres_server: PostgresServer, tmp_path: Path) -> None:
    folder = make_faces(tmp_path / "faces", 4)
    async with fleet_of(postgres_server, "early") as fleet:
        given = ("--journal", fleet.journal, "--on", "local:2", "--workspace", "newsroom")
        child = await _started(fleet, sys.executable, "-m", "mi_async", "enroll-many", str(folder), *given)
        ending = asyncio.create_task(child.communicate())
        async with asyncio.timeout(LONG):
            while len(_children(child.pid)) < 2:  # noqa: ASYNC110  a process tells nobody what it starts
                await asyncio.sleep(0.02)
        await asyncio.sleep(0.3)  # the workers import
        os.killpg(child.pid, signal.SIGINT)
        _, said = await asyncio.wait_for(ending, LONG)
    assert child.returncode == INTERRUPTED, said.decode()
    assert "Traceback" not in said.decode()


def _children(pid: int) -> list[str]:
    """Processes that a process has started, whichever of its threads did."""
    return [child for thread in Path(f"/proc/{pid}/task").glob("*/children") for child in thread.read_text().split()]
