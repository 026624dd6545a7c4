"""Work on items with a changing number of them under way.

Invariant: the first failure cancels the rest, waits until they have ended, and is raised alone.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def run_concurrently(work: Callable[[T], Awaitable[None]], items: Iterable[T], limit: Callable[[], int]) -> None:
    """Work on all items, at any moment on as many as ``limit()`` says."""
    left = iter(items)
    under_way: set[asyncio.Task[None]] = set()

    async def one(item: T) -> None:
        await work(item)

    try:
        while True:
            while len(under_way) < limit():
                try:
                    item = next(left)
                except StopIteration:
                    break
                under_way.add(asyncio.create_task(one(item)))
            if not under_way:
                return
            done, _ = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
            under_way -= done
            if failures := [error for task in done if (error := task.exception()) is not None]:
                raise failures[0]
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
