"""Bulk runs on an emulator: people and pictures to put in, and what the service, the journal and the session say after.

Invariant: what a run did is judged by the server's state and by the journal as it is read from the disk.
"""

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from mi_async.bulk.engine.outcome import BulkOutcome, Status
from mi_async.bulk.engine_factory import enroll_factory
from mi_async.bulk.enroll.schedule import Schedule
from mi_async.bulk.inputs.models import PersonInput
from mi_async.bulk.journal.journal import Journal
from mi_async.bulk.journal.reader import read_journal
from mi_async.bulk.journal.records import AbandonedRecord, Identity, ImageRecord, PersonRecord, Record
from mi_async.bulk.options import BulkOptions
from mi_async.bulk.run import BulkRun
from mi_async.emulator.workspace import EmulatedPerson
from mi_async.media.image_check import RawImage
from tests.support.newsroom import Newsroom, context_of, no_lease_held, nothing_held
from tests.support.pictures import picture

FORMATS = ("jpg", "png", "webp")
THREAD = "mi_async journal"


@cache
def face(seed: int) -> bytes:
    """A picture; another seed is another one."""
    return picture(FORMATS[seed % 3], 256, 256, seed=seed)


def faces(count: int, start: int = 0) -> list[bytes]:
    """So many different pictures."""
    return [face(seed) for seed in range(start, start + count)]


def name(number: int) -> str:
    """A name in Hangul with a slash."""
    return f"홍길동/{number}"


def people(count: int, pictures: int = 1, **more: Any) -> Iterator[PersonInput]:
    """So many persons with so many pictures each."""
    for number in range(count):
        yield PersonInput(name(number), [face((number + n) % 40) for n in range(pictures)], **more)


def files(folder: Path, contents: Sequence[bytes]) -> list[Path]:
    """Pictures as files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number}.jpg" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return paths


async def outcomes(run: BulkRun) -> dict[str, BulkOutcome]:
    """All outcomes of a run by key, each of which comes once."""
    found: dict[str, BulkOutcome] = {}
    async for outcome in run:
        assert outcome.key not in found
        found[outcome.key] = outcome
    return found


def statuses(found: dict[str, BulkOutcome]) -> set[Status]:
    """The ways in which items ended."""
    return {outcome.status for outcome in found.values()}


def requests(news: Newsroom) -> int:
    """All requests that the server has seen."""
    log = news.server.log
    return sum(len(times) for times in log.arrivals.values())


def person(news: Newsroom, key: str) -> EmulatedPerson:
    """The one person of a name."""
    (found,) = [each for each in news.server.state.persons() if each.name == key]
    return found


def contents(news: Newsroom, key: str) -> list[bytes | None]:
    """The pictures of the one person of a name, in the order in which they were attached."""
    return [news.server.state.uploads[one].content for one in person(news, key).thumbnails.values()]


def main_picture(news: Newsroom, key: str) -> bytes | None:
    """The main picture of the one person of a name."""
    found = person(news, key)
    return news.server.state.uploads[found.thumbnails[found.primary or 0]].content


def left_behind(news: Newsroom) -> set[str]:
    """Keys of pictures that are stored and that no person has."""
    attached = {key for _, key in news.thumbnails()}
    return {key for key, upload in news.server.state.uploads.items() if upload.stored is not None} - attached


def rows(journal: Path) -> dict[str, tuple[PersonRecord, tuple[ImageRecord, ...]]]:
    """Persons and pictures of a journal, by key."""
    with read_journal(journal) as reader:
        return {row.person: (row, pictures) for row, pictures in reader.entries()}


def abandoned(journal: Path) -> list[AbandonedRecord]:
    """Uploads that were started over."""
    with read_journal(journal) as reader:
        return list(reader.abandoned())


def identity(news: Newsroom, operation: str = "enroll") -> Identity:
    """What the journal of a run in this room belongs to."""
    context = context_of(news.workspace)
    return Identity(context.endpoint, news.server.credentials.access_key, news.workspace.name, operation)


async def write(news: Newsroom, journal: Path, *records: Record, operation: str = "enroll") -> None:
    """Leave rows as a run that was killed would have."""
    opened = await Journal.open(journal, identity(news, operation))
    await opened.write(*records)
    await opened.aclose()


def run_of(
    news: Newsroom, items: Any, journal: Path, kind: Any = PersonInput, timeout: float = 600.0, **more: Any
) -> BulkRun:
    """A run that parks uploads after so many seconds."""
    options = BulkOptions(journal=journal, schedule=Schedule(timeout=timeout), **more)
    return BulkRun(enroll_factory(context_of(news.workspace), kind), items, options)


def sha256(content: bytes) -> str:
    """The hash by which a journal knows a picture."""
    return RawImage("", content).sha256


async def stored(news: Newsroom, count: int) -> None:
    """Wait until so many completion checks have been made: the journal knows of so many stored pictures then."""
    while news.server.log.count("thumbnails.complete") < count:  # noqa: ASYNC110  the server tells nobody
        await asyncio.sleep(0.001)


async def nothing_left(news: Newsroom) -> None:
    """Assert that a run has left no lease, no picture in memory, no thread and no task behind."""
    assert no_lease_held(news.session)
    assert nothing_held(news.session)
    until = time.monotonic() + 60.0
    while any(thread.name == THREAD for thread in threading.enumerate()):  # it ends just after it has said so
        assert time.monotonic() < until
        await asyncio.sleep(0.001)
    ours = [task for task in asyncio.all_tasks() if "mi_async/bulk" in _place(task)]
    assert not ours, ours


def _place(task: "asyncio.Task[Any]") -> str:
    code = getattr(task.get_coro(), "cr_code", None)
    return code.co_filename if code is not None else ""
