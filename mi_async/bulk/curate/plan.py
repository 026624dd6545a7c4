"""Plans of curations: what a table would change, as a value that is shown, confirmed by its code and then run.

Invariant: pure. The code is computed from all that the plan says each time it is asked for, so that a plan that was
changed in any way has another one.
"""

import json
from collections.abc import Iterator
from typing import Any

from attrs import frozen

from mi_async._core.confirmation import confirmation_code
from mi_async.bulk.curate.decisions import CurationConflict
from mi_async.bulk.inputs.models import number_fault
from mi_async.bulk.inputs.person_change import PersonChange
from mi_async.errors import InvalidArgumentError
from mi_async.text import aligned, escaped, quantity

SHOWN_NAME = 50


@frozen
class CurationPlan:
    """Changes that a table asks for; ``str()`` of it is a table.

    Attributes:
        endpoint: base URL of the service.
        workspace: name.
        answers: digest of the answers in the table: it tells one table from another.
        changes: of the persons that stay, by ID.
        conflicts: answers that are left out.
        already: answers that say what is so already.
        empty: rows that nobody has filled in.
    """

    endpoint: str
    workspace: str
    answers: str
    changes: tuple[PersonChange, ...]
    conflicts: tuple[CurationConflict, ...] = ()
    already: int = 0
    empty: int = 0

    @property
    def actions(self) -> tuple[str, ...]:
        """Lines of all that would be done, in order: names first, then merges."""
        return (*self._renames(), *self._merges())

    @property
    def renamed(self) -> int:
        """Persons that get a name."""
        return sum(change.name is not None for change in self.changes)

    @property
    def merged(self) -> int:
        """Persons that are merged into others, for good."""
        return sum(len(change.merged) for change in self.changes)

    @property
    def lost(self) -> tuple[str, ...]:
        """Names that are lost because their persons are merged into others."""
        return tuple(one.name for change in self.changes for one in change.merged if one.name is not None)

    @property
    def code(self) -> str:
        """Code that confirms the plan, such as ``7f3a-91c2``; '' if it merges nobody and so needs no confirmation."""
        return self.fingerprint if self.merged else ""

    @property
    def fingerprint(self) -> str:
        """Digest that tells the plan from any other, of names alone too."""
        return confirmation_code((f"curation of workspace {_json(self.workspace)} at {self.endpoint}", *self.actions))

    @property
    def warning(self) -> str:
        """Sentence about what cannot be undone: ``37 persons would be merged for good``; '' for nothing."""
        if not self.merged:
            return ""
        lost = f", and {quantity(len(self.lost), 'name')} lost" if self.lost else ""
        return f"{quantity(self.merged, 'person')} would be merged for good{lost}"

    def as_dict(self) -> dict[str, Any]:
        """Return the plan as plain values for JSON."""
        return {
            "workspace": self.workspace,
            "code": self.code,
            "renamed": self.renamed,
            "merged": self.merged,
            "lost": list(self.lost),
            "already": self.already,
            "empty": self.empty,
            "changes": [_change_dict(change) for change in self.changes],
            "conflicts": [
                {"origin": one.origin, "person_id": one.person_id, "message": one.message} for one in self.conflicts
            ],
        }

    def __str__(self) -> str:
        """Return the plan as a table, its conflicts, and its sums."""
        lines = aligned([("person", "now", "then", "merged into it"), *map(_row, self.changes)])
        parts = [lines if self.changes else [], list(self._left_out()), [self._sums()]]
        return "\n".join(line for part in parts for line in part)

    def check_for(self, endpoint: str, workspace: str) -> None:
        """Refuse a plan of another workspace, and one that no table could have led to but somebody has put together.

        Raises:
            InvalidArgumentError: it is of another workspace; a person stays and goes, goes twice, or is none.
        """
        if (self.endpoint, self.workspace) != (endpoint, workspace):
            message = (
                f"the plan is for workspace {self.workspace!r} at {self.endpoint}, not {workspace!r} at {endpoint}"
            )
            raise InvalidArgumentError(message)
        going = [one.person_id for change in self.changes for one in change.merged]
        staying = [change.person_id for change in self.changes]
        for person in (*staying, *going):
            if (fault := number_fault(person)) is not None:
                message = f"the plan cannot be carried out: {fault}"
                raise InvalidArgumentError(message)
        if len({*going, *staying}) != len(going) + len(staying):
            message = "the plan cannot be carried out: a person is in it twice; make it anew with plan_curation"
            raise InvalidArgumentError(message)

    def _renames(self) -> Iterator[str]:
        for change in self.changes:
            if change.name is not None:
                yield f"name person {change.person_id} {_json(change.name)}, which is called {_json(change.was)}"

    def _merges(self) -> Iterator[str]:
        for change in self.changes:
            target = f"person {change.person_id}, called {_json(change.final_name)}"
            for one in change.merged:
                yield f"merge person {one.person_id}, called {_json(one.name)}, into {target}"

    def _left_out(self) -> Iterator[str]:
        for one in self.conflicts:
            yield f"left out: {one.origin}: {one.message}"

    def _sums(self) -> str:
        sums = [f"{quantity(self.renamed, 'person')} named", f"{self.merged:,} merged for good"]
        sums += [f"the name {_shown(name)} is lost" for name in self.lost]
        sums += [f"{self.already:,} so already"] if self.already else []
        sums += [f"{self.empty:,} not filled in"] if self.empty else []
        sums += [f"{len(self.conflicts):,} left out"] if self.conflicts else []
        return f"workspace {self.workspace}: {', '.join(sums)}"


def _change_dict(change: PersonChange) -> dict[str, Any]:
    merged = [{"person_id": one.person_id, "name": one.name, "origin": one.origin} for one in change.merged]
    return {
        "person_id": change.person_id,
        "was": change.was,
        "name": change.name,
        "merged": merged,
        "origin": change.origin,
    }


def _row(change: PersonChange) -> tuple[str, str, str, str]:
    merged = ", ".join(f"{one.person_id}" + (f" {_shown(one.name)}" if one.name else "") for one in change.merged)
    now, then = _shown(change.was), _shown(change.final_name)
    return str(change.person_id), now, then, merged


def _shown(name: str | None) -> str:
    return "-" if name is None else f"'{escaped(name, SHOWN_NAME)}'"


def _json(value: str | None) -> str:
    return json.dumps(value, ensure_ascii=False)
