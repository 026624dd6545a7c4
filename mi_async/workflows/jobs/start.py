"""Start a job and get its handle.

Invariant: an ambiguous failure is settled by looking, where that can tell; registering an asset is never repeated
blindly.
"""

from collections.abc import Sequence
from typing import TypedDict

from mi_async.api.assets import Asset
from mi_async.api.indexes import Index, SceneRange, SourceLanguage
from mi_async.api.scene_summaries import SceneSummary
from mi_async.api.search import QueryOption, SearchFilter, SearchQuery, SearchResults
from mi_async.errors import MIError
from mi_async.workflows.context import Context
from mi_async.workflows.jobs.handles import import_job, index_job, search_job, summary_job
from mi_async.workflows.jobs.job import Job, T, may_have_acted


class AnalysisOptions(TypedDict, total=False):
    """Options of an analysis, as in ``indexes.request``; those not given are left to the service."""

    scene_range: SceneRange | None
    min_scene_duration_sec: int | None
    max_scene_duration_sec: int | None
    analysis_person_count: int | None
    tag_ids: Sequence[int] | None
    source_language: SourceLanguage | None
    detect_audio_effects: bool | None


async def start_import(context: Context, project_id: int, *, key: str, bucket_name: str) -> Job[Asset]:
    """Register an object of a linked bucket as an asset."""
    registered = await context.entry.assets.register(project_id, key=key, bucket_name=bucket_name)
    return import_job(context, project_id, registered.asset_id)


async def start_index(
    context: Context, project_id: int, asset_id: int, options: AnalysisOptions, *, size: int | None = None
) -> Job[Index]:
    """Request an analysis of an asset of so many bytes; one whose answer was lost is found by its state."""
    try:
        await context.entry.indexes.request(project_id, asset_id, **options)
    except MIError as error:
        return await _found(index_job(context, project_id, asset_id, size=size), error)
    return index_job(context, project_id, asset_id, size=size)


async def start_summary(
    context: Context,
    project_id: int,
    asset_id: int,
    *,
    scene_ids: Sequence[int] | None = None,
    locale: str | None = None,
    size: int | None = None,
) -> Job[SceneSummary]:
    """Request a scene summary; one whose answer was lost is found by its state."""
    try:
        await context.entry.scene_summaries.request(project_id, asset_id, scene_ids=scene_ids, locale=locale)
    except MIError as error:
        return await _found(summary_job(context, project_id, asset_id, size=size), error)
    return summary_job(context, project_id, asset_id, size=size)


async def start_search(
    context: Context,
    query: SearchQuery,
    *,
    query_option: QueryOption | None = None,
    query_filter: SearchFilter | None = None,
) -> Job[SearchResults]:
    """Request a search."""
    requested = await context.entry.search.request(query, query_option=query_option, query_filter=query_filter)
    return search_job(context, requested.search_id)


async def _found(job: Job[T], error: MIError) -> Job[T]:
    """Return the job, if it goes on although our request for it seemed to fail; else raise the error."""
    # Before the request none went on, or the service would have answered a conflict at once.
    if not may_have_acted(error):
        raise error
    try:
        await job.refresh()
    except MIError:
        raise error from None
    if job.phase is None or not job.phase.is_active:
        raise error
    return job
