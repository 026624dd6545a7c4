"""Start of a curation: the plan gets into the journal, and all whom it merges get into a backup.

Invariant: the first merge is not sent before both are on the disk. A backup that was made stays as it is: a later run
finds persons gone whom an earlier one has merged.
"""

import logging
import os
from collections.abc import Collection
from pathlib import Path

from attrs import evolve, frozen

from mi_async.backup import BackupProblem, open_backup
from mi_async.backup.run import back_up
from mi_async.bulk.curate.confirmed import is_known, no_plan, plan_in, records_of
from mi_async.bulk.curate.plan import CurationPlan
from mi_async.bulk.journal.actions import ActionKind
from mi_async.bulk.journal.confirmed_plan import StoredPlan, next_number, stored_plan
from mi_async.bulk.journal.journal import Journal
from mi_async.bulk.journal.place import Journalled, journal_file, parsed
from mi_async.errors import BulkError, ConfigError
from mi_async.workflows.context import Context

_log = logging.getLogger(__name__)

PERSON, GONE = "person", "gone"
"""Kind and reason of a problem of a backup: a person was not there any more."""


@frozen
class CurationRequest:
    """A curation as it was asked for.

    Attributes:
        journal: path of the journal.
        plan: None for that of the journal.
        confirm: code with which the plan was confirmed.
        backup: folder of the backup of all whom it merges.
    """

    journal: Journalled
    plan: CurationPlan | None
    confirm: str | None
    backup: Path

    @classmethod
    def of(
        cls,
        context: Context,
        journal: Journalled,
        plan: CurationPlan | None,
        confirm: str | None,
        backup: str | os.PathLike[str] | None,
    ) -> "CurationRequest":
        """Return the request, with ``<journal>.backup`` as the folder where none is given.

        Raises:
            InvalidArgumentError: the plan is of another workspace, or unsound.
            ConfigError: the journal is no file.
        """
        if journal_file(parsed(journal)) is None:
            message = "journal must be the path of a file: a curation is the work of one process"
            raise ConfigError(message)
        if plan is not None:
            plan.check_for(context.endpoint, context.groups.name)
        return cls(journal, plan, confirm, Path(f"{os.fspath(str(journal))}.backup" if backup is None else backup))


def check_new(request: CurationRequest, *, exists: bool) -> None:
    """Refuse a plan that is not confirmed before a journal is made for it.

    Raises:
        JournalError: there is no plan, given or in a journal.
        PlanNotConfirmedError: it was not confirmed.
    """
    if exists:
        return
    if request.plan is None:
        raise no_plan(request.journal)
    is_known(None, request.plan, request.confirm, request.journal)


async def begun_plan(journal: Journal, context: Context, request: CurationRequest) -> CurationPlan:
    """Return the plan that the journal holds now, after a backup of all whom it merges.

    Raises:
        JournalError: the journal holds no plan, or another one that is not finished.
        PlanNotConfirmedError: the plan is new, and was not confirmed.
        BulkError: the backup is not complete.
        MIError: the backup failed.
    """
    stored = await journal.ask(stored_plan)
    if request.plan is not None and not is_known(stored, request.plan, request.confirm, request.journal):
        await journal.write(*records_of(request.plan, await journal.ask(next_number)))
        stored = await journal.ask(stored_plan)
    if stored is None:
        raise no_plan(request.journal)
    plan = plan_in(stored, context, request.journal)
    if plan.merged and not stored.plan.backup:
        await _back_up(context, request.backup, stored)
        await journal.write(evolve(stored.plan, backup=str(request.backup.resolve())))
    return plan


async def _back_up(context: Context, folder: Path, stored: StoredPlan) -> None:
    """Back up all who are merged, and those into whom they are."""
    merged = [action for action in stored.actions if action.kind == ActionKind.MERGE.value]
    persons = {number for action in merged for number in (action.person_id, action.target_id)}
    _log.info("backing up %d persons to %s before they are merged", len(persons), folder)
    # the folder may hold older files: nobody can download them again once their persons are merged
    await back_up(context, folder, persons=persons, verify=True)
    for problem in open_backup(folder).problems():
        if _is_missing(problem, persons):
            message = f"the backup in {folder} is not complete, and nobody was merged: {problem.message}"
            raise BulkError(message)


def _is_missing(problem: BackupProblem, persons: Collection[int]) -> bool:
    """Return True if a problem of a backup means that one of these persons is not in it as it is at the service.

    A person that is gone has nothing to back up, and the run leaves it out.
    """
    number = problem.id if problem.kind == PERSON else problem.person_id
    return number in persons and problem.reason != GONE
