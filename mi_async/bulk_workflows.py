"""Workflows of any number of items, as methods of a workspace: runs that a journal lets resume.

Invariant: adds no behaviour of its own; each method imports what it starts, so that nobody else pays for it.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator

import mi_async
from mi_async.argument_types import IfExists, IfPersonKnown, Items
from mi_async.bulk.defaults import GRACE, LIFE, PATIENCE, SHARDS
from mi_async.workspace_part import WorkspacePart


class BulkWorkflows(WorkspacePart):
    """Part of :class:`Workspace`: bulk runs."""

    __slots__ = ()

    def enroll_many(
        self,
        people: Items[mi_async.PersonInput | mi_async.BadInput],
        *,
        journal: str | os.PathLike[str],
        total: int | None = None,
        fit: bool = False,
        known: IfPersonKnown = "ignore",
        score: int = 80,
        max_failures: int | None = None,
        grace: float = GRACE,
        patience: float = PATIENCE,
        shards: int = SHARDS,
        claim_life: float = LIFE,
    ) -> mi_async.BulkRun:
        """Enroll any number of persons: as fast as the quotas allow, in flat memory, and each once whatever happens.

        To resume after a crash, an interruption or failures, make the same call again: what is finished costs no
        request, and what was in flight is looked up before it is repeated.

        Args:
            people: what to enroll; it is iterated over once and not ahead of the work, so a generator of a million is
                fine, and so is a function that makes one. A name that comes twice is refused the second time.
            journal: path of the file that remembers what is done. It belongs to this service, account, workspace and
                operation, and is refused for any other. With ``postgresql://user@host/database#name`` the same call in
                any number of processes, on any number of machines, shares the work; the input is then gone through
                once for each shard: a list, a reading such as ``read_people(path)``, or a function.
            total: number of items, for the progress; by default ``len(people)`` where that is known, and for
                ``read_people(path)`` the count of a table up to 64 MiB or of a folder.
            fit: as in :meth:`upload_thumbnail`; the outcome says so.
            known: as in :meth:`enroll_person`, for each person after its images were uploaded and before it is
                created: with ``ask``, and with ``attach`` where several look like it, one whom somebody looks like
                ends as failed with the code ``KNOWN``. Each later run looks at it again, with whatever word it has, and
                takes the images from the journal. A name that is taken is found before anything is uploaded. Persons
                of one run are compared with those of it who were created by then.
            score: with ``known``, likeness from which on somebody looks like a person, 80 to 100.
            max_failures: stop when more items than this have ended in any way but done or skipped; None for never.
            grace: seconds for what is in flight to end when the run is stopped or cancelled.
            patience: seconds for which a service that does not answer at all is waited for, by default 6 hours.
            shards: parts of the input that processes take one by one; used when the journal is made, and kept in it.
            claim_life: seconds after which others take over the work of a process that shows no sign of life.

        Returns:
            A run, which does nothing before it is used: ``async for outcome in run`` or ``report = await run``.

        Raises:
            BulkError: by the run: it had to stop (keys refused, workspace missing, allowance of persons full, too many
                failures, a service that is gone); its cause says why, its ``report`` what was done.
            JournalError: by the run: the journal is not this run's, is in use, or cannot be written.
            ConfigError: an argument that cannot work, or the extra ``bulk`` is not installed.
        """
        context = self._context
        from mi_async.bulk.engine_factory import enroll_factory
        from mi_async.bulk.inputs.models import PersonInput
        from mi_async.bulk.options import BulkOptions
        from mi_async.bulk.run import BulkRun
        from mi_async.workflows.known_person import Likeness

        options = BulkOptions(
            journal=journal,
            total=total,
            fit=fit,
            max_failures=max_failures,
            grace=grace,
            patience=patience,
            shards=shards,
            claim_life=claim_life,
        )
        return BulkRun(enroll_factory(context, PersonInput, Likeness.of(context, known, score)), people, options)

    def upload_thumbnails(
        self,
        items: Items[mi_async.ThumbnailUpload | mi_async.BadInput],
        *,
        journal: str | os.PathLike[str],
        total: int | None = None,
        fit: bool = False,
        max_failures: int | None = None,
        grace: float = GRACE,
        patience: float = PATIENCE,
        shards: int = SHARDS,
        claim_life: float = LIFE,
    ) -> mi_async.BulkRun:
        """Give any number of images to persons who exist; everything else is as in :meth:`enroll_many`.

        Images of one person are attached in the order of the input; the same image for the same person is attached
        once.
        """
        context = self._context
        from mi_async.bulk.engine_factory import enroll_factory
        from mi_async.bulk.inputs.models import ThumbnailUpload
        from mi_async.bulk.options import BulkOptions
        from mi_async.bulk.run import BulkRun

        options = BulkOptions(
            journal=journal,
            total=total,
            fit=fit,
            max_failures=max_failures,
            grace=grace,
            patience=patience,
            shards=shards,
            claim_life=claim_life,
        )
        return BulkRun(enroll_factory(context, ThumbnailUpload), items, options)

    def stored_assets(self, prefix: str) -> AsyncGenerator[mi_async.AssetInput]:
        """List the media files of a bucket, for :meth:`ingest_many`: by their names, page by page.

        Args:
            prefix: ``s3://bucket/prefix``, or ``s3://bucket`` for all of it.

        Raises:
            InvalidArgumentError: it names no bucket.
            MIError: by the iteration: there is no such bucket, or it cannot be listed.
        """
        context = self._context
        from mi_async.bulk.inputs.media_files import stored_assets

        return stored_assets(context.store, prefix)

    def ingest_many(
        self,
        assets: Items[mi_async.AssetInput | mi_async.BadInput],
        *,
        journal: str | os.PathLike[str],
        project: int | str | None = None,
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
        shards: int = SHARDS,
        claim_life: float = LIFE,
    ) -> mi_async.BulkRun:
        """Ingest any number of media files, each as :meth:`ingest_asset` does and each once whatever happens.

        A few files go up at a time, hundreds may be imported and analysed at once. To resume, make the same call
        again: what is finished costs no request while size and time of change are the same, parts that have arrived
        are not sent again, and a registration whose end nobody wrote down is looked for before it is repeated.

        Args:
            assets: what to ingest, of one project; see ``read_assets`` and :meth:`stored_assets`. It is iterated over
                once and not ahead of the work. An object that comes twice is refused the second time.
            journal: path of the file that remembers what is done, as in :meth:`enroll_many`; records of unfinished
                uploads are kept beside it.
            project: as in :meth:`ingest_asset`, and so are bucket, analyze, summarize, if_exists, analysis and locale.
            total: number of items, for the progress; by default ``len(assets)`` where that is known.
            max_failures: as in :meth:`enroll_many`, and so are grace and patience.
            grace: seconds for uploads to land when the run is stopped; jobs go on at the service and are left there.
            patience: seconds for which a service that does not answer at all is waited for.
            shards: as in :meth:`enroll_many`, and so is claim_life.
            claim_life: seconds.

        Returns:
            A run, whose outcomes are of the class ``AssetOutcome``.

        Raises:
            InvalidArgumentError: arguments that do not go together or are out of bounds; by the run: no bucket.
            NotFoundError: by the run: there is no such project.
            BulkError, JournalError, ConfigError: as in :meth:`enroll_many`.
        """
        context = self._context
        from mi_async.bulk.engine_factory import ingest_factory
        from mi_async.bulk.options import BulkOptions
        from mi_async.bulk.run import BulkRun
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
        options = BulkOptions(
            journal=journal,
            total=total,
            max_failures=max_failures,
            grace=grace,
            patience=patience,
            shards=shards,
            claim_life=claim_life,
        )
        return BulkRun(ingest_factory(context, ingest), assets, options)
