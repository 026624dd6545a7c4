"""Requests to Object Storage as hooks are told of them: which attempts are one call, and its name, method and URL.

Invariant: no query, no header of ours and no body is told. Loaded by sessions with hooks only.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any
from urllib.parse import quote

from attrs import define
from yarl import URL

from mi_async._core.hook_chain import CallWatch, HookChain
from mi_async._core.http_messages import Request
from mi_async.storage.local_file import Piece
from mi_async.storage.models import Prefix, StoredObject

METHODS: Mapping[str, str] = {
    "abort_multipart_upload": "DELETE",
    "complete_multipart_upload": "POST",
    "create_multipart_upload": "POST",
    "delete_object": "DELETE",
    "get_object": "GET",
    "head_object": "HEAD",
    "list_multipart_uploads": "GET",
    "list_objects": "GET",
    "list_objects_v2": "GET",
    "list_parts": "GET",
    "put_object": "PUT",
    "upload_part": "PUT",
}
"""Methods of the requests that we make, by boto3's names for them."""
OF_BUCKETS = frozenset({"list_multipart_uploads", "list_objects", "list_objects_v2"})
"""Requests that are about a bucket, and not about one object in it."""

_open: ContextVar[CallWatch | None] = ContextVar("_open", default=None)
"""The call whose attempts the running code makes."""


@define(eq=False)
class WatchedRequests:
    """Tells hooks of the requests to a storage.

    Args:
        chain: the hooks.
        url: of the storage.
        max_attempts: attempts that the policy allows.
    """

    chain: HookChain
    url: str
    max_attempts: int

    @asynccontextmanager
    async def call(self, operation: str, max_attempts: int | None = None) -> AsyncGenerator[CallWatch]:
        """Watch a call for a block: requests of this name within it are its attempts."""
        attempts = self.max_attempts if max_attempts is None else max_attempts
        template = "/{bucket}" if operation in OF_BUCKETS else "/{bucket}/{key}"
        async with self.chain.watch(f"storage.{operation}", "storage", attempts) as watch:
            watch.start(METHODS[operation], str(URL(self.url).origin()), template)
            before = _open.set(watch)
            try:
                yield watch
            finally:
                _open.reset(before)

    async def ask(
        self,
        ask: Callable[..., Awaitable[dict[str, Any]]],
        operation: str,
        place: StoredObject | Prefix,
        piece: Piece | None,
        **parameters: Any,
    ) -> dict[str, Any]:
        """Make one request: an attempt of the call that is open for it, else a call of its own."""
        watch = _open.get()
        if watch is None or watch.operation != f"storage.{operation}":
            async with self.call(operation, 1):
                return await self.ask(ask, operation, place, piece, **parameters)
        attempt = await watch.ask(Request(METHODS[operation], self._url_of(place)))
        with watch.sending(attempt, 0 if piece is None else len(piece.body)) as answers:
            return await ask(operation, place, piece, heard=answers.append, **parameters)

    def _url_of(self, place: StoredObject | Prefix) -> str:
        key = f"/{quote(place.key)}" if isinstance(place, StoredObject) else ""
        return f"{self.url}/{place.bucket}{key}"
