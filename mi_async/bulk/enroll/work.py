"""Items under way: a work is one item of the input, a picture is one upload of it.

Law: holds what is known of an item and how its records follow from it; asks and sends nothing.
"""

from typing import TypeAlias

from attrs import define, evolve, field

from mi_async.bulk.engine import work_item as engine
from mi_async.bulk.engine.outcome import BulkOutcome, Problem, Status
from mi_async.bulk.engine.work_item import WorkItem
from mi_async.bulk.enroll.decisions import ending, is_done, missing_tags
from mi_async.bulk.inputs.models import FaceItem, PersonInput
from mi_async.bulk.journal.records import FAILED, UNREADABLE, PersonRecord, PictureRecord, worst
from mi_async.media.image_source import Source, name_of
from mi_async.workflows.upload import State, Upload


@define(eq=False)
class ImageUpload:
    """One picture on its way.

    Attributes:
        work: the item that it belongs to.
        source: where it comes from; once its content was let go only what messages call it.
        primary: whether it becomes the person's main picture.
        record: what the journal knows, None before the content was read.
        upload: how far it is, None before the content was read.
        stored: when it was stored, on the session's clock.
        checks: completion checks so far.
        in_pool: whether it has a place in the pool.
        in_memory: whether its content counts as a picture in memory.
        same: the picture of another item of the person that is uploaded in its place, until that has ended.
    """

    work: "EnrollWork"
    source: Source
    primary: bool = False
    record: PictureRecord | None = None
    upload: Upload | None = None
    stored: float = 0.0
    checks: int = 0
    in_pool: bool = False
    in_memory: bool = False
    same: "ImageUpload | None" = None

    @property
    def name(self) -> str:
        """How messages call it."""
        return name_of(self.source)

    @property
    def is_part(self) -> bool:
        """True: an image is a part of its item."""
        return True


@define(eq=False)
class EnrollWork(WorkItem):
    """One person, or one picture for a person, under way.

    Attributes:
        item: as it was given; once its pictures are on their way without their content.
        person: the row of the person, as it is known now.
        rows: what the journal knows of the person's pictures, by content hash.
        pictures: those of the item.
        open: how many of them are still on their way.
        attached: pictures given to the person in this run.
        tagged: whether the person was given tags in this run.
        promoted: whether a picture that was there was made the main one in this run.
        so_far: how other items of the person have ended in this run.
    """

    item: FaceItem
    person: PersonRecord
    rows: dict[str, PictureRecord] = field(factory=dict)
    pictures: list[ImageUpload] = field(factory=list)
    open: int = 0
    attached: int = 0
    tagged: bool = False
    promoted: bool = False
    so_far: PersonRecord | None = None

    @property
    def name(self) -> str:
        """How messages call it."""
        return self.item.key

    @property
    def origin(self) -> str:
        """Where it was read."""
        return self.item.origin

    @property
    def enrolls(self) -> bool:
        """Whether the person itself is made, and not only given pictures."""
        return isinstance(self.item, PersonInput)

    def missing_tags(self) -> list[str]:
        """Return the names of the tags that the person has not been given yet."""
        return missing_tags(self.item, self.person)

    def with_state(self, *states: State) -> list[ImageUpload]:
        """Pictures in one of these states that have not failed, in the order of the input."""
        here = [picture for picture in self.pictures if picture.upload is not None and picture.upload.state in states]
        return [picture for picture in here if picture.record is None or picture.record.state != FAILED]

    def recall(self, row: PictureRecord) -> None:
        """Note a picture that failed for good in an earlier run."""
        self.problems.append(Problem(row.source, row.code, row.message))
        self.sent = True

    def take_over(self, image: ImageUpload, first: ImageUpload) -> None:
        """End as another item of the person has, which has uploaded the same content; problems name the own file."""
        other = first.work
        named = {first.name: image.name}
        self.problems += [evolve(each, source=named.get(each.source, each.source)) for each in other.problems]
        self.transient = self.transient or other.transient
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
        """The row of a person when an item of it has ended."""
        problem = self.problems[0] if self.problems else None
        code, message = (problem.code, problem.message) if problem else ("", "")
        well = Status.DONE if status is Status.SKIPPED else status
        row = evolve(self.person, status=well.value, code=code, message=message)
        return row if self.so_far is None else worst(self.so_far, row)

    def joined(self, row: PersonRecord) -> None:
        """Note how another item of the person has ended in this run."""
        self.so_far = row if self.so_far is None else worst(self.so_far, row)

    def unclaimed(self) -> list[PictureRecord]:
        """Uploads of earlier runs that were begun from the item's sources, or for the person that it enrolls.

        What belongs to a source that could not be read is none of them: it may be the same picture again.
        """
        if all(picture.record is None for picture in self.pictures):
            return []  # none was read: nothing is known of what the item holds now
        unread = {picture.name for picture in self.pictures if self._is_unread(picture.name)}
        own = {picture.name for picture in self.pictures}
        rows = [row for row in self.rows.values() if row.under_way and row.source not in unread]
        return [row for row in rows if self.enrolls or row.source in own]

    def _is_unread(self, name: str) -> bool:
        row = self.rows.get(UNREADABLE + name)
        return row is not None and row.state == FAILED

    def _own_rows(self) -> list[PictureRecord]:
        """Rows of the item's pictures: for a person to enroll, and where nothing is to be done, all that there are."""
        if self.enrolls or not self.pictures:
            return list(self.rows.values())
        return [picture.record for picture in self.pictures if picture.record is not None]

    def outcome(self, status: Status) -> BulkOutcome:
        """What is told of the item."""
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


def recorded(picture: ImageUpload, now: float) -> PictureRecord:
    """The row of a picture that has taken a step.

    Args:
        picture: has been read.
        now: seconds since the epoch.
    """
    record, upload = picture.record, picture.upload
    if record is None or upload is None:
        message = "a picture has no row before it was read"
        raise RuntimeError(message)
    stored = upload.state.reached(State.STORED)
    return evolve(
        record,
        state=upload.state.value,
        thumbnail_key=upload.key,
        # what the person has already was made the main picture when it was given, or was not
        primary=record.primary if upload.state is State.ATTACHED else picture.primary,
        stored_at=(record.stored_at or now) if stored else 0.0,
        code="",
        message="",
    )


def given_up(record: PictureRecord, problem: Problem, *, transient: bool) -> PictureRecord:
    """The row of a picture that failed: for good, or at the state where it can be taken up."""
    state = record.state if transient else FAILED
    return evolve(record, state=state, code=problem.code, message=problem.message)


Moves: TypeAlias = engine.Moves[EnrollWork]
"""The next moves of an item and its images."""


def image_of(thing: engine.Movable[EnrollWork]) -> ImageUpload:
    """Return an image that came to a stage of images."""
    if not isinstance(thing, ImageUpload):
        message = f"{thing.name}: no image, but came to a stage of images"
        raise TypeError(message)
    return thing
