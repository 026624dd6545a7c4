"""The confirmed plan of a run: the one that was given with its code, or the one that the journal holds already.

Invariant: pure. A plan gets into a journal only with its code, and one that was begun is carried out or given up, but
never mixed with another one.
"""

import json
from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter
from typing import Any

from attrs import evolve

from mi_async._core.confirmation import check_confirmed
from mi_async.bulk.curate.decisions import CurationConflict
from mi_async.bulk.curate.plan import CurationPlan
from mi_async.bulk.inputs.models import BadInput
from mi_async.bulk.inputs.person_change import PersonChange, PersonMerge
from mi_async.bulk.journal.actions import ActionKind, ActionRecord, PlanRecord
from mi_async.bulk.journal.confirmed_plan import StoredPlan
from mi_async.bulk.journal.place import Journalled, journal_error
from mi_async.bulk.journal.records import PersonRecord, Record
from mi_async.errors import JournalError
from mi_async.workflows.context import Context

OTHER = "give the run a journal of its own"


def is_known(stored: StoredPlan | None, plan: CurationPlan, confirm: str | None, journal: Journalled) -> bool:
    """Return True if the journal holds a plan, which was confirmed then; False for a new one, which is confirmed now.

    Args:
        stored: plan of the journal.
        plan: the plan that is to be carried out.
        confirm: code that was given for it.
        journal: for messages.

    Raises:
        JournalError: it holds another plan that is not finished.
        PlanNotConfirmedError: the plan is new, and was not confirmed by its code.
    """
    if stored is not None and stored.plan.fingerprint == plan.fingerprint:
        return True
    if stored is not None and not stored.finished:
        its = stored.plan.fingerprint
        reason = f"it holds another plan ({its}) that is not finished; resume that one first, or {OTHER}"
        raise journal_error(journal, reason)
    check_confirmed(plan.code, confirm, what=plan.warning)
    return False


def no_plan(journal: Journalled) -> JournalError:
    """Return the error of a run without a plan."""
    return journal_error(journal, "it holds no plan that could be resumed; make one with plan_curation")


def records_of(plan: CurationPlan, number: int) -> Iterator[Record]:
    """Yield the rows of a new plan: itself, its actions, and the persons that stay, open."""
    fingerprint = plan.fingerprint
    left_out = json.dumps([[one.origin, one.message] for one in plan.conflicts], ensure_ascii=False)
    yield PlanRecord(fingerprint, plan.answers, left_out, number)
    for change in plan.changes:
        kind = ActionKind.KEEP if change.name is None else ActionKind.NAME
        names = (change.name or "", change.was or "")
        yield ActionRecord(change.person_id, change.person_id, fingerprint, kind, *names, origin=change.origin)
        yield PersonRecord(change.key, person_id=change.person_id, origin=change.origin)
        for one in change.merged:
            row = ActionRecord(one.person_id, change.person_id, fingerprint, ActionKind.MERGE, was=one.name or "")
            yield evolve(row, origin=one.origin)


def plan_in(stored: StoredPlan, context: Context, journal: Journalled) -> CurationPlan:
    """Return the plan that a journal holds.

    Raises:
        JournalError: its rows are not those that were confirmed.
    """
    conflicts = tuple(CurationConflict(origin, None, message) for origin, message in _pairs(stored.plan.conflicts))
    plan = CurationPlan(context.endpoint, context.groups.name, stored.plan.answers, changes_in(stored), conflicts)
    if plan.fingerprint != stored.plan.fingerprint:
        reason = f"its rows are not those of the plan that was confirmed; make a new plan, and {OTHER}"
        raise journal_error(journal, reason)
    return plan


def changes_in(stored: StoredPlan) -> tuple[PersonChange, ...]:
    """Return the changes of the plan that a journal holds."""
    by_target = sorted(stored.actions, key=attrgetter("target_id", "person_id"))
    return tuple(_change(list(rows)) for _, rows in groupby(by_target, key=attrgetter("target_id")))


def _change(rows: list[ActionRecord]) -> PersonChange:
    own = next((row for row in rows if row.person_id == row.target_id), None)
    merged = tuple(PersonMerge(row.person_id, row.was or None, row.origin) for row in rows if row is not own)
    if own is None:  # the row was lost: without it nobody knows the person's name, and the fingerprint differs
        return PersonChange(rows[0].target_id, merged=merged)
    return PersonChange(own.person_id, own.was or None, own.name or None, merged, own.origin)


def inputs_of(plan: CurationPlan) -> list[PersonChange | BadInput]:
    """Return the items of a run: the answers that are left out first, since nothing is asked about them."""
    return [*(BadInput(one.origin, one.message) for one in plan.conflicts), *plan.changes]


def _pairs(text: str) -> list[tuple[str, str]]:
    """Return the conflicts of a row, none if it is damaged: they only tell."""
    try:
        found: Any = json.loads(text)
        return [(str(origin), str(message)) for origin, message in found]
    except (ValueError, TypeError):
        return []
