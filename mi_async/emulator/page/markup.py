"""Markup of the page: text made safe, lists with a pager, and names of persons.

Invariant: pure. Whatever comes from outside goes through ``escaped_line``: one line, without control characters and
marks of the writing direction, at most 300 characters; a ``bdi`` keeps its direction to itself.
"""

from collections.abc import Iterable
from html import escape
from itertools import islice
from typing import TypeVar

from attrs import frozen

from mi_async.emulator.page.view import PageView
from mi_async.emulator.page_paths import PAGE
from mi_async.emulator.workspace import EmulatedPerson, EmulatedWorkspace
from mi_async.language import PageWords
from mi_async.notebook import escaped_line

T = TypeVar("T")


def named(text: str) -> str:
    """Return a name from outside."""
    return f"<bdi>{escaped_line(text)}</bdi>"


def person_name(person: EmulatedPerson, words: PageWords) -> str:
    """Return the name of a person as plain text, or what stands for it."""
    return person.name if person.name is not None else words("anonymous")


def person_called(room: EmulatedWorkspace, person_id: int | None, words: PageWords) -> str:
    """Return a person of a scene as plain text."""
    person = None if person_id is None else room.persons.get(person_id)
    if person is None:
        return words("deleted")
    return person.name if person.name is not None else words("person", id=person.id)


@frozen
class ListPart:
    """A page of a list: its items, and where they stand in all of it."""

    first: int
    last: int
    count: int
    number: int
    pages: int

    def cut(self, items: Iterable[T]) -> list[T]:
        """Return the items of the page."""
        return list(islice(items, self.first - 1, self.last))


def part_of(count: int, number: int, size: int) -> ListPart:
    """Return the page of a list that is asked for, the last one if there are fewer."""
    pages = max(1, -(-count // size))
    number = min(number, pages)
    return ListPart((number - 1) * size + 1, min(number * size, count), count, number, pages)


def pager(what: str, part: ListPart, view: PageView, words: PageWords) -> str:
    """Return where a page stands, with links to its neighbours.

    Args:
        what: the list, as its section and the member of the view are named.
        part: of the list.
        view: of the browser.
        words: of the page.
    """
    if part.pages == 1:
        return ""
    said = words("range", first=f"{part.first:,}", last=f"{part.last:,}", count=f"{part.count:,}")
    links = [
        f'<a href="/{escape(view.query(**{what: part.number + step}))}#{what}" rel="{rel}">{words(word)}</a>'
        if 1 <= part.number + step <= part.pages
        else ""
        for step, rel, word in ((-1, "prev", "newer"), (1, "next", "older"))
    ]
    label = words("pages", what=words(what))
    return f'<nav class="pager" aria-label="{label}"><p>{said}</p><p>{" ".join(links)}</p></nav>'


def image_path(workspace: str, person: int, thumbnail: int, md5: str) -> str:
    """Return the path of an image of a person; with its digest, since IDs begin anew at a reset."""
    return f"{PAGE}/images/{workspace}/{person}/{thumbnail}?v={md5[:12]}"
