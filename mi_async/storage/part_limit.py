"""Limit on parts in flight: more while that makes it faster, fewer when the storage is busy.

Invariant: pure; told what happened and when, it moves one number.
"""

from attrs import define, field

FASTER, SLOWER = 1.05, 0.75
"""By how much the rate must change before the number does."""
FORGET = 0.9
"""Share of the best rate that is kept after each window: a link changes."""


@define
class PartLimit:
    """The number of parts that may be under way.

    Args:
        most: that memory allows.
    """

    most: int
    limit: int = field(init=False)
    _best: float = field(init=False, default=0.0)
    _began: float | None = field(init=False, default=None)
    _parts: int = field(init=False, default=0)
    _bytes: int = field(init=False, default=0)

    def __attrs_post_init__(self) -> None:
        """Begin small."""
        self.limit = min(2, self.most)

    def begin(self, now: float) -> None:
        """Note that a part is sent, at ``now`` seconds."""
        if self._began is None:
            self._began = now

    def landed(self, size: int, now: float) -> None:
        """Note that a part of so many bytes was stored; judge once as many have as go at once."""
        self._parts += 1
        self._bytes += size
        took = now - (now if self._began is None else self._began)
        if self._parts < self.limit or took <= 0:
            return
        rate = self._bytes / took
        if rate > self._best * FASTER:
            self.limit = min(self.most, self.limit + 1)
        elif rate < self._best * SLOWER:
            self.limit = max(1, self.limit - 1)
        self._best = max(rate, self._best * FORGET)
        self._restart(now)

    def pressed(self, now: float) -> None:
        """Note that a part failed for want of capacity or time: halve the limit, and measure anew."""
        self.limit = max(1, self.limit // 2)
        self._best = 0.0
        self._restart(now)

    def _restart(self, now: float) -> None:
        self._began, self._parts, self._bytes = now, 0, 0
