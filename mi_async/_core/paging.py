"""Walk a paged listing, item by item, with the next page on its way while one is handed out.

Law: no item twice and none left out as far as the listing lets us see: what was met is not handed out again, and when
the listing has shrunk, the pages that items may have slid back to are read once more.
"""

import asyncio
import math
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable
from typing import Any, Generic, TypeVar

from attrs import define, field

from mi_async.errors import InvalidArgumentError
from mi_async.models import Page

T = TypeVar("T")

REMEMBERED = 100_000
"""Items that are known again; an older one would have to come back from behind so many others."""


async def every(
    fetch: Callable[[int], Awaitable[Page[T]]],
    key: Callable[[T], Hashable] | None = None,
    limit: int | None = None,
) -> AsyncGenerator[T]:
    """Yield the items of all pages.

    Closing the iterator ends the request for the next page.

    Args:
        fetch: from a page number, counted from 1, to the page.
        key: from an item to what identifies it; None hands out items as they come.
        limit: most items.

    Raises:
        InvalidArgumentError: the limit is negative, or no number of items.
    """
    if limit is not None and (type(limit) is not int or limit < 0):
        message = f"limit needs at least 0; it is {limit!r}"
        raise InvalidArgumentError(message)
    walk, left = _Walk(key), limit
    number: int | None = None if limit == 0 else 1
    page = Page[T](()) if number is None else await fetch(number)
    while number is not None:
        fresh, number = walk.take(page, number)
        if left is not None:
            fresh = fresh[:left]
            left -= len(fresh)
            number = number if left else None
        ahead = None if number is None else asyncio.ensure_future(fetch(number))
        try:
            for item in fresh:
                yield item
            if ahead is not None:
                page = await ahead
        finally:
            if ahead is not None:
                await _ended(ahead)


async def _ended(ahead: asyncio.Future[Any]) -> None:
    """End a request that nobody waits for any more; how it failed interests nobody either."""
    if not ahead.done():
        ahead.cancel()
        await asyncio.wait([ahead])
    if not ahead.cancelled():
        ahead.exception()


@define
class _Walk(Generic[T]):
    """What is known of a listing while it is walked."""

    key: Callable[[T], Hashable] | None
    _seen: dict[Hashable, None] = field(init=False, factory=dict)
    _total: int = field(init=False, default=0)
    _size: int = field(init=False, default=1)
    _lowest: float = field(init=False, default=math.inf)  # total at which we went back
    _furthest: int = field(init=False, default=1)  # page from which we went back

    def take(self, page: Page[T], number: int) -> tuple[list[T], int | None]:
        """Items of a page that are new, and which page comes next; None after the last."""
        gone, self._total = self._total - page.total_count, page.total_count
        self._size = max(self._size, page.page_size, len(page))
        if self.key is not None and gone > 0 and (number > self._furthest or self._total < self._lowest):
            # Once for each page and each new low, so that a total that goes up and down cannot hold us for ever.
            self._furthest = max(self._furthest, number)
            self._lowest = min(self._lowest, self._total)
            return [], max(1, number - -(-gone // self._size))
        fresh = [item for item in page if self._is_new(item)]
        more = number < page.total_page if page.total_page else self.key is not None and bool(fresh)
        return fresh, number + 1 if more and page.content else None

    def _is_new(self, item: T) -> bool:
        if self.key is None:
            return True
        name = self.key(item)
        if name in self._seen:
            return False
        self._seen[name] = None
        if len(self._seen) > REMEMBERED:
            del self._seen[next(iter(self._seen))]
        return True
