"""Batches of items, so that the journal is asked about many at once.

Invariant: never ahead of the consumer by more than a chunk.
"""

import time
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Sequence
from typing import TypeVar

from mi_async.bulk.inputs.models import BadInput, Item, Pass
from mi_async.errors import InvalidArgumentError

T = TypeVar("T")

CHUNK = 32
"""Items that are looked up at once."""
MOMENT = 0.02
"""Real seconds for which items of a slow iterator are gathered into a chunk."""


async def chunks(items: Pass, moment: float = MOMENT) -> AsyncGenerator[list[Item | BadInput]]:
    """Return items in chunks: full ones of a quick iterator, those of a moment of a slow one."""
    if isinstance(items, AsyncIterable):
        coming = aiter(items)
        try:
            async for item in coming:
                yield [item]
        finally:
            if isinstance(coming, AsyncGenerator):  # what it holds open need not wait for the garbage collector
                await coming.aclose()
        return
    source, failure = iter(items), None
    while failure is None:
        chunk, failure = _take(source, moment)
        if not chunk:
            break
        yield chunk
    if failure is not None:
        raise failure


def _take(source: Iterable[Item | BadInput], moment: float) -> tuple[list[Item | BadInput], Exception | None]:
    """Return some items, and the error with which the input has failed after them."""
    chunk: list[Item | BadInput] = []
    until = time.monotonic() + moment
    try:
        for item in source:
            chunk.append(item)
            if len(chunk) == CHUNK or time.monotonic() >= until:
                break
    except Exception as error:  # noqa: BLE001  raised when what came before it has been admitted
        return chunk, error
    return chunk, None


def only(kind: type[T], chunk: Sequence[Item | BadInput]) -> list[T]:
    """Return the items of a chunk, without bad inputs.

    Raises:
        InvalidArgumentError: an item is of another class.
    """
    items: list[T] = []
    for item in chunk:
        if isinstance(item, kind):
            items.append(item)
        elif not isinstance(item, BadInput):
            message = f"this run takes {kind.__name__}, not {type(item).__name__}"
            raise InvalidArgumentError(message)
    return items
