"""A media file on its way in, as a person sees it: a bar of bytes and a spinner on a terminal, plain lines elsewhere.

Law: is told of an ingestion and writes; decides nothing about it. Time is an argument.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Protocol

from attrs import define, field
from rich.console import Console, Group, RenderableType
from rich.constrain import Constrain
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from mi_async.cli.beat import Silence, Sleep, beating
from mi_async.text import one_line, size, span
from mi_async.workflows.ingest.models import Ingestion, Stage

LEAST, MOST, BESIDE = 8, 40, 59
"""Columns of the bar, and how many the longest figures beside it need: at 80 columns nothing is cut off."""
ECHO = "^C "
"""What a terminal writes at the end of the board on Ctrl-C; without room for it, it would break the line."""
WORDS = {
    Stage.CHECK: "looking at the bucket and the project",
    Stage.UPLOAD: "upload",
    Stage.IMPORT: "import",
    Stage.ANALYSIS: "analysis",
    Stage.SUMMARY: "scene summary",
    Stage.DONE: "done",
}


class Board(Protocol):
    """Where an ingestion is shown."""

    def step(self, now: Ingestion) -> None:
        """Something has changed; ``IngestProgress`` of the workflows."""
        ...


@define
class Meter:
    """An ingestion over time.

    Attributes:
        now: seconds of a steady clock.
        at: the ingestion as last seen.
        since: when its stage began; for an upload bytes are counted from then, and what was there before is not.
    """

    now: Callable[[], float]
    at: Ingestion | None = None
    since: float = 0.0

    def saw(self, at: Ingestion) -> None:
        """Note how it is."""
        if self.at is None or self.at.stage is not at.stage:
            self.since = self.now()
        self.at = at

    @property
    def age(self) -> str:
        """How long the stage has lasted."""
        return span(self.now() - self.since)

    def speed(self, at: Ingestion) -> Iterator[str]:
        """How fast, and how long it will take."""
        took = self.now() - self.since
        if at.stage is Stage.UPLOAD and at.sent and took > 0:
            rate = at.sent / took
            yield f"{size(int(rate))}/s"
            if left := at.size - at.found - at.sent:
                yield f"{span(left / rate)} left"


def _amount(at: Ingestion) -> str:
    """How much of how much."""
    stored = at.found + at.sent
    return f"{size(stored)} of {size(at.size)}" if at.stage is Stage.UPLOAD else size(at.size)


def _before(at: Ingestion) -> str:
    """What an earlier run has sent of an upload under way."""
    return f"{size(at.found)} from before" if at.found and at.found + at.sent < at.size else ""


def _there(at: Ingestion) -> bool:
    """Whether the object was found in the bucket, so that nothing has to go."""
    return at.stage is Stage.CHECK and 0 < at.size == at.found


def _words(at: Ingestion) -> str:
    """The stage, and the service's word for it."""
    words = "in the bucket already" if _there(at) else WORDS[at.stage]
    return words if at.state is None else f"{words}: {at.state}"


@define(eq=False)
class Lines:
    """A line per change that matters, and one after a time of silence."""

    console: Console
    meter: Meter
    silence: Silence
    said: str = ""

    def step(self, now: Ingestion) -> None:
        """Write what is new."""
        self.meter.saw(now)
        key = f"{_words(now)} {now.found + now.sent >= now.size}"  # of bytes the first and the last
        silent = now.state is None and now.stage not in {Stage.UPLOAD, Stage.DONE} and not _there(now)
        if key != self.said and not silent:
            self._say(now)
        self.said = key

    def beat(self) -> None:
        """Say how far it is."""
        if self.meter.at is not None:
            self._say(self.meter.at, "" if self.meter.at.stage is Stage.UPLOAD else self.meter.age)

    def _say(self, at: Ingestion, age: str = "") -> None:
        self.silence.end()
        text = f"{_words(at)}{f' ({age})' if age else ''}"
        if at.stage is Stage.UPLOAD or _there(at):
            before = f" ({_before(at)})" if _before(at) else ""
            text += ": " + ", ".join([f"{_amount(at)}{before}", *self.meter.speed(at)])
        self.console.print(Text(one_line(text)), soft_wrap=True)


@define(eq=False)
class Picture:
    """The live board."""

    console: Console
    meter: Meter
    spinner: Spinner = field(init=False, factory=lambda: Spinner("dots", style="cyan"))

    def step(self, now: Ingestion) -> None:
        """Note it; the board draws itself several times a second."""
        self.meter.saw(now)

    def __rich__(self) -> RenderableType:
        """The board as it is now."""
        width = max(LEAST, self.console.width - len(ECHO))
        return Constrain(Group(*self._rows(width)), width)

    def _rows(self, width: int) -> Iterator[RenderableType]:
        at = self.meter.at
        if at is None:
            return
        yield Text(one_line(at.source), style="bold", overflow="ellipsis", no_wrap=True)
        if at.size:
            figures = Text(", ".join([_amount(at), *self.meter.speed(at)]), "dim", overflow="ellipsis", no_wrap=True)
            bar = Table.grid(padding=(0, 1))
            columns = max(LEAST, min(MOST, width - BESIDE))
            bar.add_row(ProgressBar(total=at.size, completed=at.found + at.sent, width=columns), figures)
            yield bar
        number = "" if at.asset_id is None or at.stage is Stage.DONE else f", asset {at.asset_id}"
        before = f", {_before(at)}" if _before(at) else ""
        said = Text(one_line(f"{_words(at)} ({self.meter.age}){before}{number}"))
        said.truncate(width - 2, overflow="ellipsis")  # beside the spinner
        self.spinner.update(text=said)
        yield self.spinner


@asynccontextmanager
async def intake_board(
    console: Console, *, plain: bool = False, now: Callable[[], float] = time.monotonic, sleep: Sleep = asyncio.sleep
) -> AsyncGenerator[Board]:
    """Show an ingestion until the block ends.

    Args:
        console: where.
        plain: lines even on a terminal, because something else writes there too.
        now: seconds of any steady clock.
        sleep: until so many of them have passed.
    """
    if not plain and console.is_terminal:
        picture = Picture(console, Meter(now))
        with Live(picture, console=console, refresh_per_second=8, transient=True):
            yield picture
        return
    lines = Lines(console, Meter(now), Silence(now))
    async with beating(lines.silence, lines.beat, sleep):
        yield lines
