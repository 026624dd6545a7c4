"""A file in parts: a multipart upload, taken up where an earlier run left off.

Law: finished parts outlive a failure, a cancellation and a crash; each part is read and hashed once. What an earlier
run has sent is trusted only as long as the file is known to be what it was then.
"""

import asyncio
import logging
from functools import partial

from attrs import define, evolve, field

from mi_async.errors import NotFoundError, UploadFailedError
from mi_async.storage.answers import Head
from mi_async.storage.compare import check_same
from mi_async.storage.crew import keep_going
from mi_async.storage.cut import Cut, whole_etag
from mi_async.storage.file import LocalFile
from mi_async.storage.pace import Pace
from mi_async.storage.place import StoredObject
from mi_async.storage.record import Record
from mi_async.storage.sending import Sending, Sent
from mi_async.storage.store import Store
from mi_async.storage.unfinished import Unfinished

_log = logging.getLogger(__name__)

NO_BUCKET = "NoSuchBucket"
"""Code of S3; any other 404 that a part or a completion meets means that the upload is gone."""


@define(eq=False)
class Parts:
    """A multipart upload under way.

    Attributes:
        store: the storage.
        file: what to send.
        place: where to.
        unfinished: the record of it.
        tell: hears of the progress.
    """

    store: Store
    file: LocalFile
    place: StoredObject
    unfinished: Unfinished
    tell: Sent
    _sending: Sending = field(init=False)
    _record: Record = field(init=False)
    _etags: dict[int, str] = field(init=False, factory=dict)

    async def send(self) -> Sending:
        """Send what is missing and make the object; begin anew, once, if the storage forgets the upload.

        Raises:
            AlreadyExistsError: by now another object has this name.
            UploadFailedError: the storage does not hold what was sent, or has forgotten the upload again.
        """
        done = await self._try() or await self._look() or await self._try() or await self._look()
        if done is None:
            message = f"{self.place}: the storage has forgotten the unfinished upload, twice"
            raise _passing(UploadFailedError(message, reason="NO_SUCH_UPLOAD", key=self.place.key))
        return done

    async def _try(self) -> Sending | None:
        """Send it; None when the storage knows nothing of the upload any more."""
        cut = await self._resume() or await self._begin()
        found = sum(cut.length(number) for number in self._etags)
        self._sending = Sending(self.place, self.file.size, found)
        self.tell(self._sending)
        try:
            await self._send_missing(cut)
            await asyncio.to_thread(self.file.check_unchanged)
            return await self._complete(cut)
        except NotFoundError as error:
            if error.code == NO_BUCKET:
                raise
            _log.warning("%s: the storage has forgotten the unfinished upload: %s", self.place, error)
        await self.unfinished.drop()
        return None

    async def _look(self) -> Sending | None:
        """The object may have been made of it by another run."""
        head = await self.store.head(self.place)
        if head is None:
            return None
        await check_same(self.file, self.place, head)
        return evolve(self._sending, found=self.file.size - self._sending.sent, etag=head.etag)

    async def _resume(self) -> Cut | None:
        """Take up an earlier run, if there is one that the storage still knows."""
        record = await self.unfinished.load()
        arrived = None if record is None else await self.store.parts(self.place, record.upload_id)
        if record is None or arrived is None:
            return None
        if record.fingerprint.size != self.file.size:
            await self.store.abort(self.place, record.upload_id)
            return None
        cut = Cut(self.file.size, record.part_size)
        known = {n: head for n, head in arrived.items() if n <= cut.count and head.size == cut.length(n)}
        if record.fingerprint != self.file.fingerprint:
            # The record keeps saying from which file they came: a later run has to compare them, too.
            _log.warning("%s changed since its upload was begun: its finished parts are compared", self.file.name)
            known = {n: head for n, head in known.items() if await self._is_same(cut, n, head)}
        self._record, self._etags = record, {number: head.etag for number, head in known.items()}
        return cut

    async def _is_same(self, cut: Cut, number: int, head: Head) -> bool:
        return await self.file.md5(cut.offset(number), cut.length(number)) == head.etag

    async def _begin(self) -> Cut:
        """Begin anew."""
        cut = Cut(self.file.size)
        self._record, self._etags = await self.unfinished.begin(cut.part_size, self.file.fingerprint), {}
        return cut

    async def _send_missing(self, cut: Cut) -> None:
        pace = Pace(cut.at_once)
        clock = self.store.clock
        missing = [number for number in cut if number not in self._etags]

        async def part(number: int) -> None:
            size = cut.length(number)
            async with self.store.room.hold(size):
                piece = await self.file.piece(cut.offset(number), size)
                pace.begin(clock.monotonic())
                self._etags[number] = await self.store.put_part(
                    self.place, self._record.upload_id, number, piece, lambda _: pace.pressed(clock.monotonic())
                )
            pace.landed(size, clock.monotonic())
            self._sending = evolve(self._sending, sent=self._sending.sent + size)
            self.tell(self._sending)

        await keep_going(part, missing, lambda: pace.limit)

    async def _complete(self, cut: Cut) -> Sending:
        expected = whole_etag([self._etags[number] for number in cut])
        judge = partial(check_same, self.file, self.place, known={expected})
        head, was_there = await self.store.complete(self.place, self._record.upload_id, self._etags, judge)
        if not was_there:
            if head is None or head.size != self.file.size or not (head.opaque or head.etag == expected):
                message = (
                    f"{self.place}: the storage does not hold the file that was sent ({_said(head)}, not {expected})"
                )
                reason = "NOT_THERE" if head is None else "ETAG_MISMATCH"
                raise _passing(UploadFailedError(message, reason=reason, key=self.place.key))
            await self.unfinished.forget()
        return evolve(self._sending, etag=None if head is None else head.etag)


def _passing(error: UploadFailedError) -> UploadFailedError:
    """It may go better another time."""
    error.ambiguous = True
    return error


def _said(head: Head | None) -> str:
    return "it has no such object" if head is None else f"{head.size} bytes, ETag {head.etag}"
