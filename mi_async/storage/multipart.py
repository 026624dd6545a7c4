"""A file in parts: a multipart upload, resumed where an earlier run left off.

Invariant: finished parts outlive a failure, a cancellation and a crash. What an earlier run has sent is kept only if it
is what the file holds now: the storage is not taken at its word, for somebody else may have replaced a part.
"""

import asyncio
import logging
from collections.abc import Mapping
from functools import partial

from attrs import define, evolve, field

from mi_async._core.concurrency import run_concurrently
from mi_async.errors import APIError, MIError, NotFoundError, UploadFailedError
from mi_async.storage.checkpoint import Checkpoint
from mi_async.storage.local_file import LocalFile, Piece
from mi_async.storage.models import StoredObject
from mi_async.storage.object_store import ObjectStore
from mi_async.storage.part_layout import PartLayout, whole_etag
from mi_async.storage.part_limit import PartLimit
from mi_async.storage.progress import SendProgress, Sent
from mi_async.storage.responses import ObjectHead, may_be_md5
from mi_async.storage.unfinished_upload import UnfinishedUpload
from mi_async.storage.verify import check_same, same_samples

_log = logging.getLogger(__name__)

NO_BUCKET = "NoSuchBucket"
"""Code of S3; any other 404 that a part or a completion meets means that the upload is gone."""
INVALID = frozenset({"InvalidPart", "InvalidPartOrder"})
"""Codes of S3 for a completion that names parts which the storage does not have, or has otherwise."""


@define(eq=False)
class MultipartUpload:
    """A multipart upload under way.

    Attributes:
        store: the storage.
        file: what to send.
        place: where to.
        unfinished: the checkpoint of it.
        tell: is told of the progress.
    """

    store: ObjectStore
    file: LocalFile
    place: StoredObject
    unfinished: UnfinishedUpload
    tell: Sent
    _sending: SendProgress = field(init=False)
    _record: Checkpoint = field(init=False)
    _sums: dict[int, str] = field(init=False, factory=dict)  # MD5 sums of the parts that have arrived
    _tags: dict[int, str] = field(init=False, factory=dict)  # their ETags, as the storage wrote them
    _blind: bool = field(init=False, default=False)  # True once its ETags have turned out to say nothing
    _refused: str = field(init=False, default="")  # why it was begun anew

    async def send(self) -> SendProgress:
        """Send what is missing and make the object; begin anew, once, if the storage forgets or refuses the upload.

        Raises:
            AlreadyExistsError: by now another object has this name.
            UploadFailedError: the storage does not hold what was sent, or has forgotten the upload again.
        """
        done = await self._try() or await self._look() or await self._try(anew=True) or await self._look()
        if done is None:
            message = f"{self.place}: the storage has forgotten or refused the upload, twice: {self._refused}"
            raise _passing(UploadFailedError(message, reason="NO_SUCH_UPLOAD", key=self.place.key))
        return done

    async def _try(self, *, anew: bool = False) -> SendProgress | None:
        """Send it; None when the storage has no such upload any more, or does not take its parts.

        Args:
            anew: resume nothing: an upload that has just failed may be there still, where it could not be aborted.
        """
        cut = (None if anew else await self._resume()) or await self._begin()
        found = sum(cut.length(number) for number in self._sums)
        self._sending = SendProgress(self.place, self.file.size, found)
        self.tell(self._sending)
        try:
            return await self._finish(cut)
        except NotFoundError as error:
            if error.code == NO_BUCKET:
                raise
            self._refused = str(error)
        except APIError as error:
            if error.code not in INVALID:
                raise
            self._refused = str(error)
        _log.warning("%s: the unfinished upload cannot be completed: %s", self.place, self._refused)
        await self.unfinished.drop()
        return None

    async def _finish(self, cut: PartLayout) -> SendProgress:
        """Send what is missing and complete it; parts that the storage then disowns are sent again, once."""
        try:
            return await self._send_and_complete(cut)
        except APIError as error:
            if error.code not in INVALID:
                raise
            _log.warning("%s: parts of it are sent again: %s", self.place, error)
        await self._disown(cut)
        return await self._send_and_complete(cut)

    async def _send_and_complete(self, cut: PartLayout) -> SendProgress:
        await self._send_missing(cut)
        await asyncio.to_thread(self.file.check_unchanged)
        return await self._complete(cut)

    async def _disown(self, cut: PartLayout) -> None:
        """Forget the parts that the storage has otherwise by now; all, where it does not say which."""
        arrived = await self.store.parts(self.place, self._record.upload_id) or {}
        kept = {n: tag for n, tag in self._tags.items() if n in arrived and arrived[n].tag == tag}
        self._tags = kept if len(kept) < cut.count else {}
        self._sums = {number: self._sums[number] for number in self._tags}

    async def _look(self) -> SendProgress | None:
        """Look whether another run has made the object of it; None if there is none."""
        head = await self.store.head(self.place)
        if head is None:
            return None
        await check_same(self.store, self.file, self.place, head)
        return evolve(self._sending, found=self.file.size - self._sending.sent, etag=head.etag)

    async def _resume(self) -> PartLayout | None:
        """Resume an earlier run, if there is one that the storage still knows."""
        record = await self.unfinished.load()
        arrived = None if record is None else await self.store.parts(self.place, record.upload_id)
        if record is None or arrived is None:
            return None
        cut = PartLayout(self.file.size, record.part_size)
        if record.fingerprint.size == self.file.size:
            self._record, self._sums, self._tags = record, {}, {}
            await self._compare(cut, arrived)
            # The checkpoint keeps saying from which file they came, and so does the mark of the object to be.
            if self._sums or record.fingerprint == self.file.fingerprint:
                return cut
        await self.store.abort(self.place, record.upload_id)
        return None

    async def _compare(self, cut: PartLayout, arrived: Mapping[int, ObjectHead]) -> None:
        """Keep the parts that are what the file holds."""
        for number, head in sorted(arrived.items()):
            if number <= cut.count and head.size == cut.length(number) and may_be_md5(head.etag):
                md5 = await self.file.md5(cut.offset(number), cut.length(number))
                if md5 == head.etag:
                    self._sums[number], self._tags[number] = md5, head.tag
        if len(self._sums) < len(arrived):
            stale = len(arrived) - len(self._sums)
            _log.warning("%s: %d parts of an earlier run are not what it holds now", self.file.name, stale)

    async def _begin(self) -> PartLayout:
        """Begin anew."""
        cut = PartLayout(self.file.size)
        self._record = await self.unfinished.begin(cut.part_size, self.file.fingerprint)
        self._sums, self._tags = {}, {}
        return cut

    async def _send_missing(self, cut: PartLayout) -> None:
        pace = PartLimit(cut.at_once)
        clock = self.store.clock
        missing = [number for number in cut if number not in self._sums]

        async def part(number: int) -> None:
            size = cut.length(number)
            async with self.store.room.hold(size):
                piece = await self.file.piece(cut.offset(number), size)
                pace.begin(clock.monotonic())
                self._tags[number] = await self._put(number, piece, pace)
                self._sums[number] = piece.md5
            pace.landed(size, clock.monotonic())
            sent = min(self._sending.sent + size, self.file.size - self._sending.found)  # some may go twice
            self._sending = evolve(self._sending, sent=sent)
            self.tell(self._sending)

        await run_concurrently(part, missing, lambda: pace.limit)

    async def _put(self, number: int, piece: Piece, pace: PartLimit) -> str:
        """Send a part; returns its ETag, as it is to be given back.

        One that is the MD5 of something else is sent once more. If it then is so again, with a Content-MD5 that the
        storage has taken twice, its ETags say nothing, and the object is compared in the end.
        """
        clock = self.store.clock
        for again in (True, False):
            head = await self.store.put_part(
                self.place, self._record.upload_id, number, piece, lambda _: pace.pressed(clock.monotonic())
            )
            if head.etag == piece.md5 or head.opaque or not may_be_md5(head.etag) or self._blind:
                break
            self._blind = not again
        return head.tag or f'"{piece.md5}"'

    async def _complete(self, cut: PartLayout) -> SendProgress:
        expected = whole_etag([self._sums[number] for number in cut])
        judge = partial(check_same, self.store, self.file, self.place, known={expected})
        # A completion takes S3 minutes, and proxies give up sooner: its answer may be lost with the object made, or be
        # a 200 with an error inside. So each attempt looks first, and what is there in the end decides.
        head, was_there = await self.store.complete(self.place, self._record.upload_id, self._tags, judge)
        if not was_there:
            await check_arrived(self.store, self.file, self.place, head, expected)
            await self.unfinished.forget()
        return evolve(self._sending, etag=None if head is None else head.etag)


async def check_arrived(
    store: ObjectStore, file: LocalFile, place: StoredObject, head: ObjectHead | None, expected: str
) -> None:
    """Refuse an object that we have just made and that is not the file.

    Args:
        store: the storage.
        file: what was sent.
        place: where to.
        head: what is there now.
        expected: the ETag that it has where ETags are MD5 sums; where it has another one, some of it is read back.

    Raises:
        UploadFailedError: another attempt may help.
    """
    if head is not None and head.size == file.size:
        if head.etag == expected or head.opaque:
            return
        _log.info("%s: its ETag says nothing of its content (%s, not %s)", place, head.etag or "none", expected)
        if await same_samples(store, file, place):
            return
    said = "it has no such object" if head is None else f"{head.size} bytes, ETag {head.etag or 'missing'}"
    message = f"{place}: the storage does not hold the file that was sent ({said}, not {expected})"
    reason = "NOT_THERE" if head is None else "ETAG_MISMATCH"
    raise _passing(UploadFailedError(message, reason=reason, key=place.key))


def _passing(error: UploadFailedError) -> MIError:
    """Mark an error as one that another run may not meet."""
    error.ambiguous = True
    return error
