"""Pictures on their way, as a person sees them: a live board on a terminal, a plain line per finished step elsewhere.

Law: is told of uploads and writes; decides nothing about them. Time is an argument.
"""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from attrs import Factory, define, field
from rich.console import Console, RenderableType
from rich.constrain import Constrain
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from mi_async.text import duration, one_line, size
from mi_async.workflows.upload import State, Upload

STEPS = {State.PRESIGNED: "presign", State.STORED: "put", State.CONFIRMED: "check", State.ATTACHED: "attach"}
"""The state that each step ends in, in order, and the step's name."""

ROOMY = 104
"""Columns from which format and size have room on the board."""

ECHO = "^C "
"""What a terminal writes at the end of the board on Ctrl-C; without room for it, it would break the line."""


class Board(Protocol):
    """Where uploads are shown."""

    def step(self, upload: Upload) -> None:
        """An upload has taken a step; ``Progress`` of the workflows."""
        ...


@define(eq=False)
class Row:
    """One picture.

    Attributes:
        label: whose it is, '' when that goes without saying.
        name: the picture's.
        about: format and size, once known.
        upload: as last seen.
        state: what is done.
        ended: when it was attached.
    """

    label: str
    name: str
    about: str = ""
    upload: Upload | None = None
    state: State = State.NEW
    ended: float | None = None
    spinner: Spinner = Factory(lambda: Spinner("dots", style="cyan"))


@define(eq=False)
class Rows:
    """The pictures; two may have one name, so an upload is told by its key once it has one."""

    now: Callable[[], float]
    rows: list[Row] = Factory(list)
    started: float = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Start the time."""
        self.started = self.now()

    def age(self, row: Row) -> str:
        """How long a picture took, or has taken so far."""
        return duration((row.ended or self.now()) - self.started)

    def expect(self, label: str, name: str) -> Row:
        """Make a row for a picture of which nothing is known yet."""
        self.rows.append(Row(label, name))
        return self.rows[-1]

    def took(self, upload: Upload) -> Row:
        """Note a step."""
        row = self._row(upload)
        image = upload.image
        row.about = row.about or _about(image.picture.format, image.picture.width, image.picture.height, image.content)
        row.upload, row.state = upload, upload.state
        row.ended = self.now() if upload.state is State.ATTACHED else None
        return row

    def _row(self, upload: Upload) -> Row:
        named = [row for row in self.rows if row.name == upload.image.name]
        same = [row for row in named if upload.key and row.upload and row.upload.key == upload.key]
        # One that starts again has no key: it was under way with one before.
        before = State.NEW if upload.key else State.PRESIGNED
        return next((row for row in [*same, *named] if row in same or row.state is before), None) or self.expect(
            "", upload.image.name
        )


def _about(form: str, width: int, height: int, content: bytes) -> str:
    return f"{form:<4} {f'{width} x {height}':<11} {size(len(content)):>8}"


@define(eq=False)
class Lines:
    """Where there is no terminal: one line per finished step."""

    rows: Rows
    console: Console

    def step(self, upload: Upload) -> None:
        """Write what is done."""
        row = self.rows.took(upload)
        named = ": ".join(filter(None, [row.label, row.name]))
        done = STEPS.get(row.state, "put failed, once more with a fresh URL")
        self.console.print(Text(f"{one_line(named)}: {done} ({self.rows.age(row)})"), soft_wrap=True)


@define(eq=False)
class Picture:
    """The live board."""

    rows: Rows
    console: Console

    def step(self, upload: Upload) -> None:
        """Note it; the board draws itself several times a second."""
        self.rows.took(upload)

    def __rich__(self) -> RenderableType:
        """The board as it is now."""
        roomy = self.console.width >= ROOMY
        table = Table.grid(padding=(0, 2 if roomy else 1))
        said = ""
        for row in self.rows.rows:
            label = "" if row.label == said else one_line(row.label)
            said = row.label
            table.add_row(
                *([Text(label, style="bold", no_wrap=True)] if said else []),
                Text(one_line(row.name), overflow="ellipsis", no_wrap=True),
                *([Text(row.about, style="dim", no_wrap=True)] if roomy else []),
                *_steps(row),
                Text(f"{self.rows.age(row):>6}", style="dim", no_wrap=True),
            )
        return Constrain(table, self.console.width - len(ECHO))


def _steps(row: Row) -> Iterator[RenderableType]:
    """Done steps with a tick, the one under way with a spinner, the rest dimmed."""
    reached = list(State).index(row.state)
    for number, name in enumerate(STEPS.values(), start=1):
        if number <= reached:
            yield Text(f"✔ {name}", style="green", no_wrap=True)
        elif number == reached + 1:
            row.spinner.update(text=Text(name, style="cyan", no_wrap=True))
            yield row.spinner
        else:
            yield Text(f"· {name}", style="dim", no_wrap=True)


@contextmanager
def board(
    console: Console,
    *,
    plain: bool = False,
    expected: Sequence[tuple[str, str]] = (),
    now: Callable[[], float] = time.monotonic,
) -> Generator[Board]:
    """Show uploads until the block ends.

    Args:
        console: where.
        plain: lines even on a terminal, because something else writes there too.
        expected: label and name of each picture that is known beforehand.
        now: seconds of any steady clock.
    """
    rows = Rows(now)
    for label, name in expected:
        rows.expect(label, name)
    if plain or not console.is_terminal:
        yield Lines(rows, console)
        return
    picture = Picture(rows, console)
    with Live(picture, console=console, refresh_per_second=12.5):
        yield picture
