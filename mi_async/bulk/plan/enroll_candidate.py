"""Item of a plan that is not rejected, with its images as far as they were looked at.

Invariant: makes no request; a whole file is read only where the journal may know the content under another name.
"""

from collections.abc import Sequence

from attrs import define, field, frozen

from mi_async.bulk.engine.outcome import Problem
from mi_async.bulk.engine.work_item import code_of
from mi_async.bulk.enroll.decisions import WORK, Decision, PersonHistory, decide, decide_row, promotes
from mi_async.bulk.images.inspect import ImageInspection, digest, inspect_image
from mi_async.bulk.images.loading import distinct, fingerprint
from mi_async.bulk.inputs.models import FaceItem, PersonInput
from mi_async.bulk.journal.records import ImageRecord
from mi_async.errors import ResourceError
from mi_async.media.image_source import Source, name_of
from mi_async.workflows.enroll_decisions import ImageDecision


@frozen
class ExaminedImage:
    """One image of an item.

    Attributes:
        name: used for it in messages.
        header: result of its inspection.
        row: of the same content in the journal, if that is finished.
        sha256: of its content in hex, where that was worth the reading.
    """

    name: str
    header: ImageInspection
    row: ImageRecord | None = None
    sha256: str = ""

    @property
    def is_new(self) -> bool:
        """Return True if it would be uploaded."""
        return self.row is None and self.header.problem is None

    @property
    def is_refused(self) -> bool:
        """Return True if the service has refused it in an earlier run."""
        return self.row is not None and decide_row(self.row) is ImageDecision.RECALL

    @property
    def problem(self) -> Problem | None:
        """Return what is wrong with it, now or as the journal has it."""
        if self.row is not None:
            return Problem(self.name, self.row.code, self.row.message) if self.is_refused else None
        error = self.header.problem
        return None if error is None else Problem(self.name, code_of(error), str(error))


def examine(source: Source, history: PersonHistory, *, fit: bool) -> ExaminedImage:
    """Look at an image, as closely as is needed to know it again."""
    name = name_of(source)
    row = history.by_file.get((name, *fingerprint(source))) if history.images else None
    if row is not None:
        return ExaminedImage(name, ImageInspection(row.size), row)
    shown = inspect_image(source, fit)
    if shown.problem is not None or not history.images or shown.size not in history.sizes:
        return ExaminedImage(name, shown)
    sha256 = digest(source)
    return ExaminedImage(name, shown, history.by_content.get(sha256), sha256)


@define(eq=False)
class Candidate:
    """An item that is not rejected.

    Attributes:
        item: as it was given.
        history: what the journal knows about the person.
        decision: about it, once its files were looked at.
        seen: its images, where something is left to do.
    """

    item: FaceItem
    history: PersonHistory
    decision: Decision = field(init=False, default=WORK)
    seen: Sequence[ExaminedImage] = field(init=False, default=())

    def examine(self, *, fit: bool) -> None:
        """Decide about the item and look at its images."""
        prints = {}
        if self.history.images and self.history.by_file:
            prints = {name_of(source): fingerprint(source) for source in self.item.thumbnails}
        self.decision = decide(self.item, self.history, prints)
        if self.decision is WORK:
            self.seen = [examine(source, self.history, fit=fit) for source in distinct(self.item.thumbnails)]

    @property
    def exists(self) -> bool:
        """Return True if the person is there already."""
        return not isinstance(self.item, PersonInput) or self.history.person.person_id is not None

    @property
    def promotes(self) -> bool:
        """Return True if an image that the person has becomes the primary one."""
        return self.item.promotes and any(promotes(self.item, seen.row) for seen in self.seen)

    @property
    def waits(self) -> bool:
        """Return True if an image cannot be read now: the run would park the item."""
        return any(isinstance(seen.header.problem, ResourceError) for seen in self.seen)

    def problems(self) -> tuple[Problem, ...]:
        """Return what is wrong with the images; of one content under two names once."""
        found: dict[str, Problem] = {}
        for number, seen in enumerate(self.seen):
            if (problem := seen.problem) is not None:
                found.setdefault(seen.row.sha256 if seen.row is not None else str(number), problem)
        return tuple(found.values())

    def new(self) -> list[ImageInspection]:
        """Return the images that would be uploaded, each content once as far as it is known."""
        found = {seen.sha256 or str(number): seen.header for number, seen in enumerate(self.seen) if seen.is_new}
        return list(found.values())
