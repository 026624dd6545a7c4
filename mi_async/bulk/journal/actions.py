"""Records of confirmed plans in a journal: the plan, and what it does to each person or asset.

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


REMOVAL_STATES = frozenset({"gone", "changed"})
"""States of objects whose assets a sync removes."""
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
    """A plan that was confirmed, of a curation or a sync.

    Attributes:
        fingerprint: tells it from others; the key of the row.
        answers: what it was made from: the digest of the answers in a table, or the source of a sync.
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


@frozen
class ConfirmationRecord:
    """Time at which a plan of a sync was confirmed.

    Attributes:
        plan: its fingerprint; the key of the row.
        confirmed: in UTC, as ISO 8601 has it.
    """

    plan: str
    confirmed: str


@frozen
class RemovalRecord:
    """Confirmed removal of an asset by a sync; the journal has it until it has ended.

    Attributes:
        project_id: ID of the project; with bucket and key the key of the row.
        bucket: of the object.
        key: of the object.
        plan: fingerprint of the plan.
        state: of the object when the plan was made, one of ``REMOVAL_STATES``.
        asset_id: ID of the asset.
        source: the file, or ``s3://bucket/key``.
        size: bytes that the source had.
        mtime_ns: time of its last change.
        with_object: True if the object is deleted with the asset.
        below_empty: True if the folder of the file was empty, and the plan was allowed to call it gone.
    """

    project_id: int
    bucket: str
    key: str
    plan: str
    state: str
    asset_id: int | None
    source: str
    size: int
    mtime_ns: int
    with_object: bool
    below_empty: bool
