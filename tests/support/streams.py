"""Readable objects of every temper: short reads, errors on the way, asynchronous ones.

Invariant: no I/O; a stream gives what it was made with, piece by piece.
"""

import asyncio
import threading
from typing import Any

from attrs import define, field


@define
class Stream:
    """A readable that gives ``pieces`` one by one and remembers who asked for how much."""

    pieces: list[Any]
    name: Any = None
    asked: list[int] = field(factory=list)
    threads: set[int] = field(factory=set)

    def read(self, size: int, /) -> Any:
        self.asked.append(size)
        self.threads.add(threading.get_ident())
        piece = self.pieces.pop(0) if self.pieces else b""
        if isinstance(piece, Exception):
            raise piece
        return piece


@define
class AsyncStream:
    """An asynchronous reader, such as aiohttp's or anyio's."""

    stream: Stream

    async def read(self, size: int, /) -> Any:
        await asyncio.sleep(0)
        return self.stream.read(size)


class LaterStream(Stream):
    """A plain method that returns an awaitable, as decorated ones do."""

    def read(self, size: int, /) -> Any:
        return AsyncStream(Stream(self.pieces)).read(size)
