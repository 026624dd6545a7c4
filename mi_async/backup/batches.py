"""Items of an iterator, so many at a time.

Invariant: closing it is the business of whoever has made it.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import TypeVar

T = TypeVar("T")


async def batches(items: AsyncIterator[T], size: int) -> AsyncGenerator[list[T]]:
    """Yield items, so many at a time."""
    batch: list[T] = []
    async for item in items:
        batch.append(item)
        if len(batch) >= size:
            yield batch
            batch = []
    if batch:
        yield batch
