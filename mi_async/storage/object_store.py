"""The storage: one request in, one answer out, retried where that may help.

Invariant: what makes an object looks directly before each attempt whether there is one, so that none is overwritten and
no attempt repeats what an earlier one has done. Everything else is harmless to repeat but for the beginning of an
upload, which may leave one behind: that is reported. Bodies are hashed by whoever read them, and not here again.
"""

import asyncio
import copy
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from attrs import define, field

from mi_async._core.clock import Clock
from mi_async._core.retry import RetryPolicy
from mi_async.errors import APIError, MIError, NotFoundError, PermissionDeniedError, ResponseError
from mi_async.storage import responses
from mi_async.storage.connection import COMPLETION, Connection
from mi_async.storage.listing import Walk
from mi_async.storage.local_file import Piece
from mi_async.storage.lost_beginning import may_have_begun, warn_left_behind
from mi_async.storage.memory_budget import MemoryBudget
from mi_async.storage.models import Prefix, Storage, StoredObject
from mi_async.storage.responses import ListedObject, ObjectHead
from mi_async.storage.retry_window import PATIENCE, Failed, RetryWindow

if TYPE_CHECKING:
    from mi_async.storage.watched_requests import WatchedRequests

__all__ = ["ListedObject", "ObjectHead", "ObjectStore"]

UNCLEAR = frozenset({400, 401, 403})
"""HTTP statuses of a HEAD whose reason only an answer with a body can tell."""

Judge = Callable[[ObjectHead], Awaitable[None]]
"""Looks at an object that is there already; raises unless it is the one that was to be made."""


@define(eq=False)
class ObjectStore:
    """Object Storage as a session reaches it.

    Args:
        connection: the way there.
        policy: how failed attempts are retried.

    Attributes:
        watched: tells hooks of its requests; None without hooks.
    """

    connection: Connection
    policy: RetryPolicy
    watched: "WatchedRequests | None" = field(init=False, default=None)
    room: MemoryBudget = field(init=False, factory=MemoryBudget)
    retry_window: RetryWindow = field(init=False)
    _turns: WeakValueDictionary[StoredObject, asyncio.Lock] = field(init=False, factory=WeakValueDictionary)

    def __attrs_post_init__(self) -> None:
        """Begin with no window beyond the policy's."""
        self.retry_window = RetryWindow(self.policy, self.clock)

    @property
    def clock(self) -> Clock:
        """The time."""
        return self.connection.clock

    @property
    def storage(self) -> Storage:
        """The storage's location and region."""
        return self.connection.storage

    def watched_by(self, watched: "WatchedRequests") -> "ObjectStore":
        """Return the same storage with hooks."""
        same = copy.copy(self)
        same.watched, same.retry_window = watched, RetryWindow(self.policy, self.clock, watched=watched)
        return same

    def for_upload(self) -> "ObjectStore":
        """Return the same storage for one upload, which waits from its last success on."""
        same = copy.copy(self)
        same.retry_window = RetryWindow(self.policy, self.clock, PATIENCE, self.watched)
        return same

    async def head(self, place: StoredObject) -> ObjectHead | None:
        """Look an object up; None when there is none."""
        return await self.retry_window.persist("head_object", lambda _: self._look(place))

    async def part_size(self, place: StoredObject) -> int | None:
        """Return the size of the first part that an object was made of; None where the storage does not tell."""
        try:
            head = responses.head_of(await self._request("head_object", place, PartNumber=1))
        except MIError:
            return None
        return head.size if head.parts else None

    async def read(self, place: StoredObject, offset: int, length: int) -> bytes:
        """Read some bytes of an object.

        Raises:
            ResponseError: the storage gives others than were asked for.
        """
        answer = await self._ask("get_object", place, Range=f"bytes={offset}-{offset + length - 1}")
        body = responses.member_in(answer, "Body", bytes)
        if len(body) != length:
            message = f"{place}: the storage gives {len(body)} bytes where {length} were asked for"
            raise ResponseError(message)
        return body

    async def put(
        self, place: StoredObject, piece: Piece, judge: Judge, metadata: Mapping[str, str], goes: Callable[[], None]
    ) -> tuple[ObjectHead, bool]:
        """Store a small object unless it is there; tells whether it was there before.

        ``goes`` is called whenever its bytes are about to go.
        """

        async def attempt(failures: int) -> tuple[ObjectHead, bool]:
            async with self._turn(place):
                if (head := await self._look(place)) is not None:
                    await judge(head)
                    return head, failures == 0
                goes()
                answer = await self._request("put_object", place, piece, Metadata=dict(metadata))
                return responses.stored_head(answer, len(piece.body)), False

        return await self.retry_window.persist("put_object", attempt)

    async def begin(self, place: StoredObject, metadata: Mapping[str, str]) -> str:
        """Begin a multipart upload; returns its ID.

        An answer that is lost may leave an upload behind of which nobody knows the ID. It cannot be told from one that
        another process has begun, so it is not given up, but a warning says how to.
        """
        lost = False

        def failed(error: BaseException) -> None:
            nonlocal lost
            lost = lost or may_have_begun(error)

        async def attempt(_failures: int) -> str:
            answer = await self._request("create_multipart_upload", place, Metadata=dict(metadata))
            return responses.member_in(answer, "UploadId", str)

        try:
            return await self.retry_window.persist("create_multipart_upload", attempt, failed)
        except asyncio.CancelledError as error:
            failed(error)
            raise
        finally:
            if lost:
                warn_left_behind(place)

    async def put_part(
        self, place: StoredObject, upload_id: str, number: int, piece: Piece, failed: Failed
    ) -> ObjectHead:
        """Store a part; returns what the storage says of it. ``failed`` is told of attempts that failed."""
        named = {"UploadId": upload_id, "PartNumber": number}
        return responses.stored_head(await self._ask("upload_part", place, piece, failed, **named), len(piece.body))

    async def parts(self, place: StoredObject, upload_id: str) -> dict[int, ObjectHead] | None:
        """Return the parts that have arrived, by number; None if there is no such upload."""
        found: dict[int, ObjectHead] = {}
        marker = 0
        while True:
            try:
                answer = await self._ask("list_parts", place, UploadId=upload_id, PartNumberMarker=marker)
            except NotFoundError:
                return None
            found |= responses.parts_of(answer)
            before, marker = marker, max(found, default=0)
            if answer.get("IsTruncated") is not True or marker <= before:
                return found

    async def uploads(self, place: StoredObject) -> Sequence[str]:
        """IDs of the unfinished uploads of an object, as far as one page of them tells."""
        answer = await self._ask("list_multipart_uploads", Prefix(place.bucket, place.key))
        return responses.uploads_of(answer, place.key)

    async def complete(
        self, place: StoredObject, upload_id: str, tags: Mapping[int, str], judge: Judge
    ) -> tuple[ObjectHead | None, bool]:
        """Make an object of the parts, unless there is one; returns what is there then, and whether it was before.

        Args:
            place: what it becomes.
            upload_id: the upload.
            tags: ETags of the parts, as the storage wrote them.
            judge: looks at an object that is there already.

        Raises:
            NotFoundError: there is no such upload: it is complete, or was given up.
        """
        listed = [{"PartNumber": number, "ETag": tag} for number, tag in sorted(tags.items())]
        parts: dict[str, Any] = {"UploadId": upload_id, "MultipartUpload": {"Parts": listed}}

        async def attempt(_failures: int) -> tuple[ObjectHead | None, bool]:
            async with self._turn(place):
                if (head := await self._look(place)) is not None:
                    await judge(head)
                    return head, True
                await self._request("complete_multipart_upload", place, seconds=COMPLETION, **parts)
                return await self._look(place), False

        return await self.retry_window.persist("complete_multipart_upload", attempt)

    async def abort(self, place: StoredObject, upload_id: str) -> None:
        """Give an upload up, and with it what of it is stored; one that is gone already is no error."""
        try:
            await self._ask("abort_multipart_upload", place, UploadId=upload_id)
        except NotFoundError:
            return

    async def remove(self, place: StoredObject, tag: str) -> bool:
        """Delete an object if its ETag, as the storage wrote it, is still this one; return False for another object."""

        async def attempt(_failures: int) -> bool:
            async with self._turn(place):
                if (head := await self._look(place)) is not None and head.tag == tag:
                    await self._request("delete_object", place)
                return head is None or head.tag == tag

        return await self.retry_window.persist("delete_object", attempt)

    async def objects(self, bucket: str, prefix: str) -> AsyncGenerator[ListedObject]:
        """Iterate over objects whose keys begin with a prefix, as the storage lists them; each page when it is needed.

        Raises:
            ResponseError: the listing contradicts itself.
        """
        at = Prefix(bucket, prefix)
        async with aclosing(Walk(partial(self._ask_again, at), at).objects()) as listed:
            async for one in listed:
                yield one

    async def aclose(self) -> None:
        """Close the connections; closing again does nothing."""
        await self.connection.aclose()

    def _turn(self, place: StoredObject) -> asyncio.Lock:
        """Return the lock of an object: look and make are one step for this session."""
        return self._turns.setdefault(place, asyncio.Lock())

    async def _look(self, place: StoredObject) -> ObjectHead | None:
        try:
            return responses.head_of(await self._request("head_object", place))
        except NotFoundError:
            return None
        except APIError as error:
            if error.status not in UNCLEAR or getattr(error, "clock_corrected", False):
                raise
            await self._explain(place, error)
            return None

    async def _explain(self, place: StoredObject, refused: APIError) -> None:
        """Find out why a HEAD was refused: its answer has no body. Where an object is missing, it may be just that.

        Raises:
            MIError: the reason, as far as a listing tells.
        """
        at = Prefix(place.bucket, place.key)
        try:
            async with aclosing(Walk(partial(self._ask_once, at), at).objects()) as listed:
                async for one in listed:
                    if one.key == place.key:
                        raise refused
        except PermissionDeniedError as error:
            missing = f"{refused.args[0]}; or there is no such object, which only s3:ListBucket on {place.bucket} tells"
            refused.args = (missing,)
            raise refused from error

    async def _ask_once(self, at: Prefix, operation: str, **parameters: Any) -> Mapping[str, Any]:
        return await self._request(operation, at, **parameters)

    async def _ask_again(self, at: Prefix, operation: str, **parameters: Any) -> Mapping[str, Any]:
        return await self._ask(operation, at, **parameters)

    async def _ask(
        self,
        operation: str,
        place: StoredObject | Prefix,
        piece: Piece | None = None,
        failed: Failed | None = None,
        **parameters: Any,
    ) -> dict[str, Any]:
        return await self.retry_window.persist(
            operation, lambda _: self._request(operation, place, piece, **parameters), failed
        )

    async def _request(
        self, operation: str, place: StoredObject | Prefix, piece: Piece | None = None, **parameters: Any
    ) -> dict[str, Any]:
        """Make one request, and tell the hooks of it where there are any."""
        if self.watched is None:
            return await self.connection.ask(operation, place, piece, **parameters)
        return await self.watched.ask(self.connection.ask, operation, place, piece, **parameters)
