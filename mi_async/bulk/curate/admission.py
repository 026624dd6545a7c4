"""Admission of changes to persons: decides from the journal which are work.

Invariant: makes no request.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from attrs import define, evolve, field

from mi_async.bulk.curate.work import CurationWork
from mi_async.bulk.engine.outcome import INPUT, WELL, BulkOutcome, Problem, Status
from mi_async.bulk.inputs.batching import only
from mi_async.bulk.inputs.models import BadInput, Item
from mi_async.bulk.inputs.person_change import PersonChange
from mi_async.bulk.journal.actions import ActionRecord
from mi_async.bulk.journal.confirmed_plan import actions_of
from mi_async.bulk.journal.journal import Journal
from mi_async.bulk.journal.records import OPEN, PersonRecord, rejected_key

ENDED = frozenset({Status.PARTIAL.value, Status.FAILED.value})
"""Ways to end that stay until ``journal retry``."""


@define(eq=False)
class CurationAdmission:
    """Admits changes to persons.

    Attributes:
        journal: the journal, which holds their confirmed plan.
        recalled: 0: answers that are left out are those of this plan alone.
    """

    journal: Journal
    recalled: int = field(init=False, default=0)

    async def decide(self, chunk: Sequence[Item | BadInput]) -> list[BulkOutcome | CurationWork]:
        """Return for each item its outcome, or the work that is left; the journal has all of them by then."""
        changes = only(PersonChange, chunk)
        found = await self.journal.find_persons([change.key for change in changes])
        rows = {row.person: row for row in found}
        actions = await self.journal.ask(partial(actions_of, targets=[change.person_id for change in changes]))
        decided: list[BulkOutcome | CurationWork] = []
        written: list[PersonRecord] = []
        for item in chunk:
            if isinstance(item, BadInput | PersonChange):
                record, result = self._decided(item, rows, actions)
                written.append(record)
                decided.append(result)
        await self.journal.write(*written)
        return decided

    def _decided(
        self,
        item: PersonChange | BadInput,
        rows: Mapping[str, PersonRecord],
        actions: Mapping[int, Sequence[ActionRecord]],
    ) -> "tuple[PersonRecord, BulkOutcome | CurationWork]":
        return self._rejected(item) if isinstance(item, BadInput) else self._admitted(item, rows, actions)

    def _rejected(self, item: BadInput) -> tuple[PersonRecord, BulkOutcome]:
        problem = Problem(item.origin, INPUT, item.message)
        row = PersonRecord(rejected_key("", item.origin), Status.REJECTED.value, run=self.journal.run)
        row = evolve(row, code=problem.code, message=problem.message, origin=item.origin)
        return row, BulkOutcome(key="", status=Status.REJECTED, origin=item.origin, problems=(problem,))

    def _admitted(
        self, change: PersonChange, rows: Mapping[str, PersonRecord], actions: Mapping[int, Sequence[ActionRecord]]
    ) -> tuple[PersonRecord, BulkOutcome | CurationWork]:
        row = rows.get(change.key) or PersonRecord(change.key, person_id=change.person_id)
        row = evolve(row, origin=change.origin, run=self.journal.run)
        work = CurationWork(row, {action.person_id: action for action in actions[change.person_id]})
        if row.status in {status.value for status in WELL}:
            return evolve(row, status=Status.DONE.value), evolve(work.outcome(), status=Status.SKIPPED)
        if row.status in ENDED:
            problem = Problem(row.origin or change.key, row.code, row.message)
            # what was refused has its rows; any other failure has that of the person alone
            known = any(one.message == row.message for one in work.problems)
            problems = (*(() if known else (problem,)), *work.problems)
            return row, evolve(work.outcome(), status=Status(row.status), problems=problems)
        work.record = evolve(row, status=OPEN, code="", message="")
        return work.record, work
