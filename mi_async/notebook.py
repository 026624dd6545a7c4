"""How values show themselves in a notebook: HTML tables with pictures, and a text that stays short.

Invariant: pure; asks nobody. Whatever a service or a user wrote is escaped and cannot become markup, mathematics, a
link or a change of the writing direction; a table has an end however long what it is about is.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any, Generic, TypeVar, cast
from urllib.parse import urlsplit

import attrs

from mi_async.text import one_line, plain

V = TypeVar("V")

ROWS, COLUMNS, ITEMS, LETTERS, DEPTH = 100, 24, 12, 300, 2
"""Most rows and columns of a table, items and characters of a cell, and things inside things that are shown."""
FEW = 3
"""Items of a list that its repr shows."""

SHOWN = "notebook"
"""Key of the field metadata that say how a member is shown."""
QUERY = re.compile(r"(https?://[^\s?#]+)[?#]\S*", re.IGNORECASE)
"""A URL with a query, which may hold a signature."""
ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})
TEX = re.compile(r"[$\\]")
"""What begins mathematics in a notebook; it is not recognised across elements."""
FLAG = re.compile(r"^is (?=\w)|(?<=\w) .*")
"""What goes from the heading of a flag: ``is primary thumbnail`` is shown as ``primary``."""
IMG = (
    '<img src="{}" alt="{}" title="{}" loading="lazy" referrerpolicy="no-referrer" '
    'style="display:inline-block;height:64px;width:auto;max-width:none;margin:1px;border-radius:4px{}">'
)
FRAME = (
    '<div class="mi-async tex2jax_ignore mathjax_ignore" style="overflow-x:auto">'
    "<table>{}<tbody>{}</tbody></table></div>"
)
"""Around every table; the classes keep MathJax out."""
MARKED = ";outline:2px solid #4a90d9"


class Html(str):
    """Markup that is safe as it stands; a notebook shows it."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        """Show it in a notebook."""
        return self

    def __repr__(self) -> str:
        """Stay short where there is no notebook."""
        return f"<{type(self).__name__}: {len(self):,} characters>"


def pictured(*, first: str = "") -> dict[str, Any]:
    """Field metadata: the URL of a picture, or pictures of which the one flagged ``first`` leads."""
    return {SHOWN: ("picture", first)}


def told() -> dict[str, Any]:
    """Field metadata: a member that repr leaves out for its length, and not because it is a secret."""
    return {SHOWN: ("text", "")}


def few(items: Sequence[object] | None) -> str:
    """A repr of a list that stays short: its first items, and how many there are."""
    if items is None or len(items) <= FEW:
        return repr(items)
    shown = ", ".join(map(repr, items[:FEW]))
    return f"({shown}, ... {len(items) - FEW:,} more)"


def show(value: object, *, caption: str = "") -> Html:
    """A table about one value: of the list that it is about, else of its members."""
    about = members(value)
    lists = {name: member for name, member in about.items() if isinstance(member, tuple)}
    if len(lists) == 1 and (listed := _records(*lists.values())) is not None:
        beside = {name: member for name, member in about.items() if name not in lists}
        return table(listed, caption=_caption(value, beside))
    cells = {name: cell(member) for name, member in list(about.items())[:ROWS]}
    rows = [_row("th", [text(name)]) + _row("td", [said]) for name, said in cells.items() if said]
    return _framed([f"<tr>{row}</tr>" for row in rows], text(caption or type(value).__name__))


def table(items: Iterable[object], *, caption: str = "") -> Html:
    """A table with a row for each item, the first 100 of them; a member that no item has makes no column."""
    every = list(items)
    rows = [{name: cell(member) for name, member in members(item).items()} for item in every[:ROWS]]
    names = [name for name in dict.fromkeys(name for row in rows for name in row) if any(row.get(name) for row in rows)]
    names = names[:COLUMNS]
    lines = [f"<tr>{_row('th', map(text, names))}</tr>"]
    lines += [f"<tr>{_row('td', [row.get(name, Html()) for name in names])}</tr>" for row in rows]
    left = len(every) - len(rows)
    said = [caption, "no items" if not every else "", f"{left:,} more are not shown" if left else ""]
    return _framed(lines if every else [], text(" · ".join(filter(None, said))))


def members(value: object) -> dict[str, object]:
    """What is shown of a value, by heading; nothing that its repr leaves out, unless its field says so."""
    if isinstance(value, Mapping):
        return {str(name): member for name, member in value.items()}
    if not attrs.has(type(value)):
        return {"value": value}
    shown: dict[str, object] = {}
    for field in attrs.fields(cast("type[attrs.AttrsInstance]", type(value))):
        kind, first = field.metadata.get(SHOWN, ("text" if field.repr else "", ""))
        member = getattr(value, field.name)
        if kind and field.name != "extra" and not field.name.startswith("_") and member is not None:
            member = picture(member) if kind == "picture" and isinstance(member, str) else member
            shown[field.name.replace("_", " ")] = _leading(member, first) if first else member
    return shown | {str(name): member for name, member in dict(getattr(value, "extra", None) or {}).items()}


def _leading(items: Sequence[object], first: str) -> tuple[object, ...]:
    return tuple(sorted(items, key=lambda item: getattr(item, first) is not True))


def cell(value: object, depth: int = DEPTH) -> Html:
    """What a cell says of a value: of things inside things the picture, the name, or what is in them."""
    for kind, write in CELLS.items():
        if isinstance(value, kind):
            return Html(write(value))
    if depth and isinstance(value, tuple | list):
        return _several(cast("Sequence[object]", value), depth)
    if attrs.has(type(value)) or isinstance(value, tuple | list | Mapping):
        return _thing(value, depth) if depth else Html("…")
    return text(str(value))


def _several(items: Sequence[object], depth: int) -> Html:
    cells = [cell(item, depth - 1) for item in items[:ITEMS]]
    more = [f"+ {len(items) - ITEMS:,}"] if len(items) > ITEMS else []
    joint = " " if any(one.startswith("<img ") for one in cells) else ", "
    return Html(joint.join([*filter(None, cells), *more]))


def _thing(value: object, depth: int) -> Html:
    about = members(value)
    flags = [FLAG.sub("", name) for name, member in about.items() if FLAG.match(name) and member is True]
    if (url := _picture_of(value)) is not None:
        return picture(url, " ".join([str(about.get("id", "")), *flags]).strip(), marked=bool(flags))
    for name in ("name", "id"):
        if about.get(name) is not None:
            return cell(about[name], depth - 1)
    known = {name: cell(member, depth - 1) for name, member in list(about.items())[:ITEMS]}
    if len(known) == 1:
        return next(iter(known.values()))
    return Html(", ".join([f"{text(name)}: {said}" for name, said in known.items() if said]))


def _picture_of(value: object) -> str | None:
    """The URL of a thing that is a picture."""
    if attrs.has(type(value)):
        for field in attrs.fields(cast("type[attrs.AttrsInstance]", type(value))):
            url = getattr(value, field.name)
            if field.metadata.get(SHOWN) == ("picture", "") and isinstance(url, str):
                return url
    return None


def picture(url: str, label: str = "", *, marked: bool = False) -> Html:
    """A picture by its URL, which must be http or https; its label alone for any other."""
    if not is_web(url):
        return text(label)
    said = one_line(label).translate(ESCAPES)
    return Html(IMG.format(url.translate(ESCAPES), said, said, MARKED if marked else ""))


def is_web(url: str) -> bool:
    """Whether it is a plain http or https URL of a host, without anything that a browser would take out of it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    clean = plain(url) == url and not any(c.isspace() or c in "\\\u200c\u200d" for c in url)
    return clean and parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.username is None


def text(value: str) -> Html:
    """A text as markup: one line, at most 300 characters, of URLs without their queries."""
    said = one_line(QUERY.sub(r"\1?…", value[: LETTERS * 10]))
    said = said if len(said) <= LETTERS else said[:LETTERS] + "…"
    return Html(TEX.sub(r"<span>\g<0></span>", said.translate(ESCAPES)))


CELLS: Mapping[type, Callable[[Any], str]] = {
    type(None): lambda _: "",
    Html: str,
    bool: lambda value: "yes" if value else "no",
    str: text,
    Enum: lambda value: text(str(value.value)),
    datetime: lambda value: text(value.isoformat(" ")),
}
"""How a cell says what is in no other thing, in the order in which it is looked for."""


def _caption(value: object, beside: Mapping[str, object]) -> str:
    said = [f"{name} {member:,}" if type(member) is int else f"{name} {member}" for name, member in beside.items()]
    return f"{type(value).__name__}: {', '.join(said)}" if said else type(value).__name__


def _records(items: tuple[object, ...]) -> tuple[object, ...] | None:
    """The items, if they are things with members."""
    return items if all(attrs.has(type(item)) or isinstance(item, Mapping) for item in items) else None


def _row(element: str, cells: Iterable[Html]) -> str:
    return "".join([f'<{element} style="text-align:left">{said}</{element}>' for said in cells])


def _framed(rows: Iterable[str], caption: Html) -> Html:
    head = f'<caption style="caption-side:top;text-align:left">{caption}</caption>' if caption else ""
    return Html(FRAME.format(head, "".join(rows)))


@attrs.frozen(repr=False, eq=False)
class Tabled(Mapping[str, V], Generic[V]):
    """A mapping that shows itself as a table, each value a row."""

    values_by_name: Mapping[str, V]

    def __getitem__(self, name: str) -> V:
        """Get a value by its name."""
        return self.values_by_name[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self.values_by_name)

    def __len__(self) -> int:
        """Count the values."""
        return len(self.values_by_name)

    def __repr__(self) -> str:
        """Draw the table."""
        return text_table(members(value) for value in self.values_by_name.values()) or "{}"

    def _repr_html_(self) -> str:
        """Draw the table in a notebook."""
        return table(self.values_by_name.values())


def text_table(rows: Iterable[Mapping[str, object]]) -> str:
    """Lines with columns that are as wide as what is in them."""
    said = [{name: one_line(_words(member)) for name, member in row.items()} for row in rows]
    names = list(dict.fromkeys(name for row in said for name in row))
    columns = [[name, *[row.get(name, "") for row in said]] for name in names]
    widths = [max(map(len, column)) for column in columns]
    sides: list[Callable[[str, int], str]] = [
        str.rjust if all(_is_number(word) for word in column[1:]) else str.ljust for column in columns
    ]
    lines = zip(*columns, strict=True)
    return "\n".join(
        [
            "  ".join([side(word, width) for word, width, side in zip(line, widths, sides, strict=True)]).rstrip()
            for line in lines
        ]
    )


def _words(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _is_number(word: str) -> bool:
    return word.replace(".", "", 1).lstrip("-").isdigit()
