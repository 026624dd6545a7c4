"""Members of a shared run as processes that are killed, stopped and started, and what the service must look like.

Invariant: the service and PostgreSQL outlive the members; what was done is judged by what the service has.
"""

import asyncio
import json
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
from attrs import define, field

from mi_async.emulator import Server
from mi_async.emulator.workspace import EmulatedPerson
from tests.support import fleet_child
from tests.support.pictures import picture
from tests.support.postgres import PostgresServer

TERMINATED = 128 + signal.SIGTERM
LONG = 120.0
"""Seconds after which a test does not wait any more."""
HELD = "SELECT s.shard FROM {schema}.shards s JOIN {schema}.runs r ON r.number = s.run WHERE NOT s.done AND r.pid = %s"
OF_PID = "SELECT count(*) FROM {schema}.shards s JOIN {schema}.runs r ON r.number = s.run WHERE r.pid = %s"
LEFT = "SELECT count(*) FROM {schema}.shards s WHERE NOT s.done AND s.shard = ANY(%s) AND s.run IS NOT DISTINCT FROM %s"


def make_faces(folder: Path, persons: int) -> Path:
    """Folders with one or two images each; some images belong to several persons."""
    contents = [picture(("jpg", "png", "webp")[seed % 3], seed=seed) for seed in range(7)]
    for number in range(persons):
        (folder / f"{number:03}").mkdir(parents=True)
        for place in range(1 + number % 2):
            (folder / f"{number:03}" / f"{place}.jpg").write_bytes(contents[(number + place) % len(contents)])
    return folder


@define(eq=False)
class MemberProcess:
    """One member."""

    _child: asyncio.subprocess.Process
    _ending: "asyncio.Task[tuple[bytes, bytes]]" = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Read what it writes."""
        self._ending = asyncio.create_task(self._child.communicate())

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._child.pid

    def join(self) -> None:
        """Let a member join that was told to wait."""
        self.send(signal.SIGUSR1)

    def send(self, number: signal.Signals) -> None:
        """Send a signal, unless it has ended."""
        if self._child.returncode is None:
            self._child.send_signal(number)

    async def ended(self) -> tuple[int, dict[str, Any], str]:
        """Wait for its end: exit status, report, what it said."""
        written, said = await asyncio.wait_for(self._ending, LONG)
        assert self._child.returncode is not None
        report = json.loads(written) if written.strip() else {}
        return self._child.returncode, report, said.decode()


@define(eq=False, kw_only=True)
class Fleet:
    """A shared run.

    Attributes:
        server: the service.
        postgres: the server of the journal.
        schema: name of the journal.
        options: of the members.
        members: all that were started.
    """

    server: Server
    postgres: PostgresServer
    schema: str
    options: dict[str, Any]
    members: list[MemberProcess] = field(factory=list)

    @property
    def journal(self) -> str:
        """URL of the journal."""
        return self.postgres.url(self.schema)

    async def start(self, **more: Any) -> MemberProcess:
        """Start a member; with ``wait=True`` it joins when it is told to."""
        keys = self.server.credentials
        env = {"NCLOUD_ACCESS_KEY_ID": keys.access_key, "NCLOUD_SECRET_ACCESS_KEY": keys.secret_key}
        given = {"base_url": self.server.url, "journal": self.journal, **self.options, **more}
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            fleet_child.__file__,
            json.dumps(given),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=os.environ | env,
        )
        assert child.stdout is not None
        assert await asyncio.wait_for(child.stdout.readline(), LONG) == b"begun\n"
        self.members.append(member := MemberProcess(child))
        return member

    def ask(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Ask the database of the journal, and not the code under test; nothing before it was made."""
        with psycopg.connect(self.postgres.url()) as connection, suppress(psycopg.errors.UndefinedTable):
            return connection.execute(query.replace("{schema}", f'"{self.schema}"'), parameters).fetchall()
        return []

    def held(self, member: MemberProcess) -> list[int]:
        """Shards that a member has taken and not finished."""
        return [shard for (shard,) in self.ask(HELD, member.pid)]

    async def first_at_work(self, members: Sequence[MemberProcess]) -> MemberProcess:
        """Wait until one of them has a shard, and return it."""
        end = time.monotonic() + LONG
        while time.monotonic() < end:
            for member in members:
                if self.held(member):
                    return member
            await asyncio.sleep(0.02)
        message = "nobody has taken a shard"
        raise AssertionError(message)

    async def until_at_work(self, member: MemberProcess) -> list[int]:
        """Wait until a member has a shard; returns those that it has, none if all is done."""
        end = time.monotonic() + LONG
        while not (held := self.held(member)) and not self.is_done():
            assert time.monotonic() < end
            await asyncio.sleep(0.02)
        return held

    async def until_member(self, member: MemberProcess) -> None:
        """Wait until a process has joined."""
        end = time.monotonic() + LONG
        while not self.ask("SELECT 1 FROM {schema}.runs WHERE pid = %s", member.pid):
            assert time.monotonic() < end
            await asyncio.sleep(0.02)

    def is_done(self) -> bool:
        """Return True if no shard is left."""
        return self.ask("SELECT count(*) FROM {schema}.shards WHERE NOT done") == [(0,)]

    async def kill(self, member: MemberProcess) -> float:
        """Kill a member; returns the seconds until others have all that it had, or nothing is left of it."""
        member.send(signal.SIGSTOP)  # so that it takes nothing between the look and the end
        held = self.held(member)
        (run,) = self.ask("SELECT number FROM {schema}.runs WHERE pid = %s", member.pid)[0] if held else (None,)
        member.send(signal.SIGKILL)
        killed = time.monotonic()
        while held and self.ask(LEFT, held, run) != [(0,)]:
            assert time.monotonic() < killed + LONG
            await asyncio.sleep(0.05)
        return time.monotonic() - killed

    async def end(self) -> None:
        """Kill whoever is left."""
        for member in self.members:
            member.send(signal.SIGKILL)
            await member.ended() if member._ending.done() else await asyncio.wait([member._ending])


def face_faults(server: Server, room: str, folder: Path) -> list[str]:
    """What is not as it must be: every person is there once, with each of its images once."""
    found = server.state.workspaces[room].persons.values()
    expected = {path.name: len(list(path.iterdir())) for path in folder.iterdir()}
    names = Counter(str(person.name) for person in found)
    return [
        *[f"{name} is there {number} times" for name, number in names.items() if number != 1],
        *[f"{name} is not there" for name in sorted(expected.keys() - names.keys())],
        *[fault for person in found if (fault := _fault(server, person, expected)) is not None],
    ]


def _fault(server: Server, person: EmulatedPerson, expected: dict[str, int]) -> str | None:
    number = expected.get(str(person.name))
    contents = [server.state.uploads[key].md5 for key in person.thumbnails.values()]
    if len(contents) != number or len(set(contents)) != number:
        return f"{person.name} has {len(contents)} images, {len(set(contents))} of them different, and not its {number}"
    return None


def moments(seed: int, number: int, longest: float) -> Iterable[float]:
    """Random moments."""
    rng = random.Random(seed)  # noqa: S311  not cryptography
    return [rng.uniform(0.0, longest) for _ in range(number)]
