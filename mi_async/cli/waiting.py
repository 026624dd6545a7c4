"""Jobs under way, as a person sees them: a live board on a terminal, plain lines elsewhere.

Law: is told of jobs and writes; asks nobody. Time is an argument.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

from attrs import define, field
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from mi_async.cli.beat import Silence, Sleep, beating
from mi_async.text import one_line, span
from mi_async.workflows.jobs.job import Job
from mi_async.workflows.jobs.kinds import JobPhase

SHOWN = 12
"""Jobs that the board has room for."""
STYLES = {JobPhase.COMPLETED: "green", JobPhase.WAITING: "dim", JobPhase.RUNNING: "cyan"}


class Board(Protocol):
    """Where waiting is shown."""

    def expect(self, jobs: Sequence[Job[Any]]) -> None:
        """Say which jobs are waited for."""
        ...

    def step(self, job: Job[Any]) -> None:
        """A job has another state; ``JobProgress`` of the workflows."""
        ...


@define(eq=False)
class Wait:
    """The jobs that are waited for, over time.

    Attributes:
        now: seconds of a steady clock.
        jobs: all of them.
        over: those of them that have come to an end.
        started: when the waiting began.
    """

    now: Callable[[], float]
    jobs: Sequence[Job[Any]] = ()
    over: set[Job[Any]] = field(init=False, factory=set)
    started: float = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Start the time."""
        self.started = self.now()

    def saw(self, job: Job[Any]) -> None:
        """Note what is over."""
        if job.phase is not None and not job.phase.is_active:
            self.over.add(job)

    @property
    def age(self) -> str:
        """How long it has lasted."""
        return span(self.now() - self.started)

    def __str__(self) -> str:
        """How far it is."""
        return f"{len(self.over):,} of {_count(len(self.jobs))} over, {self.age}"


@define(eq=False)
class Lines:
    """Where there is no terminal: a line per change, and one after a time of silence."""

    console: Console
    wait: Wait
    silence: Silence

    def expect(self, jobs: Sequence[Job[Any]]) -> None:
        """Say how many there are."""
        self.wait.jobs = jobs
        self._say(f"waiting for {_count(len(jobs))}")

    def step(self, job: Job[Any]) -> None:
        """Write the change."""
        self.wait.saw(job)
        self._say(f"{job}: {job.state} ({self.wait.age})")

    def beat(self) -> None:
        """Say how far it is."""
        self._say(str(self.wait))

    def _say(self, text: str) -> None:
        self.silence.end()
        self.console.print(Text(one_line(text)), soft_wrap=True)


@define(eq=False)
class Picture:
    """The live board: those that are not over, as many as have room, and how many there are."""

    wait: Wait
    spinner: Spinner = field(init=False, factory=lambda: Spinner("dots", style="cyan"))

    def expect(self, jobs: Sequence[Job[Any]]) -> None:
        """Show these."""
        self.wait.jobs = jobs

    def step(self, job: Job[Any]) -> None:
        """Note it; the board draws itself several times a second."""
        self.wait.saw(job)

    def __rich__(self) -> RenderableType:
        """The board as it is now."""
        table = Table.grid(padding=(0, 2))
        left = [job for job in self.wait.jobs if job not in self.wait.over]
        for job in (left or self.wait.jobs)[:SHOWN]:
            style = STYLES.get(job.phase, "red") if job.phase is not None else "dim"
            table.add_row(Text(str(job), overflow="ellipsis", no_wrap=True), Text(str(job.state or "…"), style=style))
        self.spinner.update(text=Text(str(self.wait)))
        return Group(table, self.spinner)


def _count(number: int) -> str:
    return f"{number:,} job{'' if number == 1 else 's'}"


@asynccontextmanager
async def waiting_board(
    console: Console, *, plain: bool = False, now: Callable[[], float] = time.monotonic, sleep: Sleep = asyncio.sleep
) -> AsyncGenerator[Board]:
    """Show jobs until the block ends.

    Args:
        console: where.
        plain: lines even on a terminal, because something else writes there too.
        now: seconds of any steady clock.
        sleep: until so many of them have passed.
    """
    if not plain and console.is_terminal:
        picture = Picture(Wait(now))
        with Live(picture, console=console, refresh_per_second=8, transient=True):
            yield picture
        return
    lines = Lines(console, Wait(now), Silence(now))
    async with beating(lines.silence, lines.beat, sleep):
        yield lines
