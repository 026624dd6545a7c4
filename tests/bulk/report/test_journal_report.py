"""The report and the progress of a run as its journal tells them, without the run."""

from pathlib import Path

import pytest

from mi_async import JournalError, PersonInput, Status, ThumbnailUpload
from mi_async.bulk import progress_of, report_of
from mi_async.bulk.journal.records import ImageRecord, PersonRecord
from tests.support.bulk import write
from tests.support.newsroom import newsroom
from tests.support.pictures import picture


async def test_it_says_what_the_run_said(tmp_path: Path) -> None:
    journal = tmp_path / "people.journal"
    people = [PersonInput(f"person {n}", [picture(seed=n), picture(seed=9)]) for n in range(4)]
    bad = [PersonInput("too small", [picture(width=90, height=90)]), PersonInput("", [picture()])]
    async with newsroom() as news:
        run = await news.workspace.enroll_many(people + bad, journal=journal)
    told = report_of(journal)
    for name in ("run", "counts", "open", "pictures", "ending", "abandoned", "journal"):
        assert getattr(told, name) == getattr(run, name), name
    assert {one.problems[0].code for one in told.problems} == {one.problems[0].code for one in run.problems}
    assert list(told.rows()) == list(run.rows())
    assert progress_of(journal).counts == run.counts


async def test_only_the_latest_run_counts(tmp_path: Path) -> None:
    journal = tmp_path / "people.journal"
    people = [PersonInput(f"person {n}", [picture(seed=n)]) for n in range(4)]
    async with newsroom() as news:
        await news.workspace.enroll_many(people, journal=journal)
        await news.workspace.enroll_many(people[:3], journal=journal)
    assert (report_of(journal).run, dict(report_of(journal).counts)) == (2, {Status.DONE: 3})


async def test_images_count_one_by_one(tmp_path: Path) -> None:
    journal = tmp_path / "more.journal"
    async with newsroom() as news:
        person = await news.workspace.enroll_person("Kim", [picture(seed=1)])
        uploads = [ThumbnailUpload(person.id, picture(seed=n)) for n in range(2, 5)]
        bad = [ThumbnailUpload(person.id, tmp_path / "nowhere.jpg"), ThumbnailUpload(0, picture())]
        run = await news.workspace.upload_thumbnails(uploads + bad, journal=journal)
    assert report_of(journal).counts == run.counts == {Status.DONE: 3, Status.REJECTED: 2}


async def test_what_was_left_in_flight_is_open_and_what_waits_is_parked(tmp_path: Path) -> None:
    journal = tmp_path / "more.journal"
    rows: list[PersonRecord | ImageRecord] = [
        PersonRecord("7", person_id=7, run=1),
        ImageRecord("7", "aa", "a.jpg", state="stored", thumbnail_key="k1", stored_at=1.0),
        PersonRecord("8", status="parked", person_id=8, run=1),
        ImageRecord("8", "bb", "b.jpg", state="stored", thumbnail_key="k2", stored_at=1.0),
        ImageRecord("8", "cc", "c.jpg", state="failed", thumbnail_key="k3", stored_at=1.0, code="50005"),
    ]
    async with newsroom() as news:
        await write(news, journal, *rows, operation="upload-thumbnails")
    told = report_of(journal)
    assert (told.open, dict(told.counts)) == (1, {Status.PARKED: 1, Status.FAILED: 1})


async def test_a_run_that_was_killed_or_is_running_says_so(tmp_path: Path) -> None:
    journal = tmp_path / "people.journal"
    async with newsroom() as news:
        run = news.workspace.enroll_many([PersonInput("Kim", [picture()])], journal=journal)
        async with run:
            async for _ in run:
                assert report_of(journal).ending == "still running, or killed"
    assert report_of(journal).ending == ""


def test_a_journal_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(JournalError):
        report_of(tmp_path / "no.journal")
    with pytest.raises(JournalError):
        progress_of(tmp_path / "no.journal")
