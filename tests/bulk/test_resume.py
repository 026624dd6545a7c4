"""Runs that take up what earlier ones have left: nothing is asked twice, nothing is lost, nothing is there twice."""

import asyncio
import math
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest
from attrs import evolve
from yarl import URL

from mi_async.api.persons import ThumbnailInput
from mi_async.bulk.engine.outcome import Status
from mi_async.bulk.images import loading
from mi_async.bulk.inputs.models import PersonInput, ThumbnailUpload
from mi_async.bulk.journal.records import AbandonedRecord, ImageRecord, PersonRecord
from mi_async.bulk.journal.retry import Reopened, retry_failed
from mi_async.emulator import Fault, Latency, Settings
from mi_async.media.image_source import read_file
from tests.support.bulk import (
    abandoned,
    contents,
    face,
    faces,
    files,
    left_behind,
    main_picture,
    name,
    nothing_left,
    outcomes,
    people,
    person,
    requests,
    rows,
    run_of,
    sha256,
    statuses,
    write,
)
from tests.support.newsroom import SPEED, Newsroom, newsroom
from tests.support.pictures import plain_picture

KIM = "김/철수"
TYPES = ("image/jpeg", "image/png", "image/webp")
DAY = 86_400.0
"""Real seconds; more than a key lives at any speed."""


def of_files(folder: Path, count: int, pictures: int) -> list[PersonInput]:
    return [
        PersonInput(name(n), files(folder / str(n), faces(pictures, n * pictures)), tags=["Anchor"])
        for n in range(count)
    ]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Pictures that were read since."""
    read: list[str] = []

    def count(path: Path) -> Any:
        read.append(str(path))
        return read_file(path)

    monkeypatch.setattr(loading, "read_file", count)
    return read


async def test_a_second_run_skips_all_without_a_request_and_without_reading(tmp_path: Path, opened: list[str]) -> None:
    items = of_files(tmp_path / "faces", 5, 3)
    async with newsroom() as news:
        assert (await news.workspace.enroll_many(items, journal=tmp_path / "j")).ok
        assert len(opened) == 15
        before = requests(news)
        opened.clear()
        for _ in range(2):
            run = news.workspace.enroll_many(items, journal=tmp_path / "j")
            found = await outcomes(run)
            assert statuses(found) == {Status.SKIPPED}
            assert {o.person_id for o in found.values()} == {each.id for each in news.server.state.persons()}
            assert (run.report.ok, run.report.pictures) == (True, 0)
        assert requests(news) == before
        assert opened == []
        assert {row.status for row, _ in rows(tmp_path / "j").values()} == {"done"}


async def test_a_second_run_of_uploads_skips_all_and_says_that_it_is_done(tmp_path: Path, opened: list[str]) -> None:
    paths = files(tmp_path / "faces", faces(4, 1))
    async with newsroom() as news:
        number = (await news.workspace.enroll_person(KIM, [face(0)])).id
        items = [*[ThumbnailUpload(number, path) for path in paths], ThumbnailUpload(99, paths[0])]
        for expected in (Status.DONE, Status.SKIPPED):
            before = requests(news)
            opened.clear()
            found = [o async for o in news.workspace.upload_thumbnails(items, journal=tmp_path / "j")]
            assert sorted(o.status.value for o in found) == sorted([expected.value] * 4 + ["failed"])
            kept = {key: row.status for key, (row, _) in rows(tmp_path / "j").items()}
            assert kept == {str(number): "done", "99": "failed"}
        assert (requests(news), opened) == (before, [])
        assert contents(news, KIM) == faces(5)


@pytest.mark.parametrize("as_file", [False, True])
async def test_a_picture_that_is_there_becomes_the_main_one_when_that_is_asked_for(
    as_file: bool, tmp_path: Path
) -> None:
    source: Any = files(tmp_path / "faces", [face(1)])[0] if as_file else face(1)
    async with newsroom() as news:
        number = (await news.workspace.enroll_person(KIM, [face(0)])).id
        for primary, status in ((False, Status.DONE), (True, Status.DONE), (True, Status.SKIPPED)):
            before = requests(news)
            item = ThumbnailUpload(number, source, primary=primary)
            run = news.workspace.upload_thumbnails([item], journal=tmp_path / "j")
            assert statuses(await outcomes(run)) == {status}
            assert main_picture(news, KIM) == face(int(primary))
        assert requests(news) == before
        assert contents(news, KIM) == faces(2)
        assert news.server.log.count("storage.put") == 2


async def test_a_picture_that_comes_again_as_the_main_one_becomes_it(tmp_path: Path) -> None:
    async with newsroom() as news:
        for go in range(5):
            number = (await news.workspace.enroll_person(name(go), [face(0)])).id
            items = [
                ThumbnailUpload(number, face(1)),
                ThumbnailUpload(number, face(2), primary=True),
                ThumbnailUpload(number, face(1), primary=True),
            ]
            assert (await news.workspace.upload_thumbnails(items, journal=tmp_path / f"{go}")).ok
            assert main_picture(news, name(go)) == face(1)
            assert len(contents(news, name(go))) == 3
            before = requests(news)
            again = [o.status async for o in news.workspace.upload_thumbnails(items, journal=tmp_path / f"{go}")]
            assert again == [Status.SKIPPED] * 3
            assert requests(news) == before
            assert main_picture(news, name(go)) == face(1)


async def test_a_picture_that_was_removed_cannot_become_the_main_one(tmp_path: Path) -> None:
    async with newsroom() as news:
        person = await news.workspace.enroll_person(KIM, [face(0)])
        run = news.workspace.upload_thumbnails([ThumbnailUpload(person.id, face(1))], journal=tmp_path / "j")
        assert (await run).ok
        added = (await news.workspace.persons.get(person.id)).thumbnails[-1]
        await news.workspace.persons.remove_thumbnails(person.id, thumbnail_ids=[added.id])
        wanted = ThumbnailUpload(person.id, face(1), primary=True)
        found = await outcomes(news.workspace.upload_thumbnails([wanted], journal=tmp_path / "j"))
        outcome = found[str(person.id)]
        assert (outcome.status, [p.code for p in outcome.problems]) == (Status.FAILED, ["NOT_THERE"])


@pytest.mark.parametrize("primary", [False, True])
async def test_an_upload_that_was_given_and_not_written_down_is_known_with_its_place(
    primary: bool, tmp_path: Path
) -> None:
    async with newsroom(Settings(latency=Latency.none())) as news:
        number = (await news.workspace.enroll_person(KIM, [face(0)])).id
        key = await presigned(news, put=True)
        await news.workspace.persons.set_thumbnails(number, thumbnails=[ThumbnailInput(key, primary)])
        begun = evolve(row(key, "confirmed", person=str(number)), primary=primary)
        await write(news, tmp_path / "j", begun, operation="upload-thumbnails")
        item = ThumbnailUpload(number, face(1), primary=True)
        found = await outcomes(run_of(news, [item], tmp_path / "j", ThumbnailUpload))
        assert statuses(found) == {Status.SKIPPED if primary else Status.DONE}
        assert main_picture(news, KIM) == face(1)


async def test_pictures_that_are_no_files_are_known_by_their_content(tmp_path: Path) -> None:
    async with newsroom() as news:
        number = (await news.workspace.enroll_person(KIM, [face(0)])).id
        items = [ThumbnailUpload(number, content) for content in faces(20, 1)]
        for expected in (Status.DONE, Status.SKIPPED):
            before = requests(news)
            found = [o async for o in news.workspace.upload_thumbnails(items, journal=tmp_path / "j")]
            assert {o.status for o in found} == {expected}
        assert requests(news) == before


async def test_a_file_that_was_touched_is_read_once_and_costs_no_request(tmp_path: Path, opened: list[str]) -> None:
    items = of_files(tmp_path / "faces", 2, 2)
    async with newsroom() as news:
        await news.workspace.enroll_many(items, journal=tmp_path / "j")
        before = requests(news)
        touched = tmp_path / "faces" / "1" / "0.jpg"
        os.utime(touched, ns=(1, 1))
        for read in (2, 0):  # the pictures of the one person, and then none
            opened.clear()
            found = await outcomes(news.workspace.enroll_many(items, journal=tmp_path / "j"))
            assert statuses(found) == {Status.SKIPPED}
            assert len(opened) == read
        assert requests(news) == before


async def test_a_new_picture_of_a_known_person_is_attached(tmp_path: Path) -> None:
    items = of_files(tmp_path / "faces", 2, 2)
    async with newsroom() as news:
        await news.workspace.enroll_many(items, journal=tmp_path / "j")
        creates = news.server.log.count("persons.create")
        more = tmp_path / "more.jpg"
        more.write_bytes(face(30))
        items[1] = PersonInput(items[1].name, [*items[1].thumbnails, more], tags=["Anchor"])
        found = await outcomes(news.workspace.enroll_many(items, journal=tmp_path / "j"))
        assert [(o.status, o.attached) for o in (found[name(0)], found[name(1)])] == [
            (Status.SKIPPED, 0),
            (Status.DONE, 1),
        ]
        assert contents(news, name(1)) == [face(2), face(3), face(30)]
        assert main_picture(news, name(1)) == face(2)
        assert news.server.log.count("persons.create") == creates
        assert news.none_doubled()


async def test_a_picture_that_was_replaced_by_another_is_attached_and_then_known(
    tmp_path: Path, opened: list[str]
) -> None:
    items = of_files(tmp_path / "faces", 1, 2)
    async with newsroom() as news:
        await news.workspace.enroll_many(items, journal=tmp_path / "j")
        (tmp_path / "faces" / "0" / "1.jpg").write_bytes(face(31))
        found = await outcomes(news.workspace.enroll_many(items, journal=tmp_path / "j"))
        assert (found[name(0)].status, found[name(0)].attached) == (Status.DONE, 1)
        opened.clear()
        assert statuses(await outcomes(news.workspace.enroll_many(items, journal=tmp_path / "j"))) == {Status.SKIPPED}
        assert opened == []
        assert contents(news, name(0)) == [face(0), face(1), face(31)]


async def test_a_new_tag_is_added(tmp_path: Path) -> None:
    path = files(tmp_path / "faces", faces(1))
    async with newsroom() as news:
        for tags, status in ((["A"], Status.DONE), (["A", "B"], Status.DONE), (["B"], Status.SKIPPED)):
            run = news.workspace.enroll_many([PersonInput(KIM, path, tags=tags)], journal=tmp_path / "j")
            assert statuses(await outcomes(run)) == {status}
        room = news.server.state.workspaces["newsroom"]
        assert [room.tags[number].name for number in person(news, KIM).tag_ids] == ["A", "B"]
        assert news.server.log.count("persons.add_tags") == 2


async def test_what_has_failed_is_left_alone_until_it_is_reset(tmp_path: Path) -> None:
    async with newsroom() as news:
        there = await news.workspace.enroll_person(KIM, [face(0)])
        item = PersonInput(KIM, [face(1)], origin="a.csv:2")
        assert statuses(await outcomes(news.workspace.enroll_many([item], journal=tmp_path / "j"))) == {Status.FAILED}
        before = requests(news)
        again = await outcomes(news.workspace.enroll_many([item], journal=tmp_path / "j"))
        assert (again[KIM].status, again[KIM].problems[0].code) == (Status.FAILED, "50005")
        assert requests(news) == before
        await news.workspace.persons.delete(there.id)
        assert cast("Reopened", retry_failed(tmp_path / "j")).persons == 1
        assert statuses(await outcomes(news.workspace.enroll_many([item], journal=tmp_path / "j"))) == {Status.DONE}
        assert contents(news, KIM) == [face(1)]


@pytest.mark.parametrize("as_file", [False, True])
async def test_a_picture_that_the_service_refused_is_left_alone_until_it_is_reset(
    as_file: bool, tmp_path: Path
) -> None:
    plain = plain_picture()
    sources: Any = files(tmp_path / "faces", [face(1), plain]) if as_file else [face(1), plain]
    async with newsroom() as news:
        number = (await news.workspace.enroll_person("other", [face(0)])).id
        for go in (1, 2):
            before = requests(news)
            run = news.workspace.enroll_many([PersonInput(KIM, sources)], journal=tmp_path / "j")
            found = (await outcomes(run))[KIM]
            assert (found.status, found.problems[0].code) == (Status.PARTIAL, "10069")
            uploads = news.workspace.upload_thumbnails([ThumbnailUpload(number, sources[1])], journal=tmp_path / "u")
            upload = (await outcomes(uploads))[str(number)]
            assert (upload.status, upload.problems[0].code) == (Status.FAILED, "10069")
            assert (requests(news) == before) is (go == 2)
        assert cast("Reopened", retry_failed(tmp_path / "j")).pictures == 1
        run = news.workspace.enroll_many([PersonInput(KIM, sources)], journal=tmp_path / "j")
        assert (await outcomes(run))[KIM].status is Status.PARTIAL
        assert requests(news) > before
        assert len(abandoned(tmp_path / "j")) == 1


@pytest.mark.parametrize("change", ["put right in its file", "another file", "one more"])
async def test_a_person_whose_only_picture_was_refused_is_taken_up_when_that_is_put_right(
    change: str, tmp_path: Path
) -> None:
    path, other = files(tmp_path / "faces", [plain_picture(), face(2)])
    item = PersonInput(KIM, [path], tags=["Anchor"])
    async with newsroom() as news:
        for go in (1, 2):
            before = requests(news)
            outcome = (await outcomes(news.workspace.enroll_many([item], journal=tmp_path / "j")))[KIM]
            assert (outcome.status, outcome.problems[0].code) == (Status.FAILED, "10069")
            assert (requests(news) == before) is (go == 2)
        match change:
            case "put right in its file":
                path.write_bytes(face(2))
            case "another file":
                item = evolve(item, thumbnails=[other])
            case _:
                item = evolve(item, thumbnails=[path, other])
        outcome = (await outcomes(news.workspace.enroll_many([item], journal=tmp_path / "j")))[KIM]
        assert outcome.status is (Status.PARTIAL if change == "one more" else Status.DONE)
        assert contents(news, KIM) == [face(2)]
        assert len(person(news, KIM).tag_ids) == 1


async def test_a_person_who_failed_for_its_own_sake_is_left_alone_whatever_its_pictures(tmp_path: Path) -> None:
    path, other = files(tmp_path / "faces", faces(2, 1))
    async with newsroom() as news:
        await news.workspace.enroll_person(KIM, [face(0)])
        run = news.workspace.enroll_many([PersonInput(KIM, [path])], journal=tmp_path / "j")
        assert statuses(await outcomes(run)) == {Status.FAILED}
        before = requests(news)
        run = news.workspace.enroll_many([PersonInput(KIM, [other])], journal=tmp_path / "j")
        assert (await outcomes(run))[KIM].problems[0].code == "50005"
        assert requests(news) == before


async def test_what_broke_a_rule_is_looked_at_again_and_may_be_mended(tmp_path: Path) -> None:
    good, bad = files(tmp_path / "faces", [face(1), b"no picture"])
    items = [PersonInput("whole", [good, bad]), PersonInput("only", [bad])]
    async with newsroom() as news:
        for _ in range(2):
            found = await outcomes(news.workspace.enroll_many(items, journal=tmp_path / "j"))
            assert (found["whole"].status, found["only"].status) == (Status.PARTIAL, Status.REJECTED)
        bad.write_bytes(face(2))
        found = await outcomes(news.workspace.enroll_many(items, journal=tmp_path / "j"))
        assert statuses(found) == {Status.DONE}
        assert contents(news, "whole") == faces(2, 1)
        assert contents(news, "only") == [face(2)]
        found = await outcomes(news.workspace.enroll_many(items, journal=tmp_path / "j"))
        assert statuses(found) == {Status.SKIPPED}


@pytest.mark.parametrize("state", ["failed", "new"])  # rejected, or parked because the disk was away
async def test_a_file_that_is_read_again_leaves_no_image_that_waits(state: str, tmp_path: Path) -> None:
    (path,) = files(tmp_path / "faces", [face(1)])
    unread = ImageRecord(KIM, f"unreadable:{path}", str(path), state=state)
    async with newsroom() as news:
        await write(news, tmp_path / "j", PersonRecord(KIM, run=1), unread)
        run = news.workspace.enroll_many([PersonInput(KIM, [path])], journal=tmp_path / "j")
        assert statuses(await outcomes(run)) == {Status.DONE}
    _, found = rows(tmp_path / "j")[KIM]
    assert sorted(each.state for each in found) == ["attached", "mended"]


async def test_a_main_picture_that_is_mended_becomes_the_main_one(tmp_path: Path) -> None:
    first, second = files(tmp_path / "faces", [b"no picture", face(2)])
    async with newsroom() as news:
        item = PersonInput(KIM, [first, second])
        assert statuses(await outcomes(news.workspace.enroll_many([item], journal=tmp_path / "j"))) == {Status.PARTIAL}
        assert main_picture(news, KIM) == face(2)
        first.write_bytes(face(1))
        assert statuses(await outcomes(news.workspace.enroll_many([item], journal=tmp_path / "j"))) == {Status.DONE}
        assert main_picture(news, KIM) == face(1)


# What a crash leaves: rows as they were written before it, and effects at the service that no row tells of.


async def presigned(news: Newsroom, *, put: bool, seed: int = 1) -> str:
    """A key, and its picture in the storage or not."""
    issued = await news.workspace.thumbnails.presign(f"face-{seed}-{time.monotonic_ns()}.jpg")
    if put:
        url, headers = URL(issued.url, encoded=True), {"Content-Type": TYPES[seed % 3]}
        async with aiohttp.ClientSession() as storage, storage.put(url, data=face(seed), headers=headers) as answer:
            assert answer.status == 200
    return issued.thumbnail_key


def row(key: str | None, state: str, seed: int = 1, age: float = 0.0, person: str = KIM) -> ImageRecord:
    stored = time.time() - age if state in {"stored", "confirmed"} else 0.0
    content = face(seed)
    return ImageRecord(
        person, sha256(content), "<bytes>", len(content), state=state, thumbnail_key=key, stored_at=stored
    )


async def resumed(news: Newsroom, journal: Path, seeds: tuple[int, ...] = (1,), **more: Any) -> None:
    """The run after a crash: all is there once, and what is not needed any more is told of."""
    item = PersonInput(KIM, [face(seed) for seed in seeds], tags=["Anchor"])
    outcome = (await outcomes(run_of(news, [item], journal, **more)))[KIM]
    assert outcome.status is Status.DONE, outcome
    assert contents(news, KIM) == [face(seed) for seed in seeds]
    assert main_picture(news, KIM) == face(seeds[0])
    assert len(person(news, KIM).tag_ids) == 1
    assert news.none_doubled()
    assert left_behind(news) <= {each.thumbnail_key for each in abandoned(journal)}
    before = requests(news)
    assert statuses(await outcomes(run_of(news, [item], journal))) == {Status.SKIPPED}
    assert requests(news) == before
    await nothing_left(news)


@pytest.mark.parametrize("put", [False, True], ids=["before the PUT", "after the PUT"])
@pytest.mark.parametrize("processed", [False, True])
async def test_killed_with_a_url_in_hand(put: bool, processed: bool, tmp_path: Path) -> None:
    async with newsroom(Settings(latency=Latency.none())) as news:
        key = await presigned(news, put=put)
        if not processed:
            news.server.state.uploads[key].ready = math.inf
        await write(news, tmp_path / "j", PersonRecord(KIM, run=1), row(key, "presigned"))
        await resumed(news, tmp_path / "j")
        told = [(each.thumbnail_key, each.reason) for each in abandoned(tmp_path / "j")]
        kept = put and processed
        assert told == ([] if kept else [(key, "the run ended while it was in flight")])
        assert news.server.log.count("thumbnails.presign") == 1 + (not kept)


async def test_killed_again_before_the_create_of_an_upload_of_unknown_age(tmp_path: Path) -> None:
    async with newsroom(Settings(latency=Latency.none())) as news:
        key = await presigned(news, put=True)
        await write(news, tmp_path / "j", PersonRecord(KIM, run=1), row(key, "presigned"))
        news.server.faults.next("persons.create", Fault.UNAVAILABLE, times=200)
        running = asyncio.ensure_future(run_of(news, [PersonInput(KIM, [face(1)])], tmp_path / "j", grace=0.0))
        while news.server.log.count("persons.create") < 1:  # noqa: ASYNC110  the server tells nobody
            await asyncio.sleep(0.001)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        (_, (left,)) = rows(tmp_path / "j")[KIM]
        assert left.state == "confirmed"
        assert 0 < left.stored_at <= time.time() - 23 * 3600 / SPEED
        news.server.faults.clear()
        news.server.state.uploads[key].stored = -math.inf  # 20 hours before the first resume, 25 before the second
        await resumed(news, tmp_path / "j")
        assert [each.reason for each in abandoned(tmp_path / "j")] == ["its key has expired"]


@pytest.mark.parametrize("as_file", [False, True])
async def test_a_picture_that_is_there_without_a_person_is_told_by_every_run(as_file: bool, tmp_path: Path) -> None:
    source: Any = files(tmp_path / "faces", [face(1)])[0] if as_file else face(1)
    async with newsroom() as news:
        for _ in range(3):
            run = news.workspace.upload_thumbnails([ThumbnailUpload(99, source)], journal=tmp_path / "j")
            outcome = (await outcomes(run))["99"]
            assert outcome.status is Status.FAILED
            assert set(outcome.created) == left_behind(news)
            assert [each["created"] for each in run.report.rows()] == [list(outcome.created)]
        assert len(outcome.created) == 1


@pytest.mark.parametrize("apart", [False, True], ids=["together", "one after the other"])
@pytest.mark.parametrize("good_first", [False, True])
async def test_a_person_whose_uploads_end_in_several_ways_is_partial(
    good_first: bool, apart: bool, tmp_path: Path
) -> None:
    async with newsroom() as news:
        number = (await news.workspace.enroll_person(KIM, [face(0)])).id
        items = [ThumbnailUpload(number, face(1)), ThumbnailUpload(number, tmp_path / "nowhere.jpg")]
        items = items if good_first else items[::-1]
        over = asyncio.Event()

        async def given() -> AsyncIterator[ThumbnailUpload]:
            yield items[0]
            if apart:
                await over.wait()
            yield items[1]

        for _ in range(2):
            over.clear()
            run = news.workspace.upload_thumbnails(given(), journal=tmp_path / "j")
            async for _ in run:
                over.set()
            (told,) = run.report.rows()
            assert (told["status"], told["attached"]) == ("partial", 1)
            assert [each["code"] for each in told["problems"]] == ["unreadable"]


async def test_a_picture_that_comes_again_ends_as_the_first(tmp_path: Path) -> None:
    async with newsroom() as news:
        items = [ThumbnailUpload(99, face(1))] * 2
        run = news.workspace.upload_thumbnails(items, journal=tmp_path / "j")
        found = [(o.status, [p.code for p in o.problems]) async for o in run]
        assert found == [(Status.FAILED, ["10001"])] * 2
        assert [each["status"] for each in run.report.rows()] == ["failed"]
    async with newsroom(Settings(latency=Latency.never()), speed=200) as news:
        run = run_of(news, items, tmp_path / "k", ThumbnailUpload, timeout=5.0)
        assert [o.status async for o in run] == [Status.PARKED] * 2
        assert [each["status"] for each in run.report.rows()] == ["parked"]


async def test_killed_while_the_service_was_taking_a_picture_over(tmp_path: Path) -> None:
    async with newsroom(Settings(latency=Latency.constant(5.0))) as news:
        key = await presigned(news, put=True)
        await write(news, tmp_path / "j", PersonRecord(KIM, run=1), row(key, "stored"))
        await resumed(news, tmp_path / "j")
        assert (news.server.log.count("storage.put"), abandoned(tmp_path / "j")) == (1, [])


@pytest.mark.parametrize(("state", "reason"), [("stored", "the run ended"), ("confirmed", "its key has expired")])
async def test_killed_a_day_ago(state: str, reason: str, tmp_path: Path) -> None:
    async with newsroom(Settings(latency=Latency.constant(5.0))) as news:
        key = await presigned(news, put=state == "confirmed")
        await write(news, tmp_path / "j", PersonRecord(KIM, run=1), row(key, state, age=DAY))
        await resumed(news, tmp_path / "j")
        (told,) = abandoned(tmp_path / "j")
        assert isinstance(told, AbandonedRecord)
        assert (told.thumbnail_key, told.person, told.source) == (key, KIM, "<bytes>")
        assert told.reason.startswith(reason)
        assert news.server.log.count("thumbnails.presign") == 2


async def test_killed_before_the_create(tmp_path: Path) -> None:
    async with newsroom(Settings(latency=Latency.none())) as news:
        key = await presigned(news, put=True)
        await write(news, tmp_path / "j", PersonRecord(KIM, run=1), row(key, "confirmed"))
        await resumed(news, tmp_path / "j")
        assert news.server.log.count("storage.put") == 1


async def test_killed_after_the_create_and_before_it_was_written_down(tmp_path: Path) -> None:
    async with newsroom(Settings(latency=Latency.none())) as news:
        keys = [await presigned(news, put=True, seed=seed) for seed in (1, 2)]
        created = await create(news, keys)
        records = [row(key, "confirmed", seed) for key, seed in zip(keys, (1, 2), strict=True)]
        await write(news, tmp_path / "j", PersonRecord(KIM, run=1), *records)
        await resumed(news, tmp_path / "j", (1, 2))
        assert person(news, KIM).id == created
        assert news.server.log.count("persons.create") == 1


async def create(news: Newsroom, keys: list[str]) -> int:
    """A person as a run that was killed has made it."""
    inputs = [ThumbnailInput(key, number == 0) for number, key in enumerate(keys)]
    return (await news.workspace.persons.create(KIM, thumbnails=inputs)).id


async def attach(news: Newsroom, number: int, key: str) -> None:
    await news.workspace.persons.set_thumbnails(number, thumbnails=[ThumbnailInput(key)])


@pytest.mark.parametrize("attached", [False, True])
async def test_killed_around_an_attach(attached: bool, tmp_path: Path) -> None:
    async with newsroom(Settings(latency=Latency.none())) as news:
        keys = [await presigned(news, put=True, seed=seed) for seed in (1, 2)]
        number = await create(news, keys[:1])
        if attached:
            await attach(news, number, keys[1])
        records = [row(keys[0], "attached", 1), row(keys[1], "confirmed", 2)]
        await write(news, tmp_path / "j", PersonRecord(KIM, person_id=number, run=1), *records)
        await resumed(news, tmp_path / "j", (1, 2))
        assert news.server.log.count("persons.set_thumbnails") == 1
        assert news.server.log.count("storage.put") == 2


@pytest.mark.parametrize("attached", [False, True])
async def test_an_upload_killed_around_its_attach(attached: bool, tmp_path: Path) -> None:
    async with newsroom(Settings(latency=Latency.none())) as news:
        number = (await news.workspace.enroll_person(KIM, [face(0)])).id
        key = await presigned(news, put=True)
        if attached:
            await attach(news, number, key)
        await write(
            news,
            tmp_path / "j",
            PersonRecord(str(number), person_id=number, run=1),
            row(key, "confirmed", person=str(number)),
            operation="upload-thumbnails",
        )
        run = run_of(news, [ThumbnailUpload(number, face(1))], tmp_path / "j", ThumbnailUpload)
        found = await outcomes(run)
        assert statuses(found) == {Status.SKIPPED if attached else Status.DONE}
        assert contents(news, KIM) == faces(2)
        assert abandoned(tmp_path / "j") == []


async def test_killed_before_the_tags(tmp_path: Path) -> None:
    async with newsroom(Settings(latency=Latency.none())) as news:
        key = await presigned(news, put=True)
        number = await create(news, [key])
        await write(news, tmp_path / "j", PersonRecord(KIM, person_id=number, run=1), row(key, "attached"))
        await resumed(news, tmp_path / "j")
        assert news.server.log.count("persons.get") == 0


async def test_a_namesake_who_was_there_before_is_not_taken_for_ours(tmp_path: Path) -> None:
    async with newsroom(Settings(latency=Latency.none())) as news:
        await news.workspace.enroll_person(KIM, [face(0)])
        key = await presigned(news, put=True)
        await write(news, tmp_path / "j", PersonRecord(KIM, run=1), row(key, "confirmed"))
        found = await outcomes(run_of(news, [PersonInput(KIM, [face(1)])], tmp_path / "j"))
        assert (found[KIM].status, found[KIM].problems[0].code) == (Status.FAILED, "50005")
        assert found[KIM].created == (key,)
        assert contents(news, KIM) == [face(0)]


async def test_a_person_who_was_deleted_meanwhile_is_told_and_not_made_again(tmp_path: Path) -> None:
    async with newsroom(Settings(latency=Latency.none())) as news:
        key = await presigned(news, put=True)
        await write(news, tmp_path / "j", PersonRecord(KIM, person_id=4711, run=1), row(key, "confirmed"))
        found = await outcomes(run_of(news, [PersonInput(KIM, [face(1)])], tmp_path / "j"))
        assert found[KIM].problems[0].code == "10001"
        assert news.server.log.count("persons.create") == 0


async def test_many_pictures_that_are_taken_over_slowly_do_not_fill_the_memory(tmp_path: Path) -> None:
    async with newsroom(Settings(latency=Latency.constant(20.0))) as news:
        keys = [await presigned(news, put=True, seed=seed) for seed in range(30)]
        records = [row(key, "stored", seed, person=name(seed)) for seed, key in enumerate(keys)]
        await write(news, tmp_path / "j", *[PersonRecord(name(seed), run=1) for seed in range(30)], *records)
        run = news.workspace.enroll_many(people(40), journal=tmp_path / "j")
        assert (await run).ok
        assert news.server.log.count("storage.put") == 40
        assert news.none_doubled()


async def test_what_was_parked_is_taken_up(tmp_path: Path) -> None:
    async with newsroom(Settings(latency=Latency.never()), speed=200) as news:
        items = list(people(2, 2, tags=["Anchor"]))
        found = await outcomes(run_of(news, items, tmp_path / "j", timeout=5.0))
        assert statuses(found) == {Status.PARKED}
        assert {p.code for o in found.values() for p in o.problems} == {"TIMED_OUT"}
        assert all(len(o.created) == 2 for o in found.values())
        assert {row.status for row, _ in rows(tmp_path / "j").values()} == {"parked"}
        for upload in news.server.state.uploads.values():
            upload.ready = 0.0
        found = await outcomes(run_of(news, items, tmp_path / "j", timeout=5.0))
        assert statuses(found) == {Status.DONE}
        assert (news.server.log.count("storage.put"), abandoned(tmp_path / "j")) == (4, [])
        assert news.none_doubled()


GONE = "the image was replaced, or is no longer in the input"


@pytest.mark.parametrize("state", ["presigned", "stored", "confirmed"])
@pytest.mark.parametrize("change", ["replaced", "dropped"])
async def test_an_upload_whose_picture_is_not_in_the_input_any_more_is_told_of_once(
    state: str, change: str, tmp_path: Path
) -> None:
    kept, other = files(tmp_path / "faces", faces(2, 1))
    async with newsroom(Settings(latency=Latency.none())) as news:
        key = await presigned(news, put=True)
        begun = evolve(row(key, state), source=str(kept))
        await write(news, tmp_path / "j", PersonRecord(KIM, run=1), begun)
        kept.write_bytes(face(3))
        item = PersonInput(KIM, [kept] if change == "replaced" else [other])
        run = run_of(news, [item], tmp_path / "j")
        assert statuses(await outcomes(run)) == {Status.DONE}
        assert run.report.abandoned == 1
        for _ in range(2):
            assert abandoned(tmp_path / "j") == [AbandonedRecord(key, KIM, str(kept), GONE)]
            before = requests(news)
            run = run_of(news, [item], tmp_path / "j")
            assert statuses(await outcomes(run)) == {Status.SKIPPED}
            assert (requests(news), run.report.abandoned) == (before, 0)
        assert left_behind(news) == {key}
        (_, pictures) = rows(tmp_path / "j")[KIM]
        assert {each.state for each in pictures} == {"new", "attached"}


async def test_a_person_who_was_done_with_an_upload_under_way_is_told_of_too(tmp_path: Path) -> None:
    (path,) = files(tmp_path / "faces", faces(1, 2))
    async with newsroom(Settings(latency=Latency.none())) as news:
        item = PersonInput(KIM, [path])
        assert statuses(await outcomes(run_of(news, [item], tmp_path / "j"))) == {Status.DONE}
        key = await presigned(news, put=True)
        await write(news, tmp_path / "j", row(key, "presigned"))  # as versions before this one have left it
        before = requests(news)
        assert statuses(await outcomes(run_of(news, [item], tmp_path / "j"))) == {Status.SKIPPED}
        assert requests(news) == before
        assert [each.thumbnail_key for each in abandoned(tmp_path / "j")] == [key]


async def test_an_upload_is_kept_while_its_file_cannot_be_read(tmp_path: Path) -> None:
    path, other = files(tmp_path / "faces", faces(2, 1))
    async with newsroom(Settings(latency=Latency.none())) as news:
        key = await presigned(news, put=True)
        await write(news, tmp_path / "j", PersonRecord(KIM, run=1), evolve(row(key, "confirmed"), source=str(path)))
        path.unlink()
        item = PersonInput(KIM, [path, other])
        assert statuses(await outcomes(run_of(news, [item], tmp_path / "j"))) == {Status.PARTIAL}
        path.write_bytes(face(1))
        assert statuses(await outcomes(run_of(news, [item], tmp_path / "j"))) == {Status.DONE}
        assert abandoned(tmp_path / "j") == []
        assert left_behind(news) == set()


async def test_a_single_picture_that_was_replaced_under_way_is_told_of(tmp_path: Path) -> None:
    (path,) = files(tmp_path / "faces", faces(1, 2))
    async with newsroom(Settings(latency=Latency.none())) as news:
        number = (await news.workspace.enroll_person(KIM, [face(0)])).id
        keys = [await presigned(news, put=True, seed=seed) for seed in (1, 3)]
        begun = [row(key, "presigned", seed, person=str(number)) for key, seed in zip(keys, (1, 3), strict=True)]
        begun[0] = evolve(begun[0], source=str(path))  # the other one is of another item
        await write(news, tmp_path / "j", *begun, operation="upload-thumbnails")
        run = run_of(news, [ThumbnailUpload(number, path)], tmp_path / "j", ThumbnailUpload)
        assert statuses(await outcomes(run)) == {Status.DONE}
        assert [(each.thumbnail_key, each.reason) for each in abandoned(tmp_path / "j")] == [(keys[0], GONE)]


async def test_a_fault_while_looking_costs_nothing_but_a_repeat(tmp_path: Path) -> None:
    async with newsroom(Settings(latency=Latency.none())) as news:
        key = await presigned(news, put=True)
        number = await create(news, [key])
        await write(news, tmp_path / "j", PersonRecord(KIM, run=1), row(key, "confirmed"))
        news.server.faults.next("persons.get", Fault.UNAVAILABLE, times=4)
        news.server.faults.next("persons.search", Fault.DROP_AFTER, times=4)
        await resumed(news, tmp_path / "j")
        assert person(news, KIM).id == number
