"""The storage: one request in, one answer out, repeated where that may help.

Law: what makes an object looks directly before each try whether there is one, so that none is overwritten and no try
repeats what an earlier one has done. Everything else is harmless to repeat but for the beginning of an upload, which
may leave one behind: that is said. The client is made with the first request. Bodies are hashed by whoever read them,
and not here again.
"""

import asyncio
import io
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from attrs import define, field

from mi_async._core.clock import Clock
from mi_async._core.inflight import InFlight, UnderWay
from mi_async._core.operation import Repeat
from mi_async._core.retry import RetryPolicy, retryable
from mi_async.credentials import Credentials
from mi_async.errors import ConfigError, MIError, NotFoundError
from mi_async.storage.answers import Head, Listed, check_stored, content_md5, etag_of, head_of, is_opaque
from mi_async.storage.file import Piece
from mi_async.storage.place import Network, Prefix, Storage, StoredObject
from mi_async.storage.refusals import breakdown, refusal, unmade
from mi_async.storage.room import Room

__all__ = ["Head", "Listed", "Store"]
_log = logging.getLogger(__name__)
T = TypeVar("T")

LEAST_RATE = 32 * 1024
"""Bytes a second below which a request with a body counts as stuck."""
PATIENCE = 60.0
"""Seconds that a request may take besides the time for its body."""
COMPLETION = 600.0
"""Seconds for making an object of its parts: S3 says that a large one takes minutes."""
LEFT_BEHIND = (
    "%s: the answer to the beginning of an upload was lost, so there may be one unfinished upload of it too many. A "
    "lifecycle rule of the bucket removes it, or you do: ListMultipartUploads of bucket %r with prefix %r names it, "
    "AbortMultipartUpload removes it"
)

Failed = Callable[[BaseException], None]
"""Hears of a try that has failed."""
Judge = Callable[[Head], Awaitable[None]]
"""Looks at an object that is there already; raises unless it is the one that was to be made."""


@define(eq=False)
class Store:
    """Object Storage as a session reaches it.

    Args:
        storage: where it is.
        keys: the session's current keys.
        under_way: what the session ends when it closes.
        check_usable: refuses a closed session.
        policy: how failed attempts are repeated.
        clock: the time.
        network: how the storage is reached.
    """

    storage: Storage
    keys: Callable[[], Awaitable[Credentials]]
    under_way: UnderWay
    check_usable: Callable[[], None]
    policy: RetryPolicy
    clock: Clock
    network: Network
    room: Room = field(init=False, factory=Room)
    _open: AsyncExitStack = field(init=False, factory=AsyncExitStack)
    _client: Any = field(init=False, default=None)
    _opening: asyncio.Lock = field(init=False, factory=asyncio.Lock)
    _turns: WeakValueDictionary[StoredObject, asyncio.Lock] = field(init=False, factory=WeakValueDictionary)

    async def head(self, place: StoredObject) -> Head | None:
        """Look an object up; None when there is none."""
        return await self._persist("head_object", lambda _: self._look(place))

    async def put(
        self, place: StoredObject, piece: Piece, judge: Judge, metadata: Mapping[str, str], goes: Callable[[], None]
    ) -> tuple[Head, bool]:
        """Store a small object, held against the MD5 sum, unless it is there; tells whether it was there before.

        ``goes`` is called whenever its bytes are about to go.
        """

        async def attempt(failures: int) -> tuple[Head, bool]:
            async with self._turn(place):
                if (head := await self._look(place)) is not None:
                    await judge(head)
                    return head, failures == 0
                goes()
                answer = await self._once("put_object", place, piece, Metadata=metadata)
                return Head(len(piece.body), etag_of(answer), is_opaque(answer)), False

        return await self._persist("put_object", attempt)

    async def begin(self, place: StoredObject, metadata: Mapping[str, str]) -> str:
        """Begin a multipart upload; returns its id.

        An answer that is lost may leave an upload behind of which nobody knows the id. It cannot be told from one that
        another process has begun, so it is not given up, but a warning says how to.
        """

        def failed(error: BaseException) -> None:
            if getattr(error, "ambiguous", True):
                _log.warning(LEFT_BEHIND, place, place.bucket, place.key)

        try:
            answer = await self._ask("create_multipart_upload", place, failed=failed, Metadata=metadata)
        except asyncio.CancelledError as error:
            failed(error)
            raise
        return str(answer["UploadId"])

    async def put_part(self, place: StoredObject, upload_id: str, number: int, piece: Piece, failed: Failed) -> str:
        """Store a part; returns its ETag, held against the MD5 sum. ``failed`` hears of tries that failed."""
        named = {"UploadId": upload_id, "PartNumber": number}
        return etag_of(await self._ask("upload_part", place, piece, failed, **named))

    async def parts(self, place: StoredObject, upload_id: str) -> dict[int, Head] | None:
        """The parts that have arrived, by number; None when there is no such upload."""
        found: dict[int, Head] = {}
        marker = 0
        while True:
            try:
                answer = await self._ask("list_parts", place, UploadId=upload_id, PartNumberMarker=marker)
            except NotFoundError:
                return None
            found |= {part["PartNumber"]: Head(part["Size"], etag_of(part)) for part in answer.get("Parts", ())}
            marker = max(found, default=0)
            if not answer.get("IsTruncated") or not answer.get("Parts"):
                return found

    async def complete(
        self, place: StoredObject, upload_id: str, etags: Mapping[int, str], judge: Judge
    ) -> tuple[Head | None, bool]:
        """Make an object of the parts, unless there is one; returns what is there then, and whether it was before.

        Raises:
            NotFoundError: there is no such upload: it is complete, or was given up.
        """
        listed = [{"PartNumber": number, "ETag": f'"{etag}"'} for number, etag in sorted(etags.items())]
        parts: dict[str, Any] = {"UploadId": upload_id, "MultipartUpload": {"Parts": listed}}

        async def attempt(_failures: int) -> tuple[Head | None, bool]:
            async with self._turn(place):
                if (head := await self._look(place)) is not None:
                    await judge(head)
                    return head, True
                await self._once("complete_multipart_upload", place, seconds=COMPLETION, **parts)
                return await self._look(place), False

        return await self._persist("complete_multipart_upload", attempt)

    async def abort(self, place: StoredObject, upload_id: str) -> None:
        """Give an upload up, and with it what of it is stored; one that is gone already is no error."""
        try:
            await self._ask("abort_multipart_upload", place, UploadId=upload_id)
        except NotFoundError:
            return

    async def objects(self, bucket: str, prefix: str) -> AsyncGenerator[Listed]:
        """Objects whose keys begin with a prefix, by key; a page is asked for when it is needed."""
        more: dict[str, Any] = {}
        while True:
            answer = await self._ask("list_objects_v2", Prefix(bucket, prefix), **more)
            for one in answer.get("Contents", ()):
                yield Listed(one["Key"], one["Size"], int(one["LastModified"].timestamp()) * 10**9)
            if not answer.get("IsTruncated"):
                return
            more = {"ContinuationToken": answer["NextContinuationToken"]}

    async def aclose(self) -> None:
        """Close the connections; closing again does nothing."""
        await self._open.aclose()

    def _turn(self, place: StoredObject) -> asyncio.Lock:
        """One at a time looks whether an object is there and then makes it."""
        return self._turns.setdefault(place, asyncio.Lock())

    async def _look(self, place: StoredObject) -> Head | None:
        try:
            return head_of(await self._once("head_object", place))
        except NotFoundError:
            return None

    async def _ask(
        self,
        operation: str,
        place: StoredObject | Prefix,
        piece: Piece | None = None,
        failed: Failed | None = None,
        **parameters: Any,
    ) -> Any:
        return await self._persist(operation, lambda _: self._once(operation, place, piece, **parameters), failed)

    async def _persist(self, what: str, attempt: Callable[[int], Awaitable[T]], failed: Failed | None = None) -> T:
        """Try, and again after a failure that may mend itself; ``attempt`` is told how many have failed."""
        failures = 0
        while True:
            try:
                return await attempt(failures)
            except MIError as error:
                failures += 1
                if failed is not None:
                    failed(error)
                if failures >= self.policy.max_attempts or not retryable(error, Repeat.SAFE):
                    raise
                _log.info("%s failed (try %d): %s", what, failures, error)
                await self.clock.sleep(self.policy.backoff(failures))

    async def _once(
        self,
        operation: str,
        place: StoredObject | Prefix,
        piece: Piece | None = None,
        *,
        seconds: float = PATIENCE,
        **parameters: Any,
    ) -> Any:
        self.check_usable()
        what = f"{operation} of {place} at {self.storage.url}"
        with InFlight(self.under_way, float("inf")):
            client = await self._connected()
            body: dict[str, Any] = {}
            if piece is not None:
                # A stream over the bytes is sent in slices; whole bytes over TLS cost three times the CPU.
                body = {"Body": io.BytesIO(piece.body), "ContentMD5": content_md5(piece)}
                seconds += len(piece.body) / LEAST_RATE
            async with self._mapped(what), asyncio.timeout(seconds):
                answer = await getattr(client, operation)(**place.names, **parameters, **body)
            if piece is not None:
                check_stored(answer, piece, place)
            return answer

    async def _connected(self) -> Any:
        async with self._opening:
            if self._client is None:
                try:
                    make = await asyncio.to_thread(_prepare, self.storage, self.keys, self.network)
                    self._client = await self._open.enter_async_context(make())
                except MIError:
                    raise
                except Exception as error:
                    raise unmade(error) from error
            return self._client

    @asynccontextmanager
    async def _mapped(self, what: str) -> AsyncGenerator[None]:
        try:
            yield
        except MIError:
            raise
        except Exception as error:
            # Told by what it has, for its class is known only where the library is loaded.
            if isinstance(getattr(error, "response", None), dict):
                raise refusal(error, what, self.clock.wall()) from error
            raise breakdown(error, what) from error


def _prepare(
    storage: Storage, keys: Callable[[], Awaitable[Credentials]], network: Network
) -> Callable[[], AbstractAsyncContextManager[Any]]:
    """Load the library and its models, which takes a moment."""
    try:
        from mi_async.storage.client import prepare_client  # noqa: PLC0415  an extra, and slow to load
    except ImportError as error:
        message = "Object Storage needs aiobotocore: pip install 'mi-async[storage]'"
        raise ConfigError(message) from error
    return prepare_client(storage, keys, network, COMPLETION)
