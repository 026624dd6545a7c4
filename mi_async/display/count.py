"""Live display of a count: how many of how many are done, on a terminal, or a line now and then elsewhere.

Invariant: is told of the count and asks nobody. Time is an argument.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TextIO

from attrs import define, field

from mi_async.display.layout import Cell, Grid, SpinnerText
from mi_async.display.workflow_view import WorkflowView, view_displayed


def count_display(file: TextIO | None, what: str, *, plain: bool = False) -> AbstractContextManager["CountView"]:
    """Show a count until the block ends; its ``step`` is the ``progress`` of a workflow that counts.

    Args:
        file: where.
        what: is counted, such as "persons asked about".
        plain: lines even on a terminal, because something else writes there too.
    """
    return view_displayed(lambda _: CountView(what), file, plain=plain)


@define(eq=False)
class CountView(WorkflowView):
    """A count over time.

    Args:
        what: is counted.
        now: seconds of a steady clock.
    """

    what: str
    now: Callable[[], float] = time.monotonic
    _count: tuple[int, int] = field(init=False, default=(0, 0))

    def step(self, done: int, total: int) -> None:
        """Note the count; a total of 0 is unknown."""
        self._count = done, total

    @property
    def share(self) -> float | None:
        """Part that is done; None before the whole is known."""
        done, total = self._count
        return done / total if total else None

    def layout(self, width: int) -> Iterator[Grid | Cell]:  # noqa: ARG002  it is cut
        """Yield the count."""
        yield SpinnerText(self._text)

    @property
    def _text(self) -> str:
        done, total = self._count
        of = f" of {total:,}" if total else ""
        return f"{self.what}: {done:,}{of}, {self._age}"
