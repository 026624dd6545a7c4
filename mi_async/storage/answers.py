"""What the answers of the storage tell of objects.

Law: pure. An ETag is an MD5 sum unless the answer says that the object is encrypted with a key of its own (KMS): that
ETag says nothing of the content.
"""

from binascii import b2a_base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import field, frozen

from mi_async.errors import UploadFailedError
from mi_async.storage.file import Piece
from mi_async.storage.place import Prefix, StoredObject

KMS = "aws:kms"
"""How the names of encryptions begin whose ETags are no MD5 sums."""


@frozen
class Head:
    """What the storage knows of an object, or of a part.

    Attributes:
        size: bytes.
        etag: without its quotes.
        opaque: whether the ETag says nothing of the content.
        stored: when it was stored, in seconds since the epoch; 0 where that was not told.
        metadata: what was stored with it, by names in small letters.
    """

    size: int
    etag: str
    opaque: bool = False
    stored: float = 0.0
    metadata: Mapping[str, str] = field(factory=dict)


@frozen
class Listed:
    """What a listing tells of an object.

    Attributes:
        key: full name.
        size: bytes.
        mtime_ns: when it was stored, in nanoseconds since the epoch.
    """

    key: str
    size: int
    mtime_ns: int


def head_of(answer: Mapping[str, Any]) -> Head:
    """Read the answer to a HEAD."""
    moment = answer.get("LastModified")
    stored = moment.timestamp() if isinstance(moment, datetime) else 0.0
    return Head(answer["ContentLength"], etag_of(answer), is_opaque(answer), stored, dict(answer.get("Metadata", {})))


def etag_of(answer: Mapping[str, Any]) -> str:
    """Read the ETag; '' when there is none."""
    return str(answer.get("ETag", "")).strip('"').lower()


def is_opaque(answer: Mapping[str, Any]) -> bool:
    """Whether the ETag says nothing of the content."""
    return str(answer.get("ServerSideEncryption", "")).startswith(KMS)


def content_md5(piece: Piece) -> str:
    """Write the MD5 sum as a header has it."""
    return b2a_base64(bytes.fromhex(piece.md5), newline=False).decode("ascii")


def check_stored(answer: Mapping[str, Any], piece: Piece, place: StoredObject | Prefix) -> None:
    """Refuse an answer that tells of other bytes than were sent.

    Raises:
        UploadFailedError: another try may help.
    """
    etag = etag_of(answer)
    if etag != piece.md5 and not is_opaque(answer):
        message = f"{place}: the storage holds other bytes than were sent (ETag {etag or 'missing'})"
        error = UploadFailedError(message, reason="ETAG_MISMATCH", key=place.names.get("Key"))
        error.ambiguous = True
        raise error
