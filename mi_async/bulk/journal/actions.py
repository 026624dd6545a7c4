"""Records of a curation in a journal: the confirmed plan, and the state of what it does to each person.

Invariant: frozen values; a row replaces the row of the same key.
"""

from enum import StrEnum

from attrs import frozen


class ActionKind(StrEnum):
    """Change of a person."""

    NAME = "name"
    MERGE = "merge"
    KEEP = "keep"
    """Nothing, but others are merged into it."""


class ActionState(StrEnum):
    """State of an action.

    ``SENDING`` is on the disk before a merge is sent: a person that is gone was merged by us only then.
    """

    PLANNED = "planned"
    SENDING = "sending"
    DONE = "done"
    REFUSED = "refused"


ACTION_KINDS = frozenset(kind.value for kind in ActionKind)
ACTION_STATES = frozenset(state.value for state in ActionState)


@frozen
class ActionRecord:
    """Action of a plan on one person.

    Attributes:
        person_id: ID of the person; the key of the row.
        target_id: ID of the person that it is merged into; else its own.
        plan: fingerprint of the plan.
        kind: a value of ``ActionKind``.
        name: its new name, '' for none.
        was: its name when the plan was made, '' for none.
        state: a value of ``ActionState``.
        code: of the reason for which it was not done, '' for none.
        message: the reason.
        origin: place in the table.
    """

    person_id: int
    target_id: int
    plan: str
    kind: str
    name: str = ""
    was: str = ""
    state: str = ActionState.PLANNED.value
    code: str = ""
    message: str = ""
    origin: str = ""


@frozen
class PlanRecord:
    """A plan that was confirmed.

    Attributes:
        fingerprint: tells it from others; the key of the row.
        answers: digest of the answers in its table.
        conflicts: answers that it leaves out, as JSON: a list of places and reasons.
        number: 1 for the first plan of the journal; the one with the highest is the one that is carried out.
        backup: folder with the backup of all whom it merges, '' as long as that is not complete.
    """

    fingerprint: str
    answers: str
    conflicts: str = "[]"
    number: int = 1
    backup: str = ""

    @property
    def is_whole(self) -> bool:
        """True if it leaves no answer out."""
        return self.conflicts == "[]"
