"""Tables of results as values: columns, cells and their words, for HTML, for terminals and for plain text.

Invariant: pure; a table can be about anything, and within its bounds it ends, however long or deep the thing is.
"""

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import Enum
from itertools import chain
from typing import Any, TypeAlias, cast

import attrs

from mi_async.member_display import SHOWN
from mi_async.text import aligned, one_line, plain, time_code

FLAG = re.compile(r"^is (?=\w)|(?<=\w) .*")
"""Left out of the heading of a flag: ``is primary thumbnail`` is shown as ``primary``."""
VALUE = "value"
"""Heading of what has no members, or nothing in any of them."""
FEW = 3
"""Columns up to which a table shows who changed something and when, too."""
LINE_END = re.compile(r"[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")
NUMBER = re.compile(r"-?[0-9][0-9,]*(\.[0-9]+)?( (s|ms|kB|MB|bytes|%))?")
"""Text of a column that is aligned to the right."""
EXACT = 2.0**53
"""Magnitude up to which a float that is whole is written as a whole number."""


@attrs.frozen
class TableBounds:
    """Bounds of a table.

    Attributes:
        rows: most rows.
        columns: most columns.
        items: most items of a cell.
        depth: things inside things that are shown.
        letters: most characters of a text.
        whole: leave nothing out: not the members that repr does, such as presigned URLs, and no text beside a list.
    """

    rows: int
    columns: int
    items: int
    depth: int
    letters: int
    whole: bool


ANY = sys.maxsize
NOTEBOOK = TableBounds(rows=100, columns=24, items=12, depth=2, letters=3000, whole=False)
"""A notebook is stored and shared: tables are short, and secrets stay out of it."""
TERMINAL = TableBounds(rows=ANY, columns=ANY, items=ANY, depth=50, letters=ANY, whole=True)
"""Everything: a result of the command line is used by whoever asked for it. JSON may be deeper than Python can call."""


@attrs.frozen
class CellImage:
    """An image in a cell.

    Attributes:
        url: as the service sent it.
        label: ID and flags of the image.
        marked: the first of its kind, such as the primary thumbnail.
    """

    url: str
    label: str = ""
    marked: bool = False

    def __str__(self) -> str:
        """Return the label, and the URL where there is none."""
        return self.label or self.url


Part: TypeAlias = str | CellImage


@attrs.frozen
class Cell:
    """Parts of a cell; none for an empty one."""

    parts: tuple[Part, ...] = ()

    def __bool__(self) -> bool:
        """Return True if there is anything to show."""
        return bool(self.parts)

    def __str__(self) -> str:
        """Return the cell as text on one line."""
        return plain(LINE_END.sub(" ", ", ".join(map(str, self.parts))))


@attrs.frozen
class ResultTable:
    """A table.

    Attributes:
        columns: headings; () for a table about one thing, whose rows are heading and value.
        rows: cells, as many in each.
        caption: what the table is about.
        left: rows that have no room.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""
    left: int = 0

    @property
    def right(self) -> frozenset[int]:
        """Columns of numbers, which are aligned to the right."""
        texts = [list(map(str, column)) for column in zip(*self.rows, strict=True)] if self.columns else []
        return frozenset(n for n, column in enumerate(texts) if all(not c or NUMBER.fullmatch(c) for c in column))

    def __str__(self) -> str:
        """Draw the table with columns as wide as their contents."""
        heading = [tuple(map(one_line, self.columns))] if self.columns else []
        return "\n".join(aligned([*heading, *[tuple(map(str, row)) for row in self.rows]], right=self.right))


def table_of(
    items: Iterable[object],
    bounds: TableBounds,
    *,
    caption: str = "",
    choose: Callable[[Sequence[str]], Sequence[str]] | None = None,
) -> ResultTable:
    """Make a table with a row for each item; a member that no item has makes no column.

    Args:
        items: what it is about.
        bounds: of the table.
        caption: of the table.
        choose: returns the headings to show of all that there are, instead of those that fit.
    """
    every = list(items)
    rows = [{name: cell_of(member, bounds) for name, member in members(item, bounds)} for item in every[: bounds.rows]]
    if choose is not None and rows:
        names = list(choose(list(dict.fromkeys(chain(*rows)))))
    else:
        names = _headings(rows, whole=any(isinstance(item, Mapping) for item in every))[: bounds.columns]
    cells = tuple(tuple(row.get(name, Cell()) for name in names) for row in rows)
    return ResultTable(tuple(names), cells, caption, len(every) - len(rows))


def _headings(rows: Sequence[Mapping[str, Cell]], *, whole: bool) -> list[str]:
    """Return the headings under which any row has something.

    Args:
        rows: cells by heading.
        whole: True for rows of a caller's own; of many headings of models, who changed something and when are left out.
    """
    names = [name for name in dict.fromkeys(chain(*rows)) if any(row.get(name) for row in rows)]
    if rows and not names:
        return [VALUE]
    if whole or len(names) <= FEW:
        return names
    return [name for name in names if name.rpartition(" ")[2] != "time" and not name.endswith("user name")]


def table_about(value: object, bounds: TableBounds, *, caption: str = "") -> ResultTable:
    """Make a table about one value: of the list that it is about, else of its members."""
    if (found := listed(value, bounds)) is not None:
        items, about = found
        return table_of(items, bounds, caption=about)
    cells = [(name, cell_of(member, bounds)) for name, member in list(members(value, bounds))[: bounds.rows]]
    rows = tuple((Cell((name,)), cell) for name, cell in cells if cell)
    return ResultTable((), rows, caption or type(value).__name__)


def listed(value: object, bounds: TableBounds) -> tuple[tuple[object, ...], str] | None:
    """Return the list that a model is about, and a caption from the other members; None where there is no such list."""
    beside = dict(members(value, bounds))
    lists = [name for name, member in beside.items() if isinstance(member, tuple)]
    if len(lists) != 1:
        return None
    items = cast("tuple[object, ...]", beside.pop(lists[0]))
    if not all(attrs.has(type(item)) or isinstance(item, Mapping) for item in items):
        return None
    if bounds.whole and not all(isinstance(member, int | Enum) for member in beside.values()):
        return None
    return items, _caption(type(value).__name__, beside)


def _caption(kind: str, beside: Mapping[str, object]) -> str:
    """Return the kind of a thing, and its members beside the list."""
    said = ", ".join(f"{name} {_counted(member)}" for name, member in beside.items())
    return f"{kind}: {said}" if said else kind


def _counted(value: object) -> str:
    return f"{value:,}" if type(value) is int else str(value)


def members(value: object, bounds: TableBounds) -> Iterator[tuple[str, object]]:
    """Yield the members of a value by heading, those of a model that are None left out."""
    if isinstance(value, Mapping):
        yield from _named(cast("Mapping[object, object]", value))
    elif attrs.has(type(value)):
        yield from _attributes(value, bounds)
        yield from _named(getattr(value, "extra", None) or {})
    else:
        yield VALUE, value


def _attributes(value: object, bounds: TableBounds) -> Iterator[tuple[str, object]]:
    """Yield the public attributes of a model that are not None, by heading; for a notebook times are time codes."""
    for field in attrs.fields(cast("type[attrs.AttrsInstance]", type(value))):
        kind, first = _display_of(field, bounds)
        member = getattr(value, field.name)
        if kind and member is not None:
            name = field.name.replace("_", " ")
            if kind == "time" and not bounds.whole:
                yield name.removesuffix(" ms"), time_code(member)
            else:
                yield name, _with_images(member, first) if kind == "image" else member


def _display_of(field: "attrs.Attribute[object]", bounds: TableBounds) -> tuple[str, str]:
    """Return the form in which an attribute is shown, '' for none, and the flag of the item that goes before others."""
    if field.name == "extra" or field.name.startswith("_"):
        return "", ""
    declared: tuple[str, str] | None = field.metadata.get(SHOWN)
    return declared or ("text" if field.repr or bounds.whole else "", "")


def _named(mapping: Mapping[object, object]) -> Iterator[tuple[str, object]]:
    yield from [(str(name), member) for name, member in mapping.items()]


def _with_images(member: str | Sequence[object], first: str) -> object:
    """Return the image of a URL, or the things that have images with the flagged one in front."""
    return CellImage(member) if isinstance(member, str) else _leading(member, first)


def _leading(items: Sequence[object], first: str) -> tuple[object, ...]:
    """Return the items with the flagged one in front."""
    return tuple(sorted(items, key=lambda item: getattr(item, first) is not True))


def cell_of(value: object, bounds: TableBounds) -> Cell:
    """Return a value as a cell: of things inside things the image, the name, or what is in them."""
    for kind, write in PLAIN.items():
        if isinstance(value, kind):
            part = write(value)
            part = part[: bounds.letters] if isinstance(part, str) else part
            return Cell((part,)) if part else Cell()
    if attrs.has(type(value)) or isinstance(value, tuple | list | Mapping):
        if not bounds.depth:
            return Cell(("…",))
        inner = attrs.evolve(bounds, depth=bounds.depth - 1)
        return _several(value, inner) if isinstance(value, tuple | list) else _thing(value, inner)
    return Cell((str(value),))


def _several(items: Sequence[object], bounds: TableBounds) -> Cell:
    parts = [part for item in items[: bounds.items] for part in cell_of(item, bounds).parts]
    more = [f"+ {len(items) - bounds.items:,}"] if len(items) > bounds.items else []
    return Cell((*parts, *more))


def _thing(value: object, bounds: TableBounds) -> Cell:
    about = dict(members(value, bounds))
    flags = ", ".join(FLAG.sub("", name) for name, member in about.items() if FLAG.match(name) and member is True)
    marks = f" ({flags})" if flags else ""
    image = next((member for member in about.values() if isinstance(member, CellImage)), None)
    if image is not None:
        label = f"{about.get('id', '')}{marks}".strip()
        return Cell((attrs.evolve(image, label=label, marked=bool(flags)),))
    named = next((about[name] for name in ("name", "id") if about.get(name) not in (None, "")), None)
    if named is not None:
        return Cell((f"{cell_of(named, bounds)}{marks}",))
    return _described(list(about.items())[: bounds.items], bounds)


def _described(about: Iterable[tuple[str, object]], bounds: TableBounds) -> Cell:
    known = [(name, cell_of(member, bounds)) for name, member in about]
    said = ", ".join([f"{name}: {cell}" for name, cell in known if cell])
    return Cell((said,)) if said else Cell()


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < EXACT else str(value)


PLAIN: Mapping[type, Callable[[Any], Part]] = {
    type(None): lambda _: "",
    CellImage: lambda value: value,
    bool: lambda value: "yes" if value else "no",
    str: lambda value: value,
    Enum: lambda value: str(value.value),
    datetime: lambda value: value.isoformat(" "),
    float: _number,
}
"""Parts for values with nothing inside, in the order in which their kind is looked for."""
