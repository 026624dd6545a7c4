"""Members of a backup that a restore cannot carry, by kind, each with its place in the backup.

Invariant: values only; a kind is lost by the service's nature, by choice or by damage, and only damage is a fault.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, TypeAlias

from attrs import define, field, frozen

from mi_async.bulk.inputs.own_reports import NOT_CARRIED
from mi_async.models import Serializable
from mi_async.text import one_line

SHOWN = 20
"""Single things that a plan or a report holds; a file of rows has all."""


class Cause(Enum):
    """Cause for which something is not carried."""

    SERVICE = "service"
    CHOICE = "choice"
    DAMAGE = "damage"


@frozen
class LossKind:
    """A kind of what is not carried.

    Attributes:
        cause: of the loss.
        label: in a table, with the remedy where there is one.
    """

    cause: Cause
    label: str


KINDS: Mapping[str, LossKind] = {
    "id": LossKind(Cause.SERVICE, "old IDs; the file of restored IDs has the new one of each that was restored"),
    "origin": LossKind(Cause.SERVICE, "creation times and users"),
    "anonymous": LossKind(Cause.CHOICE, "persons without a name; --unnamed (unnamed=True) gives them one"),
    "analysis": LossKind(Cause.CHOICE, "analyses; --analyze (analyze=True) makes them anew"),
    "summary": LossKind(Cause.SERVICE, "scene summaries; scene_summaries.request makes one anew"),
    "line": LossKind(Cause.DAMAGE, "lines or lists that are damaged in the backup"),
    "image": LossKind(Cause.DAMAGE, "images that are missing or damaged in the backup"),
    "object": LossKind(Cause.DAMAGE, "assets whose object the backup does not know; --bucket (bucket) names a bucket"),
    "replaced": LossKind(Cause.DAMAGE, "assets whose object was replaced by one of another size"),
    "tag": LossKind(Cause.DAMAGE, "tags that the service refuses"),
    "project": LossKind(Cause.DAMAGE, "assets of projects that are not in the backup, or that the service refuses"),
}
"""Every kind, in the order in which a table has them."""


@frozen
class NotCarried(Serializable):
    """Something that is not carried.

    Attributes:
        kind: a name in ``KINDS``.
        key: name of the object, or its old ID as text.
        origin: place in the backup: ``persons.jsonl:17``.
        message: the reason.
    """

    kind: str
    key: str
    origin: str
    message: str

    def as_row(self) -> dict[str, Any]:
        """Return it as a JSON object, as a file of rows has it."""
        names = ("kind", "origin", "message")
        return {"key": self.key, "status": NOT_CARRIED, **{name: getattr(self, name) for name in names}}


Tell: TypeAlias = Callable[[NotCarried], None]
"""Takes each thing that is not carried."""


@frozen
class Losses(Serializable):
    """Counts of what is not carried.

    Attributes:
        counts: by kind; without those of which there is none.
        first: the first that are lost by damage, at most 20.
    """

    counts: Mapping[str, int] = field(factory=dict)
    first: tuple[NotCarried, ...] = ()

    @property
    def damaged(self) -> int:
        """Number of those that are lost by damage, or refused: what somebody has to look at."""
        return sum(number for kind, number in self.counts.items() if KINDS[kind].cause is Cause.DAMAGE)

    def rows(self) -> list[tuple[str, str]]:
        """Return the rows of a table."""
        return [(f"not carried: {kind}", f"{number:,} {KINDS[kind].label}") for kind, number in self.counts.items()]

    def lines(self) -> list[str]:
        """Return a line for each of the first."""
        return [one_line(f"{lost.origin}: {lost.key}: {lost.message}") for lost in self.first]

    def as_dict(self) -> dict[str, Any]:
        """Return the counts and the first things for JSON."""
        return {"not_carried": dict(self.counts), "first_not_carried": [one.as_row() for one in self.first]}


@define(eq=False)
class LossCounts:
    """Counts what is not carried, and hands each on.

    Attributes:
        tell: takes each.
    """

    tell: Tell
    _counts: Counter[str] = field(init=False, factory=Counter)
    _first: list[NotCarried] = field(init=False, factory=list)

    def __call__(self, lost: NotCarried) -> None:
        """Count one thing."""
        self._counts[lost.kind] += 1
        if KINDS[lost.kind].cause is Cause.DAMAGE and len(self._first) < SHOWN:
            self._first.append(lost)
        self.tell(lost)

    def add(self, kind: str, number: int = 1) -> None:
        """Count things that are not listed."""
        self._counts[kind] += number

    def losses(self) -> Losses:
        """Return the counts so far."""
        return Losses({kind: self._counts[kind] for kind in KINDS if self._counts[kind]}, tuple(self._first))
