"""``curate unnamed`` and ``curate duplicates``: who has no name, and who is there twice.

Invariant: changes nothing at the service. With a page or a table nothing is printed on stdout.
"""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
from contextlib import ExitStack, aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Generic, TypeVar

from attrs import frozen
from cyclopts import Parameter
from cyclopts.validators import Number

from mi_async._core.output_content import BY_FORCE
from mi_async._core.output_file import OutputFile, output_file
from mi_async.cli import event_loop
from mi_async.cli.connection import InWorkspace
from mi_async.cli.listing import LIMIT
from mi_async.cli.output import Form, show_each
from mi_async.cli.page_options import PageLanguage, check_page_file, made_at
from mi_async.cli.streams import drawable, notes, stderr
from mi_async.display.count import CountView, count_display
from mi_async.errors import InvalidArgumentError
from mi_async.text import encodable, one_line
from mi_async.workflows.curation.rows import Row, duplicate_record, duplicate_rows, unnamed_record, unnamed_row
from mi_async.workflows.curation.table import ANSWERS, DUPLICATE_COLUMNS, UNNAMED_COLUMNS, table_header, table_line
from mi_async.workspace import Workspace

if TYPE_CHECKING:
    from mi_async.pictures import Picture
    from mi_async.workflows.curation.duplicates import DuplicateGroup
    from mi_async.workflows.curation.unnamed import UnnamedPerson

T = TypeVar("T")
NOBODY = re.compile(rb"(?!)")
"""Matches no file: a table that we wrote may be filled in, and is somebody's work."""
MOST_SHOWN = 300
"""Persons or groups on a page, whose images are in it."""


@Parameter(name="*")
@frozen(kw_only=True)
class FindOptions:
    """Options of the commands that find persons."""

    html: Annotated[Path | None, Parameter(help="Write a page to look at: one file that needs nothing else.")] = None
    csv: Annotated[Path | None, Parameter(help="Write a table to fill in.")] = None
    score: Annotated[
        int, Parameter(validator=Number(gte=80, lte=100), help="Likeness from which on two persons look alike.")
    ] = 80
    lang: PageLanguage = None
    force: Annotated[
        bool, Parameter(negative=(), show_default=False, help="Replace files, also a table that may be filled in.")
    ] = False

    def check(self) -> OutputFile | None:
        """Refuse files that cannot be written, before any request; return that of the table.

        Raises:
            InvalidArgumentError: one of them.
        """
        if self.html is not None:
            check_page_file(self.html, force=self.force)
        if self.csv is None:
            return None
        if not self.force and self.csv.is_file() and self.csv.stat().st_size:
            message = f"{encodable(str(self.csv))} exists and may be filled in; name another file, or {BY_FORCE}"
            raise InvalidArgumentError(message)
        return output_file(self.csv, ours=NOBODY, force=self.force)


DEFAULT = FindOptions()


@frozen
class _Finding(Generic[T]):
    """A kind of finding: how it is asked for, and how it is written.

    Attributes:
        what: is found, for messages.
        ask: iterates over the findings, and tells how far it is.
        page: makes the page of the first ones.
        columns: of the table.
        rows: of one finding, in the table.
        record: one finding as JSON.
    """

    what: str
    ask: Callable[[Workspace, CountView], AsyncGenerator[T]]
    page: Callable[[Workspace, Iterable[T]], Awaitable["Picture"]]
    columns: tuple[str, ...]
    rows: Callable[[T], Iterable[Row]]
    record: Callable[[T], Row]


def unnamed(
    *,
    suggestions: Annotated[
        bool, Parameter(negative="--no-suggestions", help="Ask who each might be: one request more a person.")
    ] = True,
    limit: Annotated[int | None, LIMIT] = None,
    options: FindOptions = DEFAULT,
    service: InWorkspace,
) -> None:
    """List the persons without a name, those in most assets first, with who they might be.

    Look at the page, and fill in the table: the name of a person, or in same_as the ID of the person that it is. Then
    "mi-async curate name" does what the table says. A page shows the first 300; the table has all.
    """

    async def ask(workspace: Workspace, view: CountView) -> "AsyncGenerator[UnnamedPerson]":
        persons = workspace.unnamed_persons(suggestions=suggestions, score=options.score, limit=limit)
        async with aclosing(persons):
            number = 0
            async for person in persons:
                number += 1
                view.step(number, 0)
                yield person

    async def page(workspace: Workspace, found: "Iterable[UnnamedPerson]") -> "Picture":
        from mi_async.pictures import unnamed_sheet  # noqa: PLC0415  most uses need no picture

        return await unnamed_sheet(workspace, found, limit=MOST_SHOWN, subtitle=made_at(), lang=options.lang)

    finding = _Finding("persons", ask, page, UNNAMED_COLUMNS, lambda one: (unnamed_row(one),), unnamed_record)
    event_loop.run(_find(finding, options, service))


def duplicates(
    *,
    one_sided: Annotated[
        bool, Parameter(negative=(), show_default=False, help="Take pairs that were found from one side only, too.")
    ] = False,
    options: FindOptions = DEFAULT,
    service: InWorkspace,
) -> None:
    """List groups of persons who look alike, with the evidence; in a group everybody looks like everybody else.

    Look at the page, and fill in the table: in same_as of each row the ID of the person that it is. Then "mi-async
    curate merge" does what the table says, for good. It takes a request for each person of the workspace.
    """

    def ask(workspace: Workspace, view: CountView) -> "AsyncGenerator[DuplicateGroup]":
        return workspace.duplicate_persons(score=options.score, mutual=not one_sided, progress=view.step)

    async def page(workspace: Workspace, found: "Iterable[DuplicateGroup]") -> "Picture":
        from mi_async.pictures import duplicate_sheet  # noqa: PLC0415  as above

        return await duplicate_sheet(workspace, found, limit=MOST_SHOWN, subtitle=made_at(), lang=options.lang)

    finding = _Finding("groups", ask, page, DUPLICATE_COLUMNS, duplicate_rows, duplicate_record)
    event_loop.run(_find(finding, options, service))


async def _find(finding: _Finding[T], options: FindOptions, service: InWorkspace) -> None:
    table = options.check()
    async with service.session() as session:
        workspace = session.workspace(service.workspace)
        with ExitStack() as watching:
            view = watching.enter_context(
                count_display(drawable(notes()), "persons asked about", plain=service.verbose > 0)
            )
            async with aclosing(finding.ask(workspace, view)) as found:
                if options.html is None and table is None:
                    first = _told(found, watching.close)  # what is printed and what is drawn must not meet
                    await show_each(_printed(finding, first, service.output), service.output)
                    return
                shown, count = await _written(finding, found, table)
        if options.csv is not None:
            stderr().write(f"wrote {one_line(str(options.csv))}: {finding.what} {count:,}\n")
        if options.html is not None:
            picture = await finding.page(workspace, shown)
            picture.save(options.html, force=options.force)
            said = f"{finding.what} {min(count, MOST_SHOWN):,}" + (f" of {count:,}" if count > MOST_SHOWN else "")
            stderr().write(f"wrote {one_line(str(options.html))}: {said}\n")


async def _told(found: AsyncIterator[T], begun: Callable[[], None]) -> AsyncGenerator[T]:
    async for one in found:
        begun()
        yield one
    begun()


async def _printed(finding: _Finding[T], found: AsyncIterator[T], form: Form) -> AsyncGenerator[Any]:
    """Yield what is printed: rows for people and spreadsheets, records for programs."""
    empty = dict.fromkeys((name for name in ANSWERS if name in finding.columns), "") if form == "csv" else {}
    async for one in found:
        if form in {"json", "jsonl"}:
            yield finding.record(one)
        else:
            for row in finding.rows(one):
                yield row | empty


async def _written(finding: _Finding[T], found: AsyncIterator[T], table: OutputFile | None) -> tuple[list[T], int]:
    """Write the table as findings arrive; return those for the page, and how many there are."""
    shown, count = list[T](), 0
    with ExitStack() as stack:
        file: BinaryIO | None = None if table is None else stack.enter_context(table.writing())
        if file is not None:
            file.write(table_header(finding.columns))
        async for one in found:
            count += 1
            if len(shown) <= MOST_SHOWN:
                shown.append(one)
            if file is not None:
                file.writelines(table_line(finding.columns, row) for row in finding.rows(one))
    return shown, count
