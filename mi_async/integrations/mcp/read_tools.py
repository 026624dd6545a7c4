"""Tools without an effect: persons, scenes, jobs, quotas and journals.

Invariant: each result is a page, and says how much is left.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing, suppress
from typing import Annotated, Any, TypedDict

from mi_async._core.bounds import Range
from mi_async._core.names import clean_name
from mi_async.api.persons import NameType, Person
from mi_async.errors import JobError, JobStateError, JobTimeoutError
from mi_async.integrations.mcp.agent_tool import ToolContext
from mi_async.workflows.jobs.job import Job
from mi_async.workflows.jobs.kinds import JobPhase

Row = Mapping[str, Any]

AT_MOST = 45
"""Seconds that a tool waits by default: many clients give up after a minute."""
LONGEST_WAIT = 3600
"""Seconds that a tool waits at the most."""

AtMost = Annotated[int, "seconds to wait; many clients give up after 60", Range(1, LONGEST_WAIT)]


class FoundPersons(TypedDict):
    """A page of persons."""

    persons: Sequence[Row]
    total: int
    left: int
    page_num: int


class FoundScenes(TypedDict):
    """Scenes, the best first."""

    scenes: Sequence[Row]
    more: bool


class FoundJob(TypedDict):
    """A job at one moment."""

    job: str
    kind: str
    state: str | None
    phase: str | None
    reason: str | None
    over: bool


class QuotaViews(TypedDict):
    """The quotas of the session."""

    quotas: Sequence[Row]


class FoundReport(TypedDict):
    """What a journal says of the latest run."""

    report: Row
    text: str


async def find_person(
    context: ToolContext,
    *,
    name: Annotated[str, "name to look for"],
    page_num: Annotated[int, "page, from 1", Range(1)] = 1,
    page_size: Annotated[int, "persons in a page", Range(1, 50)] = 10,
) -> FoundPersons:
    """Find persons who have a name."""
    found = await context.workspace.persons.search(
        name=clean_name(name), name_type=NameType.NAMED, page_num=page_num, page_size=page_size
    )
    shown = min(page_num * page_size, found.total_count)
    return {
        "persons": [person_row(person) for person in found.content],
        "total": found.total_count,
        "left": found.total_count - shown,
        "page_num": page_num,
    }


def person_row(person: Person) -> Row:
    """Return a person in one row; images by their number, since a link to one is a secret."""
    return {
        "id": person.id,
        "name": person.name,
        "description": person.description,
        "tags": [tag.name for tag in person.tags],
        "images": len(person.thumbnails),
    }


async def search_scenes(
    context: ToolContext,
    *,
    text: Annotated[str, "what a scene shows, in words; without ; | and the backtick"],
    persons: Annotated[Sequence[int] | None, "IDs of persons, all of them shown"] = None,
    persons_any: Annotated[Sequence[int] | None, "IDs of persons, at least one of them shown"] = None,
    persons_not: Annotated[Sequence[int] | None, "IDs of persons, none of them shown"] = None,
    dialogs: Annotated[Sequence[str] | None, "words, all of them said"] = None,
    project_ids: Annotated[Sequence[int] | None, "only in these projects; not together with asset_ids"] = None,
    asset_ids: Annotated[Sequence[int] | None, "only in these assets"] = None,
    limit: Annotated[int, "most scenes", Range(1, 50)] = 10,
) -> FoundScenes:
    """Search the analysed assets."""
    context.progress("searching")
    hits = context.workspace.search_scenes(
        text,
        persons=persons or (),
        persons_any=persons_any or (),
        persons_not=persons_not or (),
        dialogs=dialogs or (),
        project_ids=project_ids,
        asset_ids=asset_ids,
        limit=limit + 1,
    )
    async with aclosing(hits) as found:
        rows = [hit.to_dict() async for hit in found]
    return {"scenes": rows[:limit], "more": len(rows) > limit}


TOKEN = "job, as another tool or person names it: index:newsroom:101:1002, of kind, workspace and numbers"  # noqa: S105  no secret


async def job_state(context: ToolContext, *, job: Annotated[str, TOKEN]) -> FoundJob:
    """Look at a job once."""
    handle = context.workspace.job(job)
    await handle.refresh()
    return _found_job(handle)


async def wait_for_job(context: ToolContext, *, job: Annotated[str, TOKEN], at_most: AtMost = AT_MOST) -> FoundJob:
    """Wait for the end of a job; one that goes on is no failure, and neither is one that has failed."""
    handle = context.workspace.job(job)
    try:
        await handle.wait(timeout=at_most, progress=lambda seen: context.progress(f"{seen.id}: {seen.state}"))
    except JobTimeoutError:
        if handle.phase is None:  # a short wait that has seen nothing
            await handle.refresh()
    except JobStateError:
        raise
    except JobError:
        with suppress(JobError):
            await handle.refresh()
    return _found_job(handle)


def _found_job(job: Job[Any]) -> FoundJob:
    phase = job.phase
    return {
        "job": job.id,
        "kind": job.kind,
        "state": None if job.state is None else str(job.state),
        "phase": None if phase is None else str(phase),
        "reason": job.reason,
        "over": phase in {JobPhase.COMPLETED, JobPhase.FAILED, JobPhase.CANCELLED},
    }


async def quota(context: ToolContext) -> QuotaViews:
    """Show the quotas."""
    names = ("operation", "calls", "period", "used", "waiting", "next_free", "refused")
    states = context.session.quota.values()
    return {"quotas": [{name: getattr(state, name) for name in names} for state in states]}


async def bulk_report(
    context: ToolContext,
    *,
    journal: Annotated[str, "path of the journal's file, in one of the folders of the server"],
) -> FoundReport:
    """Report of the latest run in a journal."""
    from mi_async.bulk.report.journal_report import report_of  # noqa: PLC0415  loads SQLAlchemy

    report = await asyncio.to_thread(lambda: report_of(context.folders.file(journal)))
    return {"report": report.to_dict(), "text": str(report)}
