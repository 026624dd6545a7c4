"""The two sides of a live display: a view of one thing that is watched, and a back end that shows it.

Invariant: protocols only.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

from mi_async.display.layout import Cell, Grid


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
