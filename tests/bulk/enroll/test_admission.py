"""The way in: how the input is taken, and what is decided about an item before any request."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from mi_async.bulk.engine.outcome import BulkOutcome, Status
from mi_async.bulk.enroll.admission import EnrollAdmission
from mi_async.bulk.enroll.ordering import PersonOrder
from mi_async.bulk.enroll.work import EnrollWork
from mi_async.bulk.inputs.batching import CHUNK, chunks
from mi_async.bulk.inputs.models import BadInput, PersonInput, ThumbnailUpload
from mi_async.bulk.journal.journal import Journal
from mi_async.bulk.journal.records import Identity, ImageRecord, PersonRecord
from mi_async.errors import InvalidArgumentError

HERE = Identity("https://x.test", "AKIA1234WXYZ", "newsroom", "enroll")


def persons(count: int) -> Iterator[PersonInput]:
    for number in range(count):
        yield PersonInput(f"{number}", [b"picture"])


async def test_a_quick_iterator_is_taken_in_chunks() -> None:
    busy = 60.0  # seconds that an item may take, on a busy machine too
    assert [len(chunk) async for chunk in chunks(persons(70), busy)] == [CHUNK, CHUNK, 6]
    assert [len(chunk) async for chunk in chunks(list(persons(3)), busy)] == [3]
    assert [chunk async for chunk in chunks([])] == []


async def test_a_slow_iterator_is_not_waited_for() -> None:
    def slow() -> Iterator[PersonInput]:
        for item in persons(4):
            time.sleep(0.002)
            yield item

    assert [len(chunk) async for chunk in chunks(slow(), 0.001)] == [1, 1, 1, 1]


async def test_an_iterator_is_not_taken_ahead() -> None:
    taken = 0

    def counted() -> Iterator[PersonInput]:
        nonlocal taken
        for item in persons(1000):
            taken += 1
            yield item

    async for _ in chunks(counted()):
        break
    assert taken == CHUNK


async def test_an_async_iterator_that_is_no_generator_will_do() -> None:
    class Once:
        def __init__(self) -> None:
            self.left = list(persons(2))

        def __aiter__(self) -> AsyncIterator[PersonInput]:
            return self

        async def __anext__(self) -> PersonInput:
            if not self.left:
                raise StopAsyncIteration
            await asyncio.sleep(0)
            return self.left.pop()

    assert [len(chunk) async for chunk in chunks(Once())] == [1, 1]


async def decide(path: Path, *items: Any, kind: Any = PersonInput, records: Any = ()) -> list[BulkOutcome | EnrollWork]:
    operation = "enroll" if kind is PersonInput else "upload-thumbnails"
    journal = await Journal.open(path, Identity(HERE.endpoint, HERE.access_key, HERE.workspace, operation))
    try:
        await journal.write(*records)
        return await EnrollAdmission(journal, PersonOrder(), kind, validate=True).decide(items)
    finally:
        await journal.aclose()


async def test_one_chunk_may_hold_everything(tmp_path: Path) -> None:
    new, twice, bad, row = await decide(
        tmp_path / "j",
        PersonInput("Hong", [b"1", b"2"]),
        PersonInput("Hong", [b"3"]),
        PersonInput("Kim", []),
        BadInput("a.csv:4", "no columns"),
    )
    assert isinstance(new, EnrollWork)
    assert [(p.primary, p.name) for p in new.images] == [(True, "<bytes>"), (False, "<bytes>")]
    assert (new.open, new.person.run, new.person.origin) == (2, 1, "item 1")
    codes = []
    for refused in (twice, bad, row):
        assert isinstance(refused, BulkOutcome)
        assert refused.status is Status.REJECTED
        codes.append((refused.key, refused.problems[0].code, refused.problems[0].source))
    assert codes == [("Hong", "DUPLICATE", "item 2"), ("Kim", "INPUT", "item 3"), ("[a.csv:4]", "INPUT", "a.csv:4")]


async def test_an_item_of_another_class_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="this run takes ThumbnailUpload, not PersonInput"):
        await decide(tmp_path / "j", PersonInput("Hong", [b"1"]), kind=ThumbnailUpload)


@pytest.mark.parametrize(
    ("person", "state", "status"),
    [
        ({"status": "done", "person_id": 7}, "attached", Status.SKIPPED),
        ({"status": "done", "person_id": 7}, "failed", Status.PARTIAL),
        ({"status": "failed", "code": "50005"}, "confirmed", Status.FAILED),
        ({"status": "done", "person_id": 7}, "stored", None),
        ({"status": "parked", "person_id": 7}, "confirmed", None),
        ({"status": "open", "person_id": 7}, "attached", None),
        ({"status": "parked"}, "confirmed", None),
        ({"status": "done", "person_id": 7, "tags": ()}, "attached", None),
    ],
)
async def test_what_the_journal_knows_decides(
    person: dict[str, Any], state: str, status: Status | None, tmp_path: Path
) -> None:
    path = tmp_path / "face.jpg"
    path.write_bytes(b"picture")
    stat = path.stat()
    records = (
        PersonRecord("Hong", **{"tags": ("A",), **person}),
        ImageRecord("Hong", "ab", str(path), stat.st_size, stat.st_mtime_ns, state, code="X"),
    )
    (decided,) = await decide(tmp_path / "j", PersonInput("Hong", [path], tags=["A"]), records=records)
    assert (decided.status if isinstance(decided, BulkOutcome) else None) is status


async def test_a_main_picture_is_the_first_one_of_a_person_or_what_is_asked_for(tmp_path: Path) -> None:
    first, second = await decide(
        tmp_path / "j", ThumbnailUpload(7, b"1"), ThumbnailUpload(7, b"2", primary=True), kind=ThumbnailUpload
    )
    assert isinstance(first, EnrollWork)
    assert isinstance(second, EnrollWork)
    assert (first.images[0].primary, second.images[0].primary) == (False, True)
    assert first.person.person_id == 7


async def test_an_item_that_is_rejected_again_is_recalled_and_one_of_this_run_is_not(tmp_path: Path) -> None:
    again, fresh = BadInput("a.csv:2", "no image"), BadInput("a.csv:3", "no image")
    await decide(tmp_path / "j", again)
    journal = await Journal.open(tmp_path / "j", HERE)
    try:
        admission = EnrollAdmission(journal, PersonOrder(), PersonInput, validate=True)
        await admission.decide([again, fresh])
        assert admission.recalled == 1
        await admission.decide([fresh])  # by now the journal has it, of this very run
        assert admission.recalled == 1
    finally:
        await journal.aclose()
