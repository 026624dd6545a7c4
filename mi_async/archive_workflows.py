"""Workflows that keep an archive in order, as methods of a workspace.

Invariant: adds no behaviour of its own; each method imports what it starts, so that nobody else pays for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mi_async.api import WorkspaceGroups
from mi_async.argument_types import UsageTell

if TYPE_CHECKING:
    from functools import cached_property

    import mi_async
    from mi_async.workflows.context import Context


class ArchiveWorkflows(WorkspaceGroups):
    """Part of :class:`Workspace`: the order of an archive, from faces without a name to backups."""

    __slots__ = ()

    if TYPE_CHECKING:  # both are the workspace's

        @cached_property
        def _context(self) -> Context: ...

        async def _ready(self) -> Context: ...

    async def usage(
        self,
        *,
        month: str | None = None,
        timezone: str = "Asia/Seoul",
        summaries: bool = True,
        concurrency: int = 8,
        progress: UsageTell | None = None,
    ) -> mi_async.UsageReport:
        """Count what the workspace has used in a month: analyses, seconds of media, scene summaries, assets, persons.

        Arguments, errors and what the figures can and cannot tell are those of :meth:`Session.usage`, which asks about
        several workspaces, or all.

        Source: maiu-workspace-details, mi-list-assets, mi-get-index, mi-get-scene-summary-result, mi-search-persons.
        """
        context = await self._ready()
        from mi_async.workflows.usage.question import usage_report

        return await usage_report(
            [context],
            now=context.clock.wall(),
            month=month,
            timezone=timezone,
            summaries=summaries,
            concurrency=concurrency,
            progress=progress,
        )
