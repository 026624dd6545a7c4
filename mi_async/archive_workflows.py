"""Workflows that keep an archive in order, as methods of a workspace.

Invariant: adds no behaviour of its own; each method imports what it starts, so that nobody else pays for it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import mi_async
from mi_async.api import WorkspaceGroups
from mi_async.argument_types import IfExists
from mi_async.bulk.defaults import GRACE, PATIENCE

if TYPE_CHECKING:
    from functools import cached_property

    from mi_async.workflows.context import Context


class ArchiveWorkflows(WorkspaceGroups):
    """Part of :class:`Workspace`: the order of an archive, from faces without a name to backups."""

    __slots__ = ()

    if TYPE_CHECKING:  # both are the workspace's

        @cached_property
        def _context(self) -> Context: ...

        async def _ready(self) -> Context: ...

    async def plan_sync(
        self,
        source: str | os.PathLike[str],
        *,
        journal: str | os.PathLike[str],
        project: int | str | None = None,
        delete: bool = False,
        delete_objects: bool = False,
        delete_all: bool = False,
        replace: bool = False,
        max_delete: int | None = None,
        settle: float = 10.0,
    ) -> mi_async.SyncPlan:
        """Compare a folder, or a prefix of a bucket, with a project; change nothing.

        What belongs to the source is what the journal says that runs over it have registered. Assets of other software,
        assets that were there before, and assets of which the service does not say the object are kept, and so is what
        may only seem to be gone: below an empty folder (a disk that is not mounted), a folder that cannot be read, a
        link to a folder.

        Args:
            source: a folder, or ``s3://bucket/prefix``.
            journal: of the runs over this source, as in :meth:`Workspace.ingest_many`; need not exist before the first.
            project: number or name of the project; by default the workspace's base project.
            delete: the plan deletes the assets whose files are gone; without it they are only listed.
            delete_objects: and their objects in the bucket, where a run over the source has stored them.
            delete_all: allow any number of deletions, and those below an empty folder.
            replace: the plan deletes asset and object of files that have other content now, and ingests these anew;
                without it they are only listed. The index of the old content is lost.
            max_delete: most assets to delete; by default a tenth of what the source has brought, and never below ten.
            settle: seconds for which a file must not change to be taken; one that does is left to the next sync.

        Returns:
            The plan; ``str()`` of it is a table, ``plan.code`` confirms what cannot be undone.

        Raises:
            InvalidArgumentError: no such folder, or options that do not go together.
            JournalError: the journal belongs to something else, or cannot be read.
            NotFoundError: there is no such project.
            MIError: the service or the storage does not answer.

        Source: mi-list-assets, mi-asset-details.
        """
        context = await self._ready()
        from mi_async.sync.planner import SyncOptions
        from mi_async.sync.workflow import plan_sync

        options = SyncOptions(
            delete=delete,
            delete_objects=delete_objects,
            delete_all=delete_all,
            replace=replace,
            max_delete=max_delete,
            settle=settle,
        )
        return await plan_sync(context, source, journal, project, options)

    def sync(
        self,
        plan: mi_async.SyncPlan,
        *,
        confirm: str | None = None,
        bucket: str | None = None,
        analyze: bool = True,
        summarize: bool = False,
        if_exists: IfExists = "reuse",
        analysis: mi_async.AnalysisOptions | None = None,
        locale: str | None = None,
        total: int | None = None,
        max_failures: int | None = None,
        grace: float = GRACE,
        patience: float = PATIENCE,
    ) -> mi_async.SyncRun:
        """Do what a plan of :meth:`plan_sync` says: remove what it lists for that, then ingest all that is left.

        Each asset is looked at directly before it is deleted, and kept if it, its file or its object is not as the plan
        has it. A sync that was stopped or killed is resumed by a new plan and its sync: what was confirmed is finished
        without another code, and nothing is deleted or ingested twice.

        Args:
            plan: what to do; its journal is the run's.
            confirm: ``plan.code``, after a look at the plan; needed only where it deletes or replaces something.
            bucket: as in :meth:`Workspace.ingest_many`, and so are all that follow.
            analyze: request an analysis, and wait for its index.
            summarize: request texts for the scenes after it.
            if_exists: where the project has an asset of a new object already.
            analysis: options of the analysis.
            locale: language of the summary.
            total: number of items, for the progress.
            max_failures: stop when more items than this have not gone well.
            grace: seconds for uploads to land when the run is stopped.
            patience: seconds for which a service that does not answer at all is waited for.

        Returns:
            A run as of :meth:`Workspace.ingest_many`; its ``removals`` say what was deleted, and what was kept and why.

        Raises:
            PlanNotConfirmedError: the plan is not confirmed, or the code is of another plan; nothing was done.
            InvalidArgumentError: the plan is of another workspace, or deletes more than it may.
            BulkError, JournalError, ConfigError: as in :meth:`Workspace.ingest_many`.

        Source: mi-delete-assets, mi-create-assets.
        """
        context = self._context
        from functools import partial

        from mi_async.bulk.options import BulkOptions
        from mi_async.sync.workflow import sync
        from mi_async.workflows.ingest.options import IngestOptions

        ingest = IngestOptions(
            project=plan.project_id,
            bucket=bucket,
            analyze=analyze,
            summarize=summarize,
            if_exists=if_exists,
            analysis=analysis,
            locale=locale,
        )
        ingest.check(context)
        options = partial(BulkOptions, total=total, max_failures=max_failures, grace=grace, patience=patience)
        return sync(context, plan, confirm, ingest, options)
