"""Limiters on virtual time, as the tests of quotas use them."""

import asyncio

from mi_async._core.clock import Clock
from mi_async._core.limits import LeaseLimiter
from mi_async._core.operation import Quota
from mi_async._core.shared_limiter import SharedLimiter

PER_SECOND, PER_MINUTE = Quota(50, 1.0), Quota(1000, 60.0)


def limiter(quota: Quota = PER_SECOND, speed: float = 1.0) -> LeaseLimiter:
    return LeaseLimiter("things.do", quota, Clock(speed))


async def taken(line: LeaseLimiter, calls: int) -> None:
    for _ in range(calls):
        await line.acquire()


def kill(line: SharedLimiter) -> None:
    """End a limiter without a word, as a killed process does: nothing more is told to the store."""
    line._closed = True
    if line._task is not None:
        line._task.cancel()


async def settled() -> None:
    """Let every task that can go on do so, in no time."""
    for _ in range(10):
        await asyncio.sleep(0)
