"""What is written line by line, by a clock that passes when a test says so."""

import asyncio
import io

from attrs import Factory, define, field
from rich.console import Console


@define
class Time:
    """Passes when a test says so."""

    seconds: float = 0.0
    passed: asyncio.Event = Factory(asyncio.Event)

    def now(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        end = self.seconds + seconds
        while self.seconds < end:
            await self.passed.wait()
            self.passed.clear()

    async def pass_by(self, seconds: float) -> None:
        self.seconds += seconds
        self.passed.set()
        for _ in range(5):
            await asyncio.sleep(0)


@define
class Lines:
    """A console of 80 columns that is no terminal; call it for the lines since the last time."""

    out: io.StringIO = field(init=False, factory=io.StringIO)
    console: Console = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.console = Console(file=self.out, width=80)

    def __call__(self) -> list[str]:
        lines = self.out.getvalue().splitlines()
        self.out.truncate(0)
        self.out.seek(0)
        return lines
