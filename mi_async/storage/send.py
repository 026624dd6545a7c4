"""One file into a bucket: in one piece or in parts.

Law: what the bucket ends up with is what the file holds, or an error says why not; nothing is overwritten, as far as
that can be seen directly before an object is made.
"""

import asyncio
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from attrs import evolve

from mi_async.errors import AlreadyExistsError
from mi_async.storage.compare import MARK, check_same
from mi_async.storage.cut import Cut
from mi_async.storage.file import LocalFile
from mi_async.storage.parts import Parts, check_arrived
from mi_async.storage.place import StoredObject
from mi_async.storage.record import record_path
from mi_async.storage.sending import Sending, Sent
from mi_async.storage.store import Store
from mi_async.storage.unfinished import Unfinished

__all__ = ["Sending", "Sent", "send"]


async def send(
    store: Store,
    file: LocalFile,
    place: StoredObject,
    *,
    folder: Path | None = None,
    sent: Sent | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Sending:
    """Bring a file into a bucket, unless it is there.

    Args:
        store: the storage.
        file: what to send.
        place: where to; an object of another content there is never overwritten.
        folder: where the record of an unfinished upload is kept; beside the file by default.
        sent: hears of the progress.
        metadata: ASCII, stored with the object; an upload that is taken up keeps that with which it was begun.

    Raises:
        AlreadyExistsError: another object has this name, or has got it meanwhile.
        MediaRejectedError: the file changed meanwhile or cannot be read.
        ConfigError: no record can be written there; nothing was sent.
        InvalidArgumentError: no request can name this bucket or object.
        UploadFailedError: the storage holds other bytes than were sent, or forgets what was sent.
        MIError: any other failure; what has landed stays for the next run.
    """
    tell = sent or _nobody
    store = store.for_upload()
    beside = {**(metadata or {}), MARK: await file.mark()}
    unfinished = Unfinished(store, place, record_path(file.name, place, store.storage.url, folder), beside)
    try:
        if Cut(file.size).is_single:
            done = await _send_whole(store, file, place, beside, tell)
        else:
            done = await _send_parts(store, file, place, unfinished, tell)
    except AlreadyExistsError:
        await unfinished.drop()
        raise
    await unfinished.drop()
    tell(done)
    return done


async def _send_whole(
    store: Store, file: LocalFile, place: StoredObject, metadata: Mapping[str, str], tell: Sent
) -> Sending:
    sending = Sending(place, file.size)
    async with store.room.hold(file.size):
        piece = await file.piece(0, file.size)
        await asyncio.to_thread(file.check_unchanged)
        judge = partial(check_same, store, file, place, known={piece.md5})
        head, was_there = await store.put(place, piece, judge, metadata, lambda: tell(sending))
    if was_there:
        return evolve(sending, found=file.size, etag=head.etag, was_there=True)
    if head.etag != piece.md5 and not head.opaque:
        # Some answer 200 in the place of the storage; and some storages have other ETags.
        found = await store.head(place)
        await check_arrived(store, file, place, found, piece.md5)
    return evolve(sending, sent=file.size, etag=head.etag)


async def _send_parts(
    store: Store, file: LocalFile, place: StoredObject, unfinished: Unfinished, tell: Sent
) -> Sending:
    if (head := await store.head(place)) is None:
        return await Parts(store, file, place, unfinished, tell).send()
    await check_same(store, file, place, head)
    return Sending(place, file.size, found=file.size, etag=head.etag, was_there=True)


def _nobody(_sending: Sending) -> None:
    """Nobody listens."""
