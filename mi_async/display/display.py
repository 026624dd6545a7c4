"""The live display: a view of what is watched, and the back end that shows it until a block ends.

Invariant: a view is asked from a timer of the event loop and never made to wait; what may block runs in a thread.
"""

import asyncio
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Protocol, TextIO

from attrs import define, field

from mi_async.display.layout import Cell, Grid
from mi_async.display.lines import LineDisplay

EVERY = 0.5
"""Seconds between two looks at what is watched."""


class View(Protocol):
    """One thing that is watched, as values for every back end."""

    @property
    def share(self) -> float | None:
        """Part that is done, from 0 to 1; None if the whole is unknown."""
        ...

    @property
    def problems(self) -> Sequence[str]:
        """The last things that went wrong, each in one line."""
        ...

    def look(self, *, last: bool = False) -> None:
        """Take note of the present state, ``last`` for the final one; runs in the event loop."""
        ...

    def line(self) -> str:
        """Return the noted state in one line; '' if there is nothing to say."""
        ...

    def layout(self, width: int) -> Iterator[Grid | Cell]:
        """Yield the noted state for a terminal of this width; runs in a thread of the terminal."""
        ...


class BackEnd(Protocol):
    """A place where a view is shown; only ``close`` may block."""

    def open(self, view: View) -> None:
        """Begin to show a view."""
        ...

    def say(self, text: str) -> None:
        """Report a change of the view, where changes are written one by one."""
        ...

    def draw(self) -> None:
        """Show the view as it is now."""
        ...

    def close(self) -> None:
        """Show the final state, and end."""
        ...


class Cancellable(Protocol):
    """A timer that has been started."""

    def cancel(self) -> None:
        """Stop it."""
        ...


CallLater = Callable[[float, Callable[[], None]], Cancellable]
"""Starts a timer, as ``loop.call_later`` does."""


def back_end(
    file: TextIO | None, *, plain: bool = False, transient: bool = False, first: float | None = None
) -> BackEnd:
    """Return the best back end there is: a notebook's cell, a terminal with rich, or lines.

    Args:
        file: written to, and asked whether it is a terminal.
        plain: lines even on a terminal, because something else writes there too.
        transient: erase the display from a terminal at the end.
        first: seconds until the first line, by default as many as between two of them.
    """
    lines = LineDisplay(file, first=first)
    if plain:
        return lines
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if getattr(shell, "kernel", None) is not None:
        from mi_async.display.notebook import NotebookDisplay  # noqa: PLC0415  needs IPython, which is there

        return NotebookDisplay()
    if file is not None and file.isatty():
        with suppress(ModuleNotFoundError):
            from mi_async.display.terminal import terminal_display  # noqa: PLC0415  needs rich, which may be missing

            return terminal_display(file, transient=transient)
    return lines


@contextmanager
def displayed(
    view: View, where: BackEnd, *, every: float = EVERY, call_later: CallLater | None = None
) -> Generator[None]:
    """Show a view until the block ends; needs a running event loop.

    Args:
        view: of what is watched.
        where: the back end.
        every: seconds between two looks.
        call_later: timers; by default those of the event loop.
    """
    timer = _Timer(view, where, every, call_later or asyncio.get_running_loop().call_later)
    view.look()
    where.open(view)
    timer.start()
    try:
        yield
    finally:
        timer.stop()
        view.look(last=True)
        where.close()


@define(eq=False)
class _Timer:
    """Looks at a view now and then, and has it drawn."""

    view: View
    where: BackEnd
    every: float
    call_later: CallLater
    _next: Cancellable = field(init=False)

    def start(self) -> None:
        self._next = self.call_later(self.every, self._look)

    def stop(self) -> None:
        self._next.cancel()

    def _look(self) -> None:
        self.view.look()
        self.where.draw()
        self.start()
