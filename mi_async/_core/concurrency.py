"""Concurrent work on items, a few of them in flight at once; fails as one.

Invariant: the first failure cancels the rest, waits until they have ended, and is raised alone, not as a group.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


async def each(work: Callable[[T], Awaitable[R]], items: Iterable[T], limit: int) -> list[R]:
    """Return the results of ``work`` in the order of the items, at most ``limit`` of them in flight."""
    results: dict[int, R] = {}

    async def numbered(item: tuple[int, T]) -> None:
        results[item[0]] = await work(item[1])

    await run_concurrently(numbered, enumerate(items), lambda: limit)
    return [results[number] for number in sorted(results)]


async def run_concurrently(work: Callable[[T], Awaitable[None]], items: Iterable[T], limit: Callable[[], int]) -> None:
    """Work on all items, at any moment on as many as ``limit()`` says."""
    left = iter(items)
    in_flight: set[asyncio.Task[None]] = set()

    async def one(item: T) -> None:
        await work(item)

    try:
        while True:
            while len(in_flight) < limit():
                try:
                    item = next(left)
                except StopIteration:
                    break
                in_flight.add(asyncio.create_task(one(item)))
            if not in_flight:
                return
            done, _ = await asyncio.wait(in_flight, return_when=asyncio.FIRST_COMPLETED)
            in_flight -= done
            if failures := [error for task in done if (error := task.exception()) is not None]:
                raise failures[0]
    finally:
        await _end(in_flight)


async def _end(tasks: Collection[asyncio.Task[None]]) -> None:
    """Cancel tasks once, and wait until all have ended, even if the wait is cancelled."""
    for task in tasks:
        task.cancel()
    ended, cancelled = asyncio.gather(*tasks, return_exceptions=True), None
    while not ended.done():
        try:
            await asyncio.wait((ended,))  # which does not pass on that it is cancelled, as gather does
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled
