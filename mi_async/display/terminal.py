"""A bulk run on a terminal: bars and figures that rich draws in a thread of its own, a few times a second.

Law: drawing reads the last look and nothing else; a terminal that is stopped does not stop the run.
"""

import sys
from collections.abc import Iterator
from typing import TextIO

from attrs import define, field
from rich.console import Console, Group, RenderableType
from rich.constrain import Constrain
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from mi_async.bulk.engine.outcome import Status
from mi_async.bulk.engine.progress import BulkProgress
from mi_async.bulk.report import wording
from mi_async.display.display import DisplayState
from mi_async.text import one_line, percent, span

LEAST, MOST, BESIDE = 8, 30, 62
"""Columns of a bar, and how many the figures beside it need: at 80 columns nothing is cut off."""

ECHO = "^C "
"""What a terminal writes at the end of the board on Ctrl-C; without room for it, it would break the line."""

FULL = 0.93
"""Share of the ceiling from which the rate is shown as good."""

STYLES = {
    Status.DONE: "green",
    Status.SKIPPED: "cyan",
    Status.PARTIAL: "yellow",
    Status.REJECTED: "red",
    Status.FAILED: "red",
    Status.PARKED: "yellow",
}


@define(eq=False)
class Panel:
    """The live display.

    Args:
        file: a terminal.
    """

    file: TextIO
    _look: DisplayState = field(init=False)
    _console: Console = field(init=False)
    _live: Live = field(init=False)
    _spinner: Spinner = field(init=False, factory=lambda: Spinner("dots", style="cyan"))

    def __attrs_post_init__(self) -> None:
        """Prepare the terminal; what the program prints meanwhile appears above the panel."""
        self._console = Console(file=self.file, highlight=False)
        self._live = Live(
            self,
            console=self._console,
            refresh_per_second=8,
            redirect_stdout=_is_terminal(sys.stdout),
            redirect_stderr=_is_terminal(sys.stderr),
        )

    def open(self, look: DisplayState) -> None:
        """Take the lower part of the terminal."""
        self._look = look
        self._live.start(refresh=True)

    def draw(self, look: DisplayState) -> None:
        """Let the next drawing show this."""
        self._look = look

    def close(self, look: DisplayState) -> None:
        """Leave the last state on the terminal."""
        self._look = look
        self._live.stop()

    def __rich__(self) -> RenderableType:
        """The panel as it is now."""
        width = max(1, self._console.width - len(ECHO))
        return Constrain(Group(*_rows(self._look, self._spinner, max(LEAST, min(MOST, width - BESIDE)))), width)


def _rows(look: DisplayState, spinner: Spinner, width: int) -> Iterator[RenderableType]:
    progress, done = look.progress, wording.share(look.progress)
    items = [
        wording.ended(progress),
        percent(done) if done is not None else "",
        "" if look.last else wording.remaining(progress),
    ]
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="ellipsis")  # the one that gives way: counts of many kinds take a second line
    table.add_row("items", spinner if done is None else _bar(done, width), "  ".join(filter(None, items)))
    if progress.sent is None:
        table.add_row("rate", _rate(progress, width), wording.pace(progress.rate, progress.ceiling))
        table.add_row("uploads", f"{progress.pending:,} in flight", wording.adaptive(progress) if look.verbose else "")
    else:
        table.add_row("media", *[*wording.transfer(progress), ""][:2])
    table.add_row("time", span(progress.elapsed), _counts(progress))
    yield table
    for said in wording.hindrances(progress):
        yield Text(said, style="yellow")
    for outcome in () if look.last else look.latest:  # in the end the report lists them
        yield Text(one_line(wording.problem(outcome)), style="red", no_wrap=True, overflow="ellipsis")


def _bar(share: float, width: int, style: str = "bar.complete") -> ProgressBar:
    return ProgressBar(total=1.0, completed=min(1.0, share), width=width, complete_style=style, finished_style=style)


def _rate(progress: BulkProgress, width: int) -> RenderableType:
    """The rate against the ceiling."""
    if not progress.ceiling:
        return ""
    share = progress.rate / progress.ceiling
    return _bar(share, width, "green" if share >= FULL else "yellow")


def _counts(progress: BulkProgress) -> Text:
    parts = [
        Text(f"{progress.counts[status]:,} {status.value}", style=STYLES[status])
        for status in Status
        if progress.counts.get(status)
    ]
    return Text(", ").join([*parts, Text(f"{progress.open:,} under way")])


def _is_terminal(file: TextIO | None) -> bool:
    return file is not None and file.isatty()
