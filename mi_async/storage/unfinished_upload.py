"""The unfinished upload of a file to a place: its record and its parts in the storage.

Invariant: no upload goes without its record: that is kept before the first part is sent, and goes once the upload is
complete or given up. The disk is worked with in a thread, and to the end, whoever is cancelled.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from attrs import define, evolve, frozen

from mi_async.errors import MIError
from mi_async.storage.checkpoint import Checkpoint, CheckpointStore
from mi_async.storage.local_file import Fingerprint
from mi_async.storage.lost_beginning import warn_left_behind
from mi_async.storage.models import StoredObject
from mi_async.storage.object_store import ObjectStore

_log = logging.getLogger(__name__)
T = TypeVar("T")


@frozen
class CheckpointFile:
    """The checkpoint of an upload in a file of its own; the methods are described at ``CheckpointStore``."""

    path: Path

    async def load(self) -> Checkpoint | None:
        """Read it."""
        return await to_the_end(lambda: Checkpoint.load(self.path))

    async def save(self, record: Checkpoint) -> None:
        """Write it."""
        await to_the_end(lambda: record.save(self.path))

    async def forget(self) -> None:
        """Delete it."""
        await to_the_end(self._unlink)

    def _unlink(self) -> None:
        with suppress(OSError):
            self.path.unlink(missing_ok=True)


@define(eq=False)
class UnfinishedUpload:
    """An unfinished upload.

    Attributes:
        store: the storage.
        place: where it goes.
        kept: store of the record.
        metadata: what is stored with the object, if it is begun now.
    """

    store: ObjectStore
    place: StoredObject
    kept: CheckpointStore
    metadata: Mapping[str, str]

    async def load(self) -> Checkpoint | None:
        """Return the checkpoint of an upload to this very place; None if there is none."""
        record = await self._read()
        return record if record is not None and record.upload_id else None

    async def _read(self) -> Checkpoint | None:
        record = await self.kept.load()
        return record if record and (record.url, record.bucket, record.key) == self._target else None

    async def _report_crash(self) -> None:
        """Report an upload that a crash may have left: it was about to begin, and nobody wrote down its ID."""
        record = await self._read()
        if record is None or record.upload_id:
            return
        try:
            left = await self.store.uploads(self.place)
        except MIError:
            left = ["?"]  # it may be there all the same
        if left:
            warn_left_behind(self.place)

    async def begin(self, part_size: int, fingerprint: Fingerprint) -> Checkpoint:
        """Begin a new one.

        Raises:
            ConfigError: no record can be written there, and nothing was begun.
        """
        await self._report_crash()
        draft = Checkpoint(*self._target, "", part_size, fingerprint)
        await self.kept.save(draft)  # finds out before there is anything to lose whether it can be kept
        try:
            record = evolve(draft, upload_id=await self.store.begin(self.place, self.metadata))
        except BaseException:
            await self.forget()
            raise
        try:
            await self.kept.save(record)
        except MIError:
            await self._give_up(record)
            await self.forget()
            raise
        return record

    async def forget(self) -> None:
        """Take the record away: there is no such upload any more."""
        await self.kept.forget()

    async def drop(self) -> None:
        """Give up what an earlier run has begun, if anything; where that fails the record stays, to tell of it."""
        await self._report_crash()
        record = await self.load()
        if record is None or await self._give_up(record):
            await self.forget()

    @property
    def _target(self) -> tuple[str, str, str]:
        return self.store.storage.url, self.place.bucket, self.place.key

    async def _give_up(self, record: Checkpoint) -> bool:
        try:
            await self.store.abort(self.place, record.upload_id)
        except MIError as error:
            _log.warning("%s: an unfinished upload of it is still stored and billed: %s", self.place, error)
            return False
        return True


async def to_the_end(work: Callable[[], T]) -> T:
    """Do work in a thread; a cancellation is heard once it is done."""
    doing = asyncio.get_running_loop().run_in_executor(None, work)
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        await asyncio.wait([doing])
        raise
