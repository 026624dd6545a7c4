"""Search the scenes of a workspace: the query checked, its picture uploaded, the search awaited, its pages walked.

Law: nothing is sent before the first hit is asked for, and nothing at all if an argument is out of bounds; the
bounds are those of the operations.
"""

from collections.abc import AsyncGenerator, Iterable
from datetime import datetime
from typing import Any, TypeVar

from attrs import define, evolve, field, frozen

from mi_async._core import convert
from mi_async._core.declare import operations_of
from mi_async._core.paging import every
from mi_async.api.indexes import AssetType, ConfidenceLevel
from mi_async.api.search import (
    DialogQuery,
    PersonQuery,
    QueryOption,
    Search,
    SearchFilter,
    SearchQuery,
    SearchResults,
)
from mi_async.errors import InvalidArgumentError, ResponseError
from mi_async.models import JsonObject, Model, Page
from mi_async.notebook import told
from mi_async.workflows.context import Context
from mi_async.workflows.kinds import RESULTS
from mi_async.workflows.query_image import QueryUploads, upload_query_image
from mi_async.workflows.source import Source
from mi_async.workflows.starting import start_search

T = TypeVar("T")
M = TypeVar("M", bound=Model)
REQUEST = next(operation for operation in operations_of(Search) if operation.name == "request")
PENDING = "the key of a picture that is not uploaded yet"


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
    start_ms: int | None = None
    end_ms: int | None = None
    score: float | None = None
    project_id: int | None = field(default=None, repr=False, metadata=told())
    index_id: int | None = field(default=None, repr=False, metadata=told())
    script: str | None = field(default=None, repr=False, metadata=told())


def read_hit(result: JsonObject) -> SceneHit:
    """A result as a hit; a member of an unexpected form is kept in ``extra`` as it is."""
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


@frozen(kw_only=True, eq=False, repr=False)
class Wanted:
    """What is searched for: the arguments of ``Workspace.search_scenes``, which tells what they mean."""

    text: str | None = None
    image: Source | None = None
    persons: Iterable[int] = ()
    persons_any: Iterable[int] = ()
    persons_not: Iterable[int] = ()
    dialogs: Iterable[str] = ()
    dialogs_any: Iterable[str] = ()
    dialogs_not: Iterable[str] = ()
    confidence_level: ConfidenceLevel | None = None
    project_ids: Iterable[int] | None = None
    asset_ids: Iterable[int] | None = None
    asset_types: Iterable[AssetType] | None = None
    index_modified_from: datetime | None = None
    index_modified_to: datetime | None = None
    limit: int | None = None
    timeout: float | None = None

    def query(self) -> SearchQuery:
        """What to look for, with a placeholder for the key of a picture that is not uploaded yet."""
        seen = PersonQuery(
            _terms("persons", self.persons),
            _terms("persons_any", self.persons_any),
            _terms("persons_not", self.persons_not),
        )
        said = DialogQuery(
            _terms("dialogs", self.dialogs),
            _terms("dialogs_any", self.dialogs_any),
            _terms("dialogs_not", self.dialogs_not),
        )
        return SearchQuery(self.text, None if self.image is None else PENDING, _given(seen), _given(said))

    def where(self) -> SearchFilter | None:
        """Where to look; None for everywhere."""
        where = SearchFilter(
            _places("project_ids", self.project_ids),
            _places("asset_ids", self.asset_ids),
            _places("asset_types", self.asset_types),
            self.index_modified_from,
            self.index_modified_to,
        )
        return _given(where)


def search_scenes(context: Context, uploads: QueryUploads, wanted: Wanted) -> AsyncGenerator[SceneHit]:
    """Search and iterate over the scenes that are found; see ``Workspace.search_scenes``."""
    option = _given(QueryOption(wanted.confidence_level))
    search = _Search(context, uploads, wanted, wanted.query(), option, wanted.where())
    if context.validate:
        search.check()
    return every(search.page, limit=wanted.limit)


def _given(model: M) -> M | None:
    """The model, unless there is nothing in it."""
    return None if model == type(model)() else model


def _terms(name: str, values: Iterable[T]) -> tuple[T, ...] | None:
    """Terms of a query; no terms are not sent."""
    return _listed(name, values) or None


def _places(name: str, values: Iterable[T] | None) -> tuple[T, ...] | None:
    """Where to look; a list that came out empty is sent, since it does not mean everywhere."""
    return None if values is None else _listed(name, values)


def _listed(name: str, values: Iterable[T]) -> tuple[T, ...]:
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        message = f"{name} is a list: write {name}=[{values!r}]"
        raise InvalidArgumentError(message)
    return tuple(values)


@define(eq=False)
class _Search:
    """One search; it begins when its first page is asked for."""

    context: Context
    uploads: QueryUploads
    wanted: Wanted
    query: SearchQuery
    option: QueryOption | None
    where: SearchFilter | None
    search_id: str = field(init=False, default="")

    def check(self) -> None:
        """Hold everything against the documented bounds.

        Raises:
            InvalidArgumentError: the service would refuse it.
        """
        given = [name for name in ("text", "image") if getattr(self.wanted, name) is not None]
        if len(given) != 1:
            message = f"give exactly one of text and image; {' and '.join(given) or 'none'} was given"
            raise InvalidArgumentError(message)
        if self.wanted.timeout is not None and not self.wanted.timeout >= 0:
            message = f"timeout is a number of seconds from 0, not {self.wanted.timeout!r}"
            raise InvalidArgumentError(message)
        asked = {"query": self.query, "query_option": self.option, "query_filter": self.where}
        REQUEST.build({"workspace_name": self.context.groups.name, **asked})

    async def page(self, number: int) -> Page[SceneHit]:
        """Get one page of what is found; the first one begins the search and waits for it."""
        results = await (self._first() if number == 1 else self._further(number))
        hits = tuple(map(read_hit, results.results or ()))
        return Page(hits, total_count=results.total_count or 0, total_page=results.total_page or 0)

    async def _first(self) -> SearchResults:
        query, context = self.query, self.context
        if self.wanted.image is not None:
            key = await upload_query_image(context, self.uploads, self.wanted.image)
            query, context = evolve(query, image_query=key), evolve(context, entry=context.groups)
        job = await start_search(context, query, query_option=self.option, query_filter=self.where)
        found = await job.wait(timeout=self.wanted.timeout)
        self.search_id = found.search_id
        return found

    async def _further(self, number: int) -> SearchResults:
        return await self.context.groups.search.get(self.search_id, page_num=number, page_size=RESULTS)
