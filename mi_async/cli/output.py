"""Results on stdout: JSON in the service's spelling, or a table for people.

Invariant: stdout carries results and nothing else.
"""

from collections.abc import AsyncIterator
from itertools import repeat
from typing import Any, Literal, TypeAlias

from rich import box
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from mi_async._core import convert
from mi_async.cli.streams import WIDE, OutputError, console, stdout
from mi_async.models import Page
from mi_async.table import TERMINAL, ResultTable, members, table_about, table_of
from mi_async.text import display_width, one_line

Form: TypeAlias = Literal["json", "table"]

COPIED = 40
"""Columns up to which the first one is not wrapped: it names the row, and is what people copy."""


def show(value: object, form: Form, *, changed: bool = False) -> None:
    """Write one result.

    Args:
        value: the result.
        form: JSON or a table.
        changed: the result is something that was made, to be named when it cannot be written.
    """
    try:
        if form == "json":
            stdout().write_bytes(_json(value) + b"\n")
        elif value is not None:
            out = stdout()
            draw(console(out, width=None if out.isatty() else WIDE), _table(value))
    except OutputError as error:
        error.created = _identity(value) if changed else {}
        raise


async def show_each(items: AsyncIterator[Any], form: Form) -> None:
    """Write a listing as one JSON array, item by item as it arrives, or as one table."""
    if form == "table":
        return show([item async for item in items], form)
    out, before = stdout(), b"[\n  "
    async for item in items:
        out.write_bytes(before + _json(item).replace(b"\n", b"\n  "))
        before = b",\n  "
    return out.write_bytes(b"[]\n" if before.startswith(b"[") else b"\n]\n")


def _json(value: object) -> bytes:
    return convert.dumps_shown(value, indent=True)


def _identity(value: object) -> dict[str, Any]:
    """Return the first member of a result, and its IDs and keys."""
    return {
        name.replace(" ", "_"): member
        for number, (name, member) in enumerate(members(value, TERMINAL))
        if isinstance(member, int | str) and (number == 0 or name.rpartition(" ")[2] in {"id", "key"})
    }


def _table(value: object) -> ResultTable:
    return table_of(value, TERMINAL) if isinstance(value, Page | list | tuple) else table_about(value, TERMINAL)


def draw(shown: Console, table: ResultTable) -> None:
    """Draw a table with borders, wrapped to the width of the console."""
    if not table.rows:
        shown.print("no items")
        return
    right = table.right
    drawn = Table(box=box.ROUNDED, show_header=bool(table.columns), header_style="bold")
    styles = repeat("") if table.columns else ("bold", "")
    for number, (heading, style) in enumerate(zip(table.columns or ("", ""), styles, strict=False)):
        justify: JustifyMethod = "right" if number in right else "left"
        drawn.add_column(Text(one_line(heading)), overflow="fold", justify=justify, style=style)
    first = max(display_width(str(row[0])) for row in table.rows)
    drawn.columns[0].no_wrap = first <= COPIED or not table.columns
    for row in table.rows:
        drawn.add_row(*[Text(str(cell)) for cell in row])
    shown.print(drawn)
