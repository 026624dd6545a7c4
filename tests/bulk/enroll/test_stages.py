"""Stages of an enrolling run: their costs, the slots and bytes that they give back, and items that are dropped."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from mi_async import PersonInput, ThumbnailUpload
from mi_async.bulk.engine.outcome import BulkOutcome, Status
from mi_async.bulk.enroll.adaptive_limit import LimitController
from mi_async.bulk.run import BulkRun
from mi_async.emulator import Fault, Latency, Rejection, Settings
from mi_async.errors import BulkError
from mi_async.media.image_source import Source
from tests.support.bulk import face, name, nothing_left, rows, run_of, stored
from tests.support.costs import costs
from tests.support.newsroom import Newsroom, newsroom
from tests.support.pictures import plain_picture

AT_ONCE = Settings(latency=Latency.none())
UPLOAD = {"thumbnails.presign": 1, "storage.put": 1, "thumbnails.complete": 1}


async def enrolled(news: Newsroom) -> int:
    """Create a person to give thumbnails to."""
    return (await news.workspace.enroll_person(name(0), [face(0)])).id


async def ended(run: BulkRun) -> list[tuple[Status, list[str]]]:
    return [(each.status, [problem.code for problem in each.problems]) async for each in run]


@pytest.mark.parametrize("code", [10068, 10069, 10001])
async def test_a_refused_attach_is_not_repeated(code: int, tmp_path: Path) -> None:
    async with newsroom(AT_ONCE) as news:
        run = news.workspace.upload_thumbnails([ThumbnailUpload(await enrolled(news), face(1))], journal=tmp_path / "j")
        news.server.faults.next("persons.set_thumbnails", Rejection(code))
        with costs(news.server, {**UPLOAD, "persons.set_thumbnails": 1}):
            assert await ended(run) == [(Status.FAILED, [str(code)])]


@pytest.mark.parametrize(
    ("fault", "more"),
    [(Fault.UNAVAILABLE, {"persons.set_thumbnails": 2, "persons.get": 1}), (Fault.DROP_AFTER, {"persons.get": 1})],
)
async def test_an_attach_that_may_have_failed_costs_one_look(
    fault: Fault, more: dict[str, int], tmp_path: Path
) -> None:
    async with newsroom(AT_ONCE) as news:
        run = news.workspace.upload_thumbnails([ThumbnailUpload(await enrolled(news), face(1))], journal=tmp_path / "j")
        news.server.faults.next("persons.set_thumbnails", fault)
        with costs(news.server, {**UPLOAD, "persons.set_thumbnails": 1, **more}):
            assert await ended(run) == [(Status.DONE, [])]


async def one_after_the_other(
    items: Sequence[ThumbnailUpload], seen: list[BulkOutcome]
) -> AsyncIterator[ThumbnailUpload]:
    """Yield each item when the one before has ended: each is a chunk of its own."""
    for number, item in enumerate(items):
        while len(seen) < number:  # noqa: ASYNC110  the loop over the run tells nobody
            await asyncio.sleep(0.001)
        yield item


@pytest.mark.parametrize(
    ("contents", "status"),
    [
        ([b"no image", face(1)], "partial"),
        ([face(1), b"no image"], "partial"),
        ([plain_picture(), b"no image"], "failed"),
        ([face(1), face(2)], "done"),
    ],
)
@pytest.mark.parametrize("together", [True, False])
async def test_the_row_of_a_person_stands_for_uploads_of_several_chunks(
    contents: list[bytes], status: str, together: bool, tmp_path: Path
) -> None:
    async with newsroom(AT_ONCE) as news:
        number, seen = await enrolled(news), list[BulkOutcome]()
        items = [ThumbnailUpload(number, content) for content in contents]
        source: Any = items if together else one_after_the_other(items, seen)
        async for outcome in news.workspace.upload_thumbnails(source, journal=tmp_path / "j"):
            seen.append(outcome)
        assert rows(tmp_path / "j")[str(number)][0].status == status


async def test_an_upload_in_flight_takes_the_end_of_a_later_chunk_with_it(tmp_path: Path) -> None:
    path = tmp_path / "plain.png"
    path.write_bytes(plain_picture())

    async with newsroom(Settings(latency=Latency.constant(2.0))) as news:
        number = await enrolled(news)
        failed, new = ThumbnailUpload(number, path), ThumbnailUpload(number, face(1))
        await news.workspace.upload_thumbnails([failed], journal=tmp_path / "j")

        async def admitted() -> AsyncIterator[ThumbnailUpload]:
            yield new
            yield failed  # known, so it ends at once

        found = await ended(news.workspace.upload_thumbnails(admitted(), journal=tmp_path / "j"))
        assert found == [(Status.FAILED, ["10069"]), (Status.DONE, [])]
        assert rows(tmp_path / "j")[str(number)][0].status == "partial"


async def test_every_way_to_end_gives_the_slot_back_and_none_is_given_twice(tmp_path: Path) -> None:
    """With one slot a run would hang on one that is kept, and two uploads would overlap on one that is given twice."""
    kept = tmp_path / "kept.png"
    kept.write_bytes(face(3))
    one = LimitController(start=1, least=1, most=1)
    async with newsroom(AT_ONCE, speed=300) as news:
        items = [
            PersonInput(name(1), [kept]),
            PersonInput(name(2), [b"no image", face(1)]),
            PersonInput(name(3), [face(1), face(1)]),
            PersonInput(name(4), [plain_picture()]),
            PersonInput(name(5), [face(4), face(5), face(6)]),
        ]
        for place, fault in (
            ("thumbnails.presign", Fault.UNAVAILABLE),
            ("storage.put", Fault.DROP_AFTER),
            ("thumbnails.complete", Fault.UNAVAILABLE),
        ):
            news.server.faults.next(place, fault)
        for _ in range(2):
            async with asyncio.timeout(60):
                found = await ended(run_of(news, items, tmp_path / "j", limit_rules=one))
            assert len(found) == len(items)
            await nothing_left(news)
            kept.touch()  # the second run reads it, and keeps what is there
        checks, urls = news.server.log.arrivals["thumbnails.complete"], news.server.log.arrivals["thumbnails.presign"]
        assert len(urls) == 8  # seven images, and one more URL after the first was refused
        assert all(any(before < check < after for check in checks) for before, after in pairwise(urls[1:]))


class Stream(BytesIO):
    """An image that can be asked about later."""


async def test_the_source_of_an_image_is_released_while_it_waits_to_be_processed(tmp_path: Path) -> None:
    held: list[weakref.ref[Source]] = []

    async with newsroom(Settings(latency=Latency.constant(1e4))) as news:

        def items() -> Sequence[ThumbnailUpload]:
            streams = [Stream(face(seed)) for seed in range(1, 4)]
            held.extend(weakref.ref(stream) for stream in streams)
            return [ThumbnailUpload(1001, stream) for stream in streams]

        run = news.workspace.upload_thumbnails(iter(items()), journal=tmp_path / "j", grace=0.0)
        going = asyncio.create_task(ended(run))
        await stored(news, 1)
        async with asyncio.timeout(60):
            while any(each() is not None for each in held):
                gc.collect()
                await asyncio.sleep(0.01)
        assert news.server.log.count("storage.put") == len(held) == 3
        assert not going.done()
        going.cancel()
        with suppress(asyncio.CancelledError):
            await going


async def test_an_item_of_which_a_part_was_dropped_is_not_ended(tmp_path: Path) -> None:
    item = PersonInput(name(1), [face(1), face(2)])
    async with newsroom(AT_ONCE) as news:
        news.server.faults.next(
            "thumbnails.presign", Rejection(10030)
        )  # the workspace is gone, for the first of the two
        with pytest.raises(BulkError) as caught:
            await news.workspace.enroll_many([item], journal=tmp_path / "j")
        assert caught.value.report is not None
        assert caught.value.report.ended == 0
        assert rows(tmp_path / "j")[name(1)][0].status == "open"
        assert not list(news.server.state.persons())
        await nothing_left(news)
        assert await ended(news.workspace.enroll_many([item], journal=tmp_path / "j")) == [(Status.DONE, [])]


async def test_an_upload_whose_twin_was_dropped_is_not_ended(tmp_path: Path) -> None:
    async with newsroom(AT_ONCE) as news:
        number = await enrolled(news)
        items = [ThumbnailUpload(number, face(1)), ThumbnailUpload(number, face(1))]
        # The second one is refused only where it was read after the refusal of the first, and so is no twin of it.
        news.server.faults.next("thumbnails.presign", Rejection(10030), times=2)
        with pytest.raises(BulkError):
            await news.workspace.upload_thumbnails(items, journal=tmp_path / "j")
        assert rows(tmp_path / "j")[str(number)][0].status == "open"
        news.server.faults.clear()
        found = await ended(news.workspace.upload_thumbnails(items, journal=tmp_path / "j"))
        assert sorted(status.value for status, _ in found) == ["done", "skipped"]
