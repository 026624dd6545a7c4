"""A live display on a terminal: rich draws the layout of a view in a thread of its own, a few times a second.

Invariant: drawing reads what the view has noted; a terminal that is stopped does not stop the work.
"""

import sys
from typing import TextIO, cast

from attrs import define, field
from rich.console import Console, Group, RenderableType
from rich.constrain import Constrain
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from mi_async.display.layout import Cell, Grid, JoinedText, Overflow, ShareBar, SpinnerText, StyledText
from mi_async.display.view import View
from mi_async.text import plain

REFRESH = 8
"""Drawings a second."""
ECHO = "^C "
"""Written by the terminal at the end of the display on Ctrl-C; without room for it, it would break the line."""


def terminal_display(file: TextIO, *, transient: bool) -> "TerminalDisplay":
    """Make a display on a terminal."""
    return TerminalDisplay(Console(file=file, highlight=False), transient=transient)


@define(eq=False)
class TerminalDisplay:
    """The lower part of a terminal; what the program prints meanwhile appears above it.

    Args:
        console: of the terminal.
        transient: erase the display at the end.
    """

    console: Console
    transient: bool = False
    _view: View = field(init=False)
    _live: Live = field(init=False)
    _spinner: Spinner = field(init=False, factory=lambda: Spinner("dots", style="cyan"))

    def open(self, view: View) -> None:
        """Take the lower part of the terminal."""
        self._view = view
        self._live = Live(
            self,
            console=self.console,
            refresh_per_second=REFRESH,
            transient=self.transient,
            redirect_stdout=_is_terminal(sys.stdout),
            redirect_stderr=_is_terminal(sys.stderr),
        )
        self._live.start(refresh=True)

    def say(self, text: str) -> None:
        """Ignore a change: the next drawing shows it."""

    def draw(self) -> None:
        """Leave the drawing to the thread."""

    def close(self) -> None:
        """Draw the final state, and give the terminal back."""
        self._live.stop()

    def __rich__(self) -> RenderableType:
        """Draw the view as it is now."""
        width = max(1, self.console.width - len(ECHO))
        return Constrain(Group(*map(self._drawn, self._view.layout(width))), width)

    def _drawn(self, part: Grid | Cell) -> RenderableType:
        match part:
            case Grid():
                return self._grid(part)
            case StyledText(text, style, overflow):
                return Text(plain(text), style, no_wrap=overflow is not Overflow.WRAP, overflow="ellipsis")
            case JoinedText(parts):
                return Text(", ").join([Text(plain(one.text), one.style) for one in parts])
            case ShareBar(share, width, style):
                return ProgressBar(1.0, min(1.0, share), width, complete_style=style, finished_style=style)
            case SpinnerText(text):
                # The first frame counts from the first drawing, so one spinner serves every cell.
                frame = cast("Text", self._spinner.render(self.console.get_time()))
                return Text(" ", no_wrap=True, overflow="ellipsis").join(
                    [frame, *([Text(plain(text))] if text else [])]
                )

    def _grid(self, grid: Grid) -> Table:
        table = Table.grid(padding=(0, grid.gap))
        for column in zip(*grid.rows, strict=True):
            table.add_column(no_wrap=not any(_gives_way(cell) for cell in column), overflow="ellipsis")
        for row in grid.rows:
            table.add_row(*map(self._drawn, row))
        return table


def _gives_way(cell: Cell) -> bool:
    return isinstance(cell, JoinedText) or (isinstance(cell, StyledText) and cell.overflow is not Overflow.KEEP)


def _is_terminal(file: TextIO | None) -> bool:
    return file is not None and file.isatty()
