"""The images of a run by everything that tells them: report, terminal, progress, journal and page say one number."""

import re
from pathlib import Path

import pytest

from mi_async import BulkRun, PersonInput, Status, ThumbnailUpload
from mi_async.bulk import report_of
from mi_async.bulk.journal.reader import read_journal
from mi_async.bulk.journal.stored_minutes import stored_minutes
from mi_async.emulator import Rejection
from mi_async.pictures import journal_page
from tests.bulk.journal.test_run_totals import AT_ONCE, LEFT, Left, end_at
from tests.support.bulk import face
from tests.support.newsroom import newsroom


def number_in(pattern: str, text: str) -> int:
    found = re.search(pattern, text)
    assert found is not None, text
    return int(found[1].replace(",", ""))


def images_of(run: BulkRun, journal: Path) -> list[int]:
    """The images of a run that has ended: by its report, its table, its progress, the journal and the page."""
    return [
        run.report.pictures,
        number_in(r"pictures +([\d,]+) in ", str(run.report)),
        run.progress.pictures,
        report_of(journal).pictures,
        number_in(r"<dt>images uploaded</dt><dd>([\d,]+)", journal_page(journal, lang="en")),
    ]


@pytest.mark.parametrize("left", LEFT.values(), ids=LEFT.keys())
async def test_a_resumed_run_tells_the_same_images_everywhere(left: Left, tmp_path: Path) -> None:
    items = [PersonInput("Yi", [face(1)], tags=["Anchor"]), PersonInput("Ama", [face(2), face(3)])]
    async with newsroom(AT_ONCE) as news:
        await end_at(news, str(tmp_path / "j"), left, items[0])
        run = news.workspace.enroll_many(items, journal=tmp_path / "j")
        report = await run
    assert images_of(run, tmp_path / "j") == [2 + left.again] * 5
    assert report.confirmed <= (report.checks or 0)


async def test_an_image_that_is_refused_after_its_upload_is_told_by_nobody(tmp_path: Path) -> None:
    async with newsroom(AT_ONCE) as news:
        person = await news.workspace.enroll_person("Yi", [face(0)])
        images = [ThumbnailUpload(person.id, face(1)), ThumbnailUpload(person.id, face(2))]
        news.server.faults.next("persons.set_thumbnails", Rejection(10069))
        run = news.workspace.upload_thumbnails(images, journal=tmp_path / "j")
        report = await run
    assert report.confirmed == 2
    assert images_of(run, tmp_path / "j") == [report.counts[Status.DONE]] * 5
    with read_journal(tmp_path / "j") as reader:
        assert sum(count for _, count in stored_minutes(reader)) == report.pictures
