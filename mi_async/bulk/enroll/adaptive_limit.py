"""How many uploads may be under way at once: a number that follows the processing time of the service by itself.

Law: the completion check is the scarce thing, and a check that answers "not yet" is lost. So uploads wait in line for
their first check until nearly all of them answer done; the line is as long as the pool is large. Grow while checks wait
for permits and too many first checks come too early; shrink when nearly none does, or when no check waits at all.
"""

import asyncio
from collections import deque

from attrs import define, field, frozen


@frozen
class LimitController:
    """The rules of the pool's size.

    Args:
        start: uploads under way at first.
        least: never fewer.
        most: never more; one that waits takes about a kilobyte.
        early: grow while less than this share of first checks answers done.
        late: shrink when more than this share does.
        memory: first checks over which the share is averaged.
        growth: a second's growth at most, as a part; reached when a twentieth of the first checks comes too early.
        shrinkage: a second's shrinkage, as a part of the smallest pool: a large one tells late, so it shrinks slowly.
    """

    start: int = 88
    least: int = 32
    most: int = 2048
    early: float = 0.97
    late: float = 0.985
    memory: float = 100.0
    growth: float = 0.08
    shrinkage: float = 0.02

    def next(self, size: int, first: float, *, short: bool) -> int:
        """The size a second later.

        Args:
            size: now.
            first: share of first checks that answered done.
            short: whether checks wait for permits.
        """
        if short and first < self.early:
            lack = min(1.0, (self.early - first) * 10.0 + 0.5)
            return min(self.most, int(size * (1.0 + self.growth * lack)) + 1)
        if not short or first > self.late:
            return max(self.least, size - max(1, int(self.least * self.shrinkage)))
        return size


@define(eq=False)
class AdaptiveLimit:
    """The gate before an upload, strictly first come, first served.

    Attributes:
        sizing: the rules.
        size: uploads that may be under way.
        open: uploads that are.
        first: share of first checks that answered done, a moving average.
    """

    sizing: LimitController = field(factory=LimitController)
    size: int = field(init=False)
    open: int = field(init=False, default=0)
    first: float = field(init=False)
    _line: deque[asyncio.Future[None]] = field(init=False, factory=deque)

    def __attrs_post_init__(self) -> None:
        """Start between the rules, so that the pool waits for evidence."""
        self.size, self.first = self.sizing.start, self.sizing.early

    async def enter(self) -> None:
        """Wait for a place; cancelled while waiting, it takes none."""
        if self.open < self.size and not self._line:
            self.open += 1
            return
        place = asyncio.get_running_loop().create_future()
        self._line.append(place)
        try:
            await place
        except BaseException:
            if place.done() and not place.cancelled():
                self.leave()  # the place had been given just before
            elif place in self._line:  # whoever gave a place back may have passed it over already
                self._line.remove(place)
            raise

    def leave(self) -> None:
        """Give a place back."""
        self.open -= 1
        self._admit()

    def saw_first(self, *, done: bool) -> None:
        """Take note of the answer to an upload's first check."""
        self.first += (done - self.first) / self.sizing.memory

    def adjust(self, *, short: bool) -> None:
        """Change the size; called once a second."""
        size = self.sizing.next(self.size, self.first, short=short)
        if size < self.size or self.open >= self.size:  # what is not used up tells nothing
            self.size = size
        self._admit()

    def _admit(self) -> None:
        while self._line and self.open < self.size:
            place = self._line.popleft()
            if not place.done():
                self.open += 1
                place.set_result(None)
