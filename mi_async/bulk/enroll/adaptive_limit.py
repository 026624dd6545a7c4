"""Adaptive limit on uploads in flight; follows the service's processing time.

Invariant: first come, first served; nobody is let in while ``size`` or more are in flight.

The completion check is the scarce thing: the service answers 1,000 a minute, an image needs one, and one that answers
"not yet" is lost. So uploads queue for their first check until nearly all of them answer done, and the queue is as long
as the limit is large. The rules and their figures come from a simulation, which ``tests/support/completion.py`` repeats
on virtual time: 93 to 97 % of the permits finish an upload, depending on how processing times spread. Learned latency
quantiles and optimal inspection schedules were tried there and gained nothing.
"""

import asyncio
from collections import deque

from attrs import define, field, frozen


@frozen
class LimitController:
    """Rules of the limit's size.

    Args:
        start: uploads in flight at first.
        least: never fewer.
        most: never more; one that waits takes about a kilobyte.
        early: grow while less than this share of first checks answers done.
        late: shrink when more than this share does.
        memory: first checks over which the share is averaged.
        growth: growth in a second at most, as a part; reached when a twentieth of the first checks comes too early.
        shrinkage: shrinkage in a second, as a part of the least size: a large limit sees its effect late, so it shrinks
            slowly.
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
        """Return the size a second later.

        Args:
            size: now.
            first: share of first checks that answered done.
            short: checks wait for permits.
        """
        if short and first < self.early:
            lack = min(1.0, (self.early - first) * 10.0 + 0.5)
            return min(self.most, int(size * (1.0 + self.growth * lack)) + 1)
        if not short or first > self.late:
            return max(self.least, size - max(1, int(self.least * self.shrinkage)))
        return size


@define(eq=False)
class AdaptiveLimit:
    """Limit on uploads in flight.

    Attributes:
        controller: the rules.
        size: uploads that may be in flight.
        in_flight: uploads that are.
        first: share of first checks that answered done, a moving average.
    """

    controller: LimitController = field(factory=LimitController)
    size: int = field(init=False)
    in_flight: int = field(init=False, default=0)
    first: float = field(init=False)
    _waiting: deque[asyncio.Future[None]] = field(init=False, factory=deque)

    def __attrs_post_init__(self) -> None:
        """Start between growing and shrinking, so that the limit waits for evidence."""
        self.size, self.first = self.controller.start, self.controller.early

    async def acquire(self) -> None:
        """Wait for a slot; cancelled while waiting, take none."""
        if self.in_flight < self.size and not self._waiting:
            self.in_flight += 1
            return
        slot = asyncio.get_running_loop().create_future()
        self._waiting.append(slot)
        try:
            await slot
        except BaseException:
            if slot.done() and not slot.cancelled():
                self.release()  # the slot had been given just before
            elif slot in self._waiting:  # whoever gave a slot back may have passed it over already
                self._waiting.remove(slot)
            raise

    def release(self) -> None:
        """Give a slot back."""
        self.in_flight -= 1
        self._admit()

    def first_check(self, *, done: bool) -> None:
        """Average in the answer to an upload's first check."""
        self.first += (done - self.first) / self.controller.memory

    def adapt(self, *, short: bool) -> None:
        """Change the size; called once a second."""
        size = self.controller.next(self.size, self.first, short=short)
        if size < self.size or self.in_flight >= self.size:  # a limit that is not reached tells nothing
            self.size = size
        self._admit()

    def _admit(self) -> None:
        while self._waiting and self.in_flight < self.size:
            slot = self._waiting.popleft()
            if not slot.done():
                self.in_flight += 1
                slot.set_result(None)
