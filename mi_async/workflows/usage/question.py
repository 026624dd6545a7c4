"""The question about usage: the calls that answer it, a few at a time.

Invariant: changes nothing at the service. An asset costs one call for its index, and one more for its scene summary if
it has an index: memory is that of one page of assets, whatever the size of the archive.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from operator import attrgetter
from typing import TypeVar

from attrs import define, field

from mi_async._core.concurrency import run_concurrently
from mi_async._core.paging import every
from mi_async.api.assets import Asset
from mi_async.api.person_models import NameType
from mi_async.api.projects import Project
from mi_async.errors import (
    ConflictError,
    InvalidArgumentError,
    InvalidRequestError,
    MIError,
    NotFoundError,
    PermissionDeniedError,
    ServerError,
)
from mi_async.models import Page
from mi_async.text import one_line
from mi_async.workflows.absence import is_elsewhere, tells_no_project
from mi_async.workflows.context import Context
from mi_async.workflows.usage.models import ProjectUsage, UsageProgress, UsageReport, WorkspaceUsage
from mi_async.workflows.usage.month import UsageMonth, month_of
from mi_async.workflows.usage.notes import notes_of
from mi_async.workflows.usage.tally import AssetAnswers, ProjectTally

T = TypeVar("T")
Tell = Callable[[UsageProgress], object]

_log = logging.getLogger(__name__)

MOST = 64
"""Most calls in flight: beyond, a session's connections are used up."""
NONE_THERE = (NotFoundError, ConflictError, InvalidRequestError)
"""Refusals that mean there is no index or no scene summary, unless they are of something else; see ``absence``."""


@define
class UsageQuestion:
    """A question about a month.

    Attributes:
        month: that is asked about.
        summaries: True to ask for scene summaries too.
        concurrency: calls in flight.
        progress: told after each asset.
        requests: calls so far.
    """

    month: UsageMonth
    summaries: bool = True
    concurrency: int = 8
    progress: Tell | None = None
    requests: int = field(init=False, default=0)

    async def workspace(self, context: Context, *, current: bool) -> WorkspaceUsage:
        """Ask about a workspace.

        Args:
            context: of the workspace.
            current: True if the month is the current one, which the service counts itself.
        """
        info = await self._call(context.describe())
        projects = [await self._project(context, each) for each in await self._call(context.groups.projects.list())]
        named, unnamed = [
            (await self._call(context.groups.persons.search(page_size=1, name_type=kind))).total_count
            for kind in (NameType.NAMED, NameType.ANONYMOUS)
        ]
        counted = info.monthly_analysis_count if current else None
        return WorkspaceUsage(info.workspace_name, tuple(projects), named, unnamed, counted)

    async def _project(self, context: Context, project: Project) -> ProjectUsage:
        tally, total, turn = ProjectTally(project, self.month), 0, asyncio.Lock()

        async def page(number: int) -> Page[Asset]:
            nonlocal total
            found = await self._call(context.groups.assets.list(project.project_id, page_num=number))
            total = found.total_count
            return found

        async def take(assets: AsyncGenerator[Asset]) -> None:
            while True:
                async with turn:  # an async generator serves one at a time
                    asset = await anext(assets, None)
                if asset is None:
                    return
                tally.add(await self._asset(context, project, asset))
                if self.progress is not None:
                    told = UsageProgress(context.groups.name, project.name, tally.assets, total, self.requests)
                    self.progress(told)

        async with aclosing(every(page, key=attrgetter("asset_id"))) as listed:
            await run_concurrently(take, [listed] * self.concurrency, lambda: self.concurrency)
        return tally.usage()

    async def _asset(self, context: Context, project: Project, asset: Asset) -> AssetAnswers:
        numbers = (project.project_id, asset.asset_id)
        try:
            index = await self._found(context.groups.indexes.get(*numbers))
            asked = self.summaries and index is not None
            summary = await self._found(context.groups.scene_summaries.get(*numbers)) if asked else None
        except ServerError as error:  # one broken asset must not cost the report of an archive
            _log.warning("usage: the service failed to send index or summary of asset %d: %s", asset.asset_id, error)
            return AssetAnswers(asset, unread=True)
        return AssetAnswers(asset, index, summary)

    async def _found(self, answer: Awaitable[T]) -> T | None:
        try:
            return await self._call(answer)
        except NONE_THERE as error:
            # a proxy that knows no such path would make all months empty
            if is_elsewhere(error) and not tells_no_project(error):
                raise
            return None

    async def _call(self, answer: Awaitable[T]) -> T:
        self.requests += 1
        return await answer


def checked_month(month: str | None, timezone: str, now: float, concurrency: int) -> UsageMonth:
    """Return the month of a question, before anything is asked for it.

    Raises:
        InvalidArgumentError: a month, time zone or concurrency that cannot be.
    """
    if not 1 <= concurrency <= MOST:
        message = f"concurrency must be 1 to {MOST}, got {concurrency}"
        raise InvalidArgumentError(message)
    return month_of(month, timezone, now)


async def usage_report(
    contexts: Sequence[Context],
    *,
    now: float,
    month: str | None,
    timezone: str,
    summaries: bool,
    concurrency: int,
    progress: Tell | None,
    all_of_account: bool = False,
) -> UsageReport:
    """Return the usage of workspaces; ``Session.usage`` says what the arguments are.

    Args:
        contexts: of the workspaces.
        now: seconds since the epoch.
        month: as there.
        timezone: as there.
        summaries: as there.
        concurrency: as there.
        progress: as there.
        all_of_account: True to leave out, and name, workspaces that the keys may not see.
    """
    wanted, current = checked_month(month, timezone, now, concurrency), month_of(None, timezone, now)
    question = UsageQuestion(wanted, summaries, concurrency, progress)
    usages, hidden = list[WorkspaceUsage](), list[str]()
    for context in contexts:
        try:
            usages.append(await question.workspace(context, current=wanted == current))
        except MIError as error:
            if not (all_of_account and isinstance(error, PermissionDeniedError)):
                error.add_note(f"workspace {one_line(context.groups.name)}")  # which of several
                raise
            hidden.append(context.groups.name)
    return UsageReport(
        month=str(wanted),
        timezone=timezone,
        workspaces=tuple(usages),
        left_out=tuple(hidden),
        summaries=summaries,
        notes=notes_of(usages, hidden, summaries=summaries),
        requests=question.requests,
    )
