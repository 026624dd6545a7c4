"""A service that counts arrivals, behind a network that takes its time both ways; on virtual time.

Invariant: what was sent arrives, whether or not the caller still waits for the answer.
"""

import asyncio
from collections.abc import Iterable
from random import Random

from attrs import define, field

from mi_async._core.limits import LeaseLimiter
from mi_async._core.operation import Quota
from mi_async._core.shared_limiter import SharedLimiter


@define
class Network:
    """One-way delays up to a number of seconds, and calls that end badly.

    Args:
        limiter: what every call passes.
        random: seeded.
        delay: seconds; each way takes up to this long.
        fixed: whether each way takes exactly ``delay``.
        trouble: share of calls that time out, and again of calls whose connection breaks.
    """

    limiter: LeaseLimiter | SharedLimiter
    random: Random
    delay: float
    fixed: bool = False
    trouble: float = 0.0
    arrivals: list[float] = field(init=False, factory=list)

    async def call(self) -> None:
        """Make one call."""
        await self.limiter.acquire()
        up, down = (self.delay if self.fixed else self.random.uniform(0, self.delay) for _ in range(2))
        answered = False
        try:
            loop = asyncio.get_running_loop()
            loop.call_later(up, lambda: self.arrivals.append(loop.time()))
            fate = self.random.random()
            if fate < self.trouble:
                await asyncio.sleep(self.random.uniform(0, up))  # gives up before it arrives
            elif fate < 2 * self.trouble:
                await asyncio.sleep(up)  # breaks as it arrives
            else:
                await asyncio.sleep(up + down)
                answered = True
        finally:
            self.limiter.release(answered=answered)

    async def storm(self, calls: int, workers: int, cancelled: float = 0.0) -> list[float]:
        """Make that many calls, a share of them cancelled at a random moment; return when they arrived."""
        loop, period = asyncio.get_running_loop(), self.limiter.quota.period

        async def work(share: Iterable[int]) -> None:
            for _ in share:
                if self.random.random() >= cancelled:
                    await self.call()
                    continue
                task = loop.create_task(self.call())
                loop.call_later(self.random.uniform(0, period / 2), task.cancel)
                await asyncio.wait([task])

        todo = iter(range(calls))
        await asyncio.gather(*(work(todo) for _ in range(workers)))
        await asyncio.sleep(self.delay)
        return sorted(self.arrivals)


def most_in_a_window(arrivals: list[float], quota: Quota) -> int:
    """Arrivals in the fullest half-open window of one period, to the nanosecond."""
    most, first = 0, 0
    for last, moment in enumerate(arrivals):
        while arrivals[first] <= moment - quota.period + 1e-9:
            first += 1
        most = max(most, last - first + 1)
    return most


def share_of_ceiling(arrivals: list[float], quota: Quota) -> float:
    """Rate from the second period on, as a share of what the quota allows."""
    steady = [moment for moment in arrivals if moment >= quota.period]
    return (len(steady) - 1) / (steady[-1] - steady[0]) * quota.period / quota.calls
