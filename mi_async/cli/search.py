"""``search TEXT``: scenes by words or by an image, the best first; ``search get`` and the like stay operations.

Invariant: takes what ``search_scenes`` takes; a text that is the name of an operation goes by ``--text``.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal, TypeAlias, get_type_hints

import attrs
from attrs import frozen
from cyclopts import App, Parameter
from cyclopts.validators import Number

from mi_async.api.indexes import AssetType, ConfidenceLevel
from mi_async.bulk.images.image_converter import image_loader
from mi_async.cli import event_loop
from mi_async.cli.connection import InWorkspace
from mi_async.cli.enroll import print_changes
from mi_async.cli.listing import ColumnOptions
from mi_async.cli.operations import SNAKE, operations_app
from mi_async.cli.output import show_each
from mi_async.cli.search_page import ScenePageOptions, write_scene_page
from mi_async.cli.sources import read_sources
from mi_async.cli.streams import console, notes
from mi_async.errors import InvalidArgumentError
from mi_async.media.image_source import Source
from mi_async.text import time_code
from mi_async.workflows.search.hits import SceneHit
from mi_async.workspace import Workspace

LIMIT = 100
"""Scenes that come with the end of a search, without another call."""

IDs = list[int] | None
Texts = list[str] | None
Shown: TypeAlias = Callable[[Workspace, AsyncIterator[SceneHit]], Awaitable[None]]


def _several(option: str, text: str) -> Parameter:
    return Parameter(name=option, help=f"{text}; may be given several times.", show_default=False)


@Parameter(name="*")
@frozen(kw_only=True)
class SearchOptions:
    """Options of a search, by the names of the arguments of ``search_scenes``."""

    image: Annotated[
        str | None,
        Parameter(
            name="--image",
            help="Image to look for instead: jpg, png, webp or heic, up to 5 MB, at least 224 px; - is standard input.",
            allow_leading_hyphen=True,
        ),
    ] = None
    fit: Annotated[
        bool,
        Parameter(
            name="--fit",
            negative=(),
            show_default=False,
            help="Convert an image of another format, and shrink one that is too big.",
        ),
    ] = False
    persons: Annotated[IDs, _several("--person", "ID of a person who is shown")] = None
    persons_any: Annotated[IDs, _several("--any-person", "IDs of persons of whom one is shown")] = None
    persons_not: Annotated[IDs, _several("--not-person", "ID of a person who is not shown")] = None
    dialogs: Annotated[Texts, _several("--dialog", "Words that are said")] = None
    dialogs_any: Annotated[Texts, _several("--any-dialog", "Words of which one is said")] = None
    dialogs_not: Annotated[Texts, _several("--not-dialog", "Words that are not said")] = None
    confidence_level: Annotated[
        Literal["LOW", "MEDIUM", "HIGH"] | None,
        Parameter(name="--confidence", help="Least confidence of a keyword; by default MEDIUM."),
    ] = None
    project_ids: Annotated[IDs, _several("--project", "ID of a project to search in")] = None
    asset_ids: Annotated[IDs, _several("--asset", "ID of an asset to search in")] = None
    asset_types: Annotated[
        Literal["VIDEO", "IMAGE"] | None,
        Parameter(name="--asset-type", help="Only such assets, of the projects or assets that are given."),
    ] = None
    index_modified_from: Annotated[
        datetime | None,
        Parameter(name="--indexed-from", help="Only scenes indexed then or later, in the given projects or assets."),
    ] = None
    index_modified_to: Annotated[
        datetime | None, Parameter(name="--indexed-to", help="Only scenes indexed then or before, likewise.")
    ] = None
    limit: Annotated[int, Parameter(name="--limit", validator=Number(gte=1), help="Most scenes.")] = LIMIT

    def as_arguments(self) -> dict[str, Any]:
        """Return the arguments of ``search_scenes``; reads an image from standard input."""
        given = attrs.asdict(self, filter=lambda field, value: value is not None and field.name not in {"image", "fit"})
        if self.image is not None:
            given["image"] = read_sources([self.image], fit=self.fit)[0]
        return given | {name: CONVERTED[name](given[name]) for name in CONVERTED.keys() & given.keys()}


CONVERTED: Mapping[str, Callable[[Any], Any]] = {
    "confidence_level": ConfidenceLevel,
    "asset_types": lambda kind: [AssetType(kind)],
}
"""Arguments that are more than the text of an option."""

OPTION_NAMES: Mapping[str, str] = {
    name: hint.__metadata__[0].name[0] for name, hint in get_type_hints(SearchOptions, include_extras=True).items()
}
"""Options by the names of the arguments."""

DEFAULTS = SearchOptions()
ALL_COLUMNS = ColumnOptions()
NO_PAGE = ScenePageOptions()


def search_app(name: str) -> App:
    """Return the group of search operations, which searches where none of them is named."""
    app = operations_app(name)
    app.default(search)
    app.usage = "Usage: mi-async search TEXT --workspace NAME [OPTIONS]\n       mi-async search COMMAND --help"
    return app


def search(
    text: str | None = None,
    *,
    options: SearchOptions = DEFAULTS,
    listing: ColumnOptions = ALL_COLUMNS,
    page: ScenePageOptions = NO_PAGE,
    service: InWorkspace,
) -> None:
    """Find scenes in the analysed assets, by words or by an image, the best first.

    Args:
        text: Words to look for.
    """
    if text is None and options.image is None:
        message = "give TEXT or --image; see mi-async search --help"
        raise InvalidArgumentError(message)
    try:
        columns = listing.wanted(service.output)
        page.check()
        shown: Shown = partial(_show, columns=columns, service=service)
        if page.html is not None:
            shown = partial(write_scene_page, page.html, page, asked=text or options.image or "")
        event_loop.run(_search(text, options.as_arguments(), options.fit, shown, service))
    except InvalidArgumentError as error:
        message = SNAKE.sub(lambda name: OPTION_NAMES.get(name[0], name[0]), str(error))
        raise InvalidArgumentError(message) from error


async def _search(text: str | None, options: dict[str, Any], fit: bool, show: Shown, service: InWorkspace) -> None:
    if fit and "image" in options:
        options["image"] = await _fitted(options["image"])
    async with service.session() as session:
        workspace = session.workspace(service.workspace)
        scenes = workspace.search_scenes(text, **options)
        async with aclosing(scenes), aclosing(_with_spinner(scenes, plain=service.verbose > 0)) as found:
            await show(workspace, found)


async def _show(_: Workspace, found: AsyncIterator[SceneHit], *, columns: Sequence[str], service: InWorkspace) -> None:
    rows = _rows(found) if service.output == "table" else found
    await show_each(rows, service.output, columns=columns)


async def _fitted(source: Source) -> bytes:
    """Return the content of an image that is made to fit, and print what was changed in it."""
    async with image_loader(fit=True) as load:
        image = await load(source)
    print_changes({image.name: image.note})
    return image.content


async def _with_spinner(scenes: AsyncIterator[SceneHit], *, plain: bool) -> AsyncGenerator[SceneHit]:
    """Show a spinner on a terminal until the first scene arrives."""
    searching = console(notes()).status("searching")
    if not plain and notes().isatty():
        searching.start()
    try:
        async for hit in scenes:
            searching.stop()
            yield hit
    finally:
        searching.stop()


async def _rows(scenes: AsyncIterator[SceneHit]) -> AsyncIterator[dict[str, object]]:
    """Yield hits for people, in columns that fit a terminal."""
    async for hit in scenes:
        yield {
            "asset": hit.asset_id,
            "file": hit.file_name,
            "scene": hit.scene_id,
            "span": ""
            if hit.start_ms is None
            else f"{time_code(hit.start_ms)} - {time_code(hit.end_ms or hit.start_ms)}",
            "score": hit.score,
            "said": hit.script,
        }
