"""Bodies of the asset search operations.

Invariant: a search finds what is indexed when it is asked for, and shows what is still there when it is looked at.
"""

from collections.abc import Mapping
from datetime import datetime

from attrs import frozen

from mi_async._core.service_time import SERVICE_ZONE
from mi_async.api.indexes import AssetType
from mi_async.api.search import (
    DialogQuery,
    PersonQuery,
    QueryOption,
    RequestedSearch,
    Search,
    SearchFilter,
    SearchQuery,
    SearchResults,
    SearchStatus,
)
from mi_async.emulator import asset_search, media, rules, state, synthetic, workspace
from mi_async.emulator.asset_search import SearchTerms, Terms
from mi_async.emulator.bodies.unimplemented import unimplemented
from mi_async.emulator.jobs import Phase
from mi_async.emulator.rules import Refused, require
from mi_async.emulator.settings import Latency
from mi_async.models import JsonObject

STATUSES: Mapping[Phase, SearchStatus] = {
    Phase.RUNNING: SearchStatus.RUNNING,
    Phase.COMPLETED: SearchStatus.COMPLETED,
    Phase.FAILED: SearchStatus.FAILED,
}


@frozen
class Found:
    """A hit and where it is."""

    hit: workspace.Hit
    project: media.EmulatedProject
    asset: media.EmulatedAsset
    index: media.EmulatedIndex

    def shown(self) -> JsonObject:
        """Return a result, in a form that is ours alone."""
        scene = self.index.scenes[self.hit.scene_id - 1].shown(synthetic.LEAST_CONFIDENCE["MEDIUM"])
        return {
            "assetId": self.asset.id,
            "projectId": self.project.id,
            "fileName": self.asset.file_name,
            "indexId": self.index.id,
            "score": self.hit.score,
            **scene,
        }


class EmulatedSearch(Search):
    """Asset searches of an emulated workspace."""

    def __init__(self, world: state.EmulatorState, **scope: str) -> None:
        super().__init__(unimplemented, **scope)
        self._state = world
        self._room = world.workspace(scope["workspace_name"])

    async def request(
        self,
        query: SearchQuery,
        *,
        query_option: QueryOption | None = None,
        query_filter: SearchFilter | None = None,
    ) -> RequestedSearch:
        """Start a search; without a filter, it is over the whole workspace."""
        wanted = self._wanted(query, query_option or QueryOption(), query_filter)
        job = self._state.new_job(Latency.none(), self._state.settings.searching)
        number = self._state.new_search_id()
        self._room.searches[number] = workspace.RunningSearch(job, asset_search.hits(self._state, self._room, wanted))
        return RequestedSearch(number)

    async def get(self, search_id: str, *, page_num: int | None = None, page_size: int | None = None) -> SearchResults:
        """Return how a search goes and one page of what it found.

        Pages are of scenes, and the total counts assets, as the current pages of the service say: a client that takes
        the one for the other ends early.
        """
        search = self._room.searches.get(search_id)
        if search is None:
            raise Refused(rules.NOT_FOUND, f"search {search_id!r}")
        left = self._left(search)
        page = rules.SEARCH_PAGES.page(left, 1 if page_num is None else page_num, page_size)
        status = STATUSES[search.job.phase(self._state.now())]
        if status is not SearchStatus.COMPLETED:
            return SearchResults(search_id, status)
        return SearchResults(
            search_id,
            status,
            len({found.asset.id for found in left}),
            page.total_page,
            page.page_no,
            page.page_size,
            tuple(found.shown() for found in page.content),
        )

    def _wanted(self, query: SearchQuery, option: QueryOption, where: SearchFilter | None) -> SearchTerms:
        """Return the terms of a request.

        Raises:
            Refused: it does not fit.
        """
        text, image = query.text_query, query.image_query
        require((text is None) is not (image is None), "textQuery or imageQuery", rules.TWO_QUERIES)
        require(text is None or text.strip(), "textQuery is blank")
        rules.check_words("textQuery", text)
        rules.check_known("confidenceLevel", option.confidence_level)
        where = self._checked(where) or SearchFilter()
        types = set(where.asset_types or (AssetType.IMAGE, AssetType.VIDEO))
        return SearchTerms(
            text=text,
            image="" if image is None else self._digest(image),
            persons=_persons(query.person_query or PersonQuery()),
            dialogues=_dialogues(query.dialog_query or DialogQuery()),
            confidence=option.confidence_level or "MEDIUM",
            project_ids=where.project_ids,
            asset_ids=where.asset_ids,
            videos=None if len(types) > 1 else AssetType.VIDEO in types,
            modified_from=_plain(where.index_modified_from),
            modified_to=_plain(where.index_modified_to),
        )

    def _checked(self, where: SearchFilter | None) -> SearchFilter | None:
        """Refuse a filter that is not one of projects or assets, or of such as do not exist."""
        if where is None:
            return None
        one = (where.project_ids is None) is not (where.asset_ids is None)
        require(one, "projectIds or assetIds", rules.TWO_FILTERS)
        for kind in where.asset_types or ():
            rules.check_known("assetTypes", kind)
        for project_id in where.project_ids or ():
            self._room.project(project_id)
        unknown = set(where.asset_ids or ()) - {asset.id for _, asset in self._room.assets()}
        require(not unknown, f"no assets {sorted(unknown)}", rules.NO_ASSET)
        return where

    def _digest(self, image: str) -> str:
        """Digest of a query image that is uploaded, and is no HEIC image."""
        upload = self._state.uploads.get(image)
        usable = upload is not None and upload.workspace == state.ACCOUNT and upload.format != "heic"
        if upload is None or not usable or upload.outcome(self._state.now()) is not None:
            raise Refused(rules.INVALID, f"imageQuery {image!r} is not usable")
        return upload.md5

    def _left(self, search: workspace.RunningSearch) -> list[Found]:
        """Return the hits of a search that still exist."""
        now = self._state.now()
        places = {asset.id: (project, asset, asset.index(now)) for project, asset in self._room.assets()}
        found = ((hit, *places[hit.asset_id]) for hit in search.hits if hit.asset_id in places)
        return [
            Found(hit, project, asset, index)
            for hit, project, asset, index in found
            if index is not None and index.id == hit.index_id
        ]


def _persons(query: PersonQuery) -> Terms[int]:
    terms = Terms(query.must or (), query.any or (), query.not_ or ())
    require(len(terms) <= rules.MOST_IN_QUERY, f"{len(terms)} persons", rules.TOO_MANY_PERSONS)
    return terms


def _dialogues(query: DialogQuery) -> Terms[str]:
    terms = Terms(query.must or (), query.any or (), query.not_ or ())
    require(len(terms) <= rules.MOST_IN_QUERY, f"{len(terms)} dialogues", rules.TOO_MANY_DIALOGUES)
    for line in (*terms.all_of, *terms.any_of, *terms.none_of):
        rules.check_words("dialogQuery", line)
    return terms


def _plain(moment: datetime | None) -> datetime | None:
    """Return a moment as the emulator has it: Korean time, without a zone."""
    if moment is None or moment.tzinfo is None:
        return moment
    return moment.astimezone(SERVICE_ZONE).replace(tzinfo=None)
