"""``show(run)``: a bulk run on a terminal, in a notebook, or as a line every 30 seconds.

Invariant: looks at the run and never makes it wait.
"""

import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol, TextIO

from attrs import define, field

from mi_async.bulk.engine.outcome import BulkOutcome, Status
from mi_async.bulk.engine.progress import BulkProgress
from mi_async.bulk.report import wording
from mi_async.display.display import EVERY, back_end, displayed
from mi_async.display.layout import Cell, Grid, JoinedText, Overflow, ShareBar, SpinnerText, StyledText
from mi_async.text import one_line, percent, span

FIRST_LINE = 1.0
"""Seconds until the first line: by then something can be told."""

LEAST, MOST, BESIDE = 8, 30, 62
"""Columns of a bar, and how many the figures beside it need: at 80 columns nothing is cut off."""

FULL = 0.93
"""Share of the ceiling from which the rate is shown as good."""

STYLES = {
    Status.DONE: "green",
    Status.SKIPPED: "cyan",
    Status.PARTIAL: "yellow",
    Status.REJECTED: "red",
    Status.FAILED: "red",
    Status.PARKED: "yellow",
}


class WatchedRun(Protocol):
    """A bulk run, as far as it is shown."""

    @property
    def progress(self) -> BulkProgress:
        """Its present state."""
        ...

    @property
    def latest(self) -> Sequence[BulkOutcome]:
        """The last items that did not go well."""
        ...


@contextmanager
def show(
    run: WatchedRun, *, file: TextIO | None = None, plain: bool = False, every: float = EVERY, verbose: bool = False
) -> Generator[None]:
    """Show a bulk run until the block ends.

    On a terminal it is a live panel (with rich, otherwise lines), in a notebook a line that is updated in place,
    elsewhere a plain line every 30 seconds and one at the end::

        run = newsroom.enroll_many(people, journal="faces.journal")
        with mi_async.show(run):
            report = await run

    Args:
        run: what ``enroll_many``, ``upload_thumbnails`` or ``ingest_many`` returned.
        file: where, stderr by default; it is only asked whether it is a terminal, and written to.
        plain: lines even on a terminal, because something else writes there too.
        every: seconds between two looks at the run.
        verbose: show the in-flight limit and the share of useful completion checks, too.
    """
    where = back_end(sys.stderr if file is None else file, plain=plain, first=FIRST_LINE)
    with displayed(BulkView(run, verbose), where, every=every):
        yield


@define(eq=False)
class BulkView:
    """A bulk run as last seen.

    Args:
        run: the run.
        verbose: show what the run has found out about the service, too.
    """

    run: WatchedRun
    verbose: bool = False
    _progress: BulkProgress = field(init=False, factory=BulkProgress)
    _latest: tuple[BulkOutcome, ...] = field(init=False, default=())
    _last: bool = field(init=False, default=False)

    def look(self, *, last: bool = False) -> None:
        """Note where the run is."""
        self._progress, self._latest, self._last = self.run.progress, tuple(self.run.latest), last

    @property
    def _pace(self) -> str:
        """Rate as text; the final one is that of the whole run, as in its report."""
        progress = self._progress
        if self._last:
            return wording.whole_pace(progress.pictures, progress.elapsed, progress.ceiling)
        return wording.pace(progress.rate, progress.ceiling)

    @property
    def share(self) -> float | None:
        """Part of the input that has ended."""
        return wording.share(self._progress)

    @property
    def problems(self) -> Sequence[str]:
        """The last items that did not go well."""
        return [one_line(wording.problem(outcome)) for outcome in self._latest]

    def line(self) -> str:
        """Return the state of the run in one line."""
        progress, share = self._progress, self.share
        parts = [
            wording.ended(progress) + (f" ({share:.1%})" if share is not None else ""),
            wording.counted(progress.counts),
            self._pace if progress.checks or progress.rate else "",
            wording.in_flight(progress) if progress.checks else "",
            wording.adaptive(progress) if self.verbose else "",
            *wording.transfer(progress),
            *wording.hindrances(progress),
            self._remaining,
        ]
        return one_line("; ".join(filter(None, parts)))

    def layout(self, width: int) -> Iterator[Grid | Cell]:
        """Yield bars and figures, then what is in the way and what went wrong."""
        bar = max(LEAST, min(MOST, width - BESIDE))
        rows = [self._items(bar), *self._work(bar), self._time()]
        yield Grid(tuple((StyledText(name, "bold"), cell, figures) for name, cell, figures in rows))
        for hindrance in wording.hindrances(self._progress):
            yield StyledText(one_line(hindrance), "yellow", Overflow.WRAP)
        for problem in () if self._last else self.problems:  # in the end the report lists them
            yield StyledText(problem, "red", Overflow.CUT)

    @property
    def _remaining(self) -> str:
        return "" if self._last else wording.remaining(self._progress)

    def _items(self, width: int) -> tuple[str, Cell, Cell]:
        share = self.share
        figures = [wording.ended(self._progress), "" if share is None else percent(share), self._remaining]
        bar = SpinnerText() if share is None else ShareBar(share, width)
        return "items", bar, _figures("  ".join(filter(None, figures)))

    def _work(self, width: int) -> Iterator[tuple[str, Cell, Cell]]:
        progress = self._progress
        if progress.sent is not None:
            sent, waiting = [*wording.transfer(progress), ""][:2]
            yield "media", StyledText(sent), _figures(waiting)
            return
        share = None if self._last or not progress.ceiling else progress.rate / progress.ceiling
        style = "green" if share is not None and share >= FULL else "yellow"
        bar = StyledText("") if share is None else ShareBar(share, width, style)
        yield "rate", bar, _figures(self._pace)
        limit = wording.adaptive(progress) if self.verbose else ""
        yield "uploads", StyledText(f"{progress.pending:,} in flight"), _figures(limit)

    def _time(self) -> tuple[str, Cell, Cell]:
        progress = self._progress
        counts = [
            StyledText(f"{progress.counts[status]:,} {status.value}", STYLES[status])
            for status in Status
            if progress.counts.get(status)
        ]
        open_items = StyledText(f"{progress.open:,} in progress")
        return "elapsed", StyledText(span(progress.elapsed)), JoinedText((*counts, open_items))


def _figures(text: str) -> StyledText:
    """Return text for the column that gives way: counts of many kinds take a second line."""
    return StyledText(text, overflow=Overflow.WRAP)
