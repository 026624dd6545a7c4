"""Pictures on their way, as a person sees them: a live board on a terminal, a plain line per finished step elsewhere.

Law: is told of uploads and writes; decides nothing about them. Time is an argument.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from attrs import Factory, define, field
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from mi_async.cli.text import duration, one_line, size
from mi_async.workflows.upload import State, Upload

STEPS = {State.PRESIGNED: "presign", State.STORED: "put", State.CONFIRMED: "check", State.ATTACHED: "attach"}
"""The state that each step ends in, in order, and the step's name."""

_ORDER = [State.NEW, *STEPS]


class Board(Protocol):
    """Where uploads are shown."""

    def step(self, upload: Upload) -> None:
        """An upload has taken a step; ``Progress`` of the workflows."""
        ...

    def attached(self, names: Sequence[str]) -> None:
        """The pictures of these names now belong to a person, by a call that carried all of them."""
        ...


@define(eq=False)
class Row:
    """One picture."""

    label: str
    name: str
    started: float
    upload: Upload | None = None
    ended: float | None = None
    state: State = State.NEW
    spinner: Spinner = Factory(lambda: Spinner("dots", style="cyan"))


@define(eq=False)
class Rows:
    """The pictures, told apart by the picture itself: two may have one name."""

    now: Callable[[], float]
    rows: list[Row] = Factory(list)
    _by_image: dict[int, Row] = Factory(dict)

    def expect(self, label: str, name: str) -> None:
        """Make a row for a picture of which nothing is known yet."""
        self.rows.append(Row(label, name, self.now()))

    def took(self, upload: Upload) -> Row:
        """Note a step."""
        row = self._by_image.get(id(upload.image)) or self._first(upload.image.name)
        row.upload, row.state = upload, upload.state
        self._by_image[id(upload.image)] = row  # the row keeps the image, so its id stays its own
        if upload.state is State.ATTACHED:
            row.ended = self.now()
        return row

    def attached(self, names: Sequence[str]) -> Iterator[Row]:
        """Note that pictures belong to a person."""
        for row in self.rows:
            if row.name in names and row.state is State.CONFIRMED:
                row.state, row.ended = State.ATTACHED, self.now()
                yield row

    def _first(self, name: str) -> Row:
        """The first row of this name that no picture has claimed, or a new one."""
        for row in self.rows:
            if row.name == name and row.upload is None:
                return row
        self.expect("", name)
        return self.rows[-1]


@define(eq=False)
class Lines:
    """Where there is no terminal: one line per finished step."""

    rows: Rows
    console: Console

    def step(self, upload: Upload) -> None:
        """Write what is done."""
        self._line(self.rows.took(upload))

    def attached(self, names: Sequence[str]) -> None:
        """Write the last step."""
        for row in self.rows.attached(names):
            self._line(row)

    def _line(self, row: Row) -> None:
        named = " ".join(filter(None, [row.label and f"{row.label}:", row.name]))
        done = STEPS.get(row.state, "starting again with a fresh URL")
        took = duration(self.rows.now() - row.started)
        self.console.print(Text(f"{one_line(named)}: {done} ({took})"), soft_wrap=True)


@define(eq=False)
class Picture:
    """The live board."""

    rows: Rows
    _labelled: bool = field(init=False, default=False)

    def step(self, upload: Upload) -> None:
        """Note it; the board draws itself several times a second."""
        self.rows.took(upload)

    def attached(self, names: Sequence[str]) -> None:
        """Note it."""
        for _ in self.rows.attached(names):
            pass

    def __rich__(self) -> RenderableType:
        """The board as it is now."""
        table = Table.grid(padding=(0, 2))
        for row in self.rows.rows:
            labels = [Text(one_line(row.label), style="bold")] if any(r.label for r in self.rows.rows) else []
            took = duration((row.ended or self.rows.now()) - row.started)
            table.add_row("", *labels, *_about(row), _steps(row), Text(took, style="dim", justify="right"))
        return Group(table)


def _about(row: Row) -> tuple[Text, Text]:
    name = Text(one_line(row.name), overflow="ellipsis", no_wrap=True)
    if row.upload is None:
        return name, Text()
    image, picture = row.upload.image, row.upload.image.picture
    text = f"{picture.format:<4} {picture.width} x {picture.height}  {size(len(image.content)):>8}"
    return name, Text(text, style="dim", no_wrap=True)


def _steps(row: Row) -> RenderableType:
    """Done steps with a tick, the one under way with a spinner, the rest dimmed."""
    reached = _ORDER.index(row.state)
    cells: list[RenderableType] = []
    for number, name in enumerate(STEPS.values(), start=1):
        if number <= reached:
            cells.append(Text.assemble(("✔ ", "green"), (name, "green")))
        elif number == reached + 1:
            row.spinner.update(text=Text(name, style="cyan"))
            cells.append(row.spinner)
        else:
            cells.append(Text(f"· {name}", style="dim"))
    table = Table.grid(padding=(0, 2))
    table.add_row(*cells)
    return table


@contextmanager
def board(
    console: Console,
    *,
    plain: bool = False,
    expected: Sequence[tuple[str, str]] = (),
    now: Callable[[], float] = time.monotonic,
) -> Iterator[Board]:
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
    picture = Picture(rows)
    with Live(picture, console=console, refresh_per_second=12.5):
        yield picture
