"""Live display of a count: how many of how many are done, on a terminal, or a line now and then elsewhere.

Invariant: is told of the count and asks nobody. Time is an argument.
"""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from attrs import define, field

from mi_async.display.display import back_end, displayed
from mi_async.display.layout import Cell, Grid, SpinnerText
from mi_async.text import span


@contextmanager
def count_display(file: TextIO | None, what: str, *, plain: bool = False) -> Generator["CountView"]:
    """Show a count until the block ends; its ``step`` is the ``progress`` of a workflow that counts.

    Args:
        file: where.
        what: is counted, such as "persons asked about".
        plain: lines even on a terminal, because something else writes there too.
    """
    view = CountView(what)
    with displayed(view, back_end(file, plain=plain, transient=True)):
        yield view


@define(eq=False)
class CountView:
    """A count over time.

    Args:
        what: is counted.
        now: seconds of a steady clock.
    """

    what: str
    now: Callable[[], float] = time.monotonic
    _count: tuple[int, int] = field(init=False, default=(0, 0))
    _started: float = field(init=False)
    _last: bool = field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        """Start the time."""
        self._started = self.now()

    def step(self, done: int, total: int) -> None:
        """Note the count; a total of 0 is unknown."""
        self._count = done, total

    @property
    def share(self) -> float | None:
        """Part that is done; None before the whole is known."""
        done, total = self._count
        return done / total if total else None

    @property
    def problems(self) -> Sequence[str]:
        """Nothing: what goes wrong ends the workflow."""
        return ()

    def look(self, *, last: bool = False) -> None:
        """Note the end, of which the command itself reports."""
        self._last = last

    def line(self) -> str:
        """Return the count."""
        return "" if self._last else self._text

    def layout(self, width: int) -> Iterator[Grid | Cell]:  # noqa: ARG002  it is cut
        """Yield the count."""
        yield SpinnerText(self._text)

    @property
    def _text(self) -> str:
        done, total = self._count
        of = f" of {total:,}" if total else ""
        return f"{self.what}: {done:,}{of}, {span(self.now() - self._started)}"
