"""Journals of enrolling runs that are rebuilt from the service: the next run ends as if none had been lost."""

import asyncio
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

import mi_async
from mi_async import JournalError, JournalRebuild, PersonInput, ThumbnailUpload
from mi_async.api.persons import ThumbnailInput
from mi_async.api.thumbnails import UploadStatus
from mi_async.bulk.engine.outcome import Status
from mi_async.bulk.journal.reader import read_journal
from mi_async.bulk.journal.retry import retry_failed
from mi_async.bulk.rebuild.unfinished_journal import ENDING, UNFINISHED
from mi_async.emulator import Rejection
from tests.support.bulk import (
    contents,
    face,
    faces,
    files,
    name,
    nothing_left,
    outcomes,
    person,
    requests,
    rows,
    statuses,
)
from tests.support.newsroom import Newsroom, context_of, newsroom

TAG = "Anchor"
KIM = "김철수"


def of_files(folder: Path, count: int, images: int = 2) -> list[PersonInput]:
    return [
        PersonInput(
            name(n), files(folder / str(n), faces(images, n * images)), tags=[TAG], origin=f"people.csv:{n + 2}"
        )
        for n in range(count)
    ]


async def foreign(news: Newsroom, image: bytes) -> ThumbnailInput:
    """Upload an image as another program does: its name tells nothing of its content."""
    issued = await news.workspace.thumbnails.presign("photo.jpg")
    await context_of(news).put(issued.url, image, "image/jpeg")
    complete = news.workspace.thumbnails.complete
    while (await complete(issued.thumbnail_key)).upload_status != UploadStatus.COMPLETED:  # noqa: ASYNC110  it tells nobody
        await asyncio.sleep(0.001)
    return ThumbnailInput(issued.thumbnail_key, is_primary_thumbnail=True)


async def ended(news: Newsroom, items: Sequence[Any], journal: Path) -> tuple[Status, int]:
    """Run over one item; return how it ended, and how many images were uploaded."""
    before = news.server.log.count("thumbnails.presign")
    enrolls = isinstance(items[0], PersonInput)
    run = (news.workspace.enroll_many if enrolls else news.workspace.upload_thumbnails)(items, journal=journal)
    [outcome] = [outcome async for outcome in run]
    return outcome.status, news.server.log.count("thumbnails.presign") - before


async def test_a_run_with_a_rebuilt_journal_skips_who_is_complete_and_adds_only_what_is_missing(tmp_path: Path) -> None:
    items = of_files(tmp_path / "faces", 6)
    async with newsroom() as news:
        shop = news.workspace
        await shop.enroll_many(items[:3], journal=tmp_path / "lost")
        [first, second] = items[3].thumbnails
        half = await shop.enroll_person(items[3].name, [first])
        rebuilt = await shop.rebuild_journal(items, journal=tmp_path / "j")
        assert rebuilt.counts == {"complete": 3, "incomplete": 1, "absent": 2}
        assert (rebuilt.items, rebuilt.attached, rebuilt.missing, rebuilt.tags) == (6, 7, 1, 1)
        before = news.server.log.count("thumbnails.presign")
        run = shop.enroll_many(items, journal=tmp_path / "j")
        found = await outcomes(run)
        assert [found[item.name].status for item in items] == [Status.SKIPPED] * 3 + [Status.DONE] * 3
        assert found[items[3].name].person_id == half.id
        assert news.server.log.count("thumbnails.presign") - before == 5
        for number, item in enumerate(items):
            assert contents(news, item.name) == faces(2, number * 2)
        assert second in items[3].thumbnails
        before = requests(news)
        assert statuses(await outcomes(shop.enroll_many(items, journal=tmp_path / "j"))) == {Status.SKIPPED}
        assert requests(news) == before


def table(journal: Path) -> dict[str, tuple[str, tuple[str, ...], str]]:
    return {key: (row.status, row.tags, row.code) for key, (row, _) in rows(journal).items()}


NAMES = [
    "홍길동/앵커",
    "가",
    "A;B",
    "x",
    "Gildong Hong",
    unicodedata.normalize("NFD", "김영희"),
    "a|b`c",
    "앵커 2",
]


@pytest.mark.parametrize("rows_known", [True, False])
async def test_names_of_any_kind_are_found(rows_known: bool, tmp_path: Path) -> None:
    items = [PersonInput(given, files(tmp_path / str(number), [face(number)])) for number, given in enumerate(NAMES)]
    async with newsroom() as news:
        run = await news.workspace.enroll_many(items, journal=tmp_path / "lost")
        assert run.ok
        given: Any = items if rows_known else (lambda: iter(items))
        rebuilt = await news.workspace.rebuild_journal(given, journal=tmp_path / "j")
        assert rebuilt.counts == {"complete": len(NAMES)}
        assert table(tmp_path / "j") == table(tmp_path / "lost")
        before = requests(news)
        assert (await news.workspace.enroll_many(items, journal=tmp_path / "j")).counts == {Status.SKIPPED: len(NAMES)}
        assert requests(news) == before


@pytest.mark.parametrize("assume_counts", [False, True])
async def test_images_of_unknown_content_are_left_alone_unless_the_counts_are_to_speak(
    assume_counts: bool, tmp_path: Path
) -> None:
    item = PersonInput(KIM, files(tmp_path / "faces", faces(2)), origin="people.csv:2")
    async with newsroom() as news:
        there = [await foreign(news, face(0)), ThumbnailInput((await foreign(news, face(1))).thumbnail_key)]
        await news.workspace.persons.create(KIM, thumbnails=there)
        rebuilt = await news.workspace.rebuild_journal([item], journal=tmp_path / "j", assume_counts=assume_counts)
        if assume_counts:
            assert (rebuilt.counts, rebuilt.attached, rebuilt.assumed) == ({"complete": 1}, 2, 2)
            assert await ended(news, [item], tmp_path / "j") == (Status.SKIPPED, 0)
            return
        assert (rebuilt.counts, rebuilt.unclear) == ({"unclear": 1}, 2)
        [problem] = rebuilt.problems
        assert (problem.source, problem.code) == ("people.csv:2", "UNCLEAR")
        assert (
            "2 thumbnails of unknown content; nobody can tell which of them the input has (2 images unclear)"
            in problem.message
        )
        assert await ended(news, [item], tmp_path / "j") == (Status.FAILED, 0)
        retry_failed(tmp_path / "j", code="UNCLEAR")
        assert await ended(news, [item], tmp_path / "j") == (Status.DONE, 2)
        assert len(contents(news, KIM)) == 4


async def test_only_the_image_that_nobody_can_tell_of_is_left_alone(tmp_path: Path) -> None:
    item = PersonInput(KIM, files(tmp_path / "faces", faces(3)))
    async with newsroom() as news:
        made = await news.workspace.enroll_person(KIM, [face(0)])
        await news.workspace.persons.set_thumbnails(made.id, thumbnails=[await foreign(news, face(9))])
        rebuilt = await news.workspace.rebuild_journal([item], journal=tmp_path / "j", assume_counts=True)
        assert (rebuilt.counts, rebuilt.attached, rebuilt.unclear) == ({"unclear": 1}, 1, 2)
        assert [each.code for each in rebuilt.problems] == ["UNCLEAR", "UNCLEAR"]
        assert await ended(news, [item], tmp_path / "j") == (Status.PARTIAL, 0)
        assert contents(news, KIM) == [face(0), face(9)]


async def test_a_namesake_without_the_images_is_refused_as_without_a_journal(tmp_path: Path) -> None:
    item = PersonInput(KIM, files(tmp_path / "faces", faces(2)))
    async with newsroom() as news:
        await news.workspace.enroll_person(KIM, [face(7)])
        rebuilt = await news.workspace.rebuild_journal([item], journal=tmp_path / "j")
        assert (rebuilt.counts, rebuilt.problems[0].code) == ({"taken": 1}, "50005")
        assert await ended(news, [item], tmp_path / "j") == (Status.FAILED, 0)
        assert contents(news, KIM) == [face(7)]


async def test_who_was_renamed_is_not_created_again(tmp_path: Path) -> None:
    shared = files(tmp_path / "shared", [face(5)])
    kim = PersonInput(KIM, files(tmp_path / "faces", faces(2)), origin="people.csv:2")
    twin, other = PersonInput("Twin", shared), PersonInput("Other twin", shared)
    async with newsroom() as news:
        await news.workspace.enroll_many([kim, twin], journal=tmp_path / "lost")
        await news.workspace.persons.update(person(news, KIM).id, name="김철수 기자")
        rebuilt = await news.workspace.rebuild_journal([other, kim, twin], journal=tmp_path / "j")
        assert rebuilt.counts == {"complete": 1, "absent": 1, "renamed": 1}
        [problem] = rebuilt.problems
        assert (problem.source, problem.code) == ("people.csv:2", "RENAMED")
        assert "is called '김철수 기자' now" in problem.message
        found = await outcomes(news.workspace.enroll_many([other, kim, twin], journal=tmp_path / "j"))
        assert {key: outcome.status for key, outcome in found.items()} == {
            KIM: Status.FAILED,
            "Twin": Status.SKIPPED,
            "Other twin": Status.DONE,
        }
        assert len(list(news.server.state.persons())) == 3


async def test_who_was_merged_into_another_person_of_the_input_is_not_created_again(tmp_path: Path) -> None:
    shared = files(tmp_path / "shared", [face(5)])
    hong = PersonInput("홍길동", [*shared, *files(tmp_path / "hong", [face(0)])], origin="people.csv:2")
    gildong = PersonInput("Gildong Hong", [*shared, *files(tmp_path / "gildong", [face(1)])], origin="people.csv:3")
    both = [hong, gildong]
    async with newsroom() as news:
        await news.workspace.enroll_many(both, journal=tmp_path / "lost")
        await news.workspace.persons.merge(person(news, gildong.name).id, person_ids=[person(news, hong.name).id])
        rebuilt = await news.workspace.rebuild_journal(both, journal=tmp_path / "j")
        assert rebuilt.counts == {"complete": 1, "renamed": 1}
        [problem] = rebuilt.problems
        assert (problem.source, problem.code) == ("people.csv:2", "RENAMED")
        found = await outcomes(news.workspace.enroll_many(both, journal=tmp_path / "j"))
        assert [found[item.name].status for item in both] == [Status.FAILED, Status.SKIPPED]
        assert len(list(news.server.state.persons())) == 1


async def test_tags_descriptions_second_rows_and_unreadable_files(tmp_path: Path) -> None:
    paths = files(tmp_path / "faces", faces(3))
    gone = tmp_path / "gone.jpg"
    items: list[PersonInput | mi_async.BadInput] = [
        PersonInput(KIM, paths[:1], "An anchor.", [TAG, "Sports"]),
        PersonInput(KIM, paths[1:2]),
        PersonInput("Partly", [paths[1], gone]),
        PersonInput("Unread", [gone]),
        PersonInput("", paths[2:]),
        mi_async.BadInput("people.csv:9", "no name"),
    ]
    async with newsroom() as news:
        shop = news.workspace
        await shop.enroll_person(KIM, paths[:1], description="Another text.", tags=[TAG])
        for named in ("Partly", "Unread"):
            await shop.enroll_person(named, [paths[1]])
        rebuilt = await shop.rebuild_journal(items, journal=tmp_path / "j")
        assert rebuilt.counts == {"incomplete": 2, "unreadable": 1, "rejected": 3}
        assert (rebuilt.tags, rebuilt.described) == (1, 1)
        assert table(tmp_path / "j") == {KIM: ("open", (TAG,), ""), "Partly": ("open", (), "")}
        await shop.enroll_many([each for each in items if isinstance(each, PersonInput)][:1], journal=tmp_path / "j")
        assert [tag.name for tag in (await shop.persons.get(person(news, KIM).id)).tags] == [TAG, "Sports"]


async def test_single_images_are_known_at_the_person(tmp_path: Path) -> None:
    paths = files(tmp_path / "faces", faces(4))
    async with newsroom() as news:
        shop = news.workspace
        number = (await shop.enroll_person(KIM, paths[:2])).id
        items = [ThumbnailUpload(number, path, primary=n == 1) for n, path in enumerate(paths[:3])]
        items += [ThumbnailUpload(number, paths[0]), ThumbnailUpload(99, paths[0])]
        rebuilt = await shop.rebuild_journal(items, journal=tmp_path / "j", operation="upload_thumbnails")
        assert rebuilt.counts == {"complete": 3, "incomplete": 1, "absent": 1}
        assert (rebuilt.attached, rebuilt.missing) == (3, 1)
        before = news.server.log.count("thumbnails.presign")
        found = [each async for each in shop.upload_thumbnails(items, journal=tmp_path / "j")]
        assert [each.attached for each in found].count(1) == 1
        assert news.server.log.count("thumbnails.presign") - before == 2  # the missing one, and that of nobody
        assert contents(news, KIM) == faces(3)
        assert person(news, KIM).primary == list(person(news, KIM).thumbnails)[1]


@pytest.mark.parametrize(("given", "expected"), [(2, "complete"), (3, "unclear")])
async def test_counts_speak_for_single_images_where_there_are_enough_thumbnails(
    given: int, expected: str, tmp_path: Path
) -> None:
    paths = files(tmp_path / "faces", faces(given))
    async with newsroom() as news:
        shop = news.workspace
        there = [await foreign(news, face(0)), ThumbnailInput((await foreign(news, face(1))).thumbnail_key)]
        number = (await shop.persons.create(KIM, thumbnails=there)).id
        items = [*(ThumbnailUpload(number, path, primary=True) for path in paths), ThumbnailUpload(number, paths[0])]
        rebuilt = await shop.rebuild_journal(
            items, journal=tmp_path / "j", operation="upload_thumbnails", assume_counts=True
        )
        assert rebuilt.counts == {expected: given + 1}
        assert (rebuilt.assumed, rebuilt.unclear) == ((3, 0) if expected == "complete" else (0, 4))
        [row] = [row for row, _ in rows(tmp_path / "j").values()]
        assert row.status == ("done" if expected == "complete" else "partial")
        before = requests(news)
        found = [each.status async for each in shop.upload_thumbnails(items, journal=tmp_path / "j")]
        assert set(found) == {Status.SKIPPED if expected == "complete" else Status.FAILED}
        assert requests(news) == before


class StoppedError(Exception):
    """Stops a rebuild from within."""


def _raise(_: JournalRebuild) -> None:
    raise StoppedError


def _cancel(_: JournalRebuild) -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()


@pytest.mark.parametrize("stop", [_raise, _cancel])
async def test_a_rebuild_that_was_stopped_is_gone_on_with_and_is_no_journal_before(
    stop: Callable[[JournalRebuild], None], tmp_path: Path
) -> None:
    items = of_files(tmp_path / "faces", 40, 1)
    async with newsroom() as news:
        shop = news.workspace
        await shop.enroll_many(items, journal=tmp_path / "lost")
        stopped = asyncio.create_task(shop.rebuild_journal(items, journal=tmp_path / "j", progress=stop))
        with pytest.raises((StoppedError, asyncio.CancelledError)):
            await stopped
        await nothing_left(news)
        assert not (tmp_path / "j").exists()
        half = tmp_path / f"j{UNFINISHED}"
        assert len(rows(half)) == 32
        person(news, name(0)).thumbnails.clear()  # it is done in the journal, as it would be in one that was not lost
        items[39].thumbnails[0].unlink()  # type: ignore[union-attr]
        told: list[JournalRebuild] = []
        rebuilt = await shop.rebuild_journal(items, journal=tmp_path / "j", progress=told.append)
        assert rebuilt.counts == {"complete": 39, "unreadable": 1}
        assert [each.items for each in told] == [32, 40]
        assert not half.exists()
        with read_journal(tmp_path / "j") as reader:
            assert [run.ending for run in reader.runs()] == ["stopped", ENDING]
        with pytest.raises(JournalError, match="it is there already; name a new file"):
            await shop.rebuild_journal(items, journal=tmp_path / "j")


async def test_what_no_longer_holds_of_an_unfinished_rebuild_is_new_again(tmp_path: Path) -> None:
    item = PersonInput(KIM, files(tmp_path / "faces", faces(2)))
    more = of_files(tmp_path / "more", 1, 1)
    async with newsroom() as news:
        made = await news.workspace.enroll_person(KIM, [face(0)])

        with pytest.raises(StoppedError):
            await news.workspace.rebuild_journal([item], journal=tmp_path / "j", progress=_raise)
        await news.workspace.persons.delete(made.id)
        rebuilt = await news.workspace.rebuild_journal([item, *more], journal=tmp_path / "j")
        assert rebuilt.counts == {"absent": 2}
        assert (await news.workspace.enroll_many([item, *more], journal=tmp_path / "j")).ok
        assert contents(news, KIM) == faces(2)


async def test_what_cannot_be_rebuilt_is_refused_before_any_request(tmp_path: Path) -> None:
    async with newsroom() as news:
        for journal, error, said in (
            ("postgresql://media@db/media", JournalError, "only a file is rebuilt"),
            (tmp_path / "none" / "j", JournalError, "there is no directory"),
        ):
            with pytest.raises(error, match=said):
                await news.workspace.rebuild_journal([], journal=journal)
        wrong: Any = "ingest"
        with pytest.raises(mi_async.InvalidArgumentError, match="operation must be one of enroll_many, upload_thumb"):
            await news.workspace.rebuild_journal([], journal=tmp_path / "j", operation=wrong)
        assert requests(news) == 0
        with pytest.raises(mi_async.InvalidArgumentError, match="takes PersonInput, not ThumbnailUpload"):
            await news.workspace.rebuild_journal([ThumbnailUpload(1, face(0))], journal=tmp_path / "j")


@pytest.mark.slow
async def test_two_loops_rebuild_at_the_same_time(tmp_path: Path) -> None:
    items = of_files(tmp_path / "faces", 5)
    async with newsroom() as news:
        await news.workspace.enroll_many(items, journal=tmp_path / "lost")

        async def elsewhere() -> JournalRebuild:
            async with mi_async.connect(news.server.credentials, base_url=news.server.url) as session:
                return await session.workspace("newsroom").rebuild_journal(items, journal=tmp_path / "there")

        here, there = await asyncio.gather(
            news.workspace.rebuild_journal(items, journal=tmp_path / "here"),
            asyncio.to_thread(asyncio.run, elsewhere()),
        )
        assert here.counts == there.counts == {"complete": 5}
        assert rows(tmp_path / "here") == rows(tmp_path / "there")


@pytest.mark.slow
async def test_a_service_that_does_not_say_ends_the_rebuild_and_what_was_found_is_kept(tmp_path: Path) -> None:
    items = of_files(tmp_path / "faces", 33, 1)
    async with newsroom() as news:
        shop = news.workspace
        await shop.enroll_many(items[:32], journal=tmp_path / "lost")
        await shop.enroll_person(items[32].name, [face(39)])
        news.server.faults.next("persons.get", Rejection(403, "10003", "Failed to check permissions."))
        with pytest.raises(mi_async.MIError, match="10003"):
            await shop.rebuild_journal(items, journal=tmp_path / "j")
        assert len(rows(tmp_path / f"j{UNFINISHED}")) == 32
        rebuilt = await shop.rebuild_journal([*items, PersonInput("Bytes", [b""])], journal=tmp_path / "j")
        assert rebuilt.counts == {"complete": 32, "absent": 1, "taken": 1}


async def test_what_is_left_of_the_lost_journal_does_not_get_into_the_new_one(tmp_path: Path) -> None:
    path, wal, kept = (tmp_path / name for name in ("run.journal", "run.journal-wal", "kept"))
    async with newsroom() as news:
        items = of_files(tmp_path / "faces", 2)
        async for _ in news.workspace.enroll_many(items, journal=path):
            kept.write_bytes(wal.read_bytes())  # as a killed run leaves it
        path.unlink()
        wal.write_bytes(kept.read_bytes())
        with pytest.raises(JournalError, match=r"run\.journal-wal of an earlier journal is there; move it away"):
            await news.workspace.rebuild_journal(items, journal=path)
        assert (path.exists(), wal.read_bytes()) == (False, kept.read_bytes())
        wal.unlink()
        result = await news.workspace.rebuild_journal(items, journal=path)
    assert dict(result.counts) == {"complete": 2}
