"""One file into a bucket: in one piece or in parts, taken up where an earlier run left off.

Law: what the bucket ends up with is what the file holds, or an error says why not; nothing is overwritten. Finished
parts outlive a failure, a cancellation and a crash; each part is read and hashed once.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from attrs import define, evolve, field, frozen

from mi_async.errors import AlreadyExistsError, NotFoundError, UploadFailedError
from mi_async.storage.crew import keep_going
from mi_async.storage.cut import LEAST_PART, Cut, cuts_of, whole_etag
from mi_async.storage.file import LocalFile
from mi_async.storage.pace import Pace
from mi_async.storage.place import StoredObject
from mi_async.storage.record import Record, record_path
from mi_async.storage.store import Head, Store

_log = logging.getLogger(__name__)


@frozen
class Sending:
    """How far a file is.

    Attributes:
        place: where it goes.
        size: bytes of the file.
        found: bytes that were in the bucket already: the whole object, or parts of an earlier run.
        sent: bytes that this run has stored.
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


Sent = Callable[[Sending], None]
"""Called whenever bytes have landed; an exception in it ends the upload."""


async def send(
    store: Store, file: LocalFile, place: StoredObject, *, folder: Path | None = None, sent: Sent | None = None
) -> Sending:
    """Bring a file into a bucket, unless it is there.

    Args:
        store: the storage.
        file: what to send.
        place: where to; an object of another content there is never overwritten.
        folder: where the record of an unfinished upload is kept; beside the file by default.
        sent: hears of the progress.

    Raises:
        AlreadyExistsError: another object has this name.
        MediaRejectedError: the file changed meanwhile or cannot be read.
        ConfigError: no record can be written there; nothing was sent.
        UploadFailedError: the storage holds other bytes than were sent.
        MIError: any other failure; what has landed stays for the next run.
    """
    sending = Sending(place, file.size)
    tell = sent or _nobody
    tell(sending)
    record = record_path(file.name, place, store.storage.url, folder)
    head = await store.head(place)
    if head is not None:
        if not await same_content(file, head):
            message = f"{place} is there and is not {file.name}; it is not overwritten: give another key"
            raise AlreadyExistsError(message, existing=(str(place),))
        sending = evolve(sending, found=file.size, etag=head.etag, was_there=True)
    elif Cut(file.size).is_single:
        piece = await file.piece(0, file.size)
        file.check_unchanged()
        sending = evolve(sending, sent=file.size, etag=await store.put(place, piece))
    else:
        sending = await _Parts(store, file, place, record, tell, sending).send()
    with suppress(OSError):
        record.unlink(missing_ok=True)
    tell(sending)
    return sending


def _nobody(_sending: Sending) -> None:
    """Nobody listens."""


async def same_content(file: LocalFile, head: Head) -> bool:
    """Whether an object is this file: by its size and by its ETag, for each cut that may have led to it."""
    if head.size != file.size:
        return False
    if "-" not in head.etag:
        return await file.md5(LEAST_PART) == head.etag
    for cut in cuts_of(file.size, head.etag):
        if whole_etag([(await file.piece(cut.offset(n), cut.length(n))).md5 for n in cut]) == head.etag:
            return True
    return False


@define(eq=False)
class _Parts:
    """A multipart upload under way."""

    store: Store
    file: LocalFile
    place: StoredObject
    path: Path
    tell: Sent
    sending: Sending
    record: Record = field(init=False)
    etags: dict[int, str] = field(init=False, factory=dict)

    async def send(self) -> Sending:
        """Send what is missing and make the object."""
        cut = await self._resume() or await self._begin()
        self.sending = evolve(self.sending, found=sum(cut.length(number) for number in self.etags))
        self.tell(self.sending)
        await self._send_missing(cut)
        self.file.check_unchanged()
        return await self._complete(cut)

    async def _resume(self) -> Cut | None:
        """Take up an earlier run, if there is one for this very target that the storage still knows."""
        record = Record.load(self.path)
        mine = (self.store.storage.url, self.place.bucket, self.place.key)
        if record is None or not record.upload_id or (record.url, record.bucket, record.key) != mine:
            return None
        arrived = await self.store.parts(self.place, record.upload_id)
        if arrived is None:
            return None
        if record.fingerprint.size != self.file.size:
            await self.store.abort(self.place, record.upload_id)
            return None
        cut = Cut(self.file.size, record.part_size)
        known = {n: head for n, head in arrived.items() if n <= cut.count and head.size == cut.length(n)}
        if record.fingerprint != self.file.fingerprint:
            _log.warning("%s changed since its upload was begun: its finished parts are compared", self.file.name)
            known = {n: h for n, h in known.items() if await self._is_same(cut, n, h)}
            record = evolve(record, fingerprint=self.file.fingerprint)
            record.save(self.path)
        self.record, self.etags = record, {number: head.etag for number, head in known.items()}
        return cut

    async def _is_same(self, cut: Cut, number: int, head: Head) -> bool:
        return (await self.file.piece(cut.offset(number), cut.length(number))).md5 == head.etag

    async def _begin(self) -> Cut:
        """Begin anew; the record is on disk before the first part is sent."""
        cut = Cut(self.file.size)
        mine = (self.store.storage.url, self.place.bucket, self.place.key)
        draft = Record(*mine, "", cut.part_size, self.file.fingerprint)
        draft.save(self.path)  # finds out before there is anything to lose whether it can be kept
        upload_id = await self.store.begin(self.place)
        self.record = evolve(draft, upload_id=upload_id)
        self.record.save(self.path)
        return cut

    async def _send_missing(self, cut: Cut) -> None:
        pace = Pace(cut.at_once)
        clock = self.store.clock
        missing = [number for number in cut if number not in self.etags]

        async def part(number: int) -> None:
            piece = await self.file.piece(cut.offset(number), cut.length(number))
            pace.begin(clock.monotonic())
            upload_id = self.record.upload_id
            self.etags[number] = await self.store.put_part(
                self.place, upload_id, number, piece, lambda: pace.pressed(clock.monotonic())
            )
            pace.landed(cut.length(number), clock.monotonic())
            self.sending = evolve(self.sending, sent=self.sending.sent + cut.length(number))
            self.tell(self.sending)

        await keep_going(part, missing, lambda: pace.limit)

    async def _complete(self, cut: Cut) -> Sending:
        expected = whole_etag([self.etags[number] for number in cut])
        # Without such an upload an answer was lost, or another run has sent the same file: the object tells.
        with suppress(NotFoundError):
            await self.store.complete(self.place, self.record.upload_id, self.etags)
        head = await self.store.head(self.place)
        if head is None or (head.size, head.etag) != (self.file.size, expected):
            message = f"{self.place}: the storage does not hold the file that was sent ({_said(head)}, not {expected})"
            reason = "NOT_THERE" if head is None else "ETAG_MISMATCH"
            raise UploadFailedError(message, reason=reason, key=self.place.key)
        return evolve(self.sending, etag=head.etag)


def _said(head: Head | None) -> str:
    return "it has no such object" if head is None else f"{head.size} bytes, ETag {head.etag}"
