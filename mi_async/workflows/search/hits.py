"""Search the scenes of a workspace: the query checked, its image uploaded, the search awaited, its pages walked.

Invariant: nothing is sent before the first hit is asked for, and nothing at all if an argument is out of bounds.
"""

from collections.abc import AsyncGenerator
from typing import Any

from attrs import define, evolve, field, frozen

from mi_async._core import convert
from mi_async._core.paging import every
from mi_async.api.search import SearchQuery, SearchResults, SearchStatus
from mi_async.errors import ResponseError, SearchFailedError
from mi_async.media.image_source import Source, name_of
from mi_async.member_display import timed, told
from mi_async.models import JsonObject, Model, Page
from mi_async.text import one_line
from mi_async.workflows.context import Context
from mi_async.workflows.effects import effects_of
from mi_async.workflows.jobs.handles import search_job
from mi_async.workflows.jobs.job import SHOWN
from mi_async.workflows.jobs.kinds import RESULTS
from mi_async.workflows.jobs.start import start_search
from mi_async.workflows.query_image import QueryUploads, upload_query_image
from mi_async.workflows.search.query import SceneQuery, SearchRequest, check


@frozen
class SceneHit(Model):
    """A scene that a search found.

    The vendor's pages do not show the form of a result. These members are the emulator's; one that the service leaves
    out or spells otherwise is None, and whatever it sends besides, or in another form, is in ``extra``.

    Attributes:
        asset_id: number of the asset that the scene is in.
        file_name: name of the asset's file.
        scene_id: number of the scene in the asset's index.
        start_ms: begin of the scene in milliseconds; None in an image.
        end_ms: end of the scene in milliseconds; None in an image.
        score: how well it fits; the results come in this order, the best first.
        project_id: number of the asset's project.
        index_id: number of the asset's index.
        script: what is said.
    """

    asset_id: int | None = None
    file_name: str | None = None
    scene_id: int | None = None
    start_ms: int | None = field(default=None, metadata=timed())
    end_ms: int | None = field(default=None, metadata=timed())
    score: float | None = None
    project_id: int | None = field(default=None, repr=False, metadata=told())
    index_id: int | None = field(default=None, repr=False, metadata=told())
    script: str | None = field(default=None, repr=False, metadata=told())


def read_hit(result: JsonObject) -> SceneHit:
    """Return a result as a hit; a member of an unexpected form is kept in ``extra`` as it is."""
    try:
        return convert.structure(dict(result), SceneHit)
    except ResponseError:
        odd = {name: value for name, value in result.items() if not _fits(name, value)}
        hit = convert.structure({name: value for name, value in result.items() if name not in odd}, SceneHit)
        return evolve(hit, extra={**hit.extra, **odd})


def _fits(name: str, value: Any) -> bool:
    try:
        convert.structure({name: value}, SceneHit)
    except ResponseError:
        return False
    return True


def search_scenes(context: Context, uploads: QueryUploads, wanted: SceneQuery) -> AsyncGenerator[SceneHit]:
    """Search and iterate over the scenes that are found; see ``Workspace.search_scenes``."""
    asked = wanted.asked()
    if context.validate:
        check(wanted, asked, context.groups.name)
    return every(_Search(context, uploads, wanted, asked).page, limit=wanted.limit)


@define(eq=False)
class _Search:
    """One search; it begins when its first page is asked for."""

    context: Context
    uploads: QueryUploads
    wanted: SceneQuery
    asked: SearchRequest
    search_id: str = field(init=False, default="")

    async def page(self, number: int) -> Page[SceneHit]:
        """Get one page of what is found; the first one begins the search and waits for it."""
        results = await (self._watched() if number == 1 else self._further(number))
        hits = tuple(map(read_hit, results.results or ()))
        return Page(hits, total_count=results.total_count or 0, total_page=results.total_page or 0)

    async def _watched(self) -> SearchResults:
        """Get the first page as a workflow; what follows are calls of whoever takes the hits."""
        with self.context.workflow("search_scenes") as result:
            found = await self._first()
            result |= {"search_id": found.search_id, "total_count": found.total_count}
        return found

    async def _first(self) -> SearchResults:
        if self.wanted.image is not None:
            return await self._by_image(self.wanted.image)
        return await self._searched(self.context, self.asked.query)

    async def _by_image(self, image: Source) -> SearchResults:
        with effects_of("search_scenes", name_of(image)) as effects:
            key = await upload_query_image(self.context, self.uploads, image)
            effects.created["query_image"] = key
            patient = evolve(self.context, entry=self.context.groups)
            return await self._searched(patient, evolve(self.asked.query, image_query=key))

    async def _searched(self, context: Context, query: SearchQuery) -> SearchResults:
        job = await start_search(context, query, query_option=self.asked.option, query_filter=self.asked.where)
        found = await job.wait(timeout=self.wanted.timeout)
        self.search_id = found.search_id
        return found

    async def _further(self, number: int) -> SearchResults:
        """Get a later page of a search that has ended; it must still have ended well, or hits would be missing."""
        found = await self.context.groups.search.get(self.search_id, page_num=number, page_size=RESULTS)
        if found.status != SearchStatus.COMPLETED:
            job, state = search_job(self.context, self.search_id).id, str(found.status)
            message = f"{job}: page {number} says {one_line(state)[:SHOWN]}; what came before it is not all there is"
            raise SearchFailedError(message, job=job, state=state)
        return found
