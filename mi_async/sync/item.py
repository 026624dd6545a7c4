"""Media file of a source in a plan of a sync.

Invariant: a value; what a confirmation covers is all in it.
"""

from typing import Any

from attrs import field, frozen

from mi_async.models import Serializable
from mi_async.storage.models import StoredObject
from mi_async.sync.decisions import SyncState
from mi_async.text import escaped


@frozen
class SyncItem(Serializable):
    """A media file in a plan.

    Attributes:
        key: of the object.
        bucket: of the object.
        state: what it is.
        asset_id: ID of the asset; None where there is none.
        reason: why it is kept.
        source: the file, or ``s3://bucket/key``.
        size: bytes that the source has now; 0 for none.
        modified: time of its last change, in nanoseconds since the epoch.
        with_object: the object in the bucket would be deleted with the asset.
        below_empty: the folder of the file is empty, and the plan was allowed to call it gone all the same.
        confirmed: when its removal was confirmed, in UTC, as ISO 8601 has it; '' if it was not, or that is not known.
    """

    key: str
    bucket: str
    state: SyncState = field(converter=SyncState)
    asset_id: int | None = None
    reason: str = ""
    source: str = ""
    size: int = 0
    modified: int = 0
    with_object: bool = False
    below_empty: bool = False
    confirmed: str = ""

    @property
    def place(self) -> StoredObject:
        """The object."""
        return StoredObject(self.bucket, self.key)

    @property
    def row_key(self) -> tuple[str, str]:
        """Bucket and key, by which the journal has it; the bucket of a new file is ''."""
        return (self.bucket, self.key)

    def as_row(self) -> dict[str, Any]:
        """Return the members that people read, as a JSON object."""
        return {
            "key": self.key,
            "bucket": self.bucket,
            "state": self.state.value,
            "asset_id": self.asset_id,
            "reason": self.reason or None,
            "source": self.source,
            "confirmed": self.confirmed or None,
            "size": self.size if self.size or self.modified else None,  # there is no file, or nobody knows
        }

    def __str__(self) -> str:
        """Name the object, its asset, and why it is kept."""
        asset = "" if self.asset_id is None else f" (asset {self.asset_id})"
        return f"{escaped(self.key)}{asset}" + (f": {self.reason}" if self.reason else "")
