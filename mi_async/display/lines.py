"""Lines where there is neither a terminal nor a notebook: one for each change, and one after 30 s of silence.

Invariant: a thread writes, so that a reader that is stuck does not hold up what is watched.
"""

import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

from attrs import define, field

from mi_async.display.view import View
from mi_async.text import one_line

LINE_EVERY = 30.0
"""Seconds of silence after which a line is written: whoever reads a log sees that work goes on."""


@define(eq=False)
class LineDisplay:
    """Lines on a file.

    Args:
        file: None or one that cannot be written to loses the lines; that is no reason to end the work.
        every: seconds of silence before a line.
        first: the same before the first line, by default ``every``.
        now: seconds of a steady clock.
    """

    file: TextIO | None
    every: float = LINE_EVERY
    first: float | None = None
    now: Callable[[], float] = time.monotonic
    _view: View = field(init=False)
    _due: float = field(init=False)
    _queue: "queue.Queue[str | None]" = field(init=False, factory=queue.Queue)
    _writer: threading.Thread = field(init=False)

    def open(self, view: View) -> None:
        """Start the thread; a daemon, since a reader that is stuck must not keep the process from ending."""
        self._view = view
        self._due = self.now() + (self.every if self.first is None else self.first)
        self._writer = threading.Thread(target=self._write, name=__name__, daemon=True)
        self._writer.start()

    def say(self, text: str) -> None:
        """Write a line, and begin a new silence."""
        self._due = self.now() + self.every
        if text:
            self._queue.put(one_line(text))

    def draw(self) -> None:
        """Write a line if the silence is over."""
        if self.now() < self._due:
            return
        if self._queue.empty():  # otherwise the reader is stuck, and will not miss this one
            self.say(self._view.line())
        else:
            self._due = self.now() + self.every

    def close(self) -> None:
        """Write the last line, and wait for the thread."""
        self.say(self._view.line())
        self._queue.put(None)
        self._writer.join()

    def drain(self) -> None:
        """Wait until every line is written."""
        self._queue.join()

    def _write(self) -> None:
        text: str | None = ""
        while text is not None:
            text = self._queue.get()
            with suppress(OSError, ValueError):
                if self.file is not None and text is not None:
                    self.file.write(text + "\n")
                    self.file.flush()
            self._queue.task_done()
