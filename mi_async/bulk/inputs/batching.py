"""Batches of items, so that the journal is asked about many at once.

Invariant: never ahead of the consumer by more than a chunk.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Final, TypeAlias, TypeVar

from mi_async.bulk.inputs.models import BadInput, Item, Pass
from mi_async.errors import InvalidArgumentError

T = TypeVar("T")


class LeftOut(Enum):
    """In the place of an item that a run leaves out: any other value may be one that it has to refuse."""

    LEFT_OUT = "left out"


LEFT_OUT: Final = LeftOut.LEFT_OUT
Keep: TypeAlias = Callable[[Item | BadInput], Item | BadInput | LeftOut]
"""Returns an item as a run is to take it."""

CHUNK = 32
"""Items that are looked up at once."""
MOMENT = 0.02
"""Real seconds for which items of a slow iterator are gathered into a chunk."""


async def chunks(
    items: Pass, moment: float = MOMENT, keep: Keep | None = None
) -> AsyncGenerator[list[Item | BadInput]]:
    """Return items in chunks: full ones of a quick iterator, those of a moment of a slow one.

    Args:
        items: to go through once.
        moment: real seconds for which items are gathered.
        keep: returns an item as it is to be taken, or ``LEFT_OUT``; by default all are taken.
    """
    if isinstance(items, AsyncIterable):
        coming = aiter(items)
        try:
            async for item in coming:
                if (kept := item if keep is None else keep(item)) is not LEFT_OUT:
                    yield [kept]
        finally:
            if isinstance(coming, AsyncGenerator):  # what it holds open need not wait for the garbage collector
                await coming.aclose()
        return
    source: Iterator[Item | BadInput | LeftOut] = iter(items) if keep is None else map(keep, items)
    ended, failure = False, None
    while not ended:
        chunk, ended, failure = _take(source, moment)
        if chunk:
            yield chunk
        else:
            await asyncio.sleep(0)  # all of a moment was left out: others want to run, too
    if failure is not None:
        raise failure


def _take(
    source: Iterator[Item | BadInput | LeftOut], moment: float
) -> tuple[list[Item | BadInput], bool, Exception | None]:
    """Return some items, True if the input has ended behind them, and the error with which it did."""
    chunk: list[Item | BadInput] = []
    until = time.monotonic() + moment
    try:
        for item in source:
            if item is not LEFT_OUT:
                chunk.append(item)
            if len(chunk) == CHUNK or time.monotonic() >= until:
                return chunk, False, None
    except Exception as error:  # noqa: BLE001  raised when what came before it has been admitted
        return chunk, True, error
    return chunk, True, None


READERS: Mapping[str, str] = {
    "PersonInput": "read_people(path)",
    "ThumbnailUpload": "read_thumbnails(path)",
    "AssetInput": "read_assets(folder)",
}
"""Functions of ``mi_async.bulk`` that make items of a class."""


def only(kind: type[T], chunk: Sequence[Item | BadInput], before: int = 0) -> list[T]:
    """Return the items of a chunk, without bad inputs.

    Args:
        kind: the class of an item.
        chunk: the items.
        before: items of the input that came before the chunk.

    Raises:
        InvalidArgumentError: an item is of another class.
    """
    items: list[T] = []
    for number, item in enumerate(chunk, before + 1):
        if isinstance(item, kind):
            items.append(item)
        elif not isinstance(item, BadInput):
            ours = kind.__name__
            advice = f"make one with {ours}(...)" + (f", or all with {READERS[ours]}" if ours in READERS else "")
            message = f"item {number:,}: this run takes {ours}, not {type(item).__name__}; {advice}"
            raise InvalidArgumentError(message)
    return items
