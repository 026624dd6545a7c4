"""A line after a time of silence: who reads a log, where there is no terminal, sees that work goes on.

Law: knows nothing of the work. Time is an argument.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from attrs import define, field

EVERY = 30.0
"""Seconds of silence after which something is said."""

Sleep = Callable[[float], Awaitable[None]]


@define(eq=False)
class Silence:
    """How long nothing has been said.

    Attributes:
        now: seconds of a steady clock.
        since: when something was said last.
    """

    now: Callable[[], float]
    since: float = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Start the time."""
        self.since = self.now()

    def end(self) -> None:
        """Something is said."""
        self.since = self.now()

    @property
    def left(self) -> float:
        """Seconds until something has to be said."""
        return max(0.0, self.since + EVERY - self.now())


@asynccontextmanager
async def beating(silence: Silence, say: Callable[[], None], sleep: Sleep = asyncio.sleep) -> AsyncGenerator[None]:
    """Call ``say`` after each silence, until the block ends."""

    async def beat() -> None:
        while True:
            await sleep(silence.left)
            if silence.left == 0.0:
                silence.end()
                say()

    task = asyncio.create_task(beat())
    try:
        yield
    finally:
        task.cancel()
