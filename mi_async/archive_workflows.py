"""Workflows that keep an archive in order, as methods of a workspace.

Invariant: adds no behaviour of its own; each method imports what it starts, so that nobody else pays for it.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable, Collection, Iterable
from typing import TYPE_CHECKING

import mi_async
from mi_async.api import WorkspaceGroups
from mi_async.argument_types import (
    BackupWatch,
    BulkOperation,
    CountProgress,
    IfExists,
    IfPersonExists,
    Items,
    RebuildProgress,
    UsageWatch,
    Watch,
)
from mi_async.bulk.defaults import GRACE, PATIENCE
from mi_async.sync.defaults import INTERVAL, SETTLE

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
        settle: float = SETTLE,
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
        from mi_async.bulk.rebuild.rebuild import FACE_KINDS, RebuildOptions, rebuild_faces

        kind = FACE_KINDS.get(operation)
        if kind is None:
            message = f"operation must be one of {', '.join(FACE_KINDS)}, got {operation!r}"
            raise mi_async.InvalidArgumentError(message)
        return await rebuild_faces(context, kind, items, RebuildOptions(journal, assume_counts, progress))

    def unnamed_persons(
        self, *, suggestions: bool = True, score: int = 80, limit: int | None = None
    ) -> AsyncGenerator[mi_async.UnnamedPerson]:
        """Iterate over the persons without a name, those in most assets first, each with who it might be.

        Analyses register such a person for every face that they do not know. Nothing is changed; a name is given by
        ``persons.update``, and a person who is somebody already is merged into that one by ``persons.merge``, for good.

        Close the iterator when you leave it early:
        ``async with contextlib.aclosing(newsroom.unnamed_persons()) as faces``.

        Args:
            suggestions: ask for each person who looks like it, one request more a person; up to 10, those who have a
                name first. Of a person about whom the service does not say so there are none, and a line is logged.
            score: likeness from which on somebody is suggested, 80 to 100.
            limit: most persons.

        Raises:
            InvalidArgumentError: the score is out of bounds; at once, nothing was sent.
            MIError: by the iteration: the persons cannot be listed, or nobody can be asked about.

        Source: mi-search-persons, mi-similar-persons.
        """
        context = self._context
        from mi_async.workflows.curation.unnamed import unnamed_persons

        return unnamed_persons(context, suggestions=suggestions, score=score, limit=limit)

    def duplicate_persons(
        self, *, score: int = 80, mutual: bool = True, progress: CountProgress | None = None
    ) -> AsyncGenerator[mi_async.DuplicateGroup]:
        """Iterate over groups of persons who look alike, each with its evidence; nobody is in two groups.

        All persons are listed and asked about, one request each, before the first group comes. Nothing is changed. In
        a group everybody looks like everybody else: of a chain, in which the first looks like the second and the second
        like the third, the groups are those of complete linkage, and what is left over is in ``near``. An answer of the
        service has at most 10 persons, so that somebody who is there more than 11 times comes as several groups.

        Args:
            score: likeness from which on two persons look alike, 80 to 100.
            mutual: only those of whom each was found from the other; False takes what was found from one side.
            progress: called with the number of persons asked about, and that of all.

        Raises:
            InvalidArgumentError: the score is out of bounds, or the progress function would have to be awaited; at
                once, nothing was sent.
            MIError: by the iteration: the persons cannot be listed, or nobody can be asked about.

        Source: mi-search-persons, mi-similar-persons.
        """
        context = self._context
        from mi_async.workflows.curation.duplicates import duplicate_persons

        return duplicate_persons(context, score=score, mutual=mutual, progress=progress)

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
        than in the plan, is left as it is and reported (``GONE``, ``NAME_CHANGED``).

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
        return BulkRun(curate_factory(context, request), iter(()), options)  # the items come from the journal

    def compare_many(
        self,
        people: Items[mi_async.PersonInput | mi_async.BadInput],
        *,
        found: Callable[[mi_async.KnownPerson], None],
        journal: str | os.PathLike[str],
        score: int = 80,
        total: int | None = None,
        fit: bool = False,
        max_failures: int | None = None,
        grace: float = GRACE,
        patience: float = PATIENCE,
    ) -> mi_async.BulkRun:
        """Compare any number of persons with those who are there; create nobody.

        The first image of each person is uploaded and compared. :meth:`Workspace.enroll_many` with the same journal
        takes these images from it within the 24 hours of their keys; whom it has enrolled already is not compared.

        Args:
            people: as in :meth:`Workspace.enroll_many`, and so are total, fit, max_failures, grace and patience.
            found: a plain function, called with each person whom somebody looks like; an exception in it ends the run.
            journal: path of the file that remembers what is uploaded, not a URL. What was compared is compared again by
                the next run.
            score: likeness from which on somebody looks like a person, 80 to 100.
            total: number of items.
            fit: True to convert images.
            max_failures: items that may end in any way but skipped.
            grace: seconds.
            patience: seconds.

        Returns:
            A run; those who were compared end as skipped, with a note.

        Raises:
            InvalidArgumentError: a score out of bounds, or a function that would have to be awaited.
            BulkError, JournalError, ConfigError: as in :meth:`Workspace.enroll_many`; a journal that processes share.

        Source: mi-recommend-persons-by-thumbnail.
        """
        context = self._context
        from mi_async.bulk.engine_factory import enroll_factory
        from mi_async.bulk.inputs.models import PersonInput
        from mi_async.bulk.options import BulkOptions
        from mi_async.bulk.run import BulkRun
        from mi_async.errors import ConfigError
        from mi_async.workflows.context import refuse_async
        from mi_async.workflows.known_person import Likeness

        options = BulkOptions(
            journal=journal,
            total=total,
            fit=fit,
            max_failures=max_failures,
            grace=grace,
            patience=patience,
        )
        if options.is_shared:
            message = "compare_many works alone: journal must be the path of a file"
            raise ConfigError(message)
        refuse_async(found)
        likeness = Likeness("ask", score)
        likeness.check(context)
        return BulkRun(enroll_factory(context, PersonInput, likeness, found=found), people, options)

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
            interval: seconds between two looks.
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
            InvalidArgumentError: an argument that cannot work; by the iteration: no such folder at the beginning.
            MIError: by the iteration: a failure that no later look will mend: refused keys, no such workspace.

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
        ingest.check(context)
        options = BulkOptions(journal=journal, grace=grace, patience=patience)
        rules = WatchRules(interval=interval, passes=passes, progress=progress)
        return watch(context, source, ingest, options, rules)
