"""A walk over the pages of a listing, in either version of S3's call.

Invariant: ends, or raises: no order of the keys is assumed, and a page that does not lead on ends the walk with an
error. NAVER Cloud Object Storage has version 1 only, and ignores that version 2 was asked for; others refuse it.
Source: https://api.ncloud-docs.com/docs/en/storage-objectstorage
"""

import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from typing import Any

from attrs import define, field

from mi_async.errors import APIError, AuthenticationError, MIError, NotFoundError, PermissionDeniedError, ResponseError
from mi_async.storage.models import Prefix
from mi_async.storage.responses import ListedObject, listed_of, structures, text_in

VERSION_2, VERSION_1 = "list_objects_v2", "list_objects"
UNKNOWN = frozenset({400, 405, 501})
"""HTTP statuses of a storage that does not know version 2: InvalidArgument, MethodNotAllowed, NotImplemented."""
MOST_EMPTY = 100
"""Pages in a row without an object that are taken for progress."""
MOST_PAGES = 1_000_000
"""Pages of a walk: a thousand million objects."""
ODD, AGAIN = "answers something else", "repeats a page of it"
ENDLESS, ASTRAY = "does not end it", "says that there is more, and not where"
"""Faults of a listing, as messages tell them."""

Ask = Callable[..., Awaitable[Mapping[str, Any]]]
"""Makes one call: the operation, and its parameters."""


@define(eq=False)
class Walk:
    """One walk.

    Attributes:
        ask: makes a call.
        prefix: how the keys begin.
    """

    ask: Ask
    prefix: Prefix
    _version: str = field(init=False, default=VERSION_2)
    _more: dict[str, str] = field(init=False, factory=dict)
    _last: frozenset[str] = field(init=False, factory=frozenset)  # keys of the page before, which may come again
    _pages: int = field(init=False, default=0)
    _empty: int = field(init=False, default=0)
    # Brent's search for a cycle: one page is remembered, and another one each time their number has doubled.
    _remembered: bytes = field(init=False, default=b"")

    async def objects(self) -> AsyncGenerator[ListedObject]:
        """Give the objects, page by page, as they are needed.

        Raises:
            ResponseError: the storage repeats itself, or does not say how to go on.
        """
        leads_on = True
        while leads_on:
            answer = await self._page()
            found = [listed_of(one) for one in structures(answer, "Contents")]
            leads_on = answer.get("IsTruncated") is True
            if not found and not isinstance(answer.get("IsTruncated"), bool):
                raise self._stuck(ODD)
            seen, keys = self._last, frozenset(one.key for one in found)
            if leads_on:
                self._advance(answer, keys, found)
            self._last = keys
            for one in found:
                if one.key not in seen and one.key.startswith(self.prefix.prefix):
                    yield one

    async def _page(self) -> Mapping[str, Any]:
        try:
            return await self.ask(self._version, **self._more)
        except APIError as error:
            clear = isinstance(error, AuthenticationError | PermissionDeniedError | NotFoundError)
            if self._pages or self._version == VERSION_1 or clear or error.status not in UNKNOWN:
                raise
        self._version = VERSION_1
        return await self.ask(self._version)

    def _advance(self, answer: Mapping[str, Any], keys: frozenset[str], found: Sequence[ListedObject]) -> None:
        """Note where the next page begins, unless this one leads nowhere."""
        self._empty = 0 if found else self._empty + 1
        repeated = bool(keys) and keys <= self._last
        before, self._more = self._more, self._next(answer, found)
        print_ = hashlib.sha256("\n".join([*sorted(keys), *self._more.values()]).encode()).digest()
        if repeated or self._more == before or print_ == self._remembered:
            raise self._stuck(AGAIN)
        self._pages += 1
        if self._empty > MOST_EMPTY or self._pages > MOST_PAGES:
            raise self._stuck(ENDLESS)
        if self._pages & (self._pages - 1) == 0:
            self._remembered = print_

    def _next(self, answer: Mapping[str, Any], found: Sequence[ListedObject]) -> dict[str, str]:
        token = text_in(answer, "NextContinuationToken")
        if token and self._version == VERSION_2:
            return {"ContinuationToken": token}
        # Version 1 names the next page only where a delimiter was given: else it is the last key, in the order of S3.
        marker = text_in(answer, "NextMarker") or max((one.key for one in found), key=_in_utf8, default="")
        if not marker:
            raise self._stuck(ASTRAY)
        self._version = VERSION_1
        return {"Marker": marker}

    def _stuck(self, how: str) -> MIError:
        return ResponseError(f"the listing of {self.prefix} cannot be gone through: the storage {how}")


def _in_utf8(key: str) -> bytes:
    return key.encode("utf-8", "surrogatepass")
