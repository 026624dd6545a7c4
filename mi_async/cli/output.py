"""Results on stdout: JSON in the service's spelling, lines of JSON, CSV for spreadsheets, or a table for people.

Invariant: stdout carries results and nothing else.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from functools import partial
from itertools import repeat
from typing import Annotated, Any, Literal, TypeAlias

from cyclopts import Parameter
from rich import box
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from mi_async._core import convert
from mi_async._core.csv_lines import MARK, csv_line
from mi_async.cli.records import as_record, chosen, columns_of, records_of
from mi_async.cli.streams import WIDE, OutputError, console, stdout
from mi_async.models import Page
from mi_async.table import TERMINAL, ResultTable, members, table_about, table_of
from mi_async.text import display_width, one_line

Form: TypeAlias = Literal["json", "table", "jsonl", "csv"]
Output: TypeAlias = Annotated[
    Form,
    Parameter(
        alias="-o",
        env_var="MI_ASYNC_OUTPUT",
        help="Form of the result on stdout: jsonl has a line for each item, csv is for spreadsheets.",
    ),
]
"""The option ``--output`` of every command that prints a result."""

COPIED = 40
"""Columns up to which the first one is not wrapped: it names the row, and is what people copy."""


def show(value: object, form: Form, *, columns: Sequence[str] = (), changed: bool = False) -> None:
    """Write one result.

    Args:
        value: the result.
        form: JSON, a line of JSON for each item, CSV, or a table.
        columns: of items, instead of all; JSON has none.
        changed: the result is something that was made, to be named when it cannot be written.
    """
    try:
        if form == "json":
            stdout().write_bytes(_json(value) + b"\n")
        elif form != "table":
            items = records_of(value)
            written = _csv(items, columns) if form == "csv" else _json_lines(items, columns, {})
            stdout().write_bytes(b"".join(written))
        elif value is not None:
            out = stdout()
            draw(console(out, width=None if out.isatty() else WIDE), _table(value, columns), out.visible)
    except OutputError as error:
        error.created = _identity(value) if changed else {}
        raise


async def show_each(items: AsyncIterator[Any], form: Form, *, columns: Sequence[str] = ()) -> None:
    """Write a listing: JSON, as one array, and lines of JSON as the items arrive, CSV and a table at the end."""
    out, seen = stdout(), dict[str, None]()
    if form == "jsonl":
        async for item in items:
            out.write_bytes(b"".join(_json_lines([item], columns, seen)))
    elif form == "json":
        before = b"[\n  "
        async for item in items:
            out.write_bytes(before + _json(item).replace(b"\n", b"\n  "))
            before = b",\n  "
        out.write_bytes(b"[]\n" if before.startswith(b"[") else b"\n]\n")
    else:
        show([item async for item in items], form, columns=columns)


def _json(value: object) -> bytes:
    return convert.dumps_shown(value, indent=True)


def _json_lines(items: Iterable[object], columns: Sequence[str], seen: dict[str, None]) -> Iterable[bytes]:
    """Yield lines; a column that an earlier item had is known, so that none is refused after the first line."""
    for item in items:
        if columns:
            record = as_record(item)
            seen.update(dict.fromkeys(columns_of([item], [record])))
            names = chosen(list(seen), columns, [item])
            yield convert.dumps_shown({name: record.get(name) for name in names}) + b"\n"
        else:
            yield convert.dumps_shown(item) + b"\n"


def _csv(items: Sequence[object], columns: Sequence[str]) -> Iterable[bytes]:
    if not items:
        return
    records = [as_record(item) for item in items]
    names = chosen(columns_of(items, records), columns, items)
    yield MARK + csv_line(names)
    for record in records:
        yield csv_line([record.get(name) for name in names])


def _identity(value: object) -> dict[str, Any]:
    """Return the first member of a result, and its IDs and keys."""
    return {
        name.replace(" ", "_"): member
        for number, (name, member) in enumerate(members(value, TERMINAL))
        if isinstance(member, int | str) and (number == 0 or name.rpartition(" ")[2] in {"id", "key"})
    }


def _table(value: object, columns: Sequence[str]) -> ResultTable:
    if columns:
        items = records_of(value)
        return table_of(items, TERMINAL, choose=partial(chosen, wanted=columns, items=items))
    return table_of(value, TERMINAL) if isinstance(value, Page | list | tuple) else table_about(value, TERMINAL)


def draw(shown: Console, table: ResultTable, visible: Callable[[str], str] = str) -> None:
    """Draw a table with borders, wrapped to the width of the console.

    Args:
        shown: the console.
        table: the table.
        visible: returns a text as the console can show it.
    """
    if not table.rows:
        shown.print("no items")
        return
    right = table.right
    drawn = Table(box=box.ROUNDED, show_header=bool(table.columns), header_style="bold")
    styles = repeat("") if table.columns else ("bold", "")
    for number, (heading, style) in enumerate(zip(table.columns or ("", ""), styles, strict=False)):
        justify: JustifyMethod = "right" if number in right else "left"
        drawn.add_column(Text(visible(one_line(heading))), overflow="fold", justify=justify, style=style)
    first = max(display_width(visible(str(row[0]))) for row in table.rows)
    drawn.columns[0].no_wrap = first <= COPIED or not table.columns
    for row in table.rows:
        drawn.add_row(*[Text(visible(str(cell))) for cell in row])
    shown.print(drawn)
