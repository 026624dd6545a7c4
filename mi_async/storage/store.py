"""The storage: one request in, one answer out, repeated where that may help.

Law: every operation here is harmless to repeat. The client is made with the first request. Bodies are hashed by whoever
read them, and not here again.
"""

import asyncio
import io
import logging
from binascii import b2a_base64
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from attrs import define, field, frozen

from mi_async._core.clock import Clock
from mi_async._core.inflight import InFlight, UnderWay
from mi_async._core.operation import Repeat
from mi_async._core.retry import RetryPolicy, retryable
from mi_async.credentials import Credentials
from mi_async.errors import ConfigError, MIError, NotFoundError, UploadFailedError
from mi_async.storage.file import Piece
from mi_async.storage.place import Network, Prefix, Storage, StoredObject
from mi_async.storage.refusals import breakdown, refusal

_log = logging.getLogger(__name__)

LEAST_RATE = 32 * 1024
"""Bytes a second below which a request with a body counts as stuck."""
PATIENCE = 60.0
"""Seconds that a request may take besides the time for its body."""


@frozen
class Head:
    """What the storage knows of an object.

    Attributes:
        size: bytes.
        etag: without its quotes.
    """

    size: int
    etag: str


@frozen
class Listed:
    """What a listing tells of an object.

    Attributes:
        key: full name.
        size: bytes.
        mtime_ns: when it was stored, in nanoseconds since the epoch.
    """

    key: str
    size: int
    mtime_ns: int


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
    _open: AsyncExitStack = field(init=False, factory=AsyncExitStack)
    _client: Any = field(init=False, default=None)
    _opening: asyncio.Lock = field(init=False, factory=asyncio.Lock)

    async def head(self, place: StoredObject) -> Head | None:
        """Look an object up; None when there is none."""
        try:
            answer = await self._ask("head_object", place)
        except NotFoundError:
            return None
        return Head(answer["ContentLength"], _etag(answer))

    async def put(self, place: StoredObject, piece: Piece) -> str:
        """Store a small object; returns its ETag, held against the MD5 sum."""
        return _etag(await self._ask("put_object", place, piece))

    async def begin(self, place: StoredObject) -> str:
        """Begin a multipart upload; returns its id."""
        answer = await self._ask("create_multipart_upload", place)
        return str(answer["UploadId"])

    async def put_part(
        self, place: StoredObject, upload_id: str, number: int, piece: Piece, failed: Callable[[], None]
    ) -> str:
        """Store a part; returns its ETag, held against the MD5 sum. ``failed`` hears of tries that are repeated."""
        return _etag(await self._ask("upload_part", place, piece, failed=failed, UploadId=upload_id, PartNumber=number))

    async def parts(self, place: StoredObject, upload_id: str) -> dict[int, Head] | None:
        """The parts that have arrived, by number; None when there is no such upload."""
        found: dict[int, Head] = {}
        marker = 0
        while True:
            try:
                answer = await self._ask("list_parts", place, UploadId=upload_id, PartNumberMarker=marker)
            except NotFoundError:
                return None
            found |= {part["PartNumber"]: Head(part["Size"], _etag(part)) for part in answer.get("Parts", ())}
            marker = max(found, default=0)
            if not answer.get("IsTruncated") or not answer.get("Parts"):
                return found

    async def complete(self, place: StoredObject, upload_id: str, etags: Mapping[int, str]) -> str:
        """Make an object of the parts; returns its ETag.

        Raises:
            NotFoundError: there is no such upload: perhaps it is complete.
        """
        listed = [{"PartNumber": number, "ETag": f'"{etag}"'} for number, etag in sorted(etags.items())]
        answer = await self._ask(
            "complete_multipart_upload", place, UploadId=upload_id, MultipartUpload={"Parts": listed}
        )
        return _etag(answer)

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

    async def _ask(
        self,
        operation: str,
        place: StoredObject | Prefix,
        piece: Piece | None = None,
        *,
        failed: Callable[[], None] | None = None,
        **parameters: Any,
    ) -> Any:
        """Make a request, again after a failure that may mend itself."""
        failures = 0
        while True:
            try:
                return await self._once(operation, place, piece, parameters)
            except MIError as error:
                failures += 1
                if failures >= self.policy.max_attempts or not retryable(error, Repeat.SAFE):
                    raise
                _log.info("%s failed (try %d): %s", operation, failures, error)
                if failed is not None:
                    failed()
                await self.clock.sleep(self.policy.backoff(failures))

    async def _once(
        self, operation: str, place: StoredObject | Prefix, piece: Piece | None, parameters: dict[str, Any]
    ) -> Any:
        self.check_usable()
        what = f"{operation} of {place} at {self.storage.url}"
        with InFlight(self.under_way, float("inf")):
            client = await self._connected()
            body: dict[str, Any] = {}
            seconds = PATIENCE
            if piece is not None:
                # A stream over the bytes is sent in slices; whole bytes over TLS cost three times the CPU.
                body = {"Body": io.BytesIO(piece.body), "ContentMD5": _base64(piece.md5)}
                seconds += len(piece.body) / LEAST_RATE
            async with _mapped(what), asyncio.timeout(seconds):
                answer = await getattr(client, operation)(**place.names, **parameters, **body)
            if piece is not None:
                _check_same(_etag(answer), piece, place)
            return answer

    async def _connected(self) -> Any:
        async with self._opening:
            if self._client is None:
                make = await asyncio.to_thread(_load)
                self._client = await self._open.enter_async_context(make(self.storage, self.keys, self.network))
            return self._client


def _load() -> Callable[..., Any]:
    """Load the library, which takes a moment."""
    try:
        from mi_async.storage.client import make_client  # noqa: PLC0415  an extra, and slow to load
    except ImportError as error:
        message = "Object Storage needs aiobotocore: pip install 'mi-async[storage]'"
        raise ConfigError(message) from error
    return make_client


@asynccontextmanager
async def _mapped(what: str) -> AsyncGenerator[None]:
    try:
        yield
    except MIError:
        raise
    except Exception as error:
        # Told by what it has, for its class is known only where the library is loaded.
        answered = isinstance(getattr(error, "response", None), dict)
        raise (refusal if answered else breakdown)(error, what) from error


def _etag(answer: Mapping[str, Any]) -> str:
    return str(answer.get("ETag", "")).strip('"').lower()


def _base64(md5: str) -> str:
    return b2a_base64(bytes.fromhex(md5), newline=False).decode("ascii")


def _check_same(etag: str, piece: Piece, place: StoredObject | Prefix) -> None:
    if etag != piece.md5:
        message = f"{place}: the storage holds other bytes than were sent (ETag {etag or 'missing'})"
        error = UploadFailedError(message, reason="ETAG_MISMATCH", key=place.names.get("Key"))
        error.ambiguous = True
        raise error
