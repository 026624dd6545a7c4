"""Live display of a backup: a bar of persons on a terminal, a line every 30 seconds elsewhere.

Invariant: is told of a backup and decides nothing about it. Time is an argument.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TextIO

from attrs import define, field

from mi_async.backup.report import BackupProgress
from mi_async.display.layout import Cell, Grid, Overflow, SpinnerText, StyledText
from mi_async.display.view import BackEnd
from mi_async.display.workflow_view import WorkflowView, bar_beside, view_displayed
from mi_async.text import quantity, size

BESIDE = 44
"""Columns that the longest figures beside the bar need: at 80 columns nothing is cut off."""

WORDS = {"persons": "persons and images", "assets": "assets and indexes", "lists": "writing the lists"}


def backup_display(file: TextIO | None, *, plain: bool = False) -> AbstractContextManager["BackupView"]:
    """Show a backup until the block ends; its ``step`` is the ``progress`` of the workflow.

    Args:
        file: where.
        plain: lines even on a terminal, because something else writes there too.
    """
    return view_displayed(BackupView, file, plain=plain)


@define(eq=False)
class BackupView(WorkflowView):
    """A backup over time.

    Args:
        where: told of each stage.
        now: seconds of a steady clock.
    """

    where: BackEnd
    now: Callable[[], float] = time.monotonic
    _at: BackupProgress = field(init=False, factory=BackupProgress)
    _stage: str = field(init=False, default="persons")

    def step(self, at: BackupProgress) -> None:
        """Note the counts, and report a new stage."""
        self._at = at
        if at.stage != self._stage:
            self._stage = at.stage
            self.where.say(self._text)

    @property
    def share(self) -> float | None:
        """Part of the persons that was read."""
        at = self._at
        return min(1.0, at.persons / at.expected) if at.expected and at.stage == "persons" else None

    @property
    def _text(self) -> str:
        return f"{WORDS.get(self._at.stage, self._at.stage)}: {', '.join(self._figures())}"

    def layout(self, width: int) -> Iterator[Grid | Cell]:
        """Yield the bar, the counts and the time."""
        at = self._at
        if self.share is not None:
            bar = bar_beside(self.share, width, BESIDE)
            text = f"{at.persons:,} of {quantity(at.expected or 0, 'person')}"
            yield Grid(((bar, StyledText(text, "bold", Overflow.CUT)),), gap=1)
        yield SpinnerText(f"{WORDS.get(at.stage, at.stage)} ({self._age})")
        yield StyledText(", ".join(self._figures()), "dim", Overflow.WRAP)

    def _figures(self) -> Iterator[str]:
        at = self._at
        yield quantity(at.persons, "person")
        yield f"{quantity(at.downloaded, 'image')} downloaded ({size(at.bytes)})"
        if at.known:
            yield f"{at.known:,} unchanged"
        if at.assets:
            yield quantity(at.assets, "asset")
        if at.problems:
            yield quantity(at.problems, "problem")
