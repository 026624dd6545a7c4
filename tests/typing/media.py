"""Public types of projects, assets, analyses and search: checked by mypy and pyright, never run."""

# pyright: reportUnnecessaryTypeIgnoreComment=true
# pyright: reportPrivateUsage=true

from collections.abc import AsyncGenerator, Mapping
from typing import Any, assert_type

import mi_async
from mi_async import Page, SearchFilter, SearchQuery


async def projects(newsroom: mi_async.Workspace) -> None:
    group = newsroom.projects
    assert_type(await group.create("News"), mi_async.Project)
    assert_type((await group.list()).projects, tuple[mi_async.Project, ...])
    assert_type(await group.get(1234), mi_async.Project)
    assert_type(await group.update(1234, name="Sports"), mi_async.Project)
    await group.delete(1234)


async def assets(newsroom: mi_async.Workspace) -> None:
    group = newsroom.assets
    assert_type(await group.register(1234, key="a.mp4", bucket_name="b"), mi_async.AssetRegistration)
    assert_type(await group.list(1234, page_size=10), Page[mi_async.Asset])
    assert_type(group.all(1234, limit=10), AsyncGenerator[mi_async.Asset])
    assert_type((await group.get(1234, 5678)).meta_data, mi_async.AssetMetaData | None)
    imported = await group.import_status(1234, 5678)
    assert_type(imported.upload_status, mi_async.ImportStatus)
    assert_type(imported.upload_status.is_terminal, bool)
    assert_type(await group.move(1234, 5678, new_project_id=9), mi_async.Asset)
    await group.move(1234, 5678, 9)  # type: ignore[call-arg]
    await group.delete(1234, 5678)


async def indexes(newsroom: mi_async.Workspace) -> None:
    group = newsroom.indexes
    await group.request(1, 2, scene_range=mi_async.SceneRange.LONG, analysis_person_count=3)
    await group.request(1, 2, scene_range="LONG")  # type: ignore[arg-type]
    assert_type((await group.status(1, 2)).status, mi_async.AnalysisStatus)
    assert_type(await group.get(1, 2, confidence_level=mi_async.ConfidenceLevel.HIGH), mi_async.Index)
    await group.cancel(1, 2)
    await group.delete(1, 2)
    assert_type(await group.analyze(1, 2, analysis_person_count=0), mi_async.RequestedAnalysis)
    assert_type((await group.list_by_asset(1, 2)).indexes, tuple[mi_async.IndexSummary, ...])


async def summaries(newsroom: mi_async.Workspace) -> None:
    group = newsroom.scene_summaries
    await group.request(1, 2, scene_ids=[1])
    assert_type((await group.status(1, 2)).status.is_cancellable, bool)
    assert_type((await group.get(1, 2)).scene_summary_info, mi_async.SceneSummaryInfo | None)
    assert_type((await group.get(1, 2)).scene_summaries, tuple[Mapping[str, Any], ...])


async def search(session: mi_async.Session, newsroom: mi_async.Workspace) -> None:
    issued = await session.query_assets.presign("a.png")
    assert_type(issued, mi_async.QueryAssetUrl)
    assert_type(await session.query_assets.complete(issued.asset_file_key), mi_async.QueryAssetCheck)
    query = SearchQuery(text_query="goal", person_query=mi_async.PersonQuery(must=(1001,)))
    asked = await newsroom.search.request(query, query_filter=SearchFilter(project_ids=(1,)))
    assert_type(asked, mi_async.RequestedSearch)
    assert_type((await newsroom.search.get(asked.search_id)).results, tuple[Mapping[str, Any], ...] | None)
    assert_type(newsroom.search.all(asked.search_id), AsyncGenerator[Mapping[str, Any]])
