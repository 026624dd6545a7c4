"""The result of a dry run, whatever it is about: counts, costs, problems, and the table that a person reads.

Invariant: pure; what is counted and how it is called come from the subclass.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from attrs import define, field, frozen

from mi_async.bulk.engine.outcome import BulkOutcome
from mi_async.bulk.inputs.input_facts import NO_FACTS, InputFacts
from mi_async.bulk.plan.costs import Cost, problem_lines
from mi_async.bulk.plan.dedup import GONE, Gone
from mi_async.text import aligned

Labels = tuple[tuple[str, str], ...]
"""Names of counts, each with its label in the table; in the order of the rows."""
Rows = list[tuple[str, str]]


@frozen(kw_only=True)
class DryRun:
    """Common part of all plans; ``str()`` of it is a table.

    Attributes:
        items: of the input.
        skipped: items that an earlier run has finished.
        rejected: items of which nothing would be sent.
        failed: items that the service has refused before; they are left alone until ``mi-async journal retry``.
        parked: items whose files cannot be read now, because of a disk or network drive; the next run tries them again.
        bytes: of the files that would be sent.
        reasons: what would be refused, by code.
        costs: requests.
        problems: the first items that would not go well, at most 20.
        facts: encoding of the input, and what was passed over.
        gone: items that the journal has and the input no longer has; a run does nothing about them.
    """

    OUTCOMES: ClassVar[Labels] = ()
    FILES: ClassVar[Labels] = ()

    items: int = 0
    skipped: int = 0
    rejected: int = 0
    failed: int = 0
    parked: int = 0
    bytes: int = 0
    reasons: Mapping[str, int] = field(factory=dict)
    costs: tuple[Cost, ...] = ()
    problems: tuple[BulkOutcome, ...] = ()
    facts: InputFacts = NO_FACTS
    gone: Gone = field(factory=Gone)

    @property
    def troubled(self) -> int:
        """Number of items that are known not to go well."""
        return self.rejected + self.failed + self.parked

    @property
    def ok(self) -> bool:
        """True if there is none."""
        return not self.troubled

    @classmethod
    def counted(cls) -> tuple[str, ...]:
        """Return the names of the counts, in the order in which JSON has them."""
        return ("items", *(name for name, _ in (*cls.OUTCOMES, *cls.FILES)), "bytes")

    def as_dict(self) -> dict[str, Any]:
        """Return the plan as a JSON object."""
        return {
            **{name: getattr(self, name) for name in self.counted()},
            **self.measures(),
            "reasons": dict(self.reasons),
            "requests": {cost.operation: cost.calls for cost in self.costs},
            "problems": [outcome.as_row() for outcome in self.problems],
            **self.facts.as_dict(),
            **self.gone.as_dict(),
        }

    def __str__(self) -> str:
        rows = [("items", f"{self.items:,}"), *self.facts.rows(), *self._labelled(self.OUTCOMES)]
        rows += [(f"  because of {code}", f"{number:,}") for code, number in sorted(self.reasons.items())]
        rows += [(GONE, f"{self.gone.count:,}")] if self.gone.count else []
        rows += [*self._labelled(self.FILES), *self.size_rows()]
        rows += [(f"requests {cost.operation}", str(cost)) for cost in self.costs]
        rows += self.time_rows()
        left = self.troubled - len(self.problems)
        more = [f"and {left:,} more"] if left > 0 else []
        return "\n".join([*aligned(rows), *problem_lines(self.problems), *more, *self.gone.lines()])

    def _labelled(self, labels: Labels) -> Rows:
        return [(label, f"{getattr(self, name):,}") for name, label in labels if getattr(self, name)]

    def measures(self) -> dict[str, Any]:
        """Return further figures for JSON."""
        return {}

    def size_rows(self) -> Rows:
        """Return rows about the size of the files."""
        return []

    def time_rows(self) -> Rows:
        """Return rows that follow the requests."""
        return []


@define(eq=False)
class PlanCounts:
    """Counts of a dry run.

    Attributes:
        report: takes each item that would not go well.
        counts: items, files, bytes and requests, by name.
        reasons: what would be refused, by code.
    """

    report: Callable[[BulkOutcome], None]
    counts: Counter[str] = field(init=False, factory=Counter)
    reasons: Counter[str] = field(init=False, factory=Counter)

    def add(self, name: str, number: int = 1) -> None:
        """Count something."""
        self.counts[name] += number

    def problem(self, outcome: BulkOutcome, name: str | None = None) -> None:
        """Count and report an item that would not go well.

        Args:
            outcome: how it would end.
            name: of the count; by default that of the status.
        """
        self.add(name or outcome.status.value)
        self.reasons.update(problem.code for problem in outcome.problems)
        self.report(outcome)

    def of(self, plan: type[DryRun]) -> dict[str, int]:
        """Return the counts that are members of a plan."""
        return {name: self.counts[name] for name in plan.counted()}
