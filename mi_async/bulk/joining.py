"""Joining a shared run: a process takes shard after shard of the input, until nothing is left to anybody.

Invariant: nothing drains between shards; at the end it waits for what others hold, and takes it over if they die.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from attrs import define, evolve, field

from mi_async._core.operation import Operation, Repeat
from mi_async.bulk.engine.outcome import BulkOutcome
from mi_async.bulk.inputs.batching import chunks
from mi_async.bulk.inputs.models import BadInput, Item, Pass
from mi_async.bulk.inputs.sharding import ShardFilter, shard_of
from mi_async.bulk.journal.journal import Journal
from mi_async.workflows.context import Context

LOOK = 1.0
"""Most seconds between two looks for a shard of a process that has died."""
LOOKS = 6
"""Looks within the life of a claim, where that is shorter."""


@define(eq=False)
class JoinedInput:
    """Input of one process of a shared run.

    Attributes:
        journal: gives the shards out.
        begin: begins a pass over the whole input, of which the items of one shard are taken.
        pause: seconds between two looks for a shard, while others have the rest.
        shared: True once another process is known to have taken a shard.
    """

    journal: Journal
    begin: Callable[[], Pass]
    pause: float
    # by shard, items that have not ended, and one more while its input is gone through; a shard of 0 is finished
    _open: Counter[int] = field(init=False, factory=Counter)
    _in_flight: int = field(init=False, default=0)  # items of all shards
    _taken: int = field(init=False, default=0)  # shards
    _others: int = field(init=False, default=0)  # shards that others held at the last look
    shared: bool = field(init=False, default=False)

    @property
    def waiting(self) -> int:
        """Shards that others hold, while this process has nothing left to do."""
        return 0 if self._in_flight else self._others

    async def chunks(self) -> AsyncGenerator[list[Item | BadInput]]:
        """Return the items of one shard after the other; ends when no process has any left."""
        while True:
            if (shard := await self.journal.take_shard()) is not None:
                self._note_taken(shard)
                self._open[shard] += 1
                async with aclosing(self._items(shard)) as parts:
                    async for chunk in parts:
                        self._open[shard] += len(chunk)
                        self._in_flight += len(chunk)
                        yield chunk
                await self._end_one(shard)
            elif self._open and not self._in_flight:
                # an outcome came under another key than its item: all have ended, whatever they are called
                for left in list(self._open):
                    await self._finish(left)
            else:
                there = await self.journal.open_shards()
                self._others = there.others
                self.shared |= there.others > 0 or (not there.any and self._taken < self.journal.shards)
                if not there.any:
                    return
                await asyncio.sleep(self.pause)

    def _note_taken(self, shard: int) -> None:
        """Take note of a shard: the first free one is given, so one further on says that others have those before."""
        self.shared |= shard > self._taken
        self._taken += 1
        self._others = 0

    def _items(self, shard: int) -> AsyncGenerator[list[Item | BadInput]]:
        return chunks(self.begin(), keep=ShardFilter(shard, self.journal.shards))

    async def ended(self, outcome: BulkOutcome) -> None:
        """Take note that an item has ended; its shard is finished when it was the last one."""
        self._in_flight -= 1
        await self._end_one(shard_of(outcome.key, self.journal.shards))

    async def _end_one(self, shard: int) -> None:
        self._open[shard] -= 1
        if not self._open[shard]:
            await self._finish(shard)

    async def _finish(self, shard: int) -> None:
        del self._open[shard]
        await self.journal.finish_shard(shard)


def pause_of(life: float) -> float:
    """Return the seconds between two looks for a shard, from the life of a claim."""
    return min(LOOK, life / LOOKS)


def fenced(context: Context, journal: Journal) -> Context:
    """Return a context that makes sure of the claims before each attempt that has its effect twice if sent twice.

    A process may stand still between the row that announces the request and an attempt to send it; meanwhile another
    one may have taken the item over, looked, found nothing, and sent it.
    """

    async def confirm(operation: Operation) -> None:
        if operation.repeat is Repeat.DUPLICATES:
            await journal.confirm()

    groups = context.guarded(confirm)
    return evolve(context, groups=groups, entry=groups)
