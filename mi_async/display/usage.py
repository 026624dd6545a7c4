"""Live display of a question about usage: which project is counted, and how far.

Invariant: is told of assets and asks nobody. Time is an argument.
"""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from attrs import define, field

from mi_async.display.display import back_end, displayed
from mi_async.display.layout import Cell, Grid, SpinnerText
from mi_async.text import one_line, quantity, span
from mi_async.workflows.usage.models import UsageProgress


@contextmanager
def usage_display(file: TextIO | None, *, plain: bool = False) -> Generator["UsageView"]:
    """Show how far the question is until the block ends; its ``step`` is the ``progress``.

    Args:
        file: where.
        plain: lines even on a terminal, because something else writes there too.
    """
    view = UsageView()
    with displayed(view, back_end(file, plain=plain, transient=True)):
        yield view


@define(eq=False)
class UsageView:
    """Usage over time.

    Args:
        now: seconds of a steady clock.
    """

    now: Callable[[], float] = time.monotonic
    _told: UsageProgress | None = field(init=False, default=None)
    _started: float = field(init=False)
    _last: bool = field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        """Start the time."""
        self._started = self.now()

    def step(self, progress: UsageProgress) -> None:
        """Note how far it is; ``progress`` of the question."""
        self._told = progress

    @property
    def share(self) -> float | None:
        """Unknown: a project that was not listed yet may have any number of assets."""
        return None

    @property
    def problems(self) -> Sequence[str]:
        """Nothing: the report notes what is missing."""
        return ()

    def look(self, *, last: bool = False) -> None:
        """Note the end, of which the command itself reports."""
        self._last = last

    def line(self) -> str:
        """Return how far it is."""
        return "" if self._last else self._text

    def layout(self, width: int) -> Iterator[Grid | Cell]:  # noqa: ARG002  it is one line
        """Yield how far it is."""
        yield SpinnerText(self._text)

    @property
    def _text(self) -> str:
        told, age = self._told, span(self.now() - self._started)
        if told is None:
            return f"listing assets, {age}"
        place = one_line(f"{told.workspace} / {told.project}")
        return (
            f"{place}: {told.assets:,} of {quantity(told.total, 'asset')}, {quantity(told.requests, 'request')}, {age}"
        )
