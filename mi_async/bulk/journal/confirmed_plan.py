"""Confirmed plans in a journal, with the state of their actions.

Invariant: reads; what a run changes goes through ``Journal.write``.
"""

from collections.abc import Collection, Mapping

from attrs import frozen
from sqlalchemy import Connection, func, select

from mi_async.bulk.engine.outcome import Status
from mi_async.bulk.journal.actions import ActionKind, ActionRecord, ActionState, PlanRecord
from mi_async.bulk.journal.records import OPEN
from mi_async.bulk.journal.schema import actions, persons, plans
from mi_async.bulk.journal.typed_rows import read_action, read_plan

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
