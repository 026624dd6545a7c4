"""From a registered video to a search over it, by the client: what the emulator answers is what the models read."""

import asyncio
import re
from collections.abc import Awaitable, Callable

import pytest
from attrs import evolve

from mi_async.api.assets import ImportStatus
from mi_async.api.indexes import AnalysisStatus, AssetType, SceneRange
from mi_async.api.person_models import NameType
from mi_async.api.scene_summaries import SummaryStatus
from mi_async.api.search import PersonQuery, SearchFilter, SearchQuery, SearchStatus
from mi_async.emulator import Latency
from mi_async.errors import ConflictError, NotFoundError
from tests.support.newsroom import Newsroom, newsroom
from tests.support.pictures import picture

FAST = 2000.0


async def until(ask: Callable[[], Awaitable[str]], wanted: str) -> list[str]:
    """Poll until the status is the wanted one; returns those that were seen, each once."""
    seen: dict[str, None] = {}
    while wanted not in seen:
        seen[await ask()] = None
        await asyncio.sleep(0.0005)
    return list(seen)


async def indexed(news: Newsroom) -> tuple[int, int]:
    """Project and asset of a video that is analysed."""
    workspace = news.workspace
    project = (await workspace.projects.create("Elections")).project_id
    asset = (await workspace.assets.register(project, key="night.mp4", bucket_name="footage")).asset_id

    async def imported() -> str:
        return (await workspace.assets.import_status(project, asset)).upload_status

    async def analysed() -> str:
        return (await workspace.indexes.status(project, asset)).status

    assert (await until(imported, ImportStatus.COMPLETED))[-1] == "COMPLETED"
    await workspace.indexes.request(project, asset, scene_range=SceneRange.SHORT, analysis_person_count=2)
    await until(analysed, AnalysisStatus.ANALYZE_COMPLETED)
    return project, asset


async def test_the_whole_way() -> None:
    async with newsroom(speed=FAST) as news:
        workspace = news.workspace
        person = await workspace.enroll_person("Gildong Hong", [picture("jpg")])
        project, asset = await indexed(news)
        index = await workspace.indexes.get(project, asset)
        assert index.type is AssetType.VIDEO
        scenes = index.extra["scenes"]
        everybody = [person.id async for person in workspace.persons.all()]
        assert [shown["personId"] for shown in scenes[0]["persons"]] == everybody  # strangers included
        assert everybody[0] == person.id

        async def summarised() -> str:
            return (await workspace.scene_summaries.status(project, asset)).status

        await workspace.scene_summaries.request(project, asset, locale="ko")
        await until(summarised, SummaryStatus.SUMMARIZE_COMPLETED)
        summary = await workspace.scene_summaries.get(project, asset)
        assert summary.scene_summary_info is not None
        assert len(summary.scene_summaries) == len(scenes)

        query = SearchQuery(text_query=scenes[0]["keywords"][0]["name"], person_query=PersonQuery(must=(person.id,)))
        search = await workspace.search.request(query, query_filter=SearchFilter(project_ids=(project,)))

        async def searched() -> str:
            return (await workspace.search.get(search.search_id)).status

        await until(searched, SearchStatus.COMPLETED)
        results = [result async for result in workspace.search.all(search.search_id, page_size=1)]
        assert results
        assert {result["assetId"] for result in results} == {asset}
        assert [listed.asset_id async for listed in workspace.assets.all(project)] == [asset]
        found = await workspace.persons.search(name_type=NameType.NAMED)
        assert [one.id for one in found] == [person.id]


async def test_refusals_become_the_client_s_errors() -> None:
    async with newsroom(speed=FAST) as news:
        workspace = news.workspace
        project, asset = await indexed(news)
        news.server.state.settings = evolve(news.server.state.settings, queueing=Latency.constant(1e9))
        await workspace.indexes.request(project, asset)
        with pytest.raises(ConflictError):
            await workspace.indexes.delete(project, asset)
        await workspace.indexes.cancel(project, asset)
        await workspace.indexes.delete(project, asset)
        with pytest.raises(NotFoundError):
            await workspace.indexes.get(project, asset)


async def test_the_generation_before_warns_and_works() -> None:
    async with newsroom(speed=FAST) as news:
        indexes = news.workspace.indexes
        project, asset = await indexed(news)
        with pytest.warns(DeprecationWarning, match=re.escape("indexes.get")):
            (listed,) = (await indexes.list_by_asset(project, asset)).indexes
        with pytest.warns(DeprecationWarning, match=re.escape("indexes.get")):
            shown = await indexes.get_by_id(project, asset, listed.index_id)
        assert shown == await indexes.get(project, asset)
