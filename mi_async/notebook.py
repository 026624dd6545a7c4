"""HTML of results for notebooks: tables with images.

Invariant: pure. Whatever a service or a user wrote is escaped and cannot become
markup, mathematics, a link or a change of the writing direction; a table has an end however long its subject is.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Generic, TypeVar
from urllib.parse import urlsplit

import attrs

from mi_async.table import NOTEBOOK, Cell, CellImage, Part, ResultTable, table_about, table_of
from mi_async.text import one_line, plain

V = TypeVar("V")

LETTERS = 300
"""Most characters of a text."""
QUERY = re.compile(r"(https?://[^\s?#]+)[?#]\S*", re.IGNORECASE)
"""A URL with a query, which may hold a signature."""
ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})
TEX = re.compile(r"[$\\]")
"""Start of mathematics in a notebook; it is not recognised across elements."""
IMG = (
    '<img src="{}" alt="{}" title="{}" loading="lazy" referrerpolicy="no-referrer" '
    'style="display:inline-block;height:64px;width:auto;max-width:none;margin:1px;border-radius:4px{}">'
)
FRAME = (
    '<div class="mi-async tex2jax_ignore mathjax_ignore" style="overflow-x:auto">'
    "{}<table><tbody>{}</tbody></table></div>"
)
"""Around every table; the classes keep MathJax out."""
ABOVE = '<div style="text-align:left;white-space:nowrap;padding:2px 0 4px">{}</div>'
"""Caption of a table. A ``<caption>`` would be broken at the width of the columns, or widen them."""
PROGRESS = '<progress value="{:.4f}" max="1" style="width:120px"></progress> &nbsp; {}'
STORED = "images: from mi_async.pictures import contact_sheet; await contact_sheet(workspace, persons)"
"""Caption of a table whose images have presigned URLs."""
PRESIGNED = "presigned URL"
"""What is shown of one."""
LEFT = "text-align:left;word-break:keep-all"
"""Style of cells; without the latter, a narrow column has a syllable of Korean to a line."""
SENTENCE = 40
"""Characters from which a cell is wide."""
MARKED = ";outline:2px solid #4a90d9"


@attrs.frozen
class Bar:
    """A share, shown as a bar with its words beside it.

    Attributes:
        share: 0 to 1; None for no bar.
        words: what it is a share of.
    """

    share: float | None
    words: str


class Html(str):
    """Markup that is safe as it stands; a notebook shows it."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        """Show it in a notebook."""
        return self

    def __repr__(self) -> str:
        """Stay short where there is no notebook."""
        return f"<{type(self).__name__}: {len(self):,} characters>"


def show(value: object, *, caption: str = "") -> Html:
    """Return a table about one value: of the list that it is about, else of its members."""
    return html_table(table_about(value, NOTEBOOK, caption=caption))


def table(items: Iterable[object], *, caption: str = "") -> Html:
    """Return a table with a row for each item, the first 100 of them; a member that no item has makes no column."""
    return html_table(table_of(items, NOTEBOOK, caption=caption))


def card(caption: str, rows: Iterable[tuple[str, str | Bar]]) -> Html:
    """Return a table about a live object, from what is known without asking anybody."""
    lines = [_row("th", [text(name)]) + _row("td", [_bar(value)]) for name, value in rows]
    return Html(FRAME.format(ABOVE.format(text(caption)), "".join([f"<tr>{line}</tr>" for line in lines])))


def _bar(value: str | Bar) -> Html:
    if isinstance(value, str):
        return text(value)
    words = text(value.words)
    return words if value.share is None else Html(PROGRESS.format(min(1.0, max(0.0, value.share)), words))


def html_table(drawn: ResultTable) -> Html:
    """Return a table as HTML."""
    rows = [_row("th", map(text, drawn.columns))] if drawn.columns else []
    for cells in drawn.rows:
        names, rest = ([], cells) if drawn.columns else ([text(str(cells[0]))], cells[1:])
        rows.append(_row("th", names) + _row("td", map(_cell, rest)))
    above = text(" · ".join(filter(None, _above(drawn))))
    head = ABOVE.format(above) if above else ""
    return Html(FRAME.format(head, "".join([f"<tr>{row}</tr>" for row in rows])))


def _above(drawn: ResultTable) -> Iterator[str]:
    """Yield what is said above a table: what it is, what is left out, and that its links end."""
    yield drawn.caption
    if not drawn.rows:
        yield "no items"
    if drawn.left:
        yield f"{drawn.left:,} more are not shown"
    if any(map(_is_presigned, chain.from_iterable(cell.parts for row in drawn.rows for cell in row))):
        yield STORED


def _row(element: str, cells: Iterable[Html]) -> str:
    return "".join([f'<{element} style="{LEFT}{_room(cell)}">{cell}</{element}>' for cell in cells])


def _room(cell: Html) -> str:
    """Return the style that keeps a column of sentences from being squeezed to a word a line."""
    return ";min-width:16em" if len(cell) > SENTENCE and not cell.startswith("<img") else ""


def _cell(cell: Cell) -> Html:
    """Return a cell; of an image the label alone where the image cannot be shown."""
    if any(isinstance(part, CellImage) and _is_lasting(part.url) for part in cell.parts):
        return Html(" ".join(filter(None, map(_part, cell.parts))))
    said = [part if isinstance(part, str) else _label(part) for part in cell.parts]
    return text(", ".join(filter(None, said)))


def _part(part: Part) -> Html:
    if isinstance(part, str):
        return text(part)
    if not _is_lasting(part.url):
        return text(_label(part))
    label = one_line(part.label).translate(ESCAPES)
    return Html(IMG.format(part.url.translate(ESCAPES), label, label, MARKED if part.marked else ""))


def _label(image: CellImage) -> str:
    return image.label or (PRESIGNED if _is_presigned(image) else "")


def _is_presigned(part: Part) -> bool:
    return isinstance(part, CellImage) and is_web(part.url) and not _is_lasting(part.url)


def _is_lasting(url: str) -> bool:
    """Return True for a URL of an image without a query, which may be a signature.

    A notebook is stored and shared: a presigned URL in it is a key for some minutes, and a broken image after them.
    """
    return is_web(url) and not any(c in url for c in "?#")


def is_web(url: str) -> bool:
    """Return True for a plain http or https URL of a host, without anything that a browser would take out of it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    clean = plain(url) == url and not any(c.isspace() or c in "\\\u200c\u200d" for c in url)
    return clean and parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.username is None


def text(value: str) -> Html:
    """Return a text as markup: one line, at most 300 characters, of URLs without their queries."""
    return Html(TEX.sub(r"<span>\g<0></span>", escaped_line(value)))


def escaped_line(value: str) -> str:
    """Return the same for an attribute, for SVG, and for a page without mathematics."""
    line = one_line(QUERY.sub(r"\1?…", value[: LETTERS * 10]))
    return (line if len(line) <= LETTERS else line[:LETTERS] + "…").translate(ESCAPES)


@attrs.frozen(repr=False, eq=False)
class Tabled(Mapping[str, V], Generic[V]):
    """A mapping that shows itself as a table, each value a row."""

    values_by_name: Mapping[str, V]

    def __getitem__(self, name: str) -> V:
        """Get a value by its name."""
        try:
            return self.values_by_name[name]
        except KeyError:
            message = f"there is no {name!r} here; there are {', '.join(self.values_by_name)}"
            raise KeyError(message) from None

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self.values_by_name)

    def __len__(self) -> int:
        """Count the values."""
        return len(self.values_by_name)

    def __repr__(self) -> str:
        """Draw the table."""
        return str(table_of(self.values_by_name.values(), NOTEBOOK)) or "{}"

    def _repr_html_(self) -> str:
        """Draw the table in a notebook."""
        return table(self.values_by_name.values())
