"""Jobs under way, as a person sees them: a live board on a terminal, a plain line per change of state elsewhere.

Law: is told of jobs and writes; asks nobody. Time is an argument.
"""

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from attrs import define, field
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from mi_async.text import duration, one_line
from mi_async.workflows.jobs import Job
from mi_async.workflows.kinds import JobPhase

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
class Lines:
    """Where there is no terminal: one line per change."""

    console: Console
    now: Callable[[], float]
    started: float = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Start the time."""
        self.started = self.now()

    def expect(self, jobs: Sequence[Job[Any]]) -> None:
        """Say how many there are."""
        self.console.print(Text(f"waiting for {_count(len(jobs))}"), soft_wrap=True)

    def step(self, job: Job[Any]) -> None:
        """Write the change."""
        age = duration(self.now() - self.started)
        self.console.print(Text(one_line(f"{job}: {job.state} ({age})")), soft_wrap=True)


@define(eq=False)
class Picture:
    """The live board: those that are not over, as many as have room, and how many there are."""

    now: Callable[[], float]
    jobs: Sequence[Job[Any]] = field(init=False, default=())
    over: set[Job[Any]] = field(init=False, factory=set)
    started: float = field(init=False)
    spinner: Spinner = field(init=False, factory=lambda: Spinner("dots", style="cyan"))

    def __attrs_post_init__(self) -> None:
        """Start the time."""
        self.started = self.now()

    def expect(self, jobs: Sequence[Job[Any]]) -> None:
        """Show these."""
        self.jobs = jobs

    def step(self, job: Job[Any]) -> None:
        """Note what is over; the board draws itself several times a second."""
        if job.phase is not None and not job.phase.is_active:
            self.over.add(job)

    def __rich__(self) -> RenderableType:
        """The board as it is now."""
        table = Table.grid(padding=(0, 2))
        left = [job for job in self.jobs if job not in self.over]
        for job in (left or self.jobs)[:SHOWN]:
            style = STYLES.get(job.phase, "red") if job.phase is not None else "dim"
            table.add_row(Text(str(job), overflow="ellipsis", no_wrap=True), Text(str(job.state or "…"), style=style))
        age = duration(self.now() - self.started)
        self.spinner.update(text=Text(f"{len(self.over)} of {_count(len(self.jobs))} over, {age}"))
        return Group(table, self.spinner)


def _count(number: int) -> str:
    return f"{number:,} job{'' if number == 1 else 's'}"


@contextmanager
def waiting_board(
    console: Console, *, plain: bool = False, now: Callable[[], float] = time.monotonic
) -> Generator[Board]:
    """Show jobs until the block ends.

    Args:
        console: where.
        plain: lines even on a terminal, because something else writes there too.
        now: seconds of any steady clock.
    """
    if plain or not console.is_terminal:
        yield Lines(console, now)
        return
    picture = Picture(now)
    with Live(picture, console=console, refresh_per_second=8, transient=True):
        yield picture
