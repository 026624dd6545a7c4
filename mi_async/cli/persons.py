"""``persons sheet``: persons with their images as one HTML file, beside the operations on persons.

Invariant: the page is written as a whole or not at all, and needs nothing else; nothing is printed on stdout.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from mi_async._core.names import clean_name
from mi_async.api.person_models import NameType, Person
from mi_async.cli import event_loop
from mi_async.cli.connection import InWorkspace
from mi_async.cli.operations import operations_app
from mi_async.cli.page_options import PageFile, PageLanguage, ReplaceFile, check_page_file, made_at
from mi_async.cli.streams import stderr
from mi_async.errors import InvalidArgumentError
from mi_async.text import escaped, one_line
from mi_async.workflows.tags import find_tag
from mi_async.workspace import Workspace

PAGE = 50
"""Most persons of one answer."""


def persons_app(name: str) -> App:
    """Return the group of operations on persons, and the contact sheet."""
    app = operations_app(name)
    app.command(sheet)
    return app


def sheet(
    *,
    html: PageFile,
    name: Annotated[str | None, Parameter(help="Only persons with this in their name, 2 to 50 characters.")] = None,
    person: Annotated[
        list[int] | None, Parameter(help="ID of a person; may be given several times.", negative=())
    ] = None,
    tag: Annotated[
        list[str] | None, Parameter(help="Name or ID of a tag; may be given several times.", negative=())
    ] = None,
    named: Annotated[
        bool, Parameter(negative=(), show_default=False, help="Leave out the anonymous persons of analyses.")
    ] = False,
    images: Annotated[int, Parameter(help="Most images of a person, the primary one first.")] = 4,
    limit: Annotated[int, Parameter(help="Most persons, up to 1,000.")] = 200,
    lang: PageLanguage = None,
    force: ReplaceFile = False,
    service: InWorkspace,
) -> None:
    """Write a page with the images of persons: a contact sheet, with name, ID and tags of each.

    The images are in the page and stay there. The page loads nothing and holds no presigned URL. IDs of --person that
    were not found are named on stderr; the page is written all the same.
    """
    asked = {"name": name, "person_ids": person, "tags": tag, "name_type": NameType.NAMED if named else None}
    event_loop.run(_sheet(html, service, asked, {"images": images, "limit": limit, "lang": lang}, force=force))


async def _sheet(
    html: Path, service: InWorkspace, asked: dict[str, Any], drawn: dict[str, Any], *, force: bool
) -> None:
    from mi_async.pictures import contact_sheet  # noqa: PLC0415  with the images, which no other command needs

    check_page_file(html, force=force)
    async with service.session() as session:
        newsroom = session.workspace(service.workspace)
        asked["tag_ids"] = [await _tag_id(newsroom, tag) for tag in asked.pop("tags") or ()] or None
        seen: list[int] = []
        persons = newsroom.persons.search_all(page_size=PAGE, **asked)
        async with aclosing(persons), aclosing(_noting(persons, seen)) as noted:
            picture = await contact_sheet(newsroom, noted, subtitle=made_at(), **drawn)
    picture.save(html, force=force)
    shown = min(len(seen), drawn["limit"])
    lost = sorted(set(asked["person_ids"] or ()) - set(seen)) if shown == len(seen) else []
    said = f"; not found: {', '.join(map(str, lost))}" if lost else ""
    stderr().write(f"wrote {one_line(str(html))}: persons {shown:,}{said}\n")


async def _noting(persons: AsyncIterator[Person], seen: list[int]) -> AsyncGenerator[Person]:
    async for person in persons:
        seen.append(person.id)
        yield person


async def _tag_id(workspace: Workspace, tag: str) -> int:
    """Return the ID of a tag that is given by it or by its name."""
    if tag.isascii() and tag.isdigit():
        return int(tag)
    if (found := await find_tag(workspace.person_tags, clean_name(tag))) is None:
        message = f"--tag {escaped(tag)!r}: there is no such tag; see mi-async person-tags list"
        raise InvalidArgumentError(message)
    return found
