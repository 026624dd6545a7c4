"""What the bulk benchmarks share: the emulator in this process, the client as a child of it, and what the server saw.

Invariant: what is said about the service is counted at the server, what is said about the client is measured in it.
Seconds and minutes are those of the clock on which both run, unless they are called real.
"""

import asyncio
import json
import os
import signal
import time
from array import array
from bisect import bisect_left
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from attrs import Factory, define, field, frozen
from bulk_client import Job
from harness import CLIENT_CORE, SERVER_CORE, pin

import mi_async
from mi_async import Clock, emulator
from mi_async.api.person_models import CreatedPerson, ThumbnailInput
from mi_async.api.persons import Persons
from mi_async.api.thumbnails import Thumbnails, UploadCheck, UploadStatus
from mi_async.emulator import Server, Settings, person_list, state, workspace
from mi_async.emulator.bodies import BODIES, Bodies
from mi_async.emulator.bodies.persons import EmulatedPersons
from mi_async.emulator.bodies.thumbnails import EmulatedThumbnails

PICTURES = sorted((Path(mi_async.__file__).parent / "cli" / "pictures").glob("hong-*"))
MINUTE = 60.0
CHECKS, PRESIGNS = "thumbnails.complete", "thumbnails.presign"
LOOK = 0.2
"""Real seconds between two looks at what the server has seen."""
CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
CORE = CORES[CLIENT_CORE % len(CORES)] if CORES else None
"""The client's, chosen before this process binds itself to another."""
REMEMBERED = 5_000
"""Persons that a forgetful service has at a time."""


@define(eq=False)
class Seen:
    """What the completion checks told.

    Attributes:
        done: when each upload was first said to be completed, in seconds of the server's clock.
        delays: for how many seconds it had been, by then.
    """

    done: "array[float]" = field(factory=lambda: array("d"))
    delays: "array[float]" = field(factory=lambda: array("d"))
    _told: set[str] = Factory(set)

    def add(self, key: str, now: float, ready: float) -> None:
        """Take note of an upload that is completed."""
        if key not in self._told:
            self._told.add(key)
            self.done.append(now)
            self.delays.append(now - ready)

    def between(self, start: float, end: float) -> int:
        """How many uploads were said to be completed from one moment to another."""
        return bisect_left(self.done, end) - bisect_left(self.done, start)


class Watched(EmulatedThumbnails):
    """Thumbnail operations that note what the completion check tells."""

    def __init__(self, seen: Seen, world: state.EmulatorState, **scope: str) -> None:
        super().__init__(world, **scope)
        self._seen = seen

    async def complete(self, thumbnail_key: str) -> UploadCheck:
        """Tell how an upload went."""
        check = await super().complete(thumbnail_key)
        if check.upload_status == UploadStatus.COMPLETED:
            self._seen.add(thumbnail_key, self._state.now(), self._state.uploads[thumbnail_key].ready)
        return check


class Forgetful(EmulatedPersons):
    """Persons of whom only the last are kept, with their uploads, so that the server's memory is flat."""

    async def create(
        self, name: str | None = None, *, thumbnails: Sequence[ThumbnailInput], description: str | None = None
    ) -> CreatedPerson:
        """Create a person, and let the oldest go."""
        created = await super().create(name, thumbnails=thumbnails, description=description)
        if len(self._room.persons) > REMEMBERED:
            oldest = next(iter(self._room.persons.values()))
            person_list.remove(self._room, oldest, None)
            for key in oldest.thumbnails.values():
                del self._state.uploads[key]
        return created


FORGETFUL: Bodies = {**BODIES, Persons: Forgetful}


@frozen
class Client:
    """A finished client: its figures, and the real seconds of CPU that this process spent on serving it."""

    figures: dict[str, Any]
    server_cpu: float

    @property
    def share(self) -> float:
        """Share of a core that the client was busy."""
        return float(self.figures["cpu"] / self.figures["wall"])


@define(eq=False)
class Service:
    """An emulator in this process.

    Attributes:
        server: the emulator.
        seen: what its completion checks told.
        folder: for journals.
    """

    server: Server
    seen: Seen
    folder: Path

    def job(self, items: int, **options: Any) -> Job:
        """Work for a client."""
        keys, paths = self.server.credentials, [str(path) for path in PICTURES]
        journal, speed = str(self.folder / f"{items}.journal"), self.server.clock.speed
        given: dict[str, Any] = {"journal": journal, "speed": speed, "pictures": paths, "items": items}
        given |= {"core": CORE} | options
        return Job(self.server.url, keys.access_key, keys.secret_key, **given)

    def add_persons(self, count: int) -> int:
        """Make nameless persons without pictures; gives the number of the first, the others follow it."""
        world, room = self.server.state, self.server.state.workspace("newsroom")
        numbers = [world.new_id() for _ in range(count)]
        room.persons.update({number: workspace.EmulatedPerson(number, None, None) for number in numbers})
        return numbers[0]

    async def client(self, job: Job) -> Client:
        """Let a client work to the end, or until only uploads are left that never finish."""
        cpu = time.process_time()
        child = await asyncio.create_subprocess_exec(*job.command(), stdout=asyncio.subprocess.PIPE)
        ending = asyncio.create_task(child.communicate())
        try:
            while not (await asyncio.wait([ending], timeout=LOOK))[0]:
                if self._only_endless(job.items):
                    child.send_signal(signal.SIGINT)
                    break
            out, _ = await ending
        finally:
            if child.returncode is None:
                child.kill()
        assert child.returncode == 0, f"the client ended with {child.returncode}"
        return Client(json.loads(out), time.process_time() - cpu)

    def _only_endless(self, items: int) -> bool:
        if len(self.seen.done) < 0.9 * items:
            return False
        endless = sum(upload.ready == float("inf") for upload in self.server.state.uploads.values())
        return endless > 0 and len(self.seen.done) + endless >= items


@asynccontextmanager
async def service(settings: Settings, speed: float, *, forgetful: bool = False) -> AsyncIterator[Service]:
    """Serve from this process, on a core of its own."""
    pin(SERVER_CORE)
    seen = Seen()
    bodies: Bodies = FORGETFUL if forgetful else {**BODIES, Thumbnails: partial(Watched, seen)}
    with TemporaryDirectory() as folder:
        async with emulator.serve(settings=settings, clock=Clock(speed), bodies=bodies) as server:
            yield Service(server, seen, Path(folder))
