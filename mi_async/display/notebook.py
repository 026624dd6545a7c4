"""A bulk run in a notebook: one line that is updated in place, with what went wrong below it.

Law: whatever comes from elsewhere is escaped; the text form says the same for those who see no HTML.
"""

from importlib import import_module
from typing import Any

from attrs import define, field

from mi_async.bulk.report import wording
from mi_async.display.display import DisplayState, line
from mi_async.notebook import text
from mi_async.text import span

WIDTH = 320
"""Pixels of the bar."""
FRAME = '<div class="mi-async tex2jax_ignore mathjax_ignore"><div>{}{}</div>{}</div>'
"""Around the line and what is below it, as around tables."""


@define(eq=False)
class Cell:
    """The output of the cell that runs."""

    _handle: Any = field(init=False, default=None)

    def open(self, look: DisplayState) -> None:
        """Put the line into the output."""
        display = import_module("IPython.display").display  # only a notebook has it
        self._handle = display(_forms(look), raw=True, display_id=True)

    def draw(self, look: DisplayState) -> None:
        """Update the line."""
        self._handle.update(_forms(look), raw=True)

    def close(self, look: DisplayState) -> None:
        """Leave the line as it is at the end."""
        self.draw(look)


def _forms(look: DisplayState) -> dict[str, str]:
    """The line as HTML and as text."""
    progress, done = look.progress, wording.share(look.progress)
    bar = ""
    if done is not None:
        bar = f'<progress value="{done:.4f}" max="1" style="width:{WIDTH}px"></progress> &nbsp; '
    below = "".join(f"<li>{text(wording.problem(outcome))}</li>" for outcome in look.latest)
    listed = f"<ul>{below}</ul>" if below else ""
    said = line(look)
    told = f"{text(said)} &nbsp; {span(progress.elapsed)}"
    return {"text/html": FRAME.format(bar, told, listed), "text/plain": said}
