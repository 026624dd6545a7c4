"""Work items of an enrolling run: an item of the input, and the uploads of its images.

Invariant: holds what is known of an item and how its rows follow from it; asks and sends nothing.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import TypeAlias

from attrs import define, field

from mi_async._core.drafts import evolve
from mi_async.api.persons import Person
from mi_async.bulk.engine import work_item as engine
from mi_async.bulk.engine.outcome import BulkOutcome, Problem, Status
from mi_async.bulk.engine.work_item import WorkItem
from mi_async.bulk.enroll.decisions import ending, is_done, missing_tags
from mi_async.bulk.inputs.models import FaceItem, PersonInput
from mi_async.bulk.journal.records import FAILED, ImageRecord, PersonRecord, unread_key, worst
from mi_async.media.image_source import Source, name_of
from mi_async.workflows.upload import State, Upload


class EnrollRoute(StrEnum):
    """Stages of the pipeline."""

    LOOK = "look"
    READ = "read"
    RESUME = "resume"
    PRESIGN = "presign"
    PUT = "put"
    CONFIRM = "confirm"
    COMPARE = "compare"
    SETTLE = "settle"
    TAG = "tag"


@define(eq=False)
class ImageUpload:
    """One image in flight.

    Attributes:
        work: the item that it belongs to.
        source: as it was given; once the content was released, its name in messages.
        primary: True to make it the person's primary thumbnail.
        record: the row in the journal, None before the content was read.
        upload: its state, None before the content was read.
        stored: time of the PUT, on the session's clock.
        checks: completion checks so far.
        has_slot: True iff it counts as in flight for the adaptive limit.
        is_held: True iff it counts as an image in memory.
        duplicate_of: another item's upload of the same content for the same person, until that has ended.
    """

    work: "EnrollWork"
    source: Source
    primary: bool = False
    record: ImageRecord | None = None
    upload: Upload | None = None
    stored: float = 0.0
    checks: int = 0
    has_slot: bool = False
    is_held: bool = False
    duplicate_of: "ImageUpload | None" = None

    @property
    def name(self) -> str:
        """Name in messages."""
        return name_of(self.source)

    @property
    def is_part(self) -> bool:
        """True: an image is a part of its item."""
        return True


@define(eq=False)
class EnrollWork(WorkItem):
    """One person, or one thumbnail for a person, in flight.

    Attributes:
        item: as it was given, without the content of its images.
        person: the row of the person, as it is known now.
        rows: rows of the person's images, by content hash.
        images: those of the item.
        open: how many of them have not come as far as they get by themselves.
        attached: images given to the person in this run.
        tagged: True if the person was given tags in this run.
        promoted: True if an image that was there was made the primary one in this run.
        compares: True if it passes the comparison: nobody is known to be the person, or somebody whom it looks like is.
        existing: the person whom the item was found to be, None where nobody was found.
        so_far: how other items of the person have ended in this run.
        unwritten: rows that the next write of the item has to have; nothing is awaited before it.
    """

    item: FaceItem
    person: PersonRecord
    rows: dict[str, ImageRecord] = field(factory=dict)
    images: list[ImageUpload] = field(factory=list)
    open: int = 0
    attached: int = 0
    tagged: bool = False
    promoted: bool = False
    compares: bool = False
    existing: Person | None = None
    so_far: PersonRecord | None = None
    unwritten: list[ImageRecord] = field(factory=list)

    @property
    def name(self) -> str:
        """Name in messages."""
        return self.item.key

    @property
    def origin(self) -> str:
        """Place in the input."""
        return self.item.origin

    @property
    def enrolls(self) -> bool:
        """True if the person itself is created, and not only given images."""
        return isinstance(self.item, PersonInput)

    @property
    def confirmed_rows(self) -> list[ImageRecord]:
        """Rows of images that were confirmed when a run ended: what became of them is not known."""
        return [row for row in self.rows.values() if row.state == State.CONFIRMED.value]

    def missing_tags(self) -> list[str]:
        """Return the names of the tags that the person has not been given yet."""
        return missing_tags(self.item, self.person)

    def with_state(self, *states: State) -> list[ImageUpload]:
        """Return the images in one of these states that have not failed, in the order of the input."""
        here = [image for image in self.images if image.upload is not None and image.upload.state in states]
        return [image for image in here if image.record is None or image.record.state != FAILED]

    @staticmethod
    def first_of(images: Sequence[ImageUpload]) -> ImageUpload:
        """Return the image with which the person is created as the primary one."""
        return next((image for image in images if image.primary), images[0])

    def recall(self, row: ImageRecord) -> None:
        """Add the problem of an image that failed for good in an earlier run."""
        self.problems.append(Problem(row.source, row.code, row.message))
        self.sent: bool = True

    def take_over(self, image: ImageUpload, first: ImageUpload) -> None:
        """End as another item of the person has, which has uploaded the same content; problems name the own file."""
        other = first.work
        named = {first.name: image.name}
        taken = [evolve(each, source=named.get(each.source, each.source)) for each in other.problems]
        self.problems: list[Problem] = [*self.problems, *taken]
        self.transient: bool = self.transient or other.transient
        self.sent = self.sent or other.sent

    def status(self) -> Status:
        """Return how the item ends, as things are now."""
        return ending(
            problems=bool(self.problems),
            transient=self.transient,
            sent=self.sent,
            exists=self.attached > 0 or (self.enrolls and self.person.person_id is not None),
            changed=self.attached > 0 or self.tagged or self.promoted or not is_done(self.item, self.person),
        )

    def ended(self, status: Status) -> PersonRecord:
        """Return the row of the person when the item has ended."""
        problem = self.problems[0] if self.problems else None
        code, message = (problem.code, problem.message) if problem else ("", "")
        well = Status.DONE if status is Status.SKIPPED else status
        row = evolve(self.person, status=well.value, code=code, message=message)
        return row if self.so_far is None else worst(self.so_far, row)

    def joined(self, row: PersonRecord) -> None:
        """Merge in how another item of the person has ended in this run."""
        self.so_far = row if self.so_far is None else worst(self.so_far, row)

    def unclaimed(self) -> list[ImageRecord]:
        """Return uploads of earlier runs, begun from the item's sources or for the person that it enrolls.

        Those of a source that could not be read are left alone: it may be the same image again.
        """
        if all(image.record is None for image in self.images):
            return []  # none was read: nothing is known of what the item holds now
        unread = {image.name for image in self.images if self._is_unread(image.name)}
        own = {image.name for image in self.images}
        rows = [row for row in self.rows.values() if row.in_flight and row.source not in unread]
        return [row for row in rows if self.enrolls or row.source in own]

    def _is_unread(self, name: str) -> bool:
        row = self.rows.get(unread_key(name))
        return row is not None and row.state == FAILED

    def _own_rows(self) -> list[ImageRecord]:
        """Return the rows of the item's images: all of the person if it enrolls one, or if nothing was left to do."""
        if self.enrolls or not self.images:
            return list(self.rows.values())
        return [image.record for image in self.images if image.record is not None]

    def outcome(self, status: Status) -> BulkOutcome:
        """Return the outcome of the item."""
        return BulkOutcome(
            key=self.item.key,
            status=status,
            person_id=self.person.person_id,
            attached=self.attached,
            origin=self.item.origin,
            problems=tuple(self.problems),
            notes=tuple(self.notes),
            created=tuple(row.left for row in self._own_rows() if row.left is not None),
        )


def recorded(image: ImageUpload, now: float) -> ImageRecord:
    """Return the row of an image that has taken a step.

    Args:
        image: it has been read.
        now: seconds since the epoch.
    """
    record, upload = image.record, image.upload
    if record is None or upload is None:
        message = "an image has no row before it was read"
        raise RuntimeError(message)
    return evolve(
        record,
        state=upload.state.value,
        thumbnail_key=upload.key,
        # what the person has was made the primary one when it was given, or was not
        primary=record.primary if upload.state is State.ATTACHED else image.primary,
        stored_at=_stored_at(upload.state, record.stored_at, now),
        code="",
        message="",
    )


def _stored_at(state: State, before: float, now: float) -> float:
    """Return the time of storage of an image that has come to a state; that of its URL is the earliest possible."""
    # A process that is killed between a PUT and its record leaves the time of the URL: whoever finds the image there
    # knows in which run it was stored, and from when its key is too old to be trusted.
    match state:
        case State.NEW:
            return 0.0
        case State.PRESIGNED | State.STORED:
            return now
        case State.CONFIRMED | State.ATTACHED:
            return before or now


def given_up(record: ImageRecord, problem: Problem, *, transient: bool) -> ImageRecord:
    """Return the row of an image that failed: for good, or at the state where it can be resumed."""
    if transient:
        return evolve(record, code=problem.code, message=problem.message)
    stored_at = 0.0 if record.state == State.PRESIGNED.value else record.stored_at
    return evolve(record, state=FAILED, stored_at=stored_at, code=problem.code, message=problem.message)


Moves: TypeAlias = engine.Moves[EnrollWork]
"""The next moves of an item and its images."""


def image_of(thing: engine.Movable[EnrollWork]) -> ImageUpload:
    """Return an image that came to a stage of images."""
    if not isinstance(thing, ImageUpload):
        message = f"{thing.name}: no image, but came to a stage of images"
        raise TypeError(message)
    return thing
