"""Journal of a bulk run: what it writes is on the disk when ``write`` returns.

Invariant: one thread owns the database; all that waits goes into one transaction, and all who wait are told at once.
"""

import asyncio
import logging
import threading
import weakref
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Self, TypeAlias, TypeVar

from attrs import define, field

from mi_async._core.clock import Clock
from mi_async._core.extras import require
from mi_async.bulk.journal.place import Journalled, journal_place
from mi_async.bulk.journal.records import AssetRecord, Identity, ImageRecord, PersonRecord, Record
from mi_async.bulk.journal.sharing import TAKEN_OVER, OpenShards, Sharing
from mi_async.errors import JournalError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mi_async.bulk.journal.database import JournalDatabase

_log = logging.getLogger(__name__)

MANY = 4
"""Requests served together from which on others are taken to follow at once."""
GATHER = 0.005
"""Seconds for which these are waited for, so that they share a transaction.

PostgreSQL has the same rule in ``commit_siblings`` and ``commit_delay``: a sync costs as much CPU as dozens of rows.
A run at the pace of the service writes some 70 times a second and never waits here.
"""

T = TypeVar("T")
Answer: TypeAlias = tuple["asyncio.Future[Any] | None", Any, BaseException | None]


@define(eq=False)
class _JournalRequest:
    """Request to the thread.

    Attributes:
        future: gets the result.
        records: to write.
        work: to do instead.
        last: True to end the thread.
    """

    future: "asyncio.Future[Any] | None"
    records: tuple[Record, ...] = ()
    work: "Callable[[JournalDatabase], Any] | None" = None
    last: bool = False


_Queue: TypeAlias = "SimpleQueue[_JournalRequest]"


@define(eq=False)
class Journal:
    """The journal of a run, of one event loop; get one from ``open``.

    Attributes:
        name: path of the file, or URL without the password.
        run: number of this run in the journal, from 1.
        shards: parts of the input that processes share, an item's by its key; 0 where one process takes all of it.
    """

    name: str
    _hurry: Callable[[], None] = field(repr=False)
    run: int = field(init=False, default=0)
    shards: int = field(init=False, default=0)
    _loop: asyncio.AbstractEventLoop = field(init=False, factory=asyncio.get_running_loop)
    _queue: _Queue = field(init=False, factory=SimpleQueue)
    _closed: "asyncio.Future[None] | None" = field(init=False, default=None)

    @classmethod
    async def open(
        cls, path: Journalled, identity: Identity, *, clock: Clock | None = None, sharing: Sharing | None = None
    ) -> Self:
        """Make or check the journal, keep others off it or join them, and begin a run.

        Args:
            path: of the file, whose directory exists; or a URL of PostgreSQL.
            identity: what it belongs to.
            clock: tells the time.
            sharing: how the work is shared with other processes, and how long a server is waited for.

        Raises:
            ConfigError: the extra ``bulk`` or ``postgres`` is not installed.
            JournalError: it belongs to another target, a run is under way on it, it is no journal or of a newer
                version, or it cannot be written. Nothing has changed then, and nothing stays open.
        """
        require("bulk")
        from mi_async.bulk.journal.database import JournalDatabase, backend_at  # noqa: PLC0415  brings SQLAlchemy

        place, clock = journal_place(path), clock or Clock()
        backend = backend_at(place, sharing or Sharing(), clock)
        journal = cls(backend.name, backend.hurry)
        store = JournalDatabase(backend, identity, clock)
        arguments = (store, journal._queue, journal._loop)
        threading.Thread(target=_serve, args=arguments, name="mi_async journal", daemon=True).start()
        # whoever forgets to close it in a notebook would lock it until the kernel ends
        weakref.finalize(journal, journal._queue.put, _JournalRequest(None, last=True)).atexit = False
        try:
            journal.run, journal.shards = await journal._do(JournalDatabase.open), backend.shards
        except BaseException:
            await journal.aclose()
            raise
        return journal

    async def write(self, *records: Record) -> None:
        """Put rows in the place of those with the same keys; they are on the disk when it returns.

        A caller that is cancelled while it waits is written all the same.

        Raises:
            JournalError: they could not be written, and none of them is.
        """
        await self._ask(records)

    async def find(self, keys: Sequence[str]) -> dict[str, tuple[PersonRecord, tuple[ImageRecord, ...]]]:
        """Return the rows of persons with those of their images, of the keys that exist.

        Raises:
            JournalError: the file cannot be read.
        """
        return await self._do(lambda store: store.find(keys))

    async def find_persons(self, keys: Sequence[str]) -> tuple[PersonRecord, ...]:
        """Return the rows of persons that exist, without their images."""
        return await self._do(lambda store: store.find_persons(keys))

    async def find_images(self, keys: Sequence[tuple[str, str]]) -> tuple[ImageRecord, ...]:
        """Return the images of the pairs of a person and a content hash that exist."""
        return await self._do(lambda store: store.find_by_hash(keys))

    async def find_files(self, keys: Sequence[tuple[str, str]]) -> tuple[ImageRecord, ...]:
        """Return the images of the pairs of a person and a source that exist."""
        return await self._do(lambda store: store.find_by_source(keys))

    async def find_assets(self, project_id: int, keys: Sequence[str]) -> tuple[AssetRecord, ...]:
        """Return the rows of a project's media files of these keys, in any bucket, that exist."""
        return await self._do(lambda store: store.find_assets(project_id, keys))

    async def find_part(self, bucket: str, key: str) -> str | None:
        """Return the record of an unfinished upload to an object, None if there is none; not in a file."""
        return await self._do(lambda store: store.find_part(bucket, key))

    async def write_part(self, bucket: str, key: str, record: str | None) -> None:
        """Put the record of an unfinished upload in the place of what is there; None deletes it. Not in a file."""
        await self._do(lambda store: store.write_part(bucket, key, record))

    async def ask(self, question: "Callable[[Connection], T]") -> T:
        """Return what a question reads from one moment of the journal; it may be asked again."""
        return await self._do(lambda store: store.backend.read(question))

    async def take_shard(self) -> int | None:
        """Claim the first shard of the input that nobody has; None if there is none now, or the journal is a file.

        It stays this process's until ``finish_shard``, ``aclose``, or until it shows no sign of life for the life of a
        claim; the journal's thread gives these signs. A shard whose holder has died is handed out as a free one.

        Raises:
            JournalError: others have taken over the work of this process, which must stop; or the server was away for
                longer than the patience.
        """
        return await self._do(lambda store: store.backend.take_shard())

    async def finish_shard(self, shard: int) -> None:
        """Record that a shard is done: all of its input was admitted here, and all its items have ended.

        Raises:
            JournalError: as for ``take_shard``.
        """
        await self._do(lambda store: store.backend.finish_shard(shard))

    async def open_shards(self) -> OpenShards:
        """Count the shards that are not done; the run is over when there are none.

        While others have some, one of them may die: wait, and call ``take_shard`` again.

        Raises:
            JournalError: the server was away for longer than the patience.
        """
        return await self._do(lambda store: store.backend.open_shards())

    async def confirm(self) -> None:
        """Make sure that the claims still hold, before a request that must not be sent by two processes.

        Returns at once if the last sign of life is younger than half the life of a claim; else gives one.

        Raises:
            JournalError: as for ``take_shard``.
        """
        await self._do(lambda store: store.backend.confirm())

    async def aclose(self, ending: str = "") -> None:
        """Write what waits, end the run, and let go of the file; again does nothing.

        It goes on when the caller is cancelled. That the end could not be recorded is logged, and no error.

        Args:
            ending: how the run ended, for people.
        """
        if self._closed is None:
            self._closed = self._loop.create_future()
            self._hurry()
            self._queue.put(_JournalRequest(self._closed, work=lambda store: store.close(ending), last=True))
        cancelled: asyncio.CancelledError | None = None
        while not self._closed.done():
            try:
                await asyncio.shield(self._closed)
            except asyncio.CancelledError as error:
                cancelled = error  # the file is let go of first: whoever runs next may open it
        if cancelled is not None:
            raise cancelled

    async def _do(self, work: "Callable[[JournalDatabase], T]") -> T:
        result: T = await self._ask((), work)
        return result

    async def _ask(self, records: tuple[Record, ...], work: "Callable[[JournalDatabase], Any] | None" = None) -> Any:
        if self._closed is not None:
            message = f"journal {self.name}: it is closed"
            raise JournalError(message)
        future = self._loop.create_future()
        self._queue.put(_JournalRequest(future, records, work))
        return await future


def _serve(store: "JournalDatabase", queue: _Queue, loop: asyncio.AbstractEventLoop) -> None:
    """Serve requests in the thread: write all that wait in one transaction, answer them, then do the rest in order."""
    ended, many = False, False
    while not ended:
        waiting = _drain(queue, store, GATHER if many else 0.0)
        many = len(waiting) >= MANY
        _write(store, waiting, loop)
        for request in waiting:
            if request.work is not None:
                _tell(loop, [_done(request, store, request.work)])
        ended = any(request.last for request in waiting)
        if not ended:
            store.backend.beat()
    store.close("")


def _write(store: "JournalDatabase", waiting: Sequence[_JournalRequest], loop: asyncio.AbstractEventLoop) -> None:
    """Write the records of all requests that have some in one transaction, and answer them."""
    writes = [request for request in waiting if request.work is None and request.future is not None]
    if writes:
        failures = store.write([request.records for request in writes])
        _tell(loop, [(request.future, None, failure) for request, failure in zip(writes, failures, strict=True)])


def _drain(queue: _Queue, store: "JournalDatabase", gather: float) -> list[_JournalRequest]:
    """Return what waits, once there is something, or nothing when it is time for a sign of life."""
    waiting: list[_JournalRequest] = []
    with suppress(Empty):
        asked = store.clock.steady()
        waiting.append(queue.get(timeout=store.backend.interval))
        # one that comes later than others would be waited for is no part of what came together
        if store.clock.steady() - asked < gather and not waiting[0].last:
            store.clock.block(gather)  # and no `get` for each, which would take turns with the event loop
        while True:
            waiting.append(queue.get_nowait())
    return waiting


def _done(request: _JournalRequest, store: "JournalDatabase", work: "Callable[[JournalDatabase], Any]") -> Answer:
    try:
        return request.future, work(store), None
    except Exception as error:  # noqa: BLE001  who waits gets it
        return request.future, None, error


def _tell(loop: asyncio.AbstractEventLoop, answers: Sequence[Answer]) -> None:
    with suppress(RuntimeError):  # the loop is closed: nobody waits
        loop.call_soon_threadsafe(_settle, answers)


def _settle(answers: Iterable[Answer]) -> None:
    for future, result, error in answers:
        if future is None or future.done():
            if error is not None:
                # a process that was taken over ends with that, and need not hear it of each request
                level = logging.DEBUG if TAKEN_OVER in str(error) else logging.WARNING
                _log.log(level, "%s; whoever wanted it was cancelled", error)
        elif error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)
