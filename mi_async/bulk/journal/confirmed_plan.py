"""Confirmed plans in a journal, with what they do and how far that is: a killed run goes on with them.

Invariant: a plan is in the journal before anything of it is done, each of its actions in a row. Those of a curation are
written by its run (``Journal.write``) and stay, for later plans to follow; those of a sync go as each has ended.
"""

from collections.abc import Collection, Iterable, Mapping

from attrs import evolve, frozen
from sqlalchemy import Connection, Table, delete, func, inspect, select

from mi_async.bulk.engine.outcome import Status
from mi_async.bulk.journal.actions import (
    ActionKind,
    ActionRecord,
    ActionState,
    ConfirmationRecord,
    PlanRecord,
    RemovalRecord,
)
from mi_async.bulk.journal.backend import open_to_change
from mi_async.bulk.journal.forget import row_of
from mi_async.bulk.journal.place import Journalled, JournalUrl, journal_place
from mi_async.bulk.journal.records import OPEN
from mi_async.bulk.journal.schema import (
    ON_CONFIRMATION,
    actions,
    assets,
    confirmations,
    metadata,
    persons,
    plans,
    removals,
)
from mi_async.bulk.journal.statements import KINDS, postgres_kinds
from mi_async.bulk.journal.typed_rows import read_action, read_confirmation, read_plan, read_removal
from mi_async.storage.models import StoredObject

UNFINISHED = frozenset({OPEN, Status.PARKED.value})


@frozen
class StoredPlan:
    """The plan that a journal holds.

    Attributes:
        plan: the plan.
        actions: all that it does, by ID of the person.
        finished: True if a run has come to the end of it, whatever became of each person.
    """

    plan: PlanRecord
    actions: tuple[ActionRecord, ...]
    finished: bool


@frozen
class RemovalPlan:
    """A plan of a sync, as it is written once it was confirmed.

    Attributes:
        plan: the plan.
        removals: all that it removes.
        confirmed: when, in UTC, as ISO 8601 has it; '' if that is not known.
    """

    plan: PlanRecord
    removals: tuple[RemovalRecord, ...]
    confirmed: str

    @property
    def records(self) -> tuple[RemovalRecord | ConfirmationRecord, ...]:
        """Rows beside that of the plan."""
        times = (ConfirmationRecord(self.plan.fingerprint, self.confirmed),) if self.confirmed else ()
        return (*self.removals, *times)


@frozen
class ConfirmedRemoval:
    """A removal that was confirmed and has not ended.

    Attributes:
        record: as it was written.
        confirmed: when, in UTC, as ISO 8601 has it; '' if that is not known.
    """

    record: RemovalRecord
    confirmed: str


def stored_plan(connection: Connection) -> StoredPlan | None:
    """Return the latest plan, None if there is none."""
    row = connection.execute(select(plans).order_by(plans.c.number.desc()).limit(1)).first()
    if row is None:
        return None
    plan = read_plan(row)
    query = select(actions).where(actions.c.plan == plan.fingerprint).order_by(actions.c.person_id)
    found = tuple(map(read_action, connection.execute(query)))
    targets = {str(action.target_id) for action in found}
    statuses = {row[0]: row[1] for row in connection.execute(select(persons.c.person, persons.c.status))}
    finished = all(statuses.get(target, OPEN) not in UNFINISHED for target in targets)
    return StoredPlan(plan, found, finished=finished)


def next_number(connection: Connection) -> int:
    """Return the number of the next plan, from 1."""
    last: int | None = connection.execute(select(func.max(plans.c.number))).scalar_one()
    return (last or 0) + 1


def actions_of(connection: Connection, targets: Collection[int]) -> Mapping[int, list[ActionRecord]]:
    """Return the actions of the latest plan by the persons that stay."""
    latest = select(plans.c.fingerprint).order_by(plans.c.number.desc()).limit(1).scalar_subquery()
    query = select(actions).where(actions.c.target_id.in_(targets), actions.c.plan == latest)
    found: dict[int, list[ActionRecord]] = {}
    for action in map(read_action, connection.execute(query.order_by(actions.c.person_id))):
        found.setdefault(action.target_id, []).append(action)
    return found


def done_of(connection: Connection) -> Mapping[str, int]:
    """Return how many actions of the latest plan are done, by their kind."""
    latest = select(plans.c.fingerprint).order_by(plans.c.number.desc()).limit(1).scalar_subquery()
    done = (actions.c.plan == latest) & (actions.c.state == ActionState.DONE.value)
    query = select(actions.c.kind, func.count()).where(done).group_by(actions.c.kind)
    return {row[0]: row[1] for row in connection.execute(query)}


def merged_before(connection: Connection) -> Mapping[int, int]:
    """Return the persons that plans of this journal have merged, with those into which they were."""
    merged = (actions.c.kind == ActionKind.MERGE.value) & (actions.c.state == ActionState.DONE.value)
    return {
        action.person_id: action.target_id
        for action in map(read_action, connection.execute(select(actions).where(merged)))
    }


def unfinished_removals(connection: Connection, source: str, project_id: int) -> tuple[ConfirmedRemoval, ...]:
    """Return what plans of a sync of this source and project have confirmed and no run has ended."""
    if not has_table(connection, removals):  # before the first confirmation
        return ()
    times = dict[str, str]()
    if has_table(connection, confirmations):  # since a later version
        rows = map(read_confirmation, connection.execute(select(confirmations)))
        times = {record.plan: record.confirmed for record in rows}
    of_source = select(removals).join(plans, plans.c.fingerprint == removals.c.plan)
    query = of_source.where(plans.c.answers == source, removals.c.project_id == project_id)
    found = map(read_removal, connection.execute(query.order_by(removals.c.key, removals.c.bucket)))
    return tuple([ConfirmedRemoval(record, times.get(record.plan, "")) for record in found])


def confirm_removals(journal: Journalled, confirmed: Iterable[RemovalPlan]) -> None:
    """Write what is confirmed; blocks. What earlier plans have left stays.

    Raises:
        JournalError: there is no journal, a run is under way on it, or it cannot be written.
    """
    place = journal_place(journal)
    kinds = postgres_kinds(place.schema) if isinstance(place, JournalUrl) else KINDS
    with open_to_change(journal) as connection:
        metadata.create_all(connection, ON_CONFIRMATION)
        for each in confirmed:
            for record in (evolve(each.plan, number=next_number(connection)), *each.records):
                kind = kinds[type(record)]
                connection.exec_driver_sql(kind.upsert, kind.values(record))


def end_removal(journal: Journalled, project_id: int, place: StoredObject, *, forget: int | None) -> None:
    """Take the confirmed removal of an object out, and in the same transaction its row; blocks.

    The pages are not checked for each of thousands: whoever has confirmed them has just done that.

    Args:
        journal: of the runs over the source.
        project_id: ID of the project.
        place: the object.
        forget: ID of the asset that is gone, whose row goes; None where it was kept.

    Raises:
        JournalError: a run is under way on the journal, or it cannot be written.
    """
    with open_to_change(journal, checked=True) as connection:
        _take_out(connection, project_id, [place])
        if forget is not None:
            connection.execute(delete(assets).where(row_of(assets, project_id, place), assets.c.asset_id == forget))


def give_up_removals(journal: Journalled, project_id: int, places: Iterable[StoredObject]) -> None:
    """Take the confirmed removals of some objects out, all or none; blocks.

    Raises:
        JournalError: a run is under way on the journal, or it cannot be written.
    """
    with open_to_change(journal) as connection:
        if has_table(connection, removals):
            _take_out(connection, project_id, places)


def _take_out(connection: Connection, project_id: int, places: Iterable[StoredObject]) -> None:
    """Delete confirmed removals, and plans of which none is left with their times."""
    for place in places:
        connection.execute(delete(removals).where(row_of(removals, project_id, place)))
    connection.execute(delete(plans).where(plans.c.fingerprint.not_in(select(removals.c.plan))))
    if has_table(connection, confirmations):
        connection.execute(delete(confirmations).where(confirmations.c.plan.not_in(select(removals.c.plan))))


def has_table(connection: Connection, table: Table) -> bool:
    """Return True if a journal has a table, which in PostgreSQL is in its schema."""
    return inspect(connection).has_table(table.name, schema=connection.schema_for_object(table))
