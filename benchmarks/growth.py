"""Growth: what a call, a journal, a page and a list of models cost as there are more of them.

- Calls: GET person, so many tasks at once, against raw aiohttp in the same turns. Ours keeps to 100 connections, as
  raw aiohttp does unless it is told otherwise; raw without that limit opens one for each call.
- Journal: with so many persons in it, opened, asked for 100 of them, and 100 of them written to the disk, anew each.
- Pages: all persons of a workspace, 1,000 on a page; what a page costs at the beginning and at the end.
- Models: a list of persons with their tags and thumbnails; a full collection of garbage before and after `gc.freeze()`.

    python benchmarks/growth.py --large     10,000 calls, a million persons in the journal and on the pages
"""

import asyncio
import gc
import itertools
import json
import os
import resource
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import calls
import orjson
import samples
from harness import CLIENT_CORE, Series, options, pin, process, ratio, scaled, server, sizes, take_turns
from results import Table, finish

import mi_async
from mi_async._core import convert
from mi_async.api.persons import Person
from mi_async.bulk.journal.journal import Journal
from mi_async.bulk.journal.records import Identity, ImageRecord, PersonRecord, Record
from mi_async.models import Page

USUAL: Mapping[str, Sequence[int]] = {
    "calls": sizes(1, 32, 256, 2_000, least=1),
    "journal": (0, *sizes(1_000, 10_000, 100_000, least=100)),
    "pages": sizes(10_000, 50_000, 200_000, least=2_000),
    "models": sizes(2_000, 20_000, 200_000, least=200),
}
LARGE: Mapping[str, int] = {"calls": 10_000, "journal": 1_000_000, "pages": 1_000_000}
TURNS = scaled(5, 2)
PAGE_SIZE, FEW = 1_000, scaled(10)
"""Persons on a page, and pages of which the mean is taken."""
ASKED = 100
"""Rows that are looked up, and written, at once."""
WRITTEN = 5_000
"""Rows of one transaction that fills a journal."""
MOST_FREE = 2_000
"""Most calls at once of raw aiohttp without a limit: 10,000 connections take longer to open than it waits for each."""
FILES_BESIDE = 200
"""Open files that are needed beside those of the calls."""
IDENTITY = Identity("http://127.0.0.1", "ACCESS", "newsroom", "enroll")
Figures = dict[str, Any]


async def calls_of(url: str, size: int) -> Series:
    """Return CPU microseconds of a call by variant."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    sides = {"raw": calls.raw(url, None), "again": calls.raw(url, None), "ours": calls.ours(url, None)}
    if size <= MOST_FREE and size + FILES_BESIDE < most:
        sides["unlimited"] = calls.raw(url, None, 0)
    each, blocks = max(1, scaled(256) // size), dict[str, Callable[[], Awaitable[float]]]()
    async with AsyncExitStack() as stack:
        for name, side in sides.items():
            get = (await stack.enter_async_context(side))["get"]
            blocks[name] = partial(block, get, size, each, itertools.count(10_000_000))
            await blocks[name]()  # opens the connections
        gc.collect()
        return await take_turns(blocks, TURNS)


async def block(call: calls.Call, tasks: int, each: int, numbers: Iterator[int]) -> float:
    async def caller() -> None:
        for _ in range(each):
            await call(next(numbers))

    before = time.process_time()
    await asyncio.gather(*(caller() for _ in range(tasks)))
    return (time.process_time() - before) / (tasks * each) * 1e6


def rows(numbers: Iterator[int] | range) -> Iterator[Record]:
    for number in numbers:
        yield PersonRecord(f"Person {number}", "done", number, run=1)
        yield ImageRecord(f"Person {number}", f"{number:064x}", f"faces/{number}.jpg", 20_000, number, "attached")


async def journal_of(_url: str, size: int) -> Figures:
    """Return milliseconds of the wall clock to open it and to find and write rows, and bytes of a person."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "journal")
        journal = await Journal.open(path, IDENTITY)
        for first in range(0, size, WRITTEN):
            await journal.write(*rows(range(first, min(first + WRITTEN, size))))
        await journal.aclose()
        bytes_each = weight(folder) / max(1, size)
        found: dict[str, list[float]] = {"open": [], "find": [], "write": []}
        for turn in range(TURNS):
            before = time.perf_counter()
            journal = await Journal.open(path, IDENTITY)
            found["open"].append(time.perf_counter() - before)
            numbers = [(turn + index * 7919) % max(1, size) for index in range(ASKED)]
            before = time.perf_counter()
            known = await journal.find([f"Person {number}" for number in numbers])
            found["find"].append(time.perf_counter() - before)
            assert len(known) == len(set(numbers)) or not size
            fresh = range(size + turn * ASKED, size + (turn + 1) * ASKED)
            before = time.perf_counter()
            await journal.write(*rows(fresh))
            found["write"].append(time.perf_counter() - before)
            await journal.aclose()
    return {"bytes": bytes_each} | {name: statistics.median(each) * 1e3 for name, each in found.items()}


def weight(folder: str) -> int:
    return sum(file.stat().st_size for file in Path(folder).iterdir())


async def pages_of(url: str, size: int) -> Figures:
    """Return CPU milliseconds of a page, at the beginning and at the end, and MiB by which the process grew."""
    marks: list[float] = []
    async with mi_async.connect(calls.KEYS, base_url=url) as session:
        persons = session.workspace("newsroom").persons
        async for number, _ in numbered(persons.all(page_size=PAGE_SIZE, limit=size)):
            if number % PAGE_SIZE == 0:
                marks.append(time.process_time())
            if number == PAGE_SIZE:
                held = resident()
    each = [(after - before) * 1e3 for before, after in itertools.pairwise([*marks, time.process_time()])]
    return {"first": statistics.fmean(each[:FEW]), "last": statistics.fmean(each[-FEW:]), "mib": resident() - held}


async def numbered(persons: AsyncIterator[Person]) -> AsyncIterator[tuple[int, Person]]:
    number = 0
    async for person in persons:
        yield number, person
        number += 1


async def models_of(_url: str, size: int) -> Figures:
    """Return microseconds to make a person, kB that it takes, and milliseconds of a full collection of garbage."""
    read = convert.structurer(Page[Person])
    bodies = [orjson.dumps(samples.page(number, 100, size)) for number in range(1, -(-size // 100) + 1)]
    read(convert.loads(bodies[0]))
    gc.collect()
    found: dict[str, float] = {}
    for name in ("off", "made"):  # the collector is off for the first of both
        gc.disable() if name == "off" else gc.enable()
        held, before = resident(), time.process_time()
        persons = [person for body in bodies for person in read(convert.loads(body)).content]
        found |= {name: (time.process_time() - before) / size * 1e6}
        found.setdefault("kb", (resident() - held) * 1024 / size)
        assert len(persons) == size
        found |= {"pause": collection()}
        gc.freeze()
        found |= {"frozen": collection()}
        gc.unfreeze()
        del persons
    return found


def collection() -> float:
    before = time.process_time()
    gc.collect()
    return (time.process_time() - before) * 1e3


def resident() -> float:
    """Return MiB of this process that are resident (Linux), else the most that were."""
    status = Path("/proc/self/statm")
    if status.exists():
        return int(status.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


MEASURES: Mapping[str, Callable[[str, int], Awaitable[Any]]] = {
    "calls": calls_of,
    "journal": journal_of,
    "pages": pages_of,
    "models": models_of,
}
HEADS = {
    "journal": [
        "persons in the journal",
        "open, ms",
        "find 100 persons, ms",
        "write 100, ms",
        "bytes of a person, or of an empty one",
    ],
    "pages": ["persons", "CPU ms of a page: first", "last", "MiB since the second page"],
    "models": [
        "persons",
        "kB of one",
        "CPU us to make one",
        "collector off",
        "full collection ms",
        "after gc.freeze() ms",
    ],
}
CELLS = {
    "journal": ("open", "find", "write", "bytes"),
    "pages": ("first", "last", "mib"),
    "models": ("kb", "made", "off", "pause", "frozen"),
}
TITLES = {
    "calls": "Calls at once",
    "journal": "Journal, wall time",
    "pages": "All persons, page by page",
    "models": "A list of models",
}


def calls_table(found: Mapping[int, Series]) -> Table:
    head = ["tasks", "raw us", "raw, no limit, us", "us", "x raw (quartiles)", "x raw, no limit", "A/A"]
    shown = []
    for size, series in found.items():
        us = {name: f"{statistics.median(each):.0f}" for name, each in series.items()}
        free = str(ratio(series, "ours", "unlimited")) if "unlimited" in series else "too many connections"
        compared = [str(ratio(series, "ours", "raw")), free, str(ratio(series, "again", "raw"))]
        shown.append([f"{size:,}", us["raw"], us.get("unlimited", ""), us["ours"], *compared])
    return Table(TITLES["calls"], head, shown)


def table(measure: str, found: Mapping[int, Figures]) -> Table:
    shown = [[f"{size:,}", *(f"{one[name]:,.1f}" for name in CELLS[measure])] for size, one in found.items()]
    return Table(TITLES[measure], HEADS[measure], shown)


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--only", choices=list(MEASURES), nargs="+", default=list(MEASURES), help="tables to make")
    parser.add_argument("--large", action="store_true", help="the largest sizes, too: a quarter of an hour")
    given = parser.parse_args()
    if given.client:
        pin(CLIENT_CORE)
        measure, _, size = given.client.partition(" ")
        json.dump(asyncio.run(MEASURES[measure](given.url, int(size))), sys.stdout)  # type: ignore[arg-type]
        return
    tables, figures = [], dict[str, float]()
    with server("api") as port:
        for measure in given.only:
            wanted = [*USUAL[measure], *([LARGE[measure]] if given.large and measure in LARGE else [])]
            command = [__file__, "--url", f"http://127.0.0.1:{port}", "--client"]
            found = {size: json.loads(process([*command, f"{measure} {size}"])) for size in wanted}
            tables.append(calls_table(found) if measure == "calls" else table(measure, found))
            for size, one in found.items():
                if measure == "calls":
                    figures[f"calls.{size}"] = ratio(one, "ours", "raw").median
                else:
                    figures |= {f"{measure}.{size}.{name}": value for name, value in one.items()}
    finish(given.json, figures, *tables, packages=("sqlalchemy",))


if __name__ == "__main__":
    main()
