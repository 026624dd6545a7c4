"""Workflows that say who a person is, as methods of a workspace: faces without a name, doubles, and comparisons.

Invariant: adds no behaviour of its own; each method imports what it starts, so that nobody else pays for it.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable, Iterable

import mi_async
from mi_async.argument_types import CountProgress, Items
from mi_async.bulk.defaults import GRACE, PATIENCE
from mi_async.workspace_part import WorkspacePart


class CurationWorkflows(WorkspacePart):
    """Part of :class:`Workspace`: who persons are."""

    __slots__ = ()

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
        from mi_async._core.extras import require

        require("bulk")
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
        factory = enroll_factory(context, PersonInput, Likeness.of(context, "ask", score), found=found)
        return BulkRun(factory, people, options)
