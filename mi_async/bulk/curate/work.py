"""Persons in flight: a change with its rows in the journal.

Invariant: sends nothing and writes nothing.
"""

from collections.abc import Iterable

from attrs import define, evolve

from mi_async.bulk.engine.outcome import BulkOutcome, Problem, Status
from mi_async.bulk.engine.work_item import WorkItem
from mi_async.bulk.journal.actions import ActionKind, ActionRecord, ActionState
from mi_async.bulk.journal.records import PersonRecord

LEFT = frozenset({ActionState.PLANNED.value, ActionState.SENDING.value})
"""States of an action that is still to be done."""


@define(eq=False)
class CurationWork(WorkItem):
    """A person that stays, in flight.

    Attributes:
        record: its row, as the journal has it.
        actions: all that is done to it and to those that are merged into it, by ID, as the journal has them.
    """

    record: PersonRecord
    actions: dict[int, ActionRecord]

    def __attrs_post_init__(self) -> None:
        """Take the refusals of earlier runs: one that was stopped or parked has not reported them."""
        self._add_refused(self.actions.values())

    @property
    def name(self) -> str:
        """Name in messages."""
        return f"person {self.record.person}"

    @property
    def origin(self) -> str:
        """Place in the table."""
        return self.record.origin

    @property
    def own(self) -> ActionRecord:
        """The action on the person itself."""
        return self.actions[int(self.record.person)]

    @property
    def to_name(self) -> bool:
        """True if the person is still to get its name."""
        return self.own.kind == ActionKind.NAME.value and self.own.state in LEFT

    @property
    def to_merge(self) -> list[ActionRecord]:
        """Persons that are still to be merged into it, by ID."""
        merges = [one for one in self.actions.values() if one.kind == ActionKind.MERGE.value and one.state in LEFT]
        return sorted(merges, key=lambda one: one.person_id)

    def take(self, actions: Iterable[ActionRecord]) -> list[ActionRecord]:
        """Take actions in the place of what they were; return those that have changed, for the journal."""
        changed = [one for one in actions if one != self.actions[one.person_id]]
        for one in changed:
            self.actions[one.person_id] = one
        self._add_refused(changed)
        return changed

    def _add_refused(self, actions: Iterable[ActionRecord]) -> None:
        for one in actions:
            if one.state == ActionState.REFUSED.value:
                self.problems.append(Problem(one.origin or self.name, one.code, one.message))

    def status(self) -> Status:
        """Return how it ends, as things are now."""
        if not self.problems:
            return Status.DONE
        if self.transient:
            return Status.PARKED
        done = [one for one in self.actions.values() if one.state == ActionState.DONE.value]
        return Status.PARTIAL if done else Status.FAILED

    def ended(self) -> PersonRecord:
        """Return the row of one that has ended."""
        first = self.problems[0] if self.problems else None
        code, message = (first.code, first.message) if first else ("", "")
        return evolve(self.record, status=self.status().value, code=code, message=message)

    def outcome(self) -> BulkOutcome:
        """Return its outcome."""
        merged = [one for one in self.actions.values() if one.kind == ActionKind.MERGE.value]
        done = [str(one.person_id) for one in merged if one.state == ActionState.DONE.value]
        return BulkOutcome(
            key=self.record.person,
            status=self.status(),
            person_id=self.record.person_id,
            origin=self.record.origin,
            problems=tuple(self.problems),
            notes=(f"merged into it: {', '.join(done)}",) if done else (),
        )
