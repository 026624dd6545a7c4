"""Live display of a question about usage: which project is counted, and how far.

Invariant: is told of assets and asks nobody. Time is an argument.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TextIO

from attrs import define, field

from mi_async.display.layout import Cell, Grid, SpinnerText
from mi_async.display.workflow_view import WorkflowView, view_displayed
from mi_async.text import one_line, quantity
from mi_async.workflows.usage.models import UsageProgress


def usage_display(file: TextIO | None, *, plain: bool = False) -> AbstractContextManager["UsageView"]:
    """Show how far the question is until the block ends; its ``step`` is the ``progress``.

    Args:
        file: where.
        plain: lines even on a terminal, because something else writes there too.
    """
    return view_displayed(lambda _: UsageView(), file, plain=plain)


@define(eq=False)
class UsageView(WorkflowView):
    """Usage over time.

    Args:
        now: seconds of a steady clock.
    """

    now: Callable[[], float] = time.monotonic
    _told: UsageProgress | None = field(init=False, default=None)

    def step(self, progress: UsageProgress) -> None:
        """Note how far it is; ``progress`` of the question."""
        self._told = progress

    @property
    def share(self) -> float | None:
        """Unknown: a project that was not listed yet may have any number of assets."""
        return None

    def layout(self, width: int) -> Iterator[Grid | Cell]:  # noqa: ARG002  it is one line
        """Yield how far it is."""
        yield SpinnerText(self._text)

    @property
    def _text(self) -> str:
        told, age = self._told, self._age
        if told is None:
            return f"listing assets, {age}"
        place = one_line(f"{told.workspace} / {told.project}")
        return (
            f"{place}: {told.assets:,} of {quantity(told.total, 'asset')}, {quantity(told.requests, 'request')}, {age}"
        )
