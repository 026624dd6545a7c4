"""Progress of a file that is sent into a bucket.

Invariant: values only.
"""

from collections.abc import Callable

from attrs import frozen

from mi_async.storage.models import StoredObject


@frozen
class SendProgress:
    """Progress of a file.

    Attributes:
        place: where it goes.
        size: bytes of the file.
        found: bytes that were in the bucket already: the whole object, or parts of an earlier run.
        sent: bytes that this run has stored; it begins again at 0 should the storage forget the upload.
        etag: of the object, once it is complete.
        was_there: whether the object was there before.
    """

    place: StoredObject
    size: int
    found: int = 0
    sent: int = 0
    etag: str | None = None
    was_there: bool = False

    @property
    def stored(self) -> int:
        """Bytes that are in the bucket."""
        return self.found + self.sent


Sent = Callable[[SendProgress], None]
"""Called when bytes begin to go, and whenever some have landed; an exception in it ends the upload."""
