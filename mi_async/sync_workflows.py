"""Workflows that keep a project in step with a folder or a bucket, as methods of a workspace.

Invariant: adds no behaviour of its own; each method imports what it starts, so that nobody else pays for it.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable

import mi_async
from mi_async.argument_types import IfExists
from mi_async.bulk.defaults import GRACE, PATIENCE
from mi_async.sync.defaults import INTERVAL, SETTLE
from mi_async.workspace_part import WorkspacePart


class SyncWorkflows(WorkspacePart):
    """Part of :class:`Workspace`: a folder, or a prefix of a bucket, and a project."""

    __slots__ = ()

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
        give_up: bool = False,
        max_delete: int | None = None,
        settle: float = SETTLE,
        analyze: bool = True,
        summarize: bool = False,
    ) -> mi_async.SyncPlan:
        """Compare a folder, or a prefix of a bucket, with a project; change nothing.

        Files that are new or changed are looked into as by a dry run of :meth:`Workspace.ingest_many`, which
        ``plan.ingest`` is: what the run would reject is in the plan, and a changed file that is rejected replaces
        nothing.

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
            give_up: the plan does not go on with deletions and replacements that an earlier sync has not finished: it
                has them as if nobody had confirmed them. Without it, those that delete, delete_objects and replace ask
                for again are done without another code, and the others wait.
            max_delete: most assets to delete; by default a tenth of what the source has brought, and never below ten.
            settle: seconds for which a file must not change to be taken; one that does is left to the next sync.
            analyze: as for :meth:`sync`, and so is summarize: what the run would do follows from them.
            summarize: as for :meth:`sync`.

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
            give_up=give_up,
            max_delete=max_delete,
            settle=settle,
            analyze=analyze,
            summarize=summarize,
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
        options = partial(BulkOptions, total=total, max_failures=max_failures, grace=grace, patience=patience)
        return sync(context, plan, confirm, ingest, options)

    def watch(
        self,
        source: str | os.PathLike[str],
        *,
        journal: str | os.PathLike[str],
        interval: float = INTERVAL,
        project: int | str | None = None,
        bucket: str | None = None,
        analyze: bool = True,
        summarize: bool = False,
        if_exists: IfExists = "reuse",
        analysis: mi_async.AnalysisOptions | None = None,
        locale: str | None = None,
        passes: int | None = None,
        progress: Callable[[mi_async.WatchPass], None] | None = None,
        grace: float = GRACE,
        patience: float = 600.0,
    ) -> AsyncGenerator[mi_async.AssetOutcome]:
        """Look at a folder, or a prefix of a bucket, at an interval; ingest what is new, and yield how each file ends.

        There are no webhooks: the source is asked. A file is taken once two looks in a row have found it with the same
        size and time, so one that is still being written waits; an object is there as a whole. Nothing is deleted or
        replaced: a file that has other content than its asset is logged, for :meth:`sync`. A look that fails, or whose
        service does not answer, is followed by another one, after a pause that doubles up to 15 minutes. Close the
        iterator to stop: ``async with contextlib.aclosing(newsroom.watch(...)) as outcomes``.

        Args:
            source: a folder, or ``s3://bucket/prefix``.
            journal: of the runs over this source, as in :meth:`Workspace.ingest_many`; what it has is not yielded.
            interval: seconds between two looks; 0 only with ``passes``.
            project: number or name of the project; by default the workspace's base project.
            bucket: as in :meth:`Workspace.ingest_many`, and so are analyze to locale.
            analyze: request an analysis, and wait for its index.
            summarize: request texts for the scenes after it.
            if_exists: where the project has an asset of a new object already.
            analysis: options of the analysis.
            locale: language of the summary.
            passes: looks after which it ends; None for no end.
            progress: a plain function, called with a :class:`WatchPass` after each look.
            grace: seconds for uploads to land when it is stopped.
            patience: seconds for which a run waits for a service that does not answer at all; then the next look.

        Raises:
            InvalidArgumentError: an argument that cannot work; by the iteration: at the beginning no such folder,
                or no bucket.
            MIError: by the iteration: a failure that no later look will mend: refused keys, no such workspace,
                no such project.

        Source: mi-create-assets.
        """
        context = self._context
        from mi_async.bulk.options import BulkOptions
        from mi_async.sync.watch import WatchRules
        from mi_async.sync.workflow import watch
        from mi_async.workflows.ingest.options import IngestOptions

        ingest = IngestOptions(
            project=project,
            bucket=bucket,
            analyze=analyze,
            summarize=summarize,
            if_exists=if_exists,
            analysis=analysis,
            locale=locale,
        )
        options = BulkOptions(journal=journal, grace=grace, patience=patience)
        rules = WatchRules(interval=interval, passes=passes, progress=progress)
        return watch(context, source, ingest, options, rules)
