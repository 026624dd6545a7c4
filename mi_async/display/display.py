"""``show(run)``: a bulk run as a person watches it, on a terminal, in a notebook, or as a line every 30 seconds.

Law: looks at the run from a timer and never makes it wait: what may block writes in a thread of its own.
"""

import asyncio
import queue
import sys
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from typing import Protocol, TextIO

from attrs import define, field, frozen

from mi_async.bulk.engine.outcome import BulkOutcome
from mi_async.bulk.engine.progress import BulkProgress
from mi_async.bulk.report import wording
from mi_async.text import one_line

EVERY = 0.5
"""Seconds between two looks at a run."""

LINE_EVERY = 30.0
"""Seconds between two lines where there is neither a terminal nor a notebook."""


class WatchedRun(Protocol):
    """What can be shown: a bulk run."""

    @property
    def progress(self) -> BulkProgress:
        """Where it is now."""
        ...

    @property
    def latest(self) -> Sequence[BulkOutcome]:
        """The last items that did not go well."""
        ...


@frozen
class DisplayState:
    """What was seen of a run at one moment.

    Attributes:
        progress: where the run is.
        latest: the last items that did not go well.
        time: seconds since the display was opened.
        last: whether there will be no other, so that nothing is to be expected.
        verbose: whether to show what the run has found out about the service, too.
    """

    progress: BulkProgress
    latest: tuple[BulkOutcome, ...] = ()
    time: float = 0.0
    last: bool = False
    verbose: bool = False


class Surface(Protocol):
    """Where a run is shown; none of its methods but ``close`` may block."""

    def open(self, look: DisplayState) -> None:
        """Begin."""
        ...

    def draw(self, look: DisplayState) -> None:
        """Show a later moment."""
        ...

    def close(self, look: DisplayState) -> None:
        """Show the last moment, and end."""
        ...


@define(eq=False)
class Lines:
    """A line now and then.

    Args:
        file: where; one that cannot be written to is no reason to end a run.
        every: seconds between two lines.
    """

    file: TextIO | None
    every: float = LINE_EVERY
    _next: float = field(init=False, default=0.0)
    _waiting: "queue.SimpleQueue[str | None]" = field(init=False, factory=queue.SimpleQueue)
    _writer: threading.Thread = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Make the thread; a reader that is stuck must not keep the process from ending."""
        self._writer = threading.Thread(target=self._write, name="mi_async.display.display", daemon=True)

    def open(self, look: DisplayState) -> None:
        """Start the thread; the first line comes when something can be told."""
        self._next = min(self.every, 1.0) + look.time
        self._writer.start()

    def draw(self, look: DisplayState) -> None:
        """Write a line if it is time."""
        if look.time < self._next:
            return
        self._next = look.time + self.every
        if self._waiting.empty():  # else the reader is stuck, and will not miss this one
            self._waiting.put(line(look))

    def close(self, look: DisplayState) -> None:
        """Write the last line."""
        self._waiting.put(line(look))
        self._waiting.put(None)
        self._writer.join()

    def _write(self) -> None:
        while (said := self._waiting.get()) is not None:
            with suppress(OSError, ValueError):
                if self.file is not None:
                    self.file.write(said + "\n")
                    self.file.flush()


def line(look: DisplayState) -> str:
    """A moment of a run in one line."""
    progress, done = look.progress, wording.share(look.progress)
    parts = [
        wording.ended(progress) + (f" ({done:.1%})" if done is not None else ""),
        wording.counted(progress.counts),
        wording.pace(progress.rate, progress.ceiling) if progress.checks else "",
        wording.in_flight(progress) if progress.checks else "",
        wording.adaptive(progress) if look.verbose else "",
        *wording.transfer(progress),
        *wording.hindrances(progress),
        "" if look.last else wording.remaining(progress),
    ]
    return one_line("; ".join(filter(None, parts)))


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
        run: what ``enroll_many`` or ``upload_thumbnails`` returned.
        file: where, stderr by default; it is only asked whether it is a terminal, and written to.
        plain: lines even on a terminal, because something else writes there too.
        every: seconds between two looks at the run.
        verbose: show the in-flight limit and the share of useful completion checks, too.
    """
    watch = Watch(run, _surface(file if file is not None else sys.stderr, plain=plain), every, verbose)
    watch.start()
    try:
        yield
    finally:
        watch.stop()


@define(eq=False)
class Watch:
    """Looks at a run now and then, by a timer of the event loop, and hands on what it sees."""

    run: WatchedRun
    surface: Surface
    every: float
    verbose: bool = False
    _loop: asyncio.AbstractEventLoop = field(init=False, factory=asyncio.get_running_loop)
    _started: float = field(init=False)
    _timer: asyncio.TimerHandle = field(init=False)

    def start(self) -> None:
        """Show the run."""
        self._started = self._loop.time()
        self.surface.open(self._look())
        self._timer = self._loop.call_later(self.every, self._again)

    def stop(self) -> None:
        """Show it for the last time."""
        self._timer.cancel()
        self.surface.close(self._look(last=True))

    def _again(self) -> None:
        self.surface.draw(self._look())
        self._timer = self._loop.call_later(self.every, self._again)

    def _look(self, *, last: bool = False) -> DisplayState:
        return DisplayState(
            self.run.progress, tuple(self.run.latest), self._loop.time() - self._started, last, self.verbose
        )


def _surface(file: TextIO | None, *, plain: bool) -> Surface:
    """The best that is there."""
    if plain:
        return Lines(file)
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if getattr(shell, "kernel", None) is not None:
        from mi_async.display.notebook import Cell  # noqa: PLC0415  needs IPython, which is there

        return Cell()
    if file is not None and file.isatty():
        with suppress(ModuleNotFoundError):
            from mi_async.display.terminal import Panel  # noqa: PLC0415  needs rich, which may not be there

            return Panel(file)
    return Lines(file)
