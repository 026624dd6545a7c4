"""The share of a quota with which a process goes on while the store that keeps it is away.

Invariant: not exact. Shares add up to half of the quota, since nobody knows how many processes there are now.
"""

from attrs import define, field

from mi_async._core.clock import Clock
from mi_async._core.limits import LeaseLimiter, QuotaState
from mi_async._core.operation import Quota


@define(eq=False)
class LocalShare:
    """A limiter for an outage of the store; kept until its last caller has ended.

    Args:
        operation: ID of the operation.
        quota: of all processes.
        clock: the time.
    """

    operation: str
    quota: Quota
    clock: Clock
    _limiter: LeaseLimiter | None = field(init=False, default=None)
    _calls: int = field(init=False, default=0)
    _waiting: int = field(init=False, default=0)  # callers that get a lease of this limiter, and give it back to it

    def state(self) -> QuotaState | None:
        """Return the live state of the limiter, None if there is none."""
        return None if self._limiter is None else self._limiter.state()

    def begin(self, holders: int) -> LeaseLimiter:
        """Return the limiter, made if there is none."""
        if self._limiter is None:
            calls = max(1, self.quota.calls // (2 * holders))
            self._limiter = LeaseLimiter(self.operation, Quota(calls, self.quota.period), self.clock)
        return self._limiter

    async def acquire(self, max_wait: float | None, holders: int) -> None:
        """Wait for a lease and take it."""
        limiter = self.begin(holders)
        self._waiting += 1
        try:
            await limiter.acquire(max_wait)
        finally:
            self._waiting -= 1
        self._calls += 1

    def release(self, *, answered: bool) -> bool:
        """Give a lease back; return False if none is out."""
        if self._limiter is None or not self._calls:
            return False
        self._calls -= 1
        self._limiter.release(answered=answered)
        return True

    def pause(self, seconds: float) -> None:
        """Hold its callers back after a 429."""
        if self._limiter is not None:
            self._limiter.pause(seconds)

    def end(self) -> None:
        """Forget it once the store is back and nobody holds a lease or waits; the next outage has its own share."""
        if not self._calls and not self._waiting:
            self._limiter = None
