"""Workflows that keep an archive in order, as methods of a workspace: backup, restore, a lost journal, usage.

Invariant: adds no behaviour of its own; each method imports what it starts, so that nobody else pays for it.
"""

from __future__ import annotations

import os
from collections.abc import Collection

import mi_async
from mi_async.argument_types import (
    BackupWatch,
    BulkOperation,
    IfPersonExists,
    Items,
    RebuildProgress,
    UsageWatch,
    Watch,
)
from mi_async.bulk.defaults import GRACE, PATIENCE
from mi_async.curation_workflows import CurationWorkflows
from mi_async.sync_workflows import SyncWorkflows


class ArchiveWorkflows(CurationWorkflows, SyncWorkflows):
    """Part of :class:`Workspace`: the order of an archive."""

    __slots__ = ()

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

    async def plan_restore(
        self,
        folder: str | os.PathLike[str],
        *,
        journal: str | os.PathLike[str],
        if_exists: IfPersonExists = "error",
        unnamed: bool = False,
        analyze: bool = False,
        bucket: str | None = None,
        report: str | os.PathLike[str] | None = None,
        force: bool = False,
    ) -> mi_async.RestorePlan:
        """Return what :meth:`restore` would do; the workspace is asked for its listings, and nothing is created.

        Args:
            folder: of the backup.
            journal: as in :meth:`restore`, and so are all others; it need not exist.
            if_exists: as there.
            unnamed: as there.
            analyze: as there.
            bucket: as there.
            report: a file for what would not go well and what is not carried, one JSON object to a line.
            force: replace that file even if it is no report of ours.

        Raises:
            InvalidArgumentError: the folder is no backup, or an argument cannot work.
            JournalError: the journal belongs to something else, or cannot be read.
            MIError: the workspace cannot be asked.
        """
        context = await self._ready()
        from mi_async.restore.options import RestoreOptions
        from mi_async.restore.plan import plan_restore

        options = RestoreOptions(journal=journal, if_exists=if_exists, unnamed=unnamed, analyze=analyze, bucket=bucket)
        return await plan_restore(context, folder, options, report=report, force=force)

    async def restore(
        self,
        folder: str | os.PathLike[str],
        *,
        journal: str | os.PathLike[str],
        if_exists: IfPersonExists = "error",
        unnamed: bool = False,
        analyze: bool = False,
        bucket: str | None = None,
        mapping: str | os.PathLike[str] | None = None,
        report: str | os.PathLike[str] | None = None,
        force: bool = False,
        max_failures: int | None = None,
        grace: float = GRACE,
        patience: float = PATIENCE,
        watch: Watch | None = None,
    ) -> mi_async.RestoreReport:
        """Restore a backup into this workspace: tags, persons with their images, projects, and assets.

        Persons go through :meth:`enroll_many` and assets through :meth:`ingest_many`. To resume after a crash, an
        interruption or failures, make the same call again: what is there already costs no request that changes
        anything. No image is sent whose content is not what the backup says. Nothing is removed, and nothing is
        overwritten: IDs, creation times and users are the service's to give.

        Args:
            folder: of the backup.
            journal: path of the file that remembers what is done; that of the assets is kept beside it. It belongs to
                this service, account and workspace, and is refused for any other.
            if_exists: what to do about a name that somebody of the workspace has: ``error`` leaves that person alone
                and reports the one of the backup as rejected, ``reuse`` takes that person for it, ``complete`` also
                gives it the images, tags and description that it lacks, as in :meth:`enroll_person`.
            unnamed: create persons without a name, too, called ``unnamed`` and their old ID. By default they are left
                out: only by a name can a later run tell whether a person was created.
            analyze: analyse the assets once they are registered, which costs what an analysis costs.
            bucket: where the objects of the assets are now; by default where the backup says that they were.
            mapping: file for the old and the new IDs, one JSON object to a line; by default beside the journal.
            report: file for the outcome of every item and for what is not carried, one JSON object to a line.
            force: let both replace a file that is not ours.
            max_failures: as in :meth:`enroll_many`, and so are grace and patience.
            grace: seconds.
            patience: seconds.
            watch: returns the block in which each of the bulk runs is awaited: ``watch=mi_async.show`` displays them.

        Returns:
            The report. ``ok`` is True if all that can be carried is in the workspace.

        Raises:
            InvalidArgumentError: the folder is no backup, or an argument cannot work.
            BulkError: it had to stop, as in :meth:`enroll_many`.
            JournalError, ConfigError: as in :meth:`enroll_many`.
            MIError: any other failure, such as an answer that was lost; the same call again goes on.
        """
        context = await self._ready()
        from mi_async.restore.options import RestoreOptions
        from mi_async.restore.run import restore_backup

        options = RestoreOptions(
            journal=journal,
            if_exists=if_exists,
            unnamed=unnamed,
            analyze=analyze,
            bucket=bucket,
            mapping=mapping,
            max_failures=max_failures,
            grace=grace,
            patience=patience,
        )
        return await restore_backup(context, folder, options, report=report, force=force, watch=watch)

    async def rebuild_journal(
        self,
        items: Items[mi_async.PersonInput | mi_async.ThumbnailUpload | mi_async.BadInput],
        *,
        journal: str | os.PathLike[str],
        operation: BulkOperation = "enroll_many",
        assume_counts: bool = False,
        progress: RebuildProgress | None = None,
    ) -> mi_async.JournalRebuild:
        """Rebuild a lost journal from what the service has of an input; nothing is changed at the service.

        The next run with the new journal takes it up: persons who are complete cost no request, the others get only
        what is missing. An image counts as there if a thumbnail of the person is of its very content, as the names of
        images uploaded by this package tell. Where a person has thumbnails of unknown content, nobody can tell if an
        image is among them: nothing is uploaded for it, and it is listed (code ``UNCLEAR``) until ``journal retry``.
        So it is with a person whose images somebody of another name has (code ``RENAMED``). A person who has the name
        and none of the images stays refused (50005), as without a journal.

        Persons are looked up one by one, or in one listing of all, whichever takes fewer requests. Stopped at any
        moment, the same call resumes: what it has found so far is in ``<journal>.unfinished``, which no run takes for
        a journal of that name.

        Args:
            items: the input of the lost journal, as in :meth:`enroll_many` or :meth:`upload_thumbnails`: paths and
                bytes are read here and again by the run, so a readable object serves only one of them.
            journal: path of the new journal, which must not exist.
            operation: the method whose runs take it up.
            assume_counts: take a person's thumbnails of unknown content for the images that nobody can tell of, where
                there are at least as many of them.
            progress: called with the counts so far.

        Raises:
            JournalError: there is something at ``journal``, it is a URL of PostgreSQL, or it cannot be written.
            InvalidArgumentError: an item is of another class than the operation takes.
            ConfigError: the extra ``bulk`` is not installed.
            APIError: the service does not answer; what was found is kept.
        """
        context = await self._ready()
        from mi_async._core.extras import require

        require("bulk")
        from mi_async.bulk.rebuild.rebuild import FACE_KINDS, RebuildOptions, rebuild_faces

        options = RebuildOptions(journal, assume_counts, progress)
        return await rebuild_faces(context, FACE_KINDS[operation], items, options)

    async def usage(
        self,
        *,
        month: str | None = None,
        timezone: str = "Asia/Seoul",
        summaries: bool = True,
        concurrency: int = 8,
        progress: UsageWatch | None = None,
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
