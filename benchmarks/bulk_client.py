"""The client of the bulk benchmarks, as a process of its own: one run of many items, and what it cost.

    python bulk_client.py '{"url": ..., ...}'     the members are those of Job

Invariant: prints one JSON object and nothing else; SIGINT ends the run as Ctrl-C would, and the figures are printed all
the same. Seconds of CPU and wall time are real ones.
"""

import asyncio
import gc
import json
import os
import re
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from attrs import asdict, frozen

import mi_async
from mi_async.bulk.inputs.models import Item, PersonInput, ThumbnailUpload

STATUS = Path("/proc/self/status")
MINUTE = 60.0
LOOK = 0.25
"""Real seconds between two looks at the progress."""


@frozen
class Job:
    """What the client shall do.

    Attributes:
        url: of the service.
        access_key: of the account.
        secret_key: of the account.
        journal: path or URL of its journal.
        pictures: paths.
        items: how many.
        speed: of the clock.
        first_person: number of the first of the persons who get pictures, each one all of them in turn; 0 enrolls
            persons with the first picture instead.
        quotas: whether those of the service are kept; they need not be where it does not enforce them.
        pace: items a minute of the clock at which the input gives them; 0 for as fast as they are taken.
        core: on which it stays; None for any. It cannot choose for itself: it inherits the server's.
    """

    url: str
    access_key: str
    secret_key: str
    journal: str
    pictures: list[str]
    items: int
    speed: float = 1.0
    first_person: int = 0
    quotas: bool = True
    pace: float = 0.0
    core: int | None = None

    def command(self) -> list[str]:
        """How the client is started."""
        return [sys.executable, __file__, json.dumps(asdict(self))]


def inputs(job: Job) -> Iterator[Item]:
    each = len(job.pictures)
    for number in range(job.items):
        if job.first_person:
            yield ThumbnailUpload(job.first_person + number // each, job.pictures[number % each])
        else:
            yield PersonInput(f"Person {number}", [job.pictures[0]])


async def paced(job: Job, clock: mi_async.Clock) -> AsyncIterator[Item]:
    begun = clock.monotonic()
    for number, item in enumerate(inputs(job)):
        await clock.sleep(max(0.0, begun + number * MINUTE / job.pace - clock.monotonic()))
        yield item


def peak_memory() -> float:
    """Return the most MiB that this process ever had; getrusage would count what the parent had when it started us."""
    found = re.search(r"VmHWM:\s+(\d+)", STATUS.read_text()) if STATUS.exists() else None
    return int(found[1]) / 1024 if found else 0.0


async def watch(run: Any, seen: list[dict[str, float]]) -> None:
    while True:
        before = time.perf_counter()
        await asyncio.sleep(LOOK)
        late = time.perf_counter() - before - LOOK
        now = run.progress
        seen.append({"late": late, "pool": now.pool, "pending": now.pending, "first": now.first})


async def work(job: Job) -> dict[str, Any]:
    quotas: Any = {} if job.quotas else dict.fromkeys(("thumbnails.presign", "thumbnails.complete"))
    keys = mi_async.Credentials(job.access_key, job.secret_key)
    counts: Counter[str] = Counter()
    seen: list[dict[str, float]] = []
    clock = mi_async.Clock(job.speed)
    async with mi_async.connect(keys, base_url=job.url, quotas=quotas, clock=clock) as session:
        workspace: Any = session.workspace("newsroom")
        begin = workspace.upload_thumbnails if job.first_person else workspace.enroll_many
        gc.collect()
        wall, cpu = time.perf_counter(), time.process_time()
        items = (
            partial(paced, job, clock) if job.pace else partial(inputs, job)
        )  # a shared journal reads it for each shard
        run = begin(items, journal=job.journal, total=job.items)
        watching = asyncio.create_task(watch(run, seen))
        with suppress(asyncio.CancelledError):
            async for outcome in run:
                counts[outcome.status.value] += 1
        watching.cancel()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        last = run.progress
    return {
        "cpu": cpu,
        "wall": wall,
        "memory": peak_memory(),
        "counts": counts,
        "checks": last.checks,
        "refused": last.refused,
        "seen": seen,
    }


if __name__ == "__main__":
    given = Job(**json.loads(sys.argv[1]))
    if given.core is not None:
        os.sched_setaffinity(0, {given.core})
    json.dump(asyncio.run(work(given)), sys.stdout)
