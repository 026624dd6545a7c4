"""Walk a paged listing, item by item.

Law: asks for the next page only when the items of the one before are used up.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from mi_async.models import Page

T = TypeVar("T")


async def every(fetch: Callable[[int], Awaitable[Page[T]]]) -> AsyncIterator[T]:
    """Yield the items of all pages.

    Args:
        fetch: from a page number, counted from 1, to the page.
    """
    number = 1
    while True:
        page = await fetch(number)
        for item in page:
            yield item
        if not page.content or number >= page.total_page:
            return
        number += 1
