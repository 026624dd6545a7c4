"""Queue of uploads that wait for their completion, in the order in which their next checks are due.

Invariant: first due, first checked, so that the oldest is never starved.
"""

import asyncio
from heapq import heappop, heappush
from itertools import count

from attrs import define, field

from mi_async._core.clock import Clock
from mi_async.bulk.engine.work_item import Movable
from mi_async.bulk.enroll.schedule import Schedule
from mi_async.bulk.enroll.work import EnrollWork, ImageUpload, image_of


@define(eq=False)
class CheckQueue:
    """A queue whose members come out when they are due.

    Args:
        clock: the time.
        schedule: of the checks.
        spacing: seconds between two permits of the quota, 0 without one.

    Attributes:
        short: True if checks wait for permits; eager ones then take them from others.
    """

    clock: Clock
    schedule: Schedule
    spacing: float
    short: bool = field(init=False, default=False)
    _eager: int = field(init=False, default=0)  # checks that completed uploads have earned
    _due: list[tuple[float, int, ImageUpload]] = field(init=False, factory=list)
    _number: "count[int]" = field(init=False, factory=count)
    _lock: asyncio.Lock = field(init=False, factory=asyncio.Lock)
    _sooner: asyncio.Event = field(init=False, factory=asyncio.Event)

    def qsize(self) -> int:
        """Return how many wait."""
        return len(self._due)

    async def put(self, thing: Movable[EnrollWork], /) -> None:
        """Let an upload wait for its next check."""
        self.put_nowait(thing)

    def put_nowait(self, thing: Movable[EnrollWork], /) -> None:
        """Do the same: the adaptive limit bounds how many wait."""
        image = image_of(thing)
        now = self.clock.monotonic()
        age = now - image.stored if image.checks else 0.0
        heappush(self._due, (now + self._delay(age), next(self._number), image))
        if self._due[0][2] is image:
            self._sooner.set()

    def _delay(self, age: float) -> float:
        """Return the seconds until the next check; an eager one has to be earned."""
        delay = self.schedule.delay(age)
        if age < self.schedule.timeout:  # an outage may have made it older than that
            delay = min(delay, self.schedule.timeout - age)
        if self.short or not self._eager:
            return delay
        sooner = self.schedule.eager_delay(age, (len(self._due) + 1) * self.spacing)
        self._eager -= sooner < delay
        return sooner

    def completed(self) -> None:
        """Earn a few eager checks by an upload that has completed."""
        self._eager = min(self.schedule.saved, self._eager + self.schedule.earned)

    def oldest(self) -> ImageUpload | None:
        """Return the upload that has waited longest, None if none waits."""
        return min((image for _, _, image in self._due), key=lambda image: image.stored, default=None)

    async def get(self) -> ImageUpload:
        """Wait until an upload is due."""
        async with self._lock:
            while (left := self._left()) > 0:
                self._sooner.clear()
                try:
                    async with asyncio.timeout(None if left == NEVER else self.clock.real(left)):
                        await self._sooner.wait()
                except TimeoutError:
                    continue
            return heappop(self._due)[2]

    def overdue(self) -> bool:
        """Return True if a check waits although it is due."""
        return self._left() <= 0

    def _left(self) -> float:
        return self._due[0][0] - self.clock.monotonic() if self._due else NEVER


NEVER = float("inf")
