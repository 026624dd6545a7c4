"""Figures of a bulk run for its page, read from the journal at one moment.

Invariant: bounded in memory, whatever the length of the journal; images are made after the journal is closed.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from attrs import evolve, frozen

from mi_async._core.extras import require
from mi_async.bulk.engine.outcome import BulkOutcome
from mi_async.bulk.inputs.cells import IMAGE_SUFFIXES
from mi_async.bulk.journal.place import Journalled, parsed
from mi_async.bulk.journal.reader import JournalReader, ProblemRow, RunRow, read_journal
from mi_async.bulk.journal.run_totals import run_projects
from mi_async.bulk.journal.stored_minutes import stored_minutes
from mi_async.bulk.report.journal_report import report_in, run_endings
from mi_async.bulk.report.report import BulkReport
from mi_async.pictures.image_previews import ImagePreview, file_previews
from mi_async.pictures.rate_chart import RateStretch, stretches

MOST_IMAGES = 24
"""Images of a contact sheet."""
MOST_LOOKED_AT = 2000
"""Failures among which images for the contact sheet are looked for."""

NOT_YET = ImagePreview()


@frozen
class FailedImage:
    """An image that failed: its path, whose it is, the code, and a preview."""

    source: str
    item: str
    code: str
    preview: ImagePreview = NOT_YET


@frozen
class FailedImages:
    """Images that failed.

    Attributes:
        shown: those whose files are there, at most 24.
        more: True if there are more.
        missing: files, among those that were looked for, that are not there.
    """

    shown: Sequence[FailedImage] = ()
    more: bool = False
    missing: int = 0


@frozen
class JournalFigures:
    """Figures of the latest run in a journal.

    Attributes:
        report: of the run.
        operation: of the journal.
        workspace: of the journal.
        codes: number of problems by code, most first.
        failed_codes: the same of those that ``journal retry`` opens again.
        runs: every run.
        endings: how each ended, by its number.
        stretches: when images were stored.
        earlier: stretches before those.
        images: that failed.
        projects: IDs of the projects of the run's media files: a run has one.
    """

    report: BulkReport
    operation: str
    workspace: str
    codes: Mapping[str, int]
    failed_codes: Mapping[str, int]
    runs: tuple[RunRow, ...]
    endings: Mapping[int, str]
    stretches: Sequence[RateStretch]
    earlier: int
    images: FailedImages
    projects: tuple[int, ...] = ()

    @property
    def has_assets(self) -> bool:
        """True if it is about media files."""
        return self.report.sent is not None

    @property
    def problems(self) -> Sequence[BulkOutcome]:
        """The first items that did not go well."""
        return self.report.problems


def journal_figures(journal: Journalled, *, images: bool) -> JournalFigures:
    """Read the figures of a journal.

    Args:
        journal: path of the file, or its URL.
        images: make previews of the images that failed.

    Raises:
        JournalError: the journal cannot be read.
    """
    require("bulk")
    place = parsed(journal)
    with read_journal(place) as reader:
        drawn, earlier = stretches(stored_minutes(reader))
        failed = _failed_images(reader) if images else FailedImages()
        report = report_in(reader, place)
        figures = JournalFigures(
            report=report,
            operation=reader.identity.operation,
            workspace=reader.identity.workspace,
            codes=reader.codes(),
            failed_codes=reader.codes(failed=True),
            runs=reader.runs(),
            endings=run_endings(reader),
            stretches=drawn,
            earlier=earlier,
            images=failed,
            projects=run_projects(reader, report.run),
        )
    return _with_previews(figures)


def _failed_images(reader: JournalReader) -> FailedImages:
    """Return the first images that failed and whose files are there, without previews."""
    found: dict[str, FailedImage] = {}
    missing = set[str]()
    for source, item, code in islice(_image_problems(reader), MOST_LOOKED_AT):
        if source in found or source in missing:
            continue
        if not _is_there(source):
            missing.add(source)
        elif len(found) == MOST_IMAGES:
            return FailedImages(tuple(found.values()), more=True, missing=len(missing))
        else:
            found[source] = FailedImage(source, item, code)
    return FailedImages(tuple(found.values()), missing=len(missing))


def _image_problems(reader: JournalReader) -> Iterator[tuple[str, str, str]]:
    for row in reader.problems():
        if Path(row.source).suffix.lower() in IMAGE_SUFFIXES:
            yield row.source, row.person if isinstance(row, ProblemRow) else row.asset, row.code


def _is_there(source: str) -> bool:
    try:
        return os.path.isfile(source)  # noqa: PTH113  a null character raises ValueError there and here
    except ValueError:
        return False


def _with_previews(figures: JournalFigures) -> JournalFigures:
    shown = figures.images.shown
    made = file_previews([image.source for image in shown])
    drawn = tuple(evolve(image, preview=preview) for image, preview in zip(shown, made, strict=True))
    return evolve(figures, images=evolve(figures.images, shown=drawn))
