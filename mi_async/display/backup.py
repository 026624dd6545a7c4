"""Live display of a backup: a bar of persons on a terminal, a line every 30 seconds elsewhere.

Invariant: is told of a backup and decides nothing about it. Time is an argument.
"""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from attrs import define, field

from mi_async.backup.report import BackupProgress
from mi_async.display.display import back_end, displayed
from mi_async.display.layout import Cell, Grid, Overflow, ShareBar, SpinnerText, StyledText
from mi_async.display.view import BackEnd
from mi_async.text import quantity, size, span

LEAST, MOST, BESIDE = 8, 40, 44
"""Columns of the bar, and how many the longest figures beside it need: at 80 columns nothing is cut off."""

WORDS = {"persons": "persons and images", "assets": "assets and indexes", "lists": "writing the lists"}


@contextmanager
def backup_display(file: TextIO | None, *, plain: bool = False) -> Generator["BackupView"]:
    """Show a backup until the block ends; its ``step`` is the ``progress`` of the workflow.

    Args:
        file: where.
        plain: lines even on a terminal, because something else writes there too.
    """
    where = back_end(file, plain=plain, transient=True)
    view = BackupView(where)
    with displayed(view, where):
        yield view


@define(eq=False)
class BackupView:
    """A backup over time.

    Args:
        where: told of each stage.
        now: seconds of a steady clock.
    """

    where: BackEnd
    now: Callable[[], float] = time.monotonic
    _at: BackupProgress = field(init=False, factory=BackupProgress)
    _began: float = field(init=False)
    _stage: str = field(init=False, default="persons")
    _last: bool = field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        """Start the time."""
        self._began = self.now()

    def step(self, at: BackupProgress) -> None:
        """Note the counts, and report a new stage."""
        self._at = at
        if at.stage != self._stage:
            self._stage = at.stage
            self.where.say(self.line())

    @property
    def share(self) -> float | None:
        """Part of the persons that was read."""
        at = self._at
        return min(1.0, at.persons / at.expected) if at.expected and at.stage == "persons" else None

    @property
    def problems(self) -> Sequence[str]:
        """Nothing: ``problems.jsonl`` has each."""
        return ()

    def look(self, *, last: bool = False) -> None:
        """Note the end, of which the command itself reports."""
        self._last = last

    def line(self) -> str:
        """Return how far it is."""
        return "" if self._last else f"{WORDS.get(self._at.stage, self._at.stage)}: {', '.join(self._figures())}"

    def layout(self, width: int) -> Iterator[Grid | Cell]:
        """Yield the bar, the counts and the time."""
        at = self._at
        if self.share is not None:
            bar = ShareBar(self.share, max(LEAST, min(MOST, width - BESIDE)))
            text = f"{at.persons:,} of {quantity(at.expected or 0, 'person')}"
            yield Grid(((bar, StyledText(text, "bold", Overflow.CUT)),), gap=1)
        yield SpinnerText(f"{WORDS.get(at.stage, at.stage)} ({span(self.now() - self._began)})")
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
