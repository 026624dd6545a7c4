"""Live display of images that are uploaded: a row for each on a terminal, a line for each finished step elsewhere.

Invariant: is told of uploads and decides nothing about them. Time is an argument.
"""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from attrs import define, field

from mi_async.display.display import back_end, displayed
from mi_async.display.layout import Cell, Grid, Overflow, SpinnerText, StyledText
from mi_async.display.view import BackEnd
from mi_async.text import duration, one_line, size
from mi_async.workflows.upload import State, Upload

STEPS = {State.PRESIGNED: "presign", State.STORED: "put", State.CONFIRMED: "check", State.ATTACHED: "attach"}
"""The state that each step ends in, in order, and the step's name."""
REUSED = "the person has it already"

ROOMY = 101
"""Columns from which there is room for format and size."""


@contextmanager
def upload_display(
    file: TextIO | None, *, plain: bool = False, expected: Sequence[tuple[str, str]] = ()
) -> Generator["UploadView"]:
    """Show uploads until the block ends; its ``step`` is the ``progress`` of the workflows.

    Args:
        file: where.
        plain: lines even on a terminal, because something else writes there too.
        expected: label and name of each image that is known beforehand.
    """
    where = back_end(file, plain=plain)
    view = UploadView(where, expected)
    with displayed(view, where):
        yield view


@define(eq=False)
class UploadRow:
    """One image.

    Attributes:
        label: whose it is, '' if that goes without saying.
        name: of the image.
        about: format and size, once known.
        key: of the upload as last seen.
        state: reached so far.
        ended: when it was attached.
        reused: True if the person had the image.
    """

    label: str
    name: str
    about: str = ""
    key: str | None = None
    state: State = State.NEW
    ended: float | None = None
    reused: bool = False


@define(eq=False)
class UploadView:
    """Images over time; two may have one name, so an upload is told by its key once it has one.

    Args:
        where: told of each step.
        expected: label and name of each image that is known beforehand.
        now: seconds of a steady clock.
    """

    where: BackEnd
    expected: Sequence[tuple[str, str]] = ()
    now: Callable[[], float] = time.monotonic
    _rows: list[UploadRow] = field(init=False)
    _started: float = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Start the time."""
        self._started = self.now()
        self._rows = [UploadRow(label, name) for label, name in self.expected]

    def step(self, upload: Upload) -> None:
        """Note a step, and report it."""
        row, header = self._row(upload), upload.image.picture
        extent = f"{header.width} x {header.height}"
        weight = size(len(upload.image.content)) if upload.image.content else ""  # released once it is stored
        row.about = row.about or f"{header.format:<4} {extent:<11} {weight:>8}"
        row.key, row.state = upload.key, upload.state
        row.ended = self.now() if upload.state is State.ATTACHED else None
        row.reused = upload.existing is not None
        step = REUSED if row.reused else STEPS.get(row.state, "put failed, retrying with a fresh URL")
        self.where.say(f"{': '.join(filter(None, [row.label, row.name]))}: {step} ({self._age(row)})")

    @property
    def share(self) -> float | None:
        """Part of the images that is attached."""
        return sum(row.ended is not None for row in self._rows) / len(self._rows) if self._rows else None

    @property
    def problems(self) -> Sequence[str]:
        """Nothing: the command ends with the first failure."""
        return ()

    def look(self, *, last: bool = False) -> None:
        """Look at nothing: each step is reported."""

    def line(self) -> str:
        """Return nothing: each step has its line."""
        return ""

    def layout(self, width: int) -> Iterator[Grid | Cell]:
        """Yield a row for each image; a label once, for all that follow each other."""
        roomy = width >= ROOMY
        rows = tuple(self._rows)  # steps arrive meanwhile
        labels = ["", *[row.label for row in rows]]
        drawn = list[tuple[Cell, ...]]()
        for row, before in zip(rows, labels, strict=False):
            label = [StyledText("" if row.label == before else one_line(row.label), "bold")] if any(labels) else []
            about = [StyledText(row.about, "dim")] if roomy else []
            age = StyledText(f"{self._age(row):>6}", "dim")
            drawn.append((*label, StyledText(one_line(row.name), overflow=Overflow.CUT), *about, *_steps(row), age))
        yield Grid(tuple(drawn), gap=2 if roomy else 1)

    def _age(self, row: UploadRow) -> str:
        return duration((row.ended or self.now()) - self._started)

    def _row(self, upload: Upload) -> UploadRow:
        """Return the row of this key, else one of this name that awaits the step, else a new one."""
        named = [row for row in self._rows if row.name == upload.image.name]
        same = [row for row in named if upload.key and row.key == upload.key]
        # An upload that starts again has no key: it had one before. One of an image that is there never gets one.
        before = State.NEW if upload.key or upload.existing else State.PRESIGNED
        for row in [*same, *[row for row in named if row.state is before]]:
            return row
        self._rows.append(UploadRow("", upload.image.name))
        return self._rows[-1]


def _steps(row: UploadRow) -> Iterator[Cell]:
    """Yield done steps with a tick, the present one with a spinner, the rest dimmed."""
    reached = list(State).index(row.state)
    for number, name in enumerate(STEPS.values(), start=1):
        if number <= reached and (not row.reused or number == len(STEPS)):  # of a reused one only the last is true
            yield StyledText(f"✔ {name}", "green")
        elif number == reached + 1:
            yield SpinnerText(name)
        else:
            yield StyledText(f"· {name}", "dim")
