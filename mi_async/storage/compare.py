"""Whether an object in a bucket is a file here.

Law: by size and by ETag, for each cut that may have led to it; nothing is downloaded. Where the ETag says nothing of
the content, an object of the same size that is no older than the file counts as the file.
"""

from collections.abc import Collection

from mi_async.errors import AlreadyExistsError
from mi_async.storage.answers import Head
from mi_async.storage.cut import cuts_of, whole_etag
from mi_async.storage.file import LocalFile
from mi_async.storage.place import StoredObject

SECOND = 10**9


async def check_same(file: LocalFile, place: StoredObject, head: Head, known: Collection[str] = ()) -> None:
    """Refuse an object that is not this file.

    Args:
        file: what is to be there.
        place: where.
        head: what is there.
        known: ETags that an object with the content of the file may have; they save reading it.

    Raises:
        AlreadyExistsError: it is another one.
        MediaRejectedError: the file cannot be read.
    """
    if not await same_content(file, head, known):
        message = f"{place} is there and is not {file.name}; it is not overwritten: give another key"
        raise AlreadyExistsError(message, existing=(str(place),))


async def same_content(file: LocalFile, head: Head, known: Collection[str] = ()) -> bool:
    """Whether an object is this file."""
    if head.size != file.size:
        return False
    if head.opaque:
        return head.stored >= file.fingerprint.modified // SECOND
    if head.etag in known:
        return True
    if "-" not in head.etag:
        return await file.md5(0, file.size) == head.etag
    for cut in cuts_of(file.size, head.etag):
        if whole_etag([await file.md5(cut.offset(n), cut.length(n)) for n in cut]) == head.etag:
            return True
    return False
