"""Quotas as the service counts them: arrivals in a sliding window.

Invariant: pure; the time is an argument. Constant time per arrival: only the last N admitted ones matter.
"""

from collections import deque

from mi_async._core.operation import Quota


class Window:
    """Admits at most ``quota.calls`` arrivals in any window of ``quota.period`` seconds."""

    def __init__(self, quota: Quota) -> None:
        self.quota = quota
        self._period = quota.period
        self._admitted: deque[float] = deque(maxlen=quota.calls)

    def admit(self, now: float) -> bool:
        """Count an arrival at ``now``; one that is refused does not count."""
        admitted = self._admitted
        if len(admitted) == admitted.maxlen and now < admitted[0] + self._period:
            return False
        admitted.append(now)
        return True

    def used(self, now: float) -> int:
        """Return the number of arrivals that still count at ``now``."""
        return sum(1 for time in self._admitted if now < time + self._period)

    def next_free(self, now: float) -> float:
        """Return the seconds from ``now`` until another arrival is admitted; 0 if it would be now."""
        admitted = self._admitted
        return max(0.0, admitted[0] + self._period - now) if len(admitted) == admitted.maxlen else 0.0
