"""The one reader of the storage's answers: objects, uploads and parts.

Invariant: pure; takes nothing for granted. A storage that is almost S3 leaves members out, and a proxy answers with a
page of its own: what is missing or of another type is a ResponseError that names the member.
"""

from binascii import b2a_base64
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from attrs import field, frozen

from mi_async.errors import ResponseError
from mi_async.storage.local_file import Piece

T = TypeVar("T")
KMS = "aws:kms"
"""Prefix of the encryptions whose ETags are no MD5 sums."""
MD5_LENGTH = 32
HEX = frozenset("0123456789abcdef")


@frozen
class ObjectHead:
    """Metadata of an object or a part, as the storage tells them.

    Attributes:
        size: bytes.
        etag: without its quotes, in small letters, '' for none.
        opaque: whether the ETag says nothing of the content.
        stored: when it was stored, in seconds since the epoch; 0 where that was not told.
        metadata: what was stored with it, by names in small letters.
        tag: the ETag as the storage wrote it, for giving it back.
        parts: of how many parts it was made, where that was told.
    """

    size: int
    etag: str
    opaque: bool = False
    stored: float = 0.0
    metadata: Mapping[str, str] = field(factory=dict)
    tag: str = ""
    parts: int | None = None


@frozen
class ListedObject:
    """An object in a listing.

    Attributes:
        key: full name.
        size: bytes.
        mtime_ns: when it was stored, in nanoseconds since the epoch; 0 where that was not told.
    """

    key: str
    size: int
    mtime_ns: int


def member_in(answer: Mapping[str, Any], name: str, kind: type[T]) -> T:
    """Return a member that there must be.

    Raises:
        ResponseError: it is missing or something else.
    """
    value = answer.get(name)
    if not isinstance(value, kind) or isinstance(value, bool) or value == "" or (isinstance(value, int) and value < 0):
        message = f"the answer of the storage has no {name}"
        raise ResponseError(message)
    return value


def structures(answer: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    """Return a list of structures, empty where there is none."""
    value = answer.get(name) or ()
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list | tuple) else []


def text_in(answer: Mapping[str, Any], name: str) -> str:
    """Return a text, '' where there is none."""
    value = answer.get(name)
    return value if isinstance(value, str) else ""


def head_of(answer: Mapping[str, Any], *, size: str = "ContentLength") -> ObjectHead:
    """Read the answer to a HEAD, or an entry in a list of parts.

    Raises:
        ResponseError: it does not tell the size.
    """
    moment, beside, parts = answer.get("LastModified"), answer.get("Metadata"), answer.get("PartsCount")
    stored = moment.timestamp() if isinstance(moment, datetime) else 0.0
    metadata = {str(name).lower(): str(value) for name, value in beside.items()} if isinstance(beside, Mapping) else {}
    return ObjectHead(
        member_in(answer, size, int),
        etag_of(answer),
        is_opaque(answer),
        stored,
        metadata,
        text_in(answer, "ETag"),
        parts if isinstance(parts, int) else None,
    )


def stored_head(answer: Mapping[str, Any], size: int) -> ObjectHead:
    """Return the head of an object or part from the answer to its PUT."""
    return head_of({**answer, "ContentLength": size})


def listed_of(answer: Mapping[str, Any]) -> ListedObject:
    """Read an entry of a listing.

    Raises:
        ResponseError: it does not tell key and size.
    """
    moment = answer.get("LastModified")
    seconds = int(moment.timestamp()) if isinstance(moment, datetime) else 0
    return ListedObject(member_in(answer, "Key", str), member_in(answer, "Size", int), seconds * 10**9)


def uploads_of(answer: Mapping[str, Any], key: str) -> list[str]:
    """Return the IDs of the unfinished uploads of an object; a listing also has those of longer names."""
    return [text_in(one, "UploadId") for one in structures(answer, "Uploads") if text_in(one, "Key") == key]


def parts_of(answer: Mapping[str, Any]) -> dict[int, ObjectHead]:
    """Read a page of a list of parts; what of it does not tell number and size is taken for not there."""
    found: dict[int, ObjectHead] = {}
    for one in structures(answer, "Parts"):
        try:
            found[member_in(one, "PartNumber", int)] = head_of(one, size="Size")
        except ResponseError:
            continue
    return found


def etag_of(answer: Mapping[str, Any]) -> str:
    """Read the ETag without its quotes, in small letters; '' when there is none."""
    return text_in(answer, "ETag").removeprefix("W/").strip('"').lower()


def is_opaque(answer: Mapping[str, Any]) -> bool:
    """Return True if the storage itself says that the ETag says nothing of the content."""
    customer = bool(answer.get("SSECustomerAlgorithm"))
    return customer or text_in(answer, "ServerSideEncryption").startswith(KMS)


def may_be_md5(etag: str) -> bool:
    """Return True if an ETag has the form of an MD5 sum."""
    return len(etag) == MD5_LENGTH and HEX.issuperset(etag)


def content_md5(piece: Piece) -> str:
    """Write the MD5 sum as a header has it."""
    return b2a_base64(bytes.fromhex(piece.md5), newline=False).decode("ascii")
