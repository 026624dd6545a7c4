"""Decisions about persons as a look shows them: what is left to do, what was done, and what differs from the plan.

Invariant: pure. The world may change between a plan and its run: what differs from the plan is not done.
"""

from attrs import evolve

from mi_async._core.names import clean_name
from mi_async.api.persons import Person
from mi_async.bulk.journal.actions import ActionKind, ActionRecord, ActionState
from mi_async.text import escaped

GONE = "GONE"
"""Our code for a person that is no longer there."""
NAME_CHANGED = "NAME_CHANGED"
"""Our code for a person that has another name than when the plan was made."""


def looked_at(action: ActionRecord, person: Person | None) -> ActionRecord:
    """Return an action after a look at its person: done, refused, or as it was where it is still to be done.

    Args:
        action: its row in the journal.
        person: as it is now; None if there is none.
    """
    if action.state == ActionState.DONE.value and action.kind == ActionKind.MERGE.value:
        return action
    if person is None:
        return _gone(action)
    now = "" if person.name is None else clean_name(person.name)
    if action.kind == ActionKind.NAME.value and now == action.name:
        return evolve(action, state=ActionState.DONE.value, code="", message="")
    was = clean_name(action.was)
    if now == was and not _is_named(action):
        return action
    return _refused(action, NAME_CHANGED, f"it is {_called(now)}, and was {_called(_expected(action))} in the plan")


def _gone(action: ActionRecord) -> ActionRecord:
    """Return the action on a person that is gone: merged by us, if that was being sent."""
    if action.kind == ActionKind.MERGE.value and action.state == ActionState.SENDING.value:
        return evolve(action, state=ActionState.DONE.value)
    return _refused(action, GONE, "it is no longer there: somebody else has merged or deleted it")


def _is_named(action: ActionRecord) -> bool:
    """Return True if we have given the person its name: then it must still have it."""
    return action.kind == ActionKind.NAME.value and action.state == ActionState.DONE.value


def _expected(action: ActionRecord) -> str:
    return action.name if _is_named(action) else clean_name(action.was)


def _refused(action: ActionRecord, code: str, reason: str) -> ActionRecord:
    message = f"person {action.person_id} was left as it is: {reason}"
    return evolve(action, state=ActionState.REFUSED.value, code=code, message=message)


def _called(name: str) -> str:
    return f"called '{escaped(name, 60)}'" if name else "without a name"
