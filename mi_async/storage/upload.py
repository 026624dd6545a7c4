"""One file into a bucket: in one piece or in parts.

Invariant: what the bucket ends up with is what the file holds, or an error says why not; nothing is overwritten, as far
as that can be seen directly before an object is made.
"""

import asyncio
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from attrs import evolve

from mi_async.errors import AlreadyExistsError
from mi_async.storage.checkpoint import Checkpoints, checkpoint_path
from mi_async.storage.local_file import LocalFile
from mi_async.storage.models import StoredObject
from mi_async.storage.multipart import MultipartUpload, check_arrived
from mi_async.storage.object_store import ObjectStore
from mi_async.storage.part_layout import PartLayout
from mi_async.storage.progress import SendProgress, Sent
from mi_async.storage.unfinished_upload import CheckpointFile, UnfinishedUpload
from mi_async.storage.verify import MARK, check_same

__all__ = ["SendProgress", "Sent", "send"]


async def send(
    store: ObjectStore,
    file: LocalFile,
    place: StoredObject,
    *,
    folder: Path | None = None,
    checkpoints: Checkpoints | None = None,
    sent: Sent | None = None,
    metadata: Mapping[str, str] | None = None,
) -> SendProgress:
    """Bring a file into a bucket, unless it is there.

    Args:
        store: the storage.
        file: what to send.
        place: where to; an object of another content there is never overwritten.
        folder: where the record of an unfinished upload is kept; beside the file by default.
        checkpoints: keep it instead.
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
    path = checkpoint_path(file.name, place, store.storage.url, folder)
    unfinished = UnfinishedUpload(store, place, (checkpoints or _in_file(path))(place), beside)
    try:
        whole = PartLayout(file.size).is_single
        done = await (_send_whole(store, file, place, beside, tell) if whole else _send_parts(unfinished, file, tell))
    except AlreadyExistsError:
        await unfinished.drop()
        raise
    await unfinished.drop()
    tell(done)
    return done


async def _send_whole(
    store: ObjectStore, file: LocalFile, place: StoredObject, metadata: Mapping[str, str], tell: Sent
) -> SendProgress:
    sending = SendProgress(place, file.size)
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


async def _send_parts(unfinished: UnfinishedUpload, file: LocalFile, tell: Sent) -> SendProgress:
    store, place = unfinished.store, unfinished.place
    if (head := await store.head(place)) is None:
        return await MultipartUpload(store, file, place, unfinished, tell).send()
    await check_same(store, file, place, head)
    return SendProgress(place, file.size, found=file.size, etag=head.etag, was_there=True)


def _in_file(path: Path) -> Checkpoints:
    """Return the keeper of a checkpoint in a file."""
    return lambda _: CheckpointFile(path)


def _nobody(_sending: SendProgress) -> None:
    """Nobody listens."""
