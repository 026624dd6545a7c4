"""Results on stdout: JSON in the service's spelling, or a table for people.

Law: stdout carries results and nothing else; a field that has no value in any row makes no column.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias, cast

import attrs
from rich import box
from rich.table import Table
from rich.text import Text

from mi_async._core import convert
from mi_async.cli.streams import WIDE, OutputError, console, stdout
from mi_async.models import OpenEnum, Page
from mi_async.text import plain

Form: TypeAlias = Literal["json", "table"]

COPIED = 40
"""Characters up to which the first column is not broken into lines: it names the row, and is what people copy."""
FEW = 3
"""Columns up to which a table shows who changed something and when, too."""


def show(value: object, form: Form, *, changed: bool = False) -> None:
    """Write one result.

    Args:
        value: the result.
        form: how.
        changed: whether it tells of something that was made, to be named when it cannot be written.
    """
    try:
        if form == "json":
            _write(_json(value) + b"\n")
        elif value is not None:
            _print(value)
    except OutputError as error:
        error.created = _identity(value) if changed else {}
        raise


async def show_each(items: AsyncIterator[Any], form: Form) -> None:
    """Write a listing as one JSON array, item by item as it arrives, or as one table."""
    if form == "table":
        return show([item async for item in items], form)
    before = first = b"[\n  "
    async for item in items:
        _write(before + _json(item).replace(b"\n", b"\n  "))
        before = b",\n  "
    return _write(b"[]\n" if before is first else b"\n]\n")


def _json(value: object) -> bytes:
    return convert.dumps_shown(value, indent=True)


def _write(content: bytes) -> None:
    """UTF-8, whatever the locale says: it is JSON."""
    stdout().write_bytes(content)


def _print(value: object) -> None:
    out = stdout()
    console(out, width=None if out.isatty() else WIDE).print(_table(value))


def _identity(value: object) -> dict[str, Any]:
    """What a result is known by: its first member, and its numbers and keys."""
    members = _members(value)
    return {
        name.replace(" ", "_"): member
        for number, (name, member) in enumerate(members.items())
        if isinstance(member, int | str) and (number == 0 or name.rpartition(" ")[2] in {"id", "key"})
    }


def _table(value: object) -> Table | str:
    items = value if isinstance(value, Page | list | tuple) else _listed(value)
    if items is not None:
        return _rows(list(items)) if len(items) else "no items"
    table = Table(box=box.ROUNDED, show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, member in _members(value).items():
        if cell := _cell(member):
            table.add_row(_cell(name), cell)
    return table


def _listed(value: object) -> tuple[object, ...] | None:
    """The list that a model is about: the only one in it, with nothing else but numbers and states beside it."""
    members = list(_members(value).values())
    lists = [member for member in members if isinstance(member, tuple)]
    beside = all(isinstance(member, tuple | int | OpenEnum | None) for member in members)
    return lists[0] if len(lists) == 1 and beside else None


def _rows(items: Sequence[object]) -> Table:
    rows = [{name: _cell(member) for name, member in _members(item).items()} for item in items]
    names = [name for name in dict.fromkeys(name for row in rows for name in row) if any(row.get(name) for row in rows)]
    if len(names) > FEW:
        names = [name for name in names if name.rpartition(" ")[2] != "time" and not name.endswith("user name")]
    table = Table(box=box.ROUNDED, header_style="bold")
    for name in names:
        table.add_column(_cell(name), overflow="fold")  # a name that the service invented is text, not markup
    if names and max(len(row.get(names[0], "")) for row in rows) <= COPIED:
        table.columns[0].no_wrap = True
    for row in rows:
        table.add_row(*[row.get(name, Text()) for name in names])
    return table


def _members(value: object) -> Mapping[str, object]:
    if isinstance(value, Mapping):
        return value
    if attrs.has(type(value)):
        known = {
            f.name.replace("_", " "): getattr(value, f.name)
            for f in attrs.fields(cast("type[attrs.AttrsInstance]", type(value)))
        }
        return {name: member for name, member in known.items() if name != "extra"} | dict(known.get("extra") or {})
    return {"value": value}


def _cell(value: object) -> Text:
    return Text(plain(_words(value)))


def _words(value: object) -> str:
    """What a cell says: of things inside things, the name, or the number where they have none."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case str():
            return value
        case tuple() | list():
            return ", ".join([_words(item) for item in value])
        case _ if attrs.has(type(value)) or isinstance(value, Mapping):
            members = _members(value)
            named = members.get("name") or members.get("id")
            flags = [name.split()[1] for name, member in members.items() if name.startswith("is ") and member is True]
            marks = f" ({', '.join(flags)})" if flags else ""
            return f"{named}{marks}" if named is not None else convert.dumps_shown(value).decode()
        case _:
            return str(value)
