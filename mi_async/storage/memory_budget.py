"""Room in memory for pieces of files: so many bytes for all uploads of a session together.

Invariant: first come, first served; a piece larger than all of it goes alone, so that every file gets on. Whoever is
cancelled while waiting has taken nothing.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from attrs import define, field

from mi_async.storage.part_layout import BUFFERS


@define(eq=False)
class MemoryBudget:
    """Bytes that may be held at once.

    Attributes:
        most: how many.
        taken: how many are held.
    """

    most: int = BUFFERS
    taken: int = field(init=False, default=0)
    _turn: asyncio.Lock = field(init=False, factory=asyncio.Lock)
    _left: asyncio.Event = field(init=False, factory=asyncio.Event)

    @asynccontextmanager
    async def hold(self, size: int) -> AsyncGenerator[None]:
        """Hold so many bytes for a block, once there is room for them; enter it before they are read."""
        async with self._turn:
            while self.taken and self.taken + size > self.most:
                self._left.clear()
                await self._left.wait()
            self.taken += size
        try:
            yield
        finally:
            self.taken -= size
            self._left.set()
