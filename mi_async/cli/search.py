"""``search TEXT``: scenes by words or by a picture, the best first; ``search get`` and the like stay operations.

Law: takes what ``search_scenes`` takes; a text that is the name of an operation goes by ``--text``.
"""

import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from datetime import datetime
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from mi_async.api.indexes import AssetType, ConfidenceLevel
from mi_async.cli import event_loop
from mi_async.cli.connection import InWorkspace
from mi_async.cli.operations import SNAKE
from mi_async.cli.output import show_each
from mi_async.cli.sources import read_sources
from mi_async.cli.streams import console, stderr
from mi_async.errors import InvalidArgumentError
from mi_async.workflows.search.hits import SceneHit

LIMIT = 100
"""Scenes that come with the end of a search, without another call."""

OPTIONS = {
    "project_ids": "--project",
    "asset_ids": "--asset",
    "asset_types": "--asset-type",
    "confidence_level": "--confidence",
    "index_modified_from": "--indexed-from",
    "index_modified_to": "--indexed-to",
    "persons_any": "--any-person",
    "persons_not": "--not-person",
    "dialogs_any": "--any-dialog",
    "dialogs_not": "--not-dialog",
}
"""Arguments of ``search_scenes`` as they are written here."""

Numbers = list[int] | None
Texts = list[str] | None


def _several(option: str, text: str) -> Parameter:
    return Parameter(name=option, help=f"{text}; may be given several times.", show_default=False)


def search(
    text: str | None = None,
    *,
    image: Annotated[
        str | None,
        Parameter(
            help="Picture to look for instead: jpg, png, webp or heic, up to 5 MB, at least 224 px; - is stdin.",
            allow_leading_hyphen=True,
        ),
    ] = None,
    persons: Annotated[Numbers, _several("--person", "Number of a person who is shown")] = None,
    persons_any: Annotated[Numbers, _several("--any-person", "Number of a person, of whom one is shown")] = None,
    persons_not: Annotated[Numbers, _several("--not-person", "Number of a person who is not shown")] = None,
    dialogs: Annotated[Texts, _several("--dialog", "What is said")] = None,
    dialogs_any: Annotated[Texts, _several("--any-dialog", "Words of which one is said")] = None,
    dialogs_not: Annotated[Texts, _several("--not-dialog", "What is not said")] = None,
    confidence: Annotated[
        Literal["LOW", "MEDIUM", "HIGH"] | None, Parameter(help="How sure a keyword must be; by default MEDIUM.")
    ] = None,
    project_ids: Annotated[Numbers, _several("--project", "Number of a project to look in")] = None,
    asset_ids: Annotated[Numbers, _several("--asset", "Number of an asset to look in")] = None,
    asset_type: Annotated[
        Literal["VIDEO", "IMAGE"] | None, Parameter(help="Only such assets, of the projects or assets that are given.")
    ] = None,
    indexed_from: datetime | None = None,
    indexed_to: datetime | None = None,
    limit: int = LIMIT,
    service: InWorkspace,
) -> None:
    """Find scenes in the analysed assets, by words or by a picture, the best first.

    Args:
        text: Words to look for.
        indexed_from: Only what was analysed then or later, of the projects or assets that are given.
        indexed_to: Only what was analysed then or before, likewise.
        limit: Most scenes.
    """
    if text is None and image is None:
        message = "give TEXT or --image; see mi-async search --help"
        raise InvalidArgumentError(message)
    options = {
        "image": None if image is None else read_sources([image])[0],
        "persons": persons or (),
        "persons_any": persons_any or (),
        "persons_not": persons_not or (),
        "dialogs": dialogs or (),
        "dialogs_any": dialogs_any or (),
        "dialogs_not": dialogs_not or (),
        "confidence_level": None if confidence is None else ConfidenceLevel(confidence),
        "project_ids": project_ids,
        "asset_ids": asset_ids,
        "asset_types": None if asset_type is None else [AssetType(asset_type)],
        "index_modified_from": indexed_from,
        "index_modified_to": indexed_to,
        "limit": limit,
    }
    try:
        event_loop.run(_search(text, options, service))
    except InvalidArgumentError as error:
        raise InvalidArgumentError(SNAKE.sub(_option, str(error))) from error


def _option(found: re.Match[str]) -> str:
    """The option that is meant by an argument's name."""
    return OPTIONS.get(found[0], found[0])


async def _search(text: str | None, options: dict[str, Any], service: InWorkspace) -> None:
    async with service.session() as session:
        scenes = session.workspace(service.workspace).search_scenes(text, **options)
        async with aclosing(scenes), aclosing(_watched(scenes, plain=service.verbose > 0)) as found:
            await show_each(found if service.output == "json" else _rows(found), service.output)


async def _watched(scenes: AsyncIterator[SceneHit], *, plain: bool) -> AsyncGenerator[SceneHit]:
    """Show on a terminal that the service is searching, until there is something to see."""
    searching = console(stderr()).status("searching")  # draws nothing where there is no terminal
    if not plain:
        searching.start()
    try:
        async for hit in scenes:
            searching.stop()
            yield hit
    finally:
        searching.stop()


async def _rows(scenes: AsyncIterator[SceneHit]) -> AsyncIterator[dict[str, object]]:
    """Hits as people read them, in columns that fit a terminal."""
    async for hit in scenes:
        yield {
            "asset": hit.asset_id,
            "file": hit.file_name,
            "scene": hit.scene_id,
            "span": "" if hit.start_ms is None else f"{_clock(hit.start_ms)} - {_clock(hit.end_ms or hit.start_ms)}",
            "score": hit.score,
            "said": hit.script,
        }


def _clock(milliseconds: int) -> str:
    """A moment of a video: hours, minutes, seconds."""
    minutes, seconds = divmod(milliseconds // 1000, 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
