"""Target of ingestions, bucket and project; and requests for an analysis or summary that look for one first.

Invariant: what is there already, or in progress, is taken as it is; nothing here waits for a job.
"""

import unicodedata
from collections.abc import Awaitable
from typing import Any, TypeVar

from mi_async.api.indexes import Index
from mi_async.api.scene_summaries import SceneSummary
from mi_async.errors import ConflictError, InvalidArgumentError, NotFoundError
from mi_async.workflows.context import Context
from mi_async.workflows.jobs.handles import index_job, summary_job
from mi_async.workflows.jobs.job import Job
from mi_async.workflows.jobs.kinds import JobPhase
from mi_async.workflows.jobs.start import AnalysisOptions, start_index, start_summary

T = TypeVar("T")


async def project_id_of(context: Context, project: int | str | None) -> int:
    """Return the ID of a project that may be given by name; None is the base project; an ID is taken as it is."""
    return project if isinstance(project, int) else await find_project(context, project)


async def find_project(context: Context, project: int | str | None) -> int:
    """Return the ID of a project that is there, by its ID or name; None is the base project.

    Raises:
        NotFoundError: there is none.
    """
    wanted = unicodedata.normalize("NFC", project) if isinstance(project, str) else project
    for one in await context.groups.projects.list():
        names = (one.project_id, unicodedata.normalize("NFC", one.name))
        if one.is_base_project if wanted is None else wanted in names:
            return one.project_id
    what = "base project" if project is None else f"project {project!r}"
    message = f"the workspace {context.groups.name!r} has no {what}"
    raise NotFoundError(404, "", message, operation="projects.list")


async def linked_bucket(context: Context, wanted: str | None) -> str:
    """Return the bucket that is linked to the workspace, before gigabytes go to another one.

    Raises:
        InvalidArgumentError: it is linked to none and none is wanted, or to another one.
    """
    linked = (await context.describe()).bucket_name
    name = context.groups.name
    if wanted is None and linked is None:
        message = f"the workspace {name!r} is linked to no bucket: say which (bucket, or --bucket)"
        raise InvalidArgumentError(message)
    if context.validate and None not in {wanted, linked} and wanted != linked:
        message = f"the workspace {name!r} is linked to the bucket {linked!r} and takes nothing from {wanted!r}"
        raise InvalidArgumentError(message)
    return str(wanted or linked)


async def ask_for_index(
    context: Context, project_id: int, asset_id: int, options: AnalysisOptions, *, look: bool
) -> Job[Index]:
    """Return the analysis of an asset; request it unless a look finds one that is there or in progress."""
    job = index_job(context, project_id, asset_id, fresh=False)
    if look and await _is_useful(job):
        return job
    return await _started(start_index(context, project_id, asset_id, options), job)


async def ask_for_summary(
    context: Context, project_id: int, asset_id: int, locale: str | None, *, look: bool
) -> Job[SceneSummary]:
    """Return the summary of an asset's scenes, likewise."""
    job = summary_job(context, project_id, asset_id, fresh=False)
    if look and await _is_useful(job):
        return job
    return await _started(start_summary(context, project_id, asset_id, locale=locale), job)


async def _started(starting: Awaitable[Job[T]], other: Job[T]) -> Job[T]:
    """Return the job, or the one that somebody else has started in the same moment."""
    try:
        return await starting
    except ConflictError:
        if await _is_useful(other):
            return other
        raise


async def _is_useful(job: Job[Any]) -> bool:
    """Return True if a job is over with a result, or goes on."""
    try:
        await job.refresh()
    except NotFoundError:
        return False
    return job.phase is not None and (job.phase.is_active or job.phase is JobPhase.COMPLETED)
