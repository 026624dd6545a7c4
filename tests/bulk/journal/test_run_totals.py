"""Totals of a run as its journal has them, after processes that ended at any step of an upload."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from attrs import define

from mi_async import Clock, PersonInput, Status, ThumbnailUpload
from mi_async.bulk import report_of
from mi_async.bulk.engine.outcome import Problem
from mi_async.bulk.enroll.work import EnrollWork, ImageUpload, given_up, recorded
from mi_async.bulk.journal.journal import Journal
from mi_async.bulk.journal.reader import read_journal
from mi_async.bulk.journal.records import ImageRecord, PersonRecord
from mi_async.bulk.journal.sharing import Sharing
from mi_async.bulk.journal.stored_minutes import stored_minutes
from mi_async.emulator import Fault, Latency, Settings
from mi_async.media.image_check import RawImage, checked_image
from mi_async.workflows.upload import State, Upload
from tests.support.bulk import face, identity, write
from tests.support.newsroom import Newsroom, newsroom

KIM = "김/철수"
MANY = 1000
CAP = 60.0
AT_ONCE = Settings(latency=Latency.none())


class WallClock(Clock):
    """A clock whose wall time is told."""

    def __init__(self, now: float) -> None:
        super().__init__()
        self.now = now

    def wall(self) -> float:
        return self.now


@define
class Left:
    """Where the first process of a run ends, with the rows that it leaves.

    Attributes:
        state: of its image.
        faults: of the service, by place, each with how often; the last place is where it waits until it ends.
        again: URLs that the next process has to ask for.
    """

    state: str
    faults: dict[str, tuple[Fault, int]]
    again: int = 0


LEFT = {
    "before the PUT": Left(
        "presigned",
        {"storage.put": (Fault.DROP_BEFORE, 1), "thumbnails.complete": (Fault.UNAVAILABLE, MANY)},
        again=1,
    ),
    "after the PUT": Left(
        "presigned", {"storage.put": (Fault.DROP_AFTER, 1), "thumbnails.complete": (Fault.UNAVAILABLE, MANY)}
    ),
    "stored": Left("stored", {"thumbnails.complete": (Fault.UNAVAILABLE, MANY)}),
    "confirmed": Left("confirmed", {"persons.create": (Fault.UNAVAILABLE, MANY)}),
    "after the create": Left(
        "confirmed", {"persons.create": (Fault.UNAVAILABLE_AFTER, 1), "persons.search": (Fault.UNAVAILABLE, MANY)}
    ),
    "attached": Left("attached", {"persons.add_tags": (Fault.UNAVAILABLE, MANY)}),
}


async def end_at(news: Newsroom, journal: str, left: Left, item: PersonInput) -> None:
    """Begin a run and end its process where the service keeps it waiting: it leaves the rows that a kill leaves."""
    for place, (fault, times) in left.faults.items():
        news.server.faults.next(place, fault, times=times)
    (*_, waits) = left.faults
    before = news.server.log.count(waits)
    running = asyncio.ensure_future(news.workspace.enroll_many([item], journal=journal, grace=0.0))
    async with asyncio.timeout(CAP):
        while news.server.log.count(waits) == before:  # noqa: ASYNC110  the server tells nobody
            await asyncio.sleep(0.001)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    with read_journal(journal) as reader:
        (states,) = [[image.state for image in images] for row, images in reader.entries() if row.person == item.name]
    assert states == [left.state]
    news.server.faults.clear()


async def test_each_image_of_a_shared_run_counts_once_wherever_its_process_has_ended(schema_url: str) -> None:
    items = [PersonInput(name, [face(seed)], tags=["Anchor"]) for seed, name in enumerate(LEFT)]
    async with newsroom(AT_ONCE) as news:
        stays = await Journal.open(schema_url, identity(news), sharing=Sharing(shards=1, life=600.0))
        try:  # while it lives, whoever joins works for the same run
            for left, item in zip(LEFT.values(), items, strict=True):
                await end_at(news, schema_url, left, item)
            urls = news.server.log.count("thumbnails.presign")
            await asyncio.wait_for(news.workspace.enroll_many(items, journal=schema_url), CAP)
            assert news.server.log.count("thumbnails.presign") == urls + sum(left.again for left in LEFT.values())
        finally:
            await stays.aclose()
    told = report_of(schema_url)
    assert (told.run, dict(told.counts), told.pictures) == (1, {Status.DONE: len(items)}, len(items))


@pytest.mark.parametrize("left", LEFT.values(), ids=LEFT.keys())
async def test_a_new_run_does_not_count_what_an_earlier_one_has_uploaded(left: Left, tmp_path: Path) -> None:
    item, journal = PersonInput(KIM, [face(1)], tags=["Anchor"]), str(tmp_path / "people.journal")
    async with newsroom(AT_ONCE) as news:
        await end_at(news, journal, left, item)
        earlier = report_of(journal).pictures
        await news.workspace.enroll_many([item], journal=journal)
    assert earlier == (left.state in {"confirmed", "attached"})
    told = report_of(journal)
    assert (told.run, dict(told.counts), told.pictures) == (2, {Status.DONE: 1}, left.again)


async def test_a_machine_whose_clock_is_behind_loses_no_image(schema_url: str) -> None:
    async with newsroom(AT_ONCE) as news, AsyncExitStack() as stack:
        for late in (0.0, 3600.0):
            clock = WallClock(1_800_000_000 - late)
            journal = await Journal.open(schema_url, identity(news), clock=clock, sharing=Sharing(shards=2, life=600.0))
            stack.push_async_callback(journal.aclose)
            image = ImageRecord(f"{late}", "aa", "a.jpg", state="attached", thumbnail_key="k", stored_at=clock.wall())
            await journal.write(PersonRecord(f"{late}", status="done", person_id=7, run=journal.run), image)
    assert report_of(schema_url).pictures == 2


async def test_what_was_stored_just_before_a_run_is_not_of_it(tmp_path: Path) -> None:
    async with newsroom(AT_ONCE) as news:
        journal = await Journal.open(tmp_path / "j", identity(news), clock=WallClock(1_800_000_000.75))
        rows = [
            ImageRecord("Kim", sha256, "a.jpg", state="attached", stored_at=1_800_000_000 + after)
            for sha256, after in (("aa", 0.5), ("bb", 0.75), ("cc", 1.5))
        ]
        await journal.write(PersonRecord("Kim", status="done", person_id=7, run=journal.run), *rows)
        await journal.aclose()
    assert report_of(tmp_path / "j").pictures == 2


def upload_in(state: State, record: ImageRecord) -> ImageUpload:
    """An image that has come to a state, with the row that it had before."""
    work = EnrollWork(ThumbnailUpload(7, face(1)), PersonRecord("7"))
    upload = Upload(checked_image(RawImage("a.jpg", face(1))), state=state)
    return ImageUpload(work, face(1), record=record, upload=upload)


def test_the_time_of_an_image_is_the_earliest_possible_until_its_put_is_recorded() -> None:
    record, times = ImageRecord("7", "aa", "a.jpg"), list[float]()
    for now, state in enumerate([State.NEW, State.PRESIGNED, State.STORED, State.CONFIRMED, State.ATTACHED], 100):
        record = recorded(upload_in(state, record), now)
        times.append(record.stored_at)
    assert times == [0, 101, 102, 102, 102]
    assert recorded(upload_in(State.NEW, record), 105).stored_at == 0
    found = recorded(upload_in(State.CONFIRMED, recorded(upload_in(State.PRESIGNED, record), 106)), 107)
    assert found.stored_at == 106


@pytest.mark.parametrize(("state", "left"), [("presigned", None), ("stored", "k"), ("confirmed", "k")])
def test_an_image_that_fails_before_its_put_is_not_at_the_service(state: str, left: str | None) -> None:
    record = ImageRecord("7", "aa", "a.jpg", state=state, thumbnail_key="k", stored_at=1.5)
    assert given_up(record, Problem("a.jpg", "HTTP_400", "refused"), transient=False).left == left
    assert given_up(record, Problem("a.jpg", "HTTP_503", "later"), transient=True).stored_at == 1.5


async def test_the_rate_over_time_has_no_image_that_is_only_presigned(tmp_path: Path) -> None:
    states = ["presigned", "stored", "attached"]
    images = [ImageRecord("Kim", each, "a.jpg", state=each, thumbnail_key=each, stored_at=90.0) for each in states]
    async with newsroom(AT_ONCE) as news:
        await write(news, tmp_path / "j", *images)
    with read_journal(tmp_path / "j") as reader:
        assert list(stored_minutes(reader)) == [(1, 1)]
