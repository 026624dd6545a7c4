"""Live display of an ingestion: a bar of bytes and a spinner on a terminal, lines elsewhere.

Invariant: is told of an ingestion and decides nothing about it. Time is an argument.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TextIO

from attrs import define, field

from mi_async.display.layout import Cell, Grid, Overflow, SpinnerText, StyledText
from mi_async.display.view import BackEnd
from mi_async.display.workflow_view import WorkflowView, bar_beside, view_displayed
from mi_async.text import one_line, size, span
from mi_async.workflows.ingest.models import Ingestion, Stage

BESIDE = 59
"""Columns that the longest figures beside the bar need: at 80 columns nothing is cut off."""

WORDS = {
    Stage.CHECK: "looking at the bucket and the project",
    Stage.UPLOAD: "upload",
    Stage.IMPORT: "import",
    Stage.ANALYSIS: "analysis",
    Stage.SUMMARY: "scene summary",
    Stage.DONE: "done",
}


def ingest_display(file: TextIO | None, *, plain: bool = False) -> AbstractContextManager["IngestView"]:
    """Show an ingestion until the block ends; its ``step`` is the ``progress`` of the workflow.

    Args:
        file: where.
        plain: lines even on a terminal, because something else writes there too.
    """
    return view_displayed(IngestView, file, plain=plain)


@define(eq=False)
class IngestView(WorkflowView):
    """An ingestion over time.

    Args:
        where: told of each change.
        now: seconds of a steady clock.
    """

    where: BackEnd
    now: Callable[[], float] = time.monotonic
    _at: Ingestion | None = field(init=False, default=None)
    _since: float = field(
        init=False, default=0.0
    )  # when the stage began; bytes are counted from then, and those that were there before are not
    _key: str = field(init=False, default="")  # of the change that was reported last

    def step(self, at: Ingestion) -> None:
        """Note a change, and report one that matters."""
        if self._at is None or self._at.stage is not at.stage:
            self._since = self.now()
        self._at = at
        key = f"{_words(at)} {at.found + at.sent >= at.size}"  # of bytes the first and the last
        silent = at.state is None and at.stage not in {Stage.UPLOAD, Stage.DONE} and not _is_stored(at)
        if key != self._key and not silent:
            self.where.say(self._told(at))
        self._key = key

    @property
    def share(self) -> float | None:
        """Part of the bytes that is stored."""
        return (self._at.found + self._at.sent) / self._at.size if self._at is not None and self._at.size else None

    @property
    def _text(self) -> str:
        if self._at is None:
            return ""
        return self._told(self._at, "" if self._at.stage is Stage.UPLOAD else f" ({self._age})")

    def layout(self, width: int) -> Iterator[Grid | Cell]:
        """Yield the source, the bytes, and the stage."""
        at = self._at
        if at is None:
            return
        yield StyledText(one_line(at.source), "bold", Overflow.CUT)
        if self.share is not None:
            bar = bar_beside(self.share, width, BESIDE)
            figures = ", ".join([_amount(at), *self._speed(at)])
            yield Grid(((bar, StyledText(figures, "dim", Overflow.CUT)),), gap=1)
        before = f", {_before(at)}" if _before(at) else ""
        asset = "" if at.asset_id is None or at.stage is Stage.DONE else f", asset {at.asset_id}"
        yield SpinnerText(one_line(f"{_words(at)} ({self._age}){before}{asset}"))

    def _told(self, at: Ingestion, age: str = "") -> str:
        if at.stage is not Stage.UPLOAD and not _is_stored(at):
            return f"{_words(at)}{age}"
        before = f" ({_before(at)})" if _before(at) else ""
        return f"{_words(at)}{age}: " + ", ".join([f"{_amount(at)}{before}", *self._speed(at)])

    @property
    def _age(self) -> str:
        return span(self.now() - self._since)

    def _speed(self, at: Ingestion) -> Iterator[str]:
        """Yield the bandwidth, and the time that is left."""
        seconds = self.now() - self._since
        if at.stage is Stage.UPLOAD and at.sent and seconds > 0:
            rate = at.sent / seconds
            yield f"{size(int(rate))}/s"
            if left := at.size - at.found - at.sent:
                yield f"{span(left / rate)} left"


def _amount(at: Ingestion) -> str:
    stored = at.found + at.sent
    return f"{size(stored)} of {size(at.size)}" if at.stage is Stage.UPLOAD else size(at.size)


def _before(at: Ingestion) -> str:
    """Return the bytes that an earlier run has sent of an unfinished upload."""
    return f"{size(at.found)} from before" if at.found and at.found + at.sent < at.size else ""


def _is_stored(at: Ingestion) -> bool:
    """Return True if the object was found in the bucket, so that nothing is sent."""
    return at.stage is Stage.CHECK and 0 < at.size == at.found


def _words(at: Ingestion) -> str:
    """Return the stage, and the service's word for it."""
    words = "in the bucket already" if _is_stored(at) else WORDS[at.stage]
    return words if at.state is None else f"{words}: {at.state}"
