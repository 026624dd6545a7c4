"""``search --html``: the scenes that were found as one HTML file, with their timeline and their scores.

Invariant: the page is written as a whole or not at all; nothing is printed on stdout.
"""

from collections.abc import AsyncIterable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated

from attrs import frozen
from cyclopts import Parameter

from mi_async.api.assets import Asset
from mi_async.api.person_models import NameType, Person
from mi_async.cli.page_options import PageLanguage, ReplaceFile, check_page_file, made_at
from mi_async.cli.streams import stderr
from mi_async.errors import MIError
from mi_async.text import one_line
from mi_async.workflows.search.hits import SceneHit
from mi_async.workspace import Workspace

MOST_PERSONS, PAGE = 100, 50
"""Most persons whose names are asked for, and most persons of one answer."""


@Parameter(name="*")
@frozen(kw_only=True)
class ScenePageOptions:
    """Options of the page."""

    html: Annotated[
        Path | None,
        Parameter(help="Write a page with the timeline, the list and the scores of the scenes instead: one file."),
    ] = None
    lang: PageLanguage = None
    force: ReplaceFile = False

    def check(self) -> None:
        """Refuse a page that cannot be written, before any request."""
        if self.html is not None:
            check_page_file(self.html, force=self.force)


async def write_scene_page(
    html: Path, options: ScenePageOptions, workspace: Workspace, scenes: AsyncIterable[SceneHit], asked: str
) -> None:
    """Write the page of the scenes that a search finds, and say so."""
    from mi_async.pictures import Picture, score_histogram, timeline  # noqa: PLC0415  no other search needs them
    from mi_async.pictures.scene_hits import persons_in  # noqa: PLC0415  as above
    from mi_async.pictures.scene_timeline import MOST_ASSETS, MOST_ROWS  # noqa: PLC0415  as above

    hits = [hit async for hit in scenes]
    assets = await _assets(workspace, hits, MOST_ASSETS)
    shown = dict.fromkeys(person for hit in hits[:MOST_ROWS] for person in persons_in(hit))
    persons = await _persons(workspace, list(shown)[:MOST_PERSONS])
    subtitle = f"{asked} · {workspace.name} · {made_at()}"
    drawn = timeline(hits, assets=assets, persons=persons, subtitle=subtitle, lang=options.lang)
    scores = score_histogram(hits, lang=options.lang)
    picture = Picture(f"{drawn.title}: {asked}", drawn.markup + scores.markup, drawn.language)
    picture.save(html, force=options.force)
    stderr().write(f"wrote {one_line(str(html))}: scenes {len(hits):,}\n")


async def _assets(workspace: Workspace, hits: Iterable[SceneHit], most: int) -> list[Asset]:
    """Return the assets that have scenes, for their lengths; one that cannot be had is drawn without."""
    found: list[Asset] = []
    wanted = dict.fromkeys((hit.project_id, hit.asset_id) for hit in hits if hit.start_ms is not None)
    for project_id, asset_id in list(wanted)[:most]:
        if project_id is not None and asset_id is not None:
            with suppress(MIError):
                found.append(await workspace.assets.get(project_id, asset_id))
    return found


async def _persons(workspace: Workspace, numbers: Sequence[int]) -> list[Person]:
    """Return those of the persons who have a name; the page shows the IDs of the others, or of all if it cannot ask."""
    found: list[Person] = []
    if numbers:
        with suppress(MIError):
            asked = workspace.persons.search_all(person_ids=numbers, name_type=NameType.NAMED, page_size=PAGE)
            found += [person async for person in asked]
    return found
