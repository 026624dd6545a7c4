"""Walk a paged listing, item by item, with the next page on its way while one is handed out.

Invariant: no item twice and none left out as far as the listing lets us see: what was met is not handed out again, and
when the listing has shrunk, the pages that items may have slid back to are read once more. A listing of which fewer
items came than it counts is walked again: one that merely changes meanwhile then shows the rest; one that reads the
same twice contradicts itself, and is an error instead of an end. A walk is bounded by what its first page announces.
"""

import asyncio
import math
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable
from typing import Any, Generic, TypeVar

from attrs import define, field, frozen

from mi_async.errors import InvalidArgumentError, ResponseError
from mi_async.models import Page

T = TypeVar("T")

GROWTH, SPARE = 4, 200
"""Pages that are read at most: so many times those that the first page announces, and so many more. A listing may grow
while it is walked, and be walked again; one that is longer still has no end."""


@frozen
class WalkBounds:
    """Bounds of a walk over a listing.

    Attributes:
        remembered: items that are known again; an older one would have to come back from behind so many others.
        unannounced: pages that are read at most of a listing that does not say how many it has.
    """

    remembered: int = 100_000
    unannounced: int = 10_000


BOUNDS = WalkBounds()


async def every(
    fetch: Callable[[int], Awaitable[Page[T]]],
    key: Callable[[T], Hashable] | None = None,
    limit: int | None = None,
    bounds: WalkBounds = BOUNDS,
) -> AsyncGenerator[T]:
    """Yield the items of all pages.

    Closing the iterator ends the request for the next page.

    Args:
        fetch: from a page number, counted from 1, to the page.
        key: from an item to what identifies it; None hands out items as they come.
        limit: most items.
        bounds: of the walk.

    Raises:
        InvalidArgumentError: the limit is negative, or no number of items.
        ResponseError: the listing contradicts itself (pages that repeat, pages that are missing) or has no end.
    """
    _check_limit(limit)
    if limit == 0:
        return
    walk = _Walk(key, bounds)
    page, number = await fetch(1), 1
    while True:
        fresh, following = walk.take(page, number)
        fresh = fresh[:limit]
        limit = None if limit is None else limit - len(fresh)
        if following is None or limit == 0:
            for item in fresh:
                yield item
            return
        ahead = asyncio.ensure_future(fetch(following))
        try:
            for item in fresh:
                yield item
            page, number = await ahead, following
        finally:
            await _ended(ahead)


def _check_limit(limit: int | None) -> None:
    if limit is not None and (type(limit) is not int or limit < 0):
        message = f"limit must be an integer >= 0, got {limit!r}"
        raise InvalidArgumentError(message)


async def _ended(ahead: asyncio.Future[Any]) -> None:
    """End a request that nobody waits for any more; how it failed interests nobody either."""
    if not ahead.done():
        ahead.cancel()
        await asyncio.wait([ahead])
    if not ahead.cancelled():
        ahead.exception()


@define
class _Walk(Generic[T]):
    """The state of a walk over a listing."""

    key: Callable[[T], Hashable] | None
    bounds: WalkBounds
    _seen: dict[Hashable, None] = field(init=False, factory=dict)
    _total: int = field(init=False, default=0)
    _size: int = field(init=False, default=1)
    _lowest: float = field(init=False, default=math.inf)  # total at which we went back
    _furthest: int = field(init=False, default=1)  # page from which we went back
    _read: int = field(init=False, default=0)  # pages so far, those read again included
    _most: int = field(init=False, default=0)
    _found: int = field(init=False, default=0)
    _least: float = field(init=False, default=math.inf)  # lowest total of this pass
    _pass: int = field(init=False, default=0)  # what this pass over the listing has read, as a hash
    _last_pass: int | None = field(init=False, default=None)  # what the one before had read; None in the first
    _previous: Page[T] | None = field(init=False, default=None)  # of a listing without keys: the page before
    _doubted: int = field(init=False, default=0)  # of a listing without keys: the page that is read once more

    def take(self, page: Page[T], number: int) -> tuple[list[T], int | None]:
        """Return the items of a page that are new, and the number of the next page; None after the last.

        Raises:
            ResponseError: the listing contradicts itself, or has no end.
        """
        self._count(page)
        if self.key is None:
            return self._unkeyed(page, number)
        gone, self._total = self._total - page.total_count, page.total_count
        self._size = max(self._size, page.page_size, len(page))
        self._least = min(self._least, page.total_count)
        self._pass = hash((self._pass, number, page.total_count, *map(self.key, page)))
        if gone > 0 and (number > self._furthest or self._total < self._lowest):
            # Once for each page and each new low, so that a total that goes up and down cannot hold us for ever.
            self._furthest = max(self._furthest, number)
            self._lowest = min(self._lowest, self._total)
            return [], max(1, number - -(-gone // self._size))
        fresh = [item for item in page if self._is_new(item, self.key)]
        self._found += len(fresh)
        more = number < page.total_page if page.total_page else bool(fresh)
        if more and page.content:
            return fresh, number + 1
        return fresh, self._after_the_last(hole=more and bool(page.total_page))

    def _after_the_last(self, *, hole: bool) -> int | None:
        """Begin anew where fewer items came than the listing counts, unless it has been read twice to the letter."""
        complete = self._found >= self._least and not hole
        if complete or self._found > self.bounds.remembered:  # what is forgotten would be handed out twice
            return None
        if self._pass == self._last_pass:
            message = f"the listing contradicts itself: it counts {self._least:,} items, and {self._found:,} came"
            raise ResponseError(message)
        self._last_pass, self._pass, self._least = self._pass, 0, math.inf
        return 1

    def _unkeyed(self, page: Page[T], number: int) -> tuple[list[T], int | None]:
        """Take a page whose items cannot be told apart; one that is empty or repeats the one before is read again."""
        more = number < page.total_page
        previous = self._previous
        repeats = previous is not None and page.content == previous.content and page.total_count <= previous.total_count
        if (more and not page.content) or (page.content and repeats):
            if self._doubted == number:
                fault = "repeats the one before" if page.content else "is empty"
                message = f"the listing contradicts itself: page {number} of {page.total_page} {fault}"
                raise ResponseError(message)
            self._doubted = number
            return [], number
        self._previous = page
        return list(page), number + 1 if more else None

    def _count(self, page: Page[T]) -> None:
        """Bound the walk by what the first page announces."""
        if not self._read:
            by_count = -(-page.total_count // max(len(page), 1)) if self.key is not None else 0
            announced = [pages for pages in (page.total_page, by_count) if pages > 0]
            self._most = GROWTH * min(announced) + SPARE if announced else self.bounds.unannounced
        self._read += 1
        if self._read > self._most:
            message = f"the listing has no end: {self._read:,} pages were read, far more than it had announced"
            raise ResponseError(message)

    def _is_new(self, item: T, key: Callable[[T], Hashable]) -> bool:
        name = key(item)
        if name in self._seen:
            return False
        self._seen[name] = None
        if len(self._seen) > self.bounds.remembered:
            del self._seen[next(iter(self._seen))]
        return True
