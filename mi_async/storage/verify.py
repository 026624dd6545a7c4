"""Verification that an object in a bucket is a file on this machine.

Invariant: by size and by ETag, for each part layout that may have led to it. Where the ETag says nothing of the
content, by the mark that we store with an object, and then some blocks of it are read back: an ETag may be anything
(the MD5 of the whole, a weak one, a random one), and must neither pass for a proof nor keep us from our own object.
"""

from collections.abc import Collection, Iterable
from typing import Protocol

from mi_async.errors import AlreadyExistsError
from mi_async.storage.local_file import LocalFile
from mi_async.storage.models import StoredObject
from mi_async.storage.part_layout import PartLayout, part_layouts_of, whole_etag
from mi_async.storage.responses import ObjectHead, may_be_md5

SECOND = 10**9
MARK = "mi-async-file"
"""Name of our mark among the metadata of an object."""


class Asks(Protocol):
    """Requests that can be made about an object."""

    async def part_size(self, place: StoredObject) -> int | None:
        """Size of the first part that it was made of; None where that is not told."""
        ...

    async def read(self, place: StoredObject, offset: int, length: int) -> bytes:
        """Read some of it."""
        ...


async def check_same(
    asks: Asks, file: LocalFile, place: StoredObject, head: ObjectHead, known: Collection[str] = ()
) -> None:
    """Refuse an object that is not this file.

    Args:
        asks: what more can be asked about it.
        file: what is to be there.
        place: where.
        head: what is there.
        known: ETags that an object with the content of the file may have; they save reading it.

    Raises:
        AlreadyExistsError: it is another one, or it cannot be told whether it is.
        MediaRejectedError: the file cannot be read.
    """
    same = await same_content(asks, file, place, head, known)
    if same:
        return
    if same is None:
        told = f"ETag {head.etag!r}" if head.etag else "it has no ETag"
        message = f"{place} is there, and it cannot be told whether it is {file.name} ({told})"
    else:
        message = f"{place} is there and is not {file.name}"
    message += "; it is not overwritten: give another key"
    raise AlreadyExistsError(message, existing=(str(place),))


async def same_content(
    asks: Asks, file: LocalFile, place: StoredObject, head: ObjectHead, known: Collection[str] = ()
) -> bool | None:
    """Return True if an object is this file, and None if that cannot be told."""
    if head.size != file.size:
        return False
    if head.etag in known:
        return True
    # An object that was sent in one piece has the MD5 sum of its content for an ETag; one made of parts has the MD5 of
    # their MD5 sums and their number, which is documented nowhere, but which every S3-type storage and client relies
    # on. Encryption with KMS makes the ETag random (S3 says so), and some storages always do.
    told = None if head.opaque else await _by_etag(asks, file, place, head)
    if told:
        return True
    theirs, ours = head.metadata.get(MARK), await file.mark()
    if theirs == ours:
        return await same_samples(asks, file, place)
    if not head.opaque:
        return told  # an upload that was resumed with a changed file keeps the mark with which it was begun
    differs = theirs is not None and _digest(theirs) != _digest(ours)
    return not differs and head.stored >= file.fingerprint.modified // SECOND


def _digest(mark: str) -> str:
    """Return a mark without the time of change."""
    return mark.rpartition("-")[2]


async def same_samples(asks: Asks, file: LocalFile, place: StoredObject) -> bool:
    """Return True if some blocks of an object, all of a small one, are those of the file."""
    for offset, length in file.samples:
        if (await file.piece(offset, length)).body != await asks.read(place, offset, length):
            return False
    return True


async def _by_etag(asks: Asks, file: LocalFile, place: StoredObject, head: ObjectHead) -> bool | None:
    """Compare the ETag with those that the file would have; None if it is not known how this one came about."""
    if may_be_md5(head.etag):
        return await file.md5(0, file.size) == head.etag
    return await _by_parts(asks, file, place, head)


async def _by_parts(asks: Asks, file: LocalFile, place: StoredObject, head: ObjectHead) -> bool | None:
    """Compare the ETag with those that the file would have as an object made of parts."""
    ours = PartLayout(file.size)
    candidates = part_layouts_of(file.size, head.etag)
    if ours in candidates and await _etag_by(file, ours) == head.etag:
        return True
    certain = await _certain(asks, file, place, head)
    if await _is_any(file, head.etag, [layout for layout in certain or candidates if layout != ours]):
        return True
    return False if certain or (candidates and ours.is_single) else None


async def _certain(asks: Asks, file: LocalFile, place: StoredObject, head: ObjectHead) -> list[PartLayout]:
    """Return the one layout by which the object was made, none if the storage does not tell the size of its parts."""
    if "-" not in head.etag and not part_layouts_of(file.size, head.etag):
        return []
    told = await asks.part_size(place)
    return part_layouts_of(file.size, head.etag, told) if told else []


async def _is_any(file: LocalFile, etag: str, layouts: Iterable[PartLayout]) -> bool:
    for layout in layouts:
        if await _etag_by(file, layout) == etag:
            return True
    return False


async def _etag_by(file: LocalFile, layout: PartLayout) -> str:
    return whole_etag([await file.md5(layout.offset(number), layout.length(number)) for number in layout])
