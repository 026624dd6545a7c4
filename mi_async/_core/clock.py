"""Time as an argument: wall time, monotonic time and sleep.

Invariant: nothing else in the package asks the system for the time or sleeps.
"""

import asyncio
import sys
import time
from functools import partial

from attrs import define, field

# Linux leaves out of time.monotonic() what a machine was suspended for, in which others took its work over
_steady = partial(time.clock_gettime, time.CLOCK_BOOTTIME) if sys.platform == "linux" else time.monotonic


@define(eq=False)
class Clock:
    """The event loop's time, optionally sped up.

    Args:
        speed: how many seconds of quota, back-off and polling time pass in a real second. 60 makes a
            per-minute quota a per-second one, which is how tests and benchmarks meet an emulator with the
            same speed. Wall time, which is signed and compared with the service's, is never sped up.
    """

    speed: float = field(default=1.0)

    def wall(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds of the running event loop's clock, times the speed."""
        return asyncio.get_running_loop().time() * self.speed

    def steady(self) -> float:
        """Real seconds that only go forward, for any thread; never sped up; a suspended machine's sleep counts."""
        return _steady()

    def block(self, seconds: float) -> None:
        """Block the calling thread, which is not the event loop's, for real seconds; never sped up."""
        time.sleep(seconds)

    def real(self, seconds: float) -> float:
        """Real seconds that ``seconds`` of this clock last."""
        return seconds / self.speed

    async def sleep(self, seconds: float) -> None:
        """Sleep for ``seconds`` of this clock."""
        await asyncio.sleep(seconds / self.speed)
