"""Handles of jobs by their kind: what names a job at the service, as a Job."""

from mi_async.api.assets import Asset
from mi_async.api.indexes import Index
from mi_async.api.scene_summaries import SceneSummary
from mi_async.api.search import SearchResults
from mi_async.workflows.context import Context
from mi_async.workflows.jobs.job import Job
from mi_async.workflows.jobs.kinds import IMPORT, INDEX, SEARCH, SUMMARY


def import_job(
    context: Context, project_id: int, asset_id: int, *, fresh: bool = True, size: int | None = None
) -> Job[Asset]:
    """Return the import of a registered asset; its result is the asset."""
    return Job.of(IMPORT, context, (project_id, asset_id), fresh=fresh, size=size)


def index_job(
    context: Context, project_id: int, asset_id: int, *, fresh: bool = True, size: int | None = None
) -> Job[Index]:
    """Return the last analysis of an asset; its result is the index."""
    return Job.of(INDEX, context, (project_id, asset_id), fresh=fresh, size=size)


def summary_job(
    context: Context, project_id: int, asset_id: int, *, fresh: bool = True, size: int | None = None
) -> Job[SceneSummary]:
    """Return the last scene summary of an asset."""
    return Job.of(SUMMARY, context, (project_id, asset_id), fresh=fresh, size=size)


def search_job(context: Context, search_id: str, *, fresh: bool = True) -> Job[SearchResults]:
    """Return a search; its result is the first page of 100 (``kinds.RESULTS``), at no further call."""
    return Job.of(SEARCH, context, (search_id,), fresh=fresh)
