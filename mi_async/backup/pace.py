"""Pace of downloads: how many at once, by how long they take.

Invariant: pure but for the tasks; told what happened and how long it took, it moves one number. Not by the rate, as
the parts of a large file are (``storage/part_limit.py``): images are so small that the rate of a few is noise.
"""

import math
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from attrs import define, field

from mi_async._core.concurrency import run_concurrently

T = TypeVar("T")

WINDOW = 10
"""Downloads over which a time is averaged, at least."""
CALM, SLOW = 1.5, 3.0
"""Times the best average up to which there may be more at once, and from which there are fewer."""
FORGET = 1.02
"""Growth of the best average after each window: what was possible at night is not at noon."""


@define
class DownloadLimit:
    """The number of downloads that may be under way.

    Args:
        most: never more.
    """

    most: int
    limit: int = field(init=False)
    _best: float = field(init=False, default=math.inf)
    _count: int = field(init=False, default=0)
    _seconds: float = field(init=False, default=0.0)

    def __attrs_post_init__(self) -> None:
        """Begin small."""
        self.limit = min(2, self.most)

    def landed(self, seconds: float) -> None:
        """Note that a download took so long; judge once there were enough."""
        self._count += 1
        self._seconds += seconds
        if self._count < max(WINDOW, 2 * self.limit):
            return
        average = self._seconds / self._count
        self._best = min(self._best * FORGET, average)
        if average <= self._best * CALM:
            self.limit = min(self.most, self.limit + 1)
        elif average > self._best * SLOW:
            self.limit = max(1, self.limit - 1)
        self._count, self._seconds = 0, 0.0

    def pressed(self) -> None:
        """Note that a download failed for want of capacity or time: halve the limit, and measure anew."""
        self.limit = max(1, self.limit // 2)
        self._count, self._seconds = 0, 0.0


@define(eq=False)
class DownloadPace:
    """Downloads, as many at once as their limit says.

    Args:
        now: seconds of a steady clock.
        limit: the number.
    """

    now: Callable[[], float]
    limit: DownloadLimit

    async def each(self, work: Callable[[T], Awaitable[None]], items: Iterable[T]) -> None:
        """Work on all items; the first failure ends all."""
        await run_concurrently(work, items, lambda: self.limit.limit)

    def landed(self, began: float) -> None:
        """Note that a download has come that began then."""
        self.limit.landed(self.now() - began)

    def pressed(self) -> None:
        """Note that a download failed for want of capacity or time."""
        self.limit.pressed()
