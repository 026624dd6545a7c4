"""Decisions about the persons and assets of a backup, from the backup and what the workspace has.

Invariant: pure; no I/O, no clock. The run executes a decision and the plan counts it, so that both say the same.
"""

from collections.abc import Sequence
from enum import Enum, auto

from attrs import evolve, frozen

from mi_async._core.names import clean_name
from mi_async.argument_types import IfPersonExists
from mi_async.backup.format import BackupAsset, BackupPerson, BackupThumbnail
from mi_async.bulk.inputs.models import AssetInput, BadInput, PersonInput
from mi_async.errors import InvalidArgumentError
from mi_async.restore.not_carried import NotCarried
from mi_async.restore.target import Namesake
from mi_async.storage.models import StoredObject
from mi_async.workflows.enroll_decisions import PersonDecision, decide_person

UNNAMED = "unnamed {id}"
"""Name of a person that has none, with its old ID.

Nothing but its name tells a person apart, so a person without one would be created again by each run that was killed in
between. It can be renamed, and the old ID in the name makes it unique.
"""


class Destination(Enum):
    """Where a person of a backup goes."""

    ENROLL = auto()
    """It is an item of the bulk run, which creates it, resumes it, or has rejected it."""
    COMPLETE = auto()
    """The person who has its name is given what is missing."""
    KEEP = auto()
    """The person who has its name is taken as it is."""
    NOWHERE = auto()
    """It is left out."""


@frozen
class RestoredPerson:
    """A decision about a person.

    Attributes:
        destination: where it goes.
        name: that it gets; '' for one that is left out.
        existing: the ID of the person who has the name.
        fault: why it is refused; '' for one that is not.
        lost: it, where it is left out.
    """

    destination: Destination
    name: str = ""
    existing: int | None = None
    fault: str = ""
    lost: NotCarried | None = None


def restored_name(person: BackupPerson, *, unnamed: bool) -> str | None:
    """Return the name that a person gets, None for one without a name that is left out."""
    if person.name is not None:
        return clean_name(person.name)
    return UNNAMED.format(id=person.id) if unnamed else None


def decide_restored(
    person: BackupPerson, origin: str, name: str | None, namesake: Namesake | None, if_exists: IfPersonExists
) -> RestoredPerson:
    """Decide about a person.

    Args:
        person: as the backup has it.
        origin: its place in the backup.
        name: that it gets, of :func:`restored_name`.
        namesake: who has this name already.
        if_exists: what the caller wants with those.
    """
    if name is None:
        message = "it has no name, and only by its name could a later run tell whether it was created"
        lost = NotCarried("anonymous", str(person.id), origin, message)
        return RestoredPerson(Destination.NOWHERE, lost=lost)
    if namesake is None or namesake.ours:
        return RestoredPerson(Destination.ENROLL, name)
    existing = namesake.id
    match decide_person(exists=True, if_exists=if_exists):
        case PersonDecision.COMPLETE:
            return RestoredPerson(Destination.COMPLETE, name, existing)
        case PersonDecision.REUSE:
            return RestoredPerson(Destination.KEEP, name, existing)
        case _:
            remedy = "if_exists (--if-exists reuse or complete) takes that one"
            fault = f"{name!r} is the name of person {existing} already; {remedy}"
            return RestoredPerson(Destination.ENROLL, name, existing, fault)


def in_order(thumbnails: Sequence[BackupThumbnail]) -> list[BackupThumbnail]:
    """Return the images in the order in which a person gets them: the primary one first, each content once."""
    found: dict[object, BackupThumbnail] = {}
    for thumbnail in sorted(thumbnails, key=lambda each: not each.primary):
        found.setdefault(thumbnail.sha256 or thumbnail.id, thumbnail)
    return list(found.values())


def person_item(
    person: BackupPerson, name: str, origin: str, paths: Sequence[str], fault: str = ""
) -> PersonInput | BadInput:
    """Return the item of a person for the bulk run.

    Args:
        person: as the backup has it.
        name: that it gets.
        origin: its place in the backup.
        paths: of its sound images.
        fault: why it is refused; '' if it is not.
    """
    if not fault and not paths:
        fault = f"{name!r} has no sound image in the backup, and a person needs one"
    if fault:
        return BadInput(origin, fault)
    return PersonInput(name, tuple(paths), person.description, person.tags, origin=origin)


def asset_item(asset: BackupAsset, origin: str, bucket: str | None) -> AssetInput | NotCarried:
    """Return the item of an asset, or that it is left out because nobody knows its object.

    Args:
        asset: as the backup has it.
        origin: its place in the backup.
        bucket: where the objects are now; by default where they were.
    """
    place = bucket or asset.bucket
    if not asset.key or not place:
        missing = "key" if not asset.key else "bucket"
        message = f"{asset.file_name}: the backup has no {missing} of its object"
        return NotCarried("object", str(asset.asset_id), origin, message)
    size, length = (None, None) if asset.meta_data is None else (asset.meta_data.size, asset.meta_data.duration_ms)
    try:
        item = AssetInput(StoredObject(place, asset.key), origin=origin)
        item.place("")
    except InvalidArgumentError as error:  # a bucket or key that cannot be one
        return NotCarried("object", str(asset.asset_id), origin, f"{asset.file_name}: {error}")
    return evolve(item, size=max(size or 0, 0), seconds=None if length is None else max(length, 0) / 1000)
