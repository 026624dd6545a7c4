"""Base of the views of a workflow that a command waits for, and the one opening of their displays.

Invariant: has nothing to say at the end; the command itself reports how the workflow ended.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import TextIO, TypeVar

from mi_async.display.display import back_end, displayed
from mi_async.display.layout import ShareBar
from mi_async.display.view import BackEnd, View
from mi_async.text import span

LEAST, MOST = 8, 40
"""Columns of a bar."""
V = TypeVar("V", bound=View)


@contextmanager
def view_displayed(make: Callable[[BackEnd], V], file: TextIO | None, *, plain: bool) -> Generator[V]:
    """Show a view until the block ends; on a terminal it is erased then.

    Args:
        make: makes the view, which tells the back end of changes.
        file: where.
        plain: lines even on a terminal, because something else writes there too.
    """
    where = back_end(file, plain=plain, transient=True)
    view = make(where)
    with displayed(view, where):
        yield view


class WorkflowView(ABC):
    """A workflow over time; each view has ``now``, a steady clock, behind arguments of its own."""

    now: Callable[[], float]
    _started: float
    _last = False

    def __attrs_post_init__(self) -> None:
        """Start the time."""
        self._started = self.now()

    @property
    def problems(self) -> Sequence[str]:
        """Nothing: what goes wrong ends the workflow, or is in its result."""
        return ()

    def look(self, *, last: bool = False) -> None:
        """Note the end."""
        self._last = last

    def line(self) -> str:
        """Return how far it is."""
        return "" if self._last else self._text

    @property
    @abstractmethod
    def _text(self) -> str:
        """Progress of the workflow, on one line."""

    @property
    def _age(self) -> str:
        return span(self.now() - self._started)


def bar_beside(share: float, width: int, beside: int) -> ShareBar:
    """Return the bar of a share on a line of this width, where the longest figures beside it need so many columns."""
    return ShareBar(share, max(LEAST, min(MOST, width - beside)))
