"""Target of ingestions, bucket and project; and requests for an analysis or summary that look for one first.

Invariant: what is there already, or in progress, is taken as it is; nothing here waits for a job.
"""

import unicodedata
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from mi_async.api.projects import Project
from mi_async.errors import ConflictError, InvalidArgumentError, NotFoundError
from mi_async.workflows.context import Context
from mi_async.workflows.jobs.job import Job
from mi_async.workflows.jobs.kinds import JobPhase

T = TypeVar("T")


async def project_id_of(context: Context, project: int | str | None) -> int:
    """Return the ID of a project that may be given by name; None is the base project; an ID is taken as it is."""
    return project if isinstance(project, int) else await find_project(context, project)


async def find_project(context: Context, project: int | str | None) -> int:
    """Return the ID of a project that is there; see ``listed_project``."""
    return (await listed_project(context, project)).project_id


async def listed_project(context: Context, project: int | str | None) -> Project:
    """Return a project that is there, by its ID or name; None is the base project.

    Raises:
        NotFoundError: there is none.
    """
    wanted = unicodedata.normalize("NFC", project) if isinstance(project, str) else project
    for one in await context.groups.projects.list():
        names = (one.project_id, unicodedata.normalize("NFC", one.name))
        if one.is_base_project if wanted is None else wanted in names:
            return one
    what = "base project" if project is None else f"project {project!r}"
    message = f"the workspace {context.groups.name!r} has no {what}; look with projects.list (mi-async projects list)"
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


async def requested(job: Job[T], start: Callable[[], Awaitable[Job[T]]], *, look: bool) -> Job[T]:
    """Return a job that may be there already; start it unless it is.

    Args:
        job: the last job of its kind.
        start: starts one.
        look: False if nobody can have started one yet.

    Raises:
        ConflictError: it cannot be started, and not because somebody else has started it in the same moment.
    """
    if look and await _is_useful(job):
        return job
    try:
        return await start()
    except ConflictError:
        if await _is_useful(job):
            return job
        raise


async def _is_useful(job: Job[Any]) -> bool:
    """Return True if a job is over with a result, or goes on."""
    try:
        phase = await job._look_before_wait()  # noqa: SLF001  the wait for the job follows
    except NotFoundError:
        return False
    return phase.is_active or phase is JobPhase.COMPLETED
