"""The public typing of jobs: checked by mypy and pyright, never run."""

from collections.abc import AsyncGenerator
from typing import Any, assert_type

import mi_async
from mi_async import Asset, Index, Job, SceneRange, SceneSummary, SearchQuery, SearchResults


async def handles(session: mi_async.Session) -> None:
    newsroom = session.workspace("newsroom")
    imported = await newsroom.import_asset(101, key="news/evening.mp4", bucket_name="footage")
    assert_type(imported, Job[Asset])
    assert_type(await imported, Asset)
    analysis = await newsroom.analyze(101, 1002, scene_range=SceneRange.SHORT, tag_ids=[7])
    assert_type(await analysis.wait(timeout=600), Index)
    assert_type(await (await newsroom.summarize(101, 1002)), SceneSummary)
    assert_type(await (await newsroom.start_search(SearchQuery(text_query="goal"))), SearchResults)
    assert_type(session.job("index:newsroom:101:1002"), Job[Any])
    assert_type(mi_async.as_completed([analysis]), AsyncGenerator[Job[Index], None])
    await newsroom.analyze(101, 1002, scenes=5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  no such option
