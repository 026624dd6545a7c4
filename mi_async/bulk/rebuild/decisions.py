"""Decisions of a rebuild: rows of an item, from its images' content and the person that the service has.

Invariant: pure; no I/O, no clock. What nobody can tell is decided so that nothing is there twice: it is left alone
until ``journal retry``. When an image is there is the rule of the run, in ``workflows.enroll_decisions``.
"""

import math
from collections.abc import Sequence
from enum import Enum

from attrs import evolve, frozen

from mi_async._core.names import clean_name
from mi_async.api.persons import Person, PersonThumbnail
from mi_async.bulk.engine.outcome import Status
from mi_async.bulk.inputs.models import FaceItem, PersonInput
from mi_async.bulk.journal.records import FAILED, OPEN, ImageRecord, PersonRecord
from mi_async.bulk.journal.salvage import RENAMED, UNCLEAR
from mi_async.bulk.rebuild.content import ImageContent
from mi_async.text import escaped, quantity
from mi_async.workflows.enroll_decisions import ImageDecision, decide_images, thumbnail_of_content, unassigned_tags
from mi_async.workflows.named_person import LOOKUP_PAGE, NAME_TAKEN
from mi_async.workflows.thumbnail_names import shown_digest, shown_file
from mi_async.workflows.upload import State

LIST_PAGE = 1000
"""Persons in a page of the listing: the most that the service allows."""


class LookupPath(Enum):
    """Ways to find the persons of an input."""

    EACH = "each"
    """One question for each item."""
    NAMED = "named"
    """A search for all who have a name."""
    EVERYBODY = "everybody"
    """The listing of all, those without a name too."""


def choose_path(rows: int | None, everybody: int, named: int | None) -> LookupPath:
    """Return the way that costs the fewest requests; of equals, the one that tells most.

    Args:
        rows: items of the input, None if unknown.
        everybody: persons of the workspace.
        named: those of them who have a name; None if persons are known by ID, with a name or without.
    """
    costs = {LookupPath.EVERYBODY: math.ceil(everybody / LIST_PAGE)}
    if named is not None:
        costs[LookupPath.NAMED] = math.ceil(named / LOOKUP_PAGE)
    if rows is not None:
        costs[LookupPath.EACH] = rows
    return min(costs, key=lambda path: costs[path])


class Finding(Enum):
    """Finding about an item."""

    COMPLETE = "complete"
    """All of it is at the service."""
    INCOMPLETE = "incomplete"
    """The person is there; the next run adds what is missing."""
    ABSENT = "absent"
    """Nobody has the name or ID; the next run sends all of it."""
    UNCLEAR = "unclear"
    """Nobody can tell if the person has some of its images; they are left alone."""
    TAKEN = "taken"
    """Somebody has the name, and none of the images; the run refuses it, as it would without a journal."""
    RENAMED = "renamed"
    """Nobody has the name, and somebody else has one of its images; it is left alone."""
    UNREADABLE = "unreadable"
    """None of its files can be read; the next run says so."""
    REJECTED = "rejected"
    """It breaks a rule, or its name came before in the input; the next run says so."""


@frozen
class ItemFinding:
    """Finding about an item, with the rows that say it.

    Attributes:
        finding: in one word.
        person: row of the person; None to write none.
        images: rows of its images.
        attached: images that the person has.
        assumed: of these, those that only the counts speak for.
        unclear: images that nobody can tell of.
        missing: images that the next run uploads.
        tags: tags that the next run gives.
        described: True if the person has another description than the item; no run changes it.
    """

    finding: Finding
    person: PersonRecord | None = None
    images: tuple[ImageRecord, ...] = ()
    attached: int = 0
    assumed: int = 0
    unclear: int = 0
    missing: int = 0
    tags: int = 0
    described: bool = False


@frozen
class ItemImages:
    """Images of an item, as far as they can be read.

    Attributes:
        contents: of those that can, each file once.
        unread: number of the others.
    """

    contents: Sequence[ImageContent]
    unread: int = 0


def find_enrolled(item: PersonInput, images: ItemImages, there: Person | None, *, assume_counts: bool) -> ItemFinding:
    """Decide about a person to enroll.

    Args:
        item: as it was given; nothing speaks against it.
        images: its images.
        there: the person who has the name, None if nobody has it.
        assume_counts: take the person's thumbnails of unknown content for the images, where there are enough of them.
    """
    if there is None:
        return ItemFinding(Finding.ABSENT)
    if not images.contents:
        return ItemFinding(Finding.UNREADABLE)
    found = _find_images(item.key, images.contents, there, assume_counts=assume_counts)
    if found.attached:
        return _enrolled(item, found, there, unread=images.unread)
    # No image says that the person was enrolled from this input, so nothing is ever added to it by a run.
    return _unclear_person(item, found, there) if found.unclear else _taken(item, there)


def find_uploaded(item: FaceItem, images: ItemImages, there: Person | None) -> ItemFinding:
    """Decide about a single image for a person who exists; counts speak for none before the whole input is known."""
    if there is None:
        return ItemFinding(Finding.ABSENT)
    if not images.contents:
        return ItemFinding(Finding.UNREADABLE)
    found = _find_images(item.key, images.contents, there, assume_counts=False)
    if found.missing:
        return ItemFinding(Finding.INCOMPLETE, missing=found.missing)
    row = PersonRecord(item.key, Status.DONE.value, there.id, origin=item.origin)
    if found.unclear:
        told = found.images[0]
        row = PersonRecord(
            item.key, Status.PARTIAL.value, there.id, code=told.code, message=told.message, origin=item.origin
        )
    finding = Finding.UNCLEAR if found.unclear else Finding.COMPLETE
    return ItemFinding(finding, row, found.images, attached=found.attached, unclear=found.unclear)


def find_renamed(name: str, origin: str, holder: Person) -> ItemFinding:
    """Return the finding about an item whose name nobody has, while another person has one of its images.

    Args:
        name: of the item.
        origin: its place in the input.
        holder: the other person.
    """
    now = "has no name" if holder.name is None else f"is called {escaped(holder.name)!r} now"
    message = f"person {holder.id} has its images and {now}; nothing is sent for it"
    row = PersonRecord(name, Status.FAILED.value, code=RENAMED, message=message, origin=origin)
    return ItemFinding(Finding.RENAMED, row)


def unknown_thumbnails(there: Person) -> int:
    """Return the number of a person's thumbnails whose content nobody can tell."""
    return sum(shown_digest(thumbnail) is None for thumbnail in there.thumbnails)


def assume(row: ImageRecord) -> ItemFinding:
    """Return the finding about a single image that only the counts speak for.

    Args:
        row: as it is for one that nobody can tell of.
    """
    return ItemFinding(Finding.COMPLETE, images=(_assumed(row),), attached=1, assumed=1)


def _assumed(row: ImageRecord) -> ImageRecord:
    # Nobody knows which thumbnail it is: as the primary one it is never asked to become that.
    return evolve(row, state=State.ATTACHED.value, primary=True, code="", message="", note=ASSUMED)


ASSUMED = "taken for one of the person's thumbnails because their numbers agree"


@frozen
class _Images:
    """Rows of the images of an item, and how many of them are where."""

    images: tuple[ImageRecord, ...]
    attached: int
    assumed: int
    unclear: int
    missing: int


def _find_images(key: str, contents: Sequence[ImageContent], there: Person, *, assume_counts: bool) -> _Images:
    planned = decide_images([content.md5 for content in contents], {}, there.thumbnails)
    own = [(contents[image.number], image.decision) for image in planned if image.same_as is None]
    kept = [_attached(key, content, there) for content, decision in own if decision is ImageDecision.KEEP]
    unclear = [_unclear_image(key, content, there) for content, decision in own if decision is ImageDecision.LEAVE]
    assumed: list[ImageRecord] = []
    if assume_counts and unknown_thumbnails(there) >= len(unclear):
        unclear, assumed = [], [_assumed(row) for row in unclear]
    return _Images(
        (*kept, *assumed, *unclear),
        attached=len(kept) + len(assumed),
        assumed=len(assumed),
        unclear=len(unclear),
        missing=sum(decision is ImageDecision.UPLOAD for _, decision in own),
    )


def _attached(key: str, content: ImageContent, there: Person) -> ImageRecord:
    thumbnail: PersonThumbnail | None = thumbnail_of_content(content.md5, there.thumbnails)
    assert thumbnail is not None  # noqa: S101  that is why it is kept
    return ImageRecord(
        key,
        content.sha256,
        content.source,
        content.size,
        content.mtime_ns,
        State.ATTACHED.value,
        shown_file(thumbnail),  # the last part of the key, which is all of it that the service shows
        thumbnail.is_primary_thumbnail,
    )


def _unclear_image(key: str, content: ImageContent, there: Person) -> ImageRecord:
    unknown = unknown_thumbnails(there)
    message = f"person {there.id} may have it: {unknown:,} of its thumbnails are of unknown content"
    return ImageRecord(
        key, content.sha256, content.source, content.size, content.mtime_ns, FAILED, code=UNCLEAR, message=message
    )


def _enrolled(item: PersonInput, found: _Images, there: Person, *, unread: int) -> ItemFinding:
    """Return the finding about a person who has images of the item, and whatever is left to do."""
    missing_tags = unassigned_tags(item.tags, [clean_name(tag.name) for tag in there.tags])
    left = any((found.missing, found.unclear, unread, missing_tags))
    finding = Finding.INCOMPLETE if left else Finding.COMPLETE
    return ItemFinding(
        Finding.UNCLEAR if found.unclear else finding,
        PersonRecord(
            item.key,
            OPEN if left else Status.DONE.value,
            there.id,
            tuple([tag for tag in item.tags if tag not in missing_tags]),
            origin=item.origin,
        ),
        found.images,
        attached=found.attached,
        assumed=found.assumed,
        unclear=found.unclear,
        missing=found.missing,
        tags=len(missing_tags),
        described=item.description not in {None, there.description},
    )


def _unclear_person(item: PersonInput, found: _Images, there: Person) -> ItemFinding:
    message = (
        f"person {there.id} has this name and {quantity(unknown_thumbnails(there), 'thumbnail')} of unknown content; "
        f"nobody can tell which of them the input has ({quantity(found.unclear, 'image')} unclear)"
    )
    row = PersonRecord(item.key, Status.FAILED.value, there.id, code=UNCLEAR, message=message, origin=item.origin)
    return ItemFinding(Finding.UNCLEAR, row, unclear=found.unclear)


def _taken(item: PersonInput, there: Person) -> ItemFinding:
    message = f"the name is in use by person {there.id}, who has none of the images"
    row = PersonRecord(item.key, Status.FAILED.value, code=NAME_TAKEN, message=message, origin=item.origin)
    return ItemFinding(Finding.TAKEN, row)
