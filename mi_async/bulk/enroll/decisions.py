"""Decisions about items of an enrolling run and about their images, from what the journal knows.

Invariant: pure; no I/O, no clock. The run executes a decision and the plan counts it, so that both say the same.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import TypeAlias

from attrs import frozen

from mi_async._core.drafts import maker
from mi_async.argument_types import IfPersonKnown
from mi_async.bulk.engine.outcome import DUPLICATE, INPUT, KNOWN, BulkOutcome, Problem, Status
from mi_async.bulk.inputs.models import BadInput, FaceItem, PersonInput
from mi_async.bulk.journal.records import FAILED, FINAL, OPEN, UNREADABLE, ImageRecord, PersonRecord
from mi_async.media.image_source import name_of
from mi_async.workflows.enroll_decisions import ImageDecision, decide_image, unassigned_tags
from mi_async.workflows.named_person import NAME_TAKEN
from mi_async.workflows.upload import State

Fingerprint: TypeAlias = tuple[int, int]
"""Bytes of a file and time of its last change; zeros for anything that is no file."""
NO_FILE: Fingerprint = (0, 0)
_FAILED, _PARKED, _DONE = Status.FAILED.value, Status.PARKED.value, Status.DONE.value
"""Compared for each item of an input: the ``value`` of an enum's member is found by two functions in Python."""
_new_person = maker(PersonRecord)  # likewise for each item


@frozen
class PersonHistory:
    """Journal rows of a person and of its images.

    Attributes:
        person: the row; a new one if there is none.
        images: all of them, or where thumbnails are uploaded at least those of the item's sources.
    """

    person: PersonRecord
    images: tuple[ImageRecord, ...] = ()

    @cached_property
    def by_file(self) -> Mapping[tuple[str, int, int], ImageRecord]:
        """Finished images by source, size and time of the last change: such a file need not be read again."""
        return {(row.source, row.size, row.mtime_ns): row for row in self.images if row.state in FINAL and row.mtime_ns}

    @cached_property
    def by_content(self) -> Mapping[str, ImageRecord]:
        """Finished images by the SHA-256 of their content."""
        final = (row for row in self.images if row.state in FINAL)
        return {row.sha256: row for row in final if not row.sha256.startswith(UNREADABLE)}

    @cached_property
    def sizes(self) -> frozenset[int]:
        """Bytes of the finished images: a file of another size is none of them."""
        return frozenset(row.size for row in self.by_content.values())

    @property
    def failed_by_image(self) -> bool:
        """Return True if the person failed only because an image was refused; another image may fix it."""
        own = (self.person.code, self.person.message)
        return any(row.code and (row.code, row.message) == own for row in self.images)


def unknown_person(key: str) -> PersonHistory:
    """Return the history of a person of whom the journal has nothing."""
    return PersonHistory(_new_person(key))


@frozen
class Decision:
    """The decision about an item, before any of its images was read.

    Attributes:
        status: how it has ended already; None if something is left to do.
        problems: why it failed in an earlier run.
        images: the rows that say so, in the order of the item's images.
    """

    status: Status | None = None
    problems: tuple[Problem, ...] = ()
    images: tuple[ImageRecord, ...] = ()


FOUND = "somebody who was there is this person"
"""Message of a row without a code, from the choice of the person until all is given to it."""
WORK = Decision()
"""Something is left to do, or only the content of the images can tell."""


def refuse(item: FaceItem | BadInput, origin: str, *, validate: bool) -> Problem | None:
    """Return why nothing of an item is sent, as far as the item itself tells."""
    fault = item.message if isinstance(item, BadInput) else item.fault(validate=validate)
    return None if fault is None else Problem(origin, INPUT, fault)


def refuse_duplicate(origin: str, first: str) -> Problem:
    """Return why nothing of a second person of one name is sent."""
    return Problem(origin, DUPLICATE, f"duplicate name, first seen at {first}; this row was skipped")


def rejected(item: FaceItem | BadInput, problem: Problem) -> BulkOutcome:
    """Return the outcome of an item of which nothing is sent."""
    key = f"[{item.origin}]" if isinstance(item, BadInput) else str(item.key)
    return BulkOutcome(key, Status.REJECTED, origin=item.origin, problems=(problem,))


def decide(item: FaceItem, history: PersonHistory, fingerprints: Mapping[str, Fingerprint]) -> Decision:
    """Decide about an item that nothing speaks against.

    Args:
        item: as it was given.
        history: what the journal knows of the person.
        fingerprints: of the item's files as they are now, by name.
    """
    person, enrolls = history.person, isinstance(item, PersonInput)
    failed = enrolls and is_failed(person)
    if failed and not history.failed_by_image:
        return Decision(Status.FAILED, (Problem(item.origin or item.key, person.code, person.message),))
    if _is_unfinished(item, person) or _is_in_flight(item, history):
        return WORK
    rows = _finished_rows(item, history, fingerprints)
    if rows is None:
        return WORK
    problems = tuple(Problem(row.source, row.code, row.message) for row in rows if row.state == FAILED)
    exists, changed = enrolls and person.person_id is not None, not is_done(item, person)
    return Decision(ending(problems=bool(problems), sent=True, exists=exists, changed=changed), problems, rows)


def _finished_rows(
    item: FaceItem, history: PersonHistory, fingerprints: Mapping[str, Fingerprint]
) -> tuple[ImageRecord, ...] | None:
    """Return the rows of the item's images, each once; None if one of them is not finished, or becomes the primary."""
    found: dict[str, ImageRecord] = {}
    for name in map(name_of, item.thumbnails):
        row = history.by_file.get((name, *fingerprints.get(name, NO_FILE)))
        if row is None or promotes(item, row):
            return None
        found[row.sha256] = row
    return tuple(found.values())


def _is_unfinished(item: FaceItem, person: PersonRecord) -> bool:
    """Return True if the journal has more to do for a person to enroll than images."""
    if not isinstance(item, PersonInput) or is_failed(person):
        return False  # one that failed by an image has images to do at the most
    return person.person_id is None or is_unnamed(person) or bool(missing_tags(item, person))


def _is_in_flight(item: FaceItem, history: PersonHistory) -> bool:
    """Return True if an upload was begun and came to no end: for an enrolled person even of an image not in the input.

    The key of such an image has to be reported as abandoned.
    """
    names = set(map(name_of, item.thumbnails))
    whole = isinstance(item, PersonInput)
    return any(row.in_flight and (whole or row.source in names) for row in history.images)


def is_failed(person: PersonRecord) -> bool:
    """Return True if a person failed for good; one who was known before it was created is decided about again."""
    return person.status == _FAILED and person.code != KNOWN


def is_unnamed(person: PersonRecord) -> bool:
    """Return True if a person who exists may not have its name yet: somebody who was there, and was found to be it.

    Its images come before its name, so that a row without an end, or with one for now, says nothing of the name.
    """
    return person.status in (OPEN, _PARKED) or person.code == NAME_TAKEN


def was_found(person: PersonRecord) -> bool:
    """Return True if a run that was killed has found that somebody who was there is the person."""
    return person.status == OPEN and person.message == FOUND


def is_compared(item: FaceItem, person: PersonRecord, known: IfPersonKnown) -> bool:
    """Return True if it is looked who looks like a person, before images are given to anybody."""
    if not isinstance(item, PersonInput):
        return False
    if was_found(person):  # a person without a name gets it from a run of any word
        return True
    if known == "ignore":
        return False
    # a row with an ID: the run that gave it one may have ended before all was given to that person
    return person.person_id is None or (known == "attach" and is_unnamed(person))


def is_done(item: FaceItem, person: PersonRecord) -> bool:
    """Return True if an item that adds nothing leaves the person as the last run ended it."""
    return not isinstance(item, PersonInput) or person.status == _DONE


def missing_tags(item: FaceItem, person: PersonRecord) -> list[str]:
    """Return the names of the tags that a person has not been given yet."""
    return unassigned_tags(item.tags, person.tags) if isinstance(item, PersonInput) else []


def promotes(item: FaceItem, row: ImageRecord | None) -> bool:
    """Return True if the person has the image already and the item makes it the primary one: two requests."""
    return item.promotes and row is not None and row.can_become_primary


def ending(
    *, problems: bool, transient: bool = False, sent: bool = False, exists: bool = False, changed: bool = False
) -> Status:
    """Return how an item ends.

    Args:
        problems: something went wrong.
        transient: some of it may go better another time.
        sent: some of it was refused by the service, and not before any request.
        exists: the person is there with some of it.
        changed: something was done, or is written down for the first time.
    """
    if not problems:
        return Status.DONE if changed else Status.SKIPPED
    if transient:
        return Status.PARKED
    if exists:
        return Status.PARTIAL
    return Status.FAILED if sent else Status.REJECTED


def decide_row(row: ImageRecord) -> ImageDecision:
    """Decide about an image by the row of its content, whatever its file is called."""
    state = row.state
    return decide_image(attached=state == State.ATTACHED.value, refused=state == FAILED, begun=state != State.NEW.value)
