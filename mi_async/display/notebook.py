"""A live display in a notebook: one line that is updated in place, with what went wrong below it.

Invariant: whatever comes from elsewhere is escaped; the text form says the same for those who see no HTML.
"""

import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

from attrs import define, field

from mi_async.display.view import View
from mi_async.notebook import text
from mi_async.text import span

WIDTH = 320
"""Pixels of the bar."""
FRAME = '<div class="mi-async tex2jax_ignore mathjax_ignore"><div>{}{}</div>{}</div>'
"""Around the line and what is below it, as around tables."""


@define(eq=False)
class NotebookDisplay:
    """The output of the cell that runs.

    Args:
        now: seconds of a steady clock.
    """

    now: Callable[[], float] = time.monotonic
    _view: View = field(init=False)
    _started: float = field(init=False)
    _handle: Any = field(init=False)

    def open(self, view: View) -> None:
        """Put the line into the output."""
        self._view, self._started = view, self.now()
        display = import_module("IPython.display").display  # only a notebook has it
        self._handle = display(self._forms(), raw=True, display_id=True)

    def say(self, text: str) -> None:
        """Ignore a change: the line shows it."""

    def draw(self) -> None:
        """Update the line."""
        self._handle.update(self._forms(), raw=True)

    def close(self) -> None:
        """Leave the line as it is at the end."""
        self.draw()

    def _forms(self) -> dict[str, str]:
        """Return the line as HTML and as text."""
        share, line = self._view.share, self._view.line()
        bar = ""
        if share is not None:
            bar = f'<progress value="{share:.4f}" max="1" style="width:{WIDTH}px"></progress> &nbsp; '
        items = "".join(f"<li>{text(problem)}</li>" for problem in self._view.problems)
        listed = f"<ul>{items}</ul>" if items else ""
        shown = f"{text(line)} &nbsp; {span(self.now() - self._started)}"
        return {"text/html": FRAME.format(bar, shown, listed), "text/plain": line}
