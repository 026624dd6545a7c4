"""A media file on its way in, as a person sees it: a bar of bytes and a spinner on a terminal, plain lines elsewhere.

Law: is told of an ingestion and writes; decides nothing about it. Time is an argument.
"""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Protocol

from attrs import define, field
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from mi_async.text import duration, one_line, size
from mi_async.workflows.ingestion import Ingestion, Stage

EVERY = 30.0
"""Seconds between two lines about bytes where there is no terminal."""
BAR = 40
"""Columns of the bar."""
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
    """Bytes over time, of what this run has sent.

    Attributes:
        began: when the first bytes were told of; what was there before then does not count.
    """

    now: Callable[[], float]
    began: float | None = None

    def words(self, at: Ingestion) -> str:
        """How much of how much, how fast, and how long it will take."""
        if self.began is None:
            self.began = self.now()
        took = self.now() - self.began
        text = f"{size(at.found + at.sent)} of {size(at.size)}"
        if at.found and at.sent + at.found < at.size:
            text += f" ({size(at.found)} from before)"
        if at.sent and took > 0:
            rate = at.sent / took
            left = (at.size - at.found - at.sent) / rate
            text += f", {size(int(rate))}/s" + (f", {duration(left)} left" if left > 0 else "")
        return text


@define(eq=False)
class Lines:
    """One line per change, and one for bytes now and then."""

    console: Console
    meter: Meter
    state: str | None = None
    stored: int = -1
    last: float = float("-inf")

    def step(self, now: Ingestion) -> None:
        """Write what is new."""
        if now.stage is Stage.UPLOAD:
            stored = now.found + now.sent
            due = stored >= now.size or self.meter.now() - self.last >= EVERY
            if due and stored != self.stored:
                self.last, self.stored = self.meter.now(), stored
                self._say(f"upload: {self.meter.words(now)}")
        elif now.stage is Stage.DONE or (now.state is not None and now.state != self.state):
            self._say(WORDS[now.stage] if now.state is None else f"{WORDS[now.stage]}: {now.state}")
        self.state = now.state

    def _say(self, text: str) -> None:
        self.console.print(Text(one_line(text)), soft_wrap=True)


@define(eq=False)
class Picture:
    """The live board."""

    meter: Meter
    at: Ingestion | None = None
    stage: Stage | None = None
    since: float = 0.0
    spinner: Spinner = field(init=False, factory=lambda: Spinner("dots", style="cyan"))

    def step(self, now: Ingestion) -> None:
        """Note it; the board draws itself several times a second."""
        if self.stage is not now.stage:
            self.stage, self.since = now.stage, self.meter.now()
        self.at = now
        if now.stage is Stage.UPLOAD:
            self.meter.words(now)  # begins to count with the first bytes

    def __rich__(self) -> RenderableType:
        """The board as it is now."""
        at = self.at
        if at is None:
            return Text()
        bar = Table.grid(padding=(0, 1))
        if at.size:
            words = Text(self.meter.words(at) if at.stage is Stage.UPLOAD else size(at.size), style="dim")
            bar.add_row(ProgressBar(total=at.size, completed=at.found + at.sent, width=BAR), words)
        age = duration(self.meter.now() - self.since)
        state = "" if at.state is None else f": {at.state}"
        number = "" if at.asset_id is None or at.stage is Stage.DONE else f" of asset {at.asset_id}"
        self.spinner.update(text=Text(one_line(f"{WORDS[at.stage]}{number}{state} ({age})")))
        name = Text(one_line(at.source), style="bold", overflow="ellipsis", no_wrap=True)
        return Group(name, bar, self.spinner)


@contextmanager
def intake_board(
    console: Console, *, plain: bool = False, now: Callable[[], float] = time.monotonic
) -> Generator[Board]:
    """Show an ingestion until the block ends.

    Args:
        console: where.
        plain: lines even on a terminal, because something else writes there too.
        now: seconds of any steady clock.
    """
    if plain or not console.is_terminal:
        yield Lines(console, Meter(now))
        return
    picture = Picture(Meter(now))
    with Live(picture, console=console, refresh_per_second=8, transient=True):
        yield picture
