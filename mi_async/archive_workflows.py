"""Workflows that keep an archive in order, as methods of a workspace.

Invariant: adds no behaviour of its own; each method imports what it starts, so that nobody else pays for it.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

import mi_async
from mi_async.api import WorkspaceGroups
from mi_async.argument_types import BackupWatch
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

    async def back_up(
        self,
        folder: str | os.PathLike[str],
        *,
        persons: Collection[int] | None = None,
        images: bool = True,
        indexes: bool = True,
        summaries: bool = True,
        verify: bool = False,
        progress: BackupWatch | None = None,
    ) -> mi_async.BackupReport:
        """Back up the workspace into a folder: persons with their images, tags, projects, assets, indexes, summaries.

        The same call again is the resume of one that was interrupted, and the incremental backup: an image whose
        thumbnail the backup has is not downloaded again. Until the new state is complete the folder shows the one
        before; :func:`mi_async.backup.open_backup` reads it, and docs/backup.md describes its files. Nothing is ever
        deleted from it. Memory does not grow with the workspace.

        Args:
            folder: a new or empty folder, or one with a backup of this workspace. It holds faces: only its owner can
                read it.
            persons: IDs, to back up these alone; all others that the folder has stay as they are there.
            images: download the images of thumbnails.
            indexes: download the indexes of assets.
            summaries: download the scene summaries of assets.
            verify: hold the images that are there against their checksums, not only their sizes, and download those
                that do not fit.
            progress: a plain function, called with the present :class:`mi_async.BackupProgress` some times a second.

        Returns:
            The report: what is new, changed, unchanged and gone. ``complete`` is False if something could not be had,
            such as an image that vanished meanwhile; ``problems.jsonl`` in the folder has each.

        Raises:
            InvalidArgumentError: the folder holds something else, a backup of another workspace or service, or is
                being written by another backup.
            ResourceError: the disk is full or fails; what is there stays.
            MIError: any other failure of the service or the storage; the same call resumes.

        Source: mi-search-persons, maiu-person-details, maiu-list-person-tags, maiu-list-projects, mi-list-assets,
        mi-get-index, mi-get-scene-summary-result.
        """
        context = await self._ready()
        from mi_async.backup.run import BackupParts, back_up

        parts = BackupParts(images, indexes, summaries)
        return await back_up(context, folder, persons=persons, parts=parts, verify=verify, progress=progress)

    async def plan_curation(
        self,
        table: str | os.PathLike[str] | Iterable[mi_async.CurationRow | mi_async.BadInput],
        *,
        encoding: str | None = None,
        journal: str | os.PathLike[str] | None = None,
    ) -> mi_async.CurationPlan:
        """Plan what a filled-in table asks for: who gets a name, and who is merged into whom; nothing is changed.

        A name that nobody has is given to the person. A name that somebody has, and ``same_as``, mean that the person
        is that one: it would be merged into it, for good. Of several persons with one new name the one of the lowest
        ID gets it, and the others would be merged into it. A row in which both are empty is about nobody.

        ``print(plan)`` shows it. Answers that cannot be carried out are in ``plan.conflicts``, with their places in the
        table, and are left out with all that depends on them: two answers about one person, a circle, a person that
        does not exist, a new name for somebody who has another one, a name that several persons have.

        Args:
            table: path of a table of ``mi-async curate`` (CSV, JSON Lines, Parquet), or rows.
            encoding: of a table, such as ``cp949``; by default UTF-8, UTF-16 or Korean.
            journal: that of earlier runs of the table: what they have merged is not missed.

        Raises:
            InvalidArgumentError: the table cannot be read, or has not the columns.
            JournalError: the journal is that of something else.
            MIError: the persons cannot be listed: a request for each 1,000 of them.

        Source: maiu-list-persons, maiu-person-details.
        """
        context = await self._ready()
        from mi_async.bulk.curate.planner import plan_table

        return await plan_table(context, table, encoding=encoding, journal=journal)

    def curate(
        self,
        plan: mi_async.CurationPlan | None,
        *,
        confirm: str | None = None,
        journal: str | os.PathLike[str],
        backup: str | os.PathLike[str] | None = None,
        max_failures: int | None = None,
        grace: float = GRACE,
        patience: float = PATIENCE,
    ) -> mi_async.BulkRun:
        """Carry out a plan: names first, then merges, which cannot be undone.

        ``report = await newsroom.curate(plan, confirm=plan.code, journal="faces.journal")``. Each person that stays is
        an item of the run. Before a person is named or merged it is looked at: one that is gone, or has another name
        than in the plan, is left as it is and reported (``GONE``, ``RENAMED``).

        The plan is kept in the journal. After a crash the same call resumes it, and so does ``curate(None, ...)``,
        which needs no confirmation: a merge that was in flight is looked up before it is repeated.

        Args:
            plan: from :meth:`plan_curation` of this workspace; None for that of the journal.
            confirm: ``plan.code``, from whoever has looked at the plan; only a plan that merges nobody needs none.
            journal: path of the file that remembers what is done.
            backup: folder that gets a backup of all who are merged, and of those into whom they are, before the first
                merge; by default the path of the journal and ``.backup``. It is readable by :func:`open_backup`.
            max_failures: as in :meth:`enroll_many`, and so are grace and patience.

        Returns:
            A run, as that of :meth:`enroll_many`. Answers that the plan leaves out are in its report as rejected.

        Raises:
            InvalidArgumentError: the plan is of another workspace.
            ConfigError: the journal is no file, or the extra ``bulk`` is not installed.
            PlanNotConfirmedError: by the run: the code is missing, or that of another plan; nothing was changed.
            JournalError: by the run: the journal has another plan that is not finished, or no plan.
            BulkError: by the run: it had to stop, or the backup is not complete, and nobody was merged.

        Source: maiu-update-persons, mi-merge-persons, maiu-person-details.
        """
        context = self._context
        from mi_async.bulk.curate.start import CurationRequest
        from mi_async.bulk.engine_factory import curate_factory
        from mi_async.bulk.options import BulkOptions
        from mi_async.bulk.run import BulkRun

        request = CurationRequest.of(context, journal, plan, confirm, backup)
        options = BulkOptions(journal=journal, max_failures=max_failures, grace=grace, patience=patience)
        return BulkRun(curate_factory(context, request), (), options)
