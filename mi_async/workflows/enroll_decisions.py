"""Decisions about a person to enroll and its images, from what is there: one rule for the single call and the bulk run.

Invariant: pure; no I/O, no clock. What nobody can tell is decided so that nothing is there twice.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import Enum, auto

from attrs import frozen

from mi_async.api.persons import PersonThumbnail
from mi_async.argument_types import IfPersonExists, IfPersonKnown
from mi_async.workflows.thumbnail_names import shown_digest, shows


class PersonDecision(Enum):
    """Next step for a person."""

    CREATE = auto()
    """Nobody has the name."""
    REFUSE = auto()
    """Somebody else has it."""
    REUSE = auto()
    """The person who has it is taken as it is."""
    COMPLETE = auto()
    """The person who has it is given what is missing."""


_EXISTING: Mapping[IfPersonExists, PersonDecision] = {
    "error": PersonDecision.REFUSE,
    "reuse": PersonDecision.REUSE,
    "complete": PersonDecision.COMPLETE,
}


def decide_person(*, exists: bool, ours: bool = False, if_exists: IfPersonExists = "error") -> PersonDecision:
    """Decide about a person.

    Args:
        exists: somebody has the name.
        ours: that person was created by the call, or row of a journal, that goes on here.
        if_exists: what the caller wants.
    """
    if not exists:
        return PersonDecision.CREATE
    return PersonDecision.COMPLETE if ours else _EXISTING[if_exists]


class LikenessDecision(Enum):
    """Next step for a person who is to be created, by who looks like it."""

    CREATE = auto()
    """Nobody does, or nobody was asked about."""
    ATTACH = auto()
    """It is the one who does: that person gets the images."""
    REFUSE = auto()
    """Somebody does, and the caller is to say if it is the same person."""


def decide_likeness(matches: int, known: IfPersonKnown) -> LikenessDecision:
    """Decide about a person whose name nobody has.

    Args:
        matches: how many persons look like its first image.
        known: what the caller wants.
    """
    if known == "ignore" or not matches:
        return LikenessDecision.CREATE
    # of several the most alike may be the wrong one, and to take thumbnails out of a person again is handwork
    return LikenessDecision.ATTACH if known == "attach" and matches == 1 else LikenessDecision.REFUSE


class ImageDecision(Enum):
    """Next step for an image whose content is known."""

    UPLOAD = auto()
    """Nothing of it is at the service."""
    RESUME = auto()
    """An earlier call or run has begun to upload it."""
    RECALL = auto()
    """The service has refused it; it is left alone until ``journal retry``."""
    KEEP = auto()
    """The person has it, or is given it already as an earlier image of the same call."""
    LEAVE = auto()
    """Nobody can tell if the person has it."""


def decide_image(*, attached: bool, refused: bool = False, unclear: bool = False, begun: bool = False) -> ImageDecision:
    """Decide about an image.

    Args:
        attached: the person has it.
        refused: the service has refused it before.
        unclear: the person has thumbnails of unknown content, and this image may be one of them.
        begun: it was uploaded, or an upload of it was begun.
    """
    if attached:
        return ImageDecision.KEEP
    if refused:
        return ImageDecision.RECALL
    # To add it would double it whenever it is there, once more with each repeated request; that it was left out is
    # reported, and one call of upload_thumbnail adds it.
    if unclear:
        return ImageDecision.LEAVE
    return ImageDecision.RESUME if begun else ImageDecision.UPLOAD


@frozen
class PlannedImage:
    """An image that the single call has decided about.

    Attributes:
        number: of the image, from 0.
        decision: what becomes of it.
        key: of an earlier upload of it.
        same_as: number of the first image of the call with the same content; None if it is that one itself.
    """

    number: int
    decision: ImageDecision
    key: str | None = None
    same_as: int | None = None

    @property
    def is_sent(self) -> bool:
        """True if the person is given it."""
        return self.decision in (ImageDecision.UPLOAD, ImageDecision.RESUME)


def decide_images(
    digests: Sequence[str],
    begun: Mapping[str, Sequence[str]],
    thumbnails: Sequence[PersonThumbnail] = (),
    *,
    from_media: bool = False,
) -> list[PlannedImage]:
    """Decide about all images of a person, to whom each content is given once, as in a bulk run.

    Args:
        digests: MD5 of each image.
        begun: keys of earlier uploads by MD5.
        thumbnails: what the person has; nothing for one who is to be created.
        from_media: analyses have cut what of it is of unknown content from media, so that no image is among it.
    """
    there = [shown_digest(thumbnail) for thumbnail in thumbnails]
    unclear = None in there and not from_media
    first: dict[str, int] = {}
    plan: list[PlannedImage] = []
    for number, digest in enumerate(digests):
        if digest in first:
            plan.append(PlannedImage(number, ImageDecision.KEEP, same_as=first[digest]))
            continue
        first[digest] = number
        keys = begun.get(digest, ())
        decision = decide_image(attached=digest in there, unclear=unclear, begun=bool(keys))
        plan.append(PlannedImage(number, decision, keys[0] if decision is ImageDecision.RESUME else None))
    return plan


def thumbnail_of_content(digest: str, thumbnails: Iterable[PersonThumbnail]) -> PersonThumbnail | None:
    """Return the thumbnail of this content, of several the one with the lowest ID; None where nobody can tell of one.

    Args:
        digest: MD5 of the image.
        thumbnails: all that the person has.
    """
    same = [thumbnail for thumbnail in thumbnails if shown_digest(thumbnail) == digest]
    return min(same, key=lambda each: each.id, default=None)


def doubled(keys: Collection[str], thumbnails: Sequence[PersonThumbnail]) -> list[int]:
    """Return the IDs of thumbnails that a call has added although another process was first with the same image.

    Of one content the lowest ID stays: everybody who looks decides the same, and removes nothing but its own.

    Args:
        keys: of the images that the call has added.
        thumbnails: all that the person has.
    """
    first: dict[str | None, int] = {}
    for thumbnail in sorted(thumbnails, key=lambda each: each.id):
        first.setdefault(shown_digest(thumbnail), thumbnail.id)
    own = [thumbnail for thumbnail in thumbnails if any(shows(thumbnail, key) for key in keys)]
    return [thumbnail.id for thumbnail in own if first[shown_digest(thumbnail)] != thumbnail.id]


def unassigned_tags(wanted: Iterable[str], present: Iterable[str]) -> list[str]:
    """Return the names of the tags that a person has not been given yet."""
    there = frozenset(present)
    return [tag for tag in wanted if tag not in there]
