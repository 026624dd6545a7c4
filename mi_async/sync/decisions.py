"""Decisions about media files of a source: same, new, changed, gone.

Invariant: pure; no I/O, no clock. Doubt keeps: an asset that is not known to be of this source, or whose file is not
known to be gone, is left as it is. A decision deletes nothing: a plan lists it, and only a confirmed plan is done.
"""

from enum import StrEnum

from attrs import frozen

from mi_async.bulk.engine.outcome import Status
from mi_async.bulk.journal.records import AssetRecord


class SyncState(StrEnum):
    """State of an object between its source and the project."""

    NEW = "new"
    SAME = "same"
    CHANGED = "changed"
    GONE = "gone"
    MISSING = "missing"
    FORGOTTEN = "forgotten"
    UNSETTLED = "unsettled"
    REJECTED = "rejected"
    KEPT = "kept"


@frozen
class SourceFile:
    """A media file or object that the source has.

    Attributes:
        size: bytes; 0 if unknown.
        modified: time of the last change, in nanoseconds since the epoch; 0 if unknown.
        settled: False if it has changed a moment ago, and may still be written.
    """

    size: int
    modified: int
    settled: bool = True


class Absence(StrEnum):
    """What is known of a file that the source did not list; its value is the reason for keeping the asset."""

    ABSENT = ""
    THERE = "it is there, but not read: a hidden name, another format, or below a link to a folder"
    UNREADABLE = "it cannot be told whether it is there: a folder above it cannot be read"
    EMPTY = (
        "the folder is empty: is a disk not mounted? remove the folder, or allow this with delete_all (--delete-all)"
    )


class ObjectContent(StrEnum):
    """Content of an object, beside that of its file."""

    SAME = "same"
    OTHER = "other"
    NONE = "none"
    """There is no object."""
    UNKNOWN = "unknown"
    """Nobody can tell."""


class AssetPresence(StrEnum):
    """What the service says of an asset that a journal has."""

    PRESENT = "present"
    DELETED = "deleted"
    OF_ANOTHER = "the asset is of another object now"
    UNKNOWN = "the service does not say of which object the asset is"


NOT_OURS = "the asset was there before; no run over this source has registered it"
UNCLEAR = "it cannot be told whether the object in the bucket has the same content"


@frozen
class SyncDecision:
    """Decision about one object.

    Attributes:
        state: what it is.
        reason: why it is kept as it is.
    """

    state: SyncState
    reason: str = ""


def is_own(row: AssetRecord) -> bool:
    """Return True if a run has registered the asset of a row; one that was reused was there before."""
    return row.asset_id is not None and row.asset_id not in row.earlier


def decide_present(
    file: SourceFile, row: AssetRecord | None, asset: AssetPresence, content: ObjectContent
) -> SyncDecision:
    """Decide about a file that the source has.

    Args:
        file: as it is now.
        row: the journal's; None if there is none.
        asset: what the service says of the asset of the row.
        content: of the object.
    """
    if not file.settled:
        return SyncDecision(SyncState.UNSETTLED)
    if row is None or row.asset_id is None:
        return SyncDecision(SyncState.NEW)
    if asset is AssetPresence.DELETED:
        # an object of ours with other content would be in the way of the file, and a run overwrites none
        in_the_way = content is ObjectContent.OTHER and is_own(row)
        return SyncDecision(SyncState.CHANGED if in_the_way else SyncState.MISSING)
    if content is ObjectContent.SAME:
        return SyncDecision(SyncState.SAME)
    reason = UNCLEAR if content is ObjectContent.UNKNOWN else _reason_to_keep(row, asset)
    return SyncDecision(SyncState.KEPT if reason else SyncState.CHANGED, reason)


def decide_absent(absence: Absence, row: AssetRecord, asset: AssetPresence) -> SyncDecision:
    """Decide about an asset whose file the source did not list.

    Args:
        absence: what is known of the file.
        row: the journal's, which has an asset.
        asset: what the service says of it.
    """
    if absence is not Absence.ABSENT:
        return SyncDecision(SyncState.KEPT, absence.value)
    if asset is AssetPresence.DELETED:
        return SyncDecision(SyncState.FORGOTTEN)
    reason = _reason_to_keep(row, asset)
    return SyncDecision(SyncState.KEPT if reason else SyncState.GONE, reason)


def _reason_to_keep(row: AssetRecord, asset: AssetPresence) -> str:
    if not is_own(row):
        return NOT_OURS
    return "" if asset is AssetPresence.PRESENT else asset.value


def used_by(asset_id: int | None, project_id: int) -> str:
    """Return why an object stays: another asset is of it."""
    return f"asset {asset_id} of project {project_id} is of the same object"


def decide_object(decision: SyncDecision, user: str, *, folder: bool, delete_objects: bool) -> SyncDecision:
    """Decide again where another asset uses the object.

    Args:
        decision: about the asset.
        user: why the object stays; '' where nothing else is known to use it.
        folder: True if the source is a folder, whose new files take the place of objects.
        delete_objects: objects are to be deleted with their assets.
    """
    if user and folder and decision.state is SyncState.CHANGED:  # the new file would take the other asset's object
        return SyncDecision(SyncState.KEPT, user)
    if user and folder and delete_objects and decision.state is SyncState.GONE:
        return SyncDecision(SyncState.GONE, f"{OBJECT_STAYS}: {user}")
    return decision


OBJECT_STAYS = "the object stays"


def decide_examined(state: SyncState, status: Status, message: str) -> SyncDecision | None:
    """Decide again about a file that the run would not take as it is; None where that changes nothing.

    Args:
        state: of the file before it was looked into.
        status: as which the run would end it.
        message: why.
    """
    if state is SyncState.NEW and status is Status.REJECTED:
        return SyncDecision(SyncState.REJECTED, message)
    if state is SyncState.CHANGED and status in {Status.REJECTED, Status.PARKED}:
        return SyncDecision(SyncState.KEPT, f"{UNFIT}: {message}")
    return None


UNFIT = "the file of other content cannot be ingested"
LEAST, SHARE = 10, 10
"""Deletions that a plan may always have, and one in how many of what the source has brought."""


def most_deletions(brought: int) -> int:
    """Return how many assets a plan may delete unless somebody says otherwise: ten, or a tenth if that is more."""
    return max(LEAST, brought // SHARE)
