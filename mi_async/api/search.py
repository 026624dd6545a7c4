"""Search over the indexes of a workspace: by text or image, persons and speech.

Source: api.ncloud-docs.com, Media Intelligence, Asset search.
"""

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Annotated, ClassVar

from attrs import field, frozen

from mi_async._core.bounds import NOT_BLANK, Each, ExactlyOne, Forbidden, Range, Total
from mi_async._core.declare import Group, Wire, operation
from mi_async._core.operation import Repeat
from mi_async._core.paging import every
from mi_async.api.indexes import AssetType, ConfidenceLevel
from mi_async.api.quotas import QUOTAS
from mi_async.errors import SearchFailedError
from mi_async.member_display import few
from mi_async.models import JsonObject, Model, OpenEnum, Page, bounded, spelled

_TEXT = Forbidden(";|`")
_LISTS = ("must", "any", "not_")


class SearchStatus(OpenEnum):
    """Progress of a search."""

    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"

    @property
    def is_terminal(self) -> bool:
        """True if it changes no more; False for an undocumented value, see ``is_known``."""
        return self.value in {"COMPLETED", "FAILED"}


@frozen(eq=False, repr=False)
class PersonQuery(Model):
    """Persons that a scene shows; at most 100 numbers in all.

    Attributes:
        must: all of them.
        any: at least one of them.
        not_: none of them.
    """

    RULES: ClassVar = (Total(100, _LISTS),)

    must: tuple[int, ...] | None = None
    any: tuple[int, ...] | None = None
    not_: tuple[int, ...] | None = field(default=None, metadata=spelled("not"))


@frozen(eq=False, repr=False)
class DialogQuery(Model):
    """Speech to look for in a video; at most 100 texts in all, without ``;``, ``|`` and the backtick.

    Attributes:
        must: all of them.
        any: at least one of them.
        not_: none of them.
    """

    RULES: ClassVar = (Total(100, _LISTS),)

    must: tuple[str, ...] | None = field(default=None, metadata=bounded(Each(_TEXT)))
    any: tuple[str, ...] | None = field(default=None, metadata=bounded(Each(_TEXT)))
    not_: tuple[str, ...] | None = field(default=None, metadata=spelled("not") | bounded(Each(_TEXT)))


@frozen(eq=False, repr=False)
class SearchQuery(Model):
    """The query of a search: exactly one of text and image, and persons and speech beside it.

    Attributes:
        text_query: without ``;``, ``|`` and the backtick.
        image_query: ``asset_key`` of a completed upload of a query image.
        person_query: persons that are shown.
        dialog_query: what is said.
    """

    RULES: ClassVar = (ExactlyOne(("text_query", "image_query")),)

    text_query: str | None = field(default=None, metadata=bounded(NOT_BLANK, _TEXT))
    image_query: str | None = None
    person_query: PersonQuery | None = None
    dialog_query: DialogQuery | None = None


@frozen(eq=False, repr=False)
class QueryOption(Model):
    """Precision of a search; the service's default is MEDIUM."""

    confidence_level: ConfidenceLevel | None = None


@frozen(eq=False, repr=False)
class SearchFilter(Model):
    """The scope of a search: exactly one of projects and assets.

    Attributes:
        project_ids: numbers of projects.
        asset_ids: numbers of assets.
        asset_types: None for all.
        index_modified_from: without a zone, as the service has it.
        index_modified_to: without a zone, as the service has it.
    """

    RULES: ClassVar = (ExactlyOne(("project_ids", "asset_ids")),)

    project_ids: tuple[int, ...] | None = None
    asset_ids: tuple[int, ...] | None = None
    asset_types: tuple[AssetType, ...] | None = None
    index_modified_from: datetime | None = None
    index_modified_to: datetime | None = None


@frozen(eq=False, repr=False)
class RequestedSearch(Model):
    """A search just requested; source: maiu-search-asset."""

    search_id: str


@frozen(eq=False, repr=False)
class SearchResults(Model):
    """One page of what a search found; all but the first two are null until it is COMPLETED.

    Source: maiu-get-asset-search-result.

    Attributes:
        search_id: of the search.
        status: how far it is.
        total_count: assets found, as the current pages say, or scenes, as an older page says: neither counts the
            items of ``results`` for certain.
        total_page: number of pages; walk by this.
        page_no: number of this page, from 1.
        page_size: results that a full page holds.
        results: by score and then index creation; the form of a result is not known.
    """

    search_id: str
    status: SearchStatus
    total_count: int | None = None
    total_page: int | None = None
    page_no: int | None = None
    page_size: int | None = None
    results: tuple[JsonObject, ...] | None = field(default=None, repr=few)


class Search(Group):
    """Search over the indexes of a workspace."""

    @operation(
        "POST /workspaces/{workspace_name}/assets/search",
        repeat=Repeat.SAFE,  # a second search that nobody asks about is no second anything
        quota=QUOTAS["search.request"],
        source="maiu-search-asset",
    )
    async def request(
        self,
        query: SearchQuery,
        *,
        query_option: QueryOption | None = None,
        query_filter: Annotated[SearchFilter | None, Wire("filter")] = None,
    ) -> RequestedSearch:
        """Request a search by text or image (1,000 a minute); goes on at the service, see ``get``."""
        ...

    @operation("GET /workspaces/{workspace_name}/assets/search/{search_id}", source="maiu-get-asset-search-result")
    async def get(
        self,
        search_id: str,
        *,
        page_num: Annotated[int | None, Range(1)] = None,
        page_size: Annotated[int | None, Range(1, 100)] = None,
    ) -> SearchResults:
        """Get how far a search is and one page of its results (page_size 1 to 100, by default 50)."""
        ...

    def all(
        self, search_id: str, *, page_size: int | None = None, limit: int | None = None
    ) -> AsyncGenerator[JsonObject]:
        """Iterate over all results of a completed search, or the first ``limit`` of them, page by page.

        An item may be a scene, or an asset with its scenes: the service's pages do not say.

        Raises:
            SearchFailedError: the search failed, or is not completed yet.
        """

        async def fetch(number: int) -> Page[JsonObject]:
            found = await self.get(search_id, page_num=number, page_size=page_size)
            if found.status is not SearchStatus.COMPLETED:
                message = f"search {search_id} is {found.status}: there are results once it is COMPLETED"
                raise SearchFailedError(message)
            return Page(found.results or (), total_count=found.total_count or 0, total_page=found.total_page or 0)

        return every(fetch, limit=limit)
