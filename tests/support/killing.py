"""Bulk runs that are killed by SIGKILL and taken up again, and what a service must look like after the last of them.

Invariant: the service is in this process and outlives the clients, which are processes of their own. What went up is
judged by what the service has, what was left behind by what the journal tells; the code under test is not asked.
"""

import asyncio
import hashlib
import json
import random
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

from attrs import Factory, define, field, frozen

from mi_async.emulator import Faults, Latency, Server, Settings
from mi_async.emulator.workspace import EmulatedPerson, EmulatedWorkspace
from tests.support import bulk_child, footage_child
from tests.support.pictures import picture
from tests.support.storage import BUCKET, Bucket

SPEED = 200.0
MOST_RESUMES = 12
"""Runs after the last kill: with faults, items are parked, and the next run takes them up."""
TOLD = "SELECT thumbnail_key FROM abandoned"
Row = dict[str, Any]


def settings(rooms: int, faults: float, seed: int) -> Settings:
    """A service with a workspace for each run."""
    return Settings(
        seed=seed,
        workspaces=tuple(f"room-{number}" for number in range(rooms)),
        latency=Latency.lognormal(median=0.8, p95=4),
        random_faults=Faults.uniform(faults),
        keep_bytes=False,
    )


def make_people(folder: Path, persons: int) -> Path:
    """Folders with one to three pictures each; some pictures belong to several persons."""
    contents = [picture(("jpg", "png", "webp")[seed % 3], seed=seed) for seed in range(7)]
    for number in range(persons):
        (folder / f"{number:03}").mkdir(parents=True)
        for place in range(1 + number % 3):
            (folder / f"{number:03}" / f"{place}.jpg").write_bytes(contents[(number + place) % len(contents)])
    return folder


@frozen
class Tale:
    """What happened to one journal: seconds from the beginning at which clients were killed, and runs to the end."""

    kills: tuple[float, ...]
    resumes: int
    rows: list[Row] = field(repr=False)


@define(kw_only=True)
class Victim:
    """One bulk run into a workspace of its own, by as many processes as it takes.

    Attributes:
        server: the service.
        room: name of the workspace.
        folder: of the input.
        journal: path.
        took: real seconds of each client that came to its end.
    """

    server: Server
    room: str
    folder: Path
    journal: Path
    took: list[float] = Factory(list)

    CHILD: ClassVar[str]

    async def run(
        self, kill_after: float | None = None, kill_when: Callable[[], bool] | None = None
    ) -> list[Row] | None:
        """Let a client work to its end, whose outcomes it gives, or until it is killed.

        Args:
            kill_after: seconds from its beginning.
            kill_when: is asked all the time.
        """
        child = await asyncio.create_subprocess_exec(*self._command(), stdout=asyncio.subprocess.PIPE)
        assert child.stdout is not None
        assert await child.stdout.readline() == b"begun\n"
        begun = time.monotonic()
        ending = asyncio.create_task(child.communicate())
        if kill_after is not None and not (await asyncio.wait([ending], timeout=kill_after))[0]:
            child.kill()
        while kill_when is not None and not ending.done():
            if kill_when():
                child.kill()
                break
            await asyncio.sleep(0.001)
        written, _ = await ending
        if child.returncode == -9:
            return None
        assert child.returncode == 0, f"{self.room}: the client ended with {child.returncode}"
        self.took.append(time.monotonic() - begun)
        rows: list[Row] = json.loads(written)
        return rows

    async def survive(self, rng: random.Random, kills: int, longest: float) -> Tale:
        """Kill clients at random moments, then resume until nothing is left to do."""
        moments = [rng.uniform(0.0, longest) for _ in range(kills)]
        struck = tuple([moment for moment in moments if await self.run(kill_after=moment) is None])
        rows: list[Row] = []
        for resumes in range(1, MOST_RESUMES + 1):
            last = await self.run()
            assert last is not None
            rows += last
            if all(row["status"] in {"done", "skipped"} for row in last):
                return Tale(struck, resumes, rows)
        message = f"{self.room}: not done after {MOST_RESUMES} runs: {last}"
        raise AssertionError(message)

    def _more(self) -> dict[str, Any]:
        """What the client is told besides."""
        return {}

    def _command(self) -> list[str]:
        keys = self.server.credentials
        given = {
            "url": self.server.url,
            "keys": [keys.access_key, keys.secret_key],
            "room": self.room,
            "journal": str(self.journal),
            "folder": str(self.folder),
            "speed": SPEED,
        }
        return [sys.executable, self.CHILD, json.dumps(given | self._more())]


@define(kw_only=True)
class Faces(Victim):
    """A run over people with pictures."""

    CHILD = bulk_child.__file__

    def faults(self) -> list[str]:
        """What is not as it must be: persons and pictures once each, and nothing left behind that nobody tells of."""
        room = self.server.state.workspaces[self.room]
        names = sorted(str(person.name) for person in room.persons.values())
        expected = {bulk_child.name_of(one): one for one in self.folder.iterdir()}
        attached = [key for person in room.persons.values() for key in person.thumbnails.values()]
        untold = self.left_behind() - self._told()
        checks = (
            (names != sorted(expected), f"persons {sorted(set(expected) ^ set(names))}, {len(names)} in all"),
            (len(attached) != len(set(attached)), f"{len(attached) - len(set(attached))} pictures are there twice"),
            (untold, f"nobody tells of {sorted(untold)}"),
        )
        wrong = [text for is_so, text in checks if is_so]
        return [
            *wrong,
            *(f for p in room.persons.values() if p.name in expected and (f := self._fault(p, room, expected[p.name]))),
        ]

    def _fault(self, person: EmulatedPerson, room: EmulatedWorkspace, folder: Path) -> str | None:
        """What is wrong with a person."""
        uploads = self.server.state.uploads
        wanted = [_md5(path) for path in sorted(folder.iterdir())]
        found = {number: uploads[key].md5 for number, key in person.thumbnails.items()}
        tags = [room.tags[tag].name for tag in person.tag_ids]
        checks = (
            (sorted(found.values()) != sorted(wanted), f"has {len(found)} pictures and not its {len(wanted)}"),
            (found.get(person.primary or 0) != wanted[0], "has another main picture than its first"),
            (tags != [bulk_child.TAG], f"has the tags {tags}"),
        )
        return next((f"{person.name} {text}" for is_so, text in checks if is_so), None)

    def left_behind(self) -> set[str]:
        """Keys of pictures that the service has stored and no person has."""
        persons = self.server.state.workspaces[self.room].persons.values()
        attached = {key for person in persons for key in person.thumbnails.values()}
        uploads = self.server.state.uploads.values()
        stored = {upload.key for upload in uploads if upload.workspace == self.room and upload.stored is not None}
        return stored - attached

    def _told(self) -> set[str]:
        with closing(sqlite3.connect(self.journal)) as journal:
            assert journal.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            return {key for (key,) in journal.execute(TOLD)}


@define(kw_only=True)
class Films(Victim):
    """A run over media files, into a bucket.

    Attributes:
        s3: the storage.
    """

    s3: Bucket

    CHILD = footage_child.__file__

    def faults(self) -> list[str]:
        """What is not as it must be: each file is an object and one asset with an index, and nothing was left."""
        found = Counter(asset.key for _, asset in self.server.state.workspaces[self.room].assets())
        keys = {path.relative_to(self.folder).as_posix(): path for path in self.folder.rglob("*.mp4")}
        other = [key for key, path in keys.items() if self.s3.get(key) != path.read_bytes()]
        checks = (
            (found != Counter(list(keys)), f"assets {found}"),
            (other, f"objects that are not their files: {other}"),
            (self.s3.unfinished(), "an unfinished upload"),
            (list(self.journal.parent.glob(".*")), "a record of an upload"),
        )
        return [text for is_so, text in checks if is_so]

    def _more(self) -> dict[str, Any]:
        return {"storage": self.s3.url, "bucket": BUCKET}


def _md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
