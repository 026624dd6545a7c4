"""The live display: a view of what is watched, and the back end that shows it until a block ends.

Invariant: a view is asked from a timer of the event loop and never made to wait; what may block runs in a thread.
"""

import asyncio
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import Protocol, TextIO

from attrs import define, field

from mi_async.display.lines import LineDisplay
from mi_async.display.view import BackEnd, View

EVERY = 0.5
"""Seconds between two looks at what is watched."""


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
