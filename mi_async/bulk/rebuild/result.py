"""Result of a rebuild: counts, and the first items that nobody can decide about.

Invariant: a frozen value of a few kilobytes, whatever the length of the input; the journal has every row.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from attrs import Factory, define, field, frozen

from mi_async.bulk.engine.outcome import MOST_PROBLEMS, Problem
from mi_async.bulk.rebuild.decisions import Finding, ItemFinding
from mi_async.models import Serializable
from mi_async.text import aligned, one_line

_ITEMS = {
    Finding.COMPLETE: "complete, to be skipped",
    Finding.INCOMPLETE: "incomplete, to be completed",
    Finding.ABSENT: "not there, to be sent",
    Finding.UNCLEAR: "unclear, left alone",
    Finding.RENAMED: "renamed, left alone",
    Finding.TAKEN: "name in use by another",
    Finding.UNREADABLE: "files unreadable",
    Finding.REJECTED: "rejected",
}
"""Findings about items, each with its label in the table."""
_IMAGES = {
    "attached": "images there",
    "assumed": "of these by their number only",
    "missing": "images to upload",
    "unclear": "images unclear, left alone",
}


@frozen(kw_only=True)
class JournalRebuild(Serializable):
    """Result of a journal that was rebuilt from the service; ``str()`` of it is a table.

    Attributes:
        journal: path of the new journal.
        items: items of the input.
        counts: items by finding: ``complete``, ``incomplete``, ``absent``, ``unclear``, ``taken``, ``renamed``,
            ``unreadable`` or ``rejected``.
        attached: images that the service has.
        assumed: of these, those that only their number speaks for (``assume_counts``).
        missing: images that the next run uploads; those of absent items are not counted.
        unclear: images that the service may have; nothing is uploaded for them before ``journal retry``.
        tags: tags that the next run gives to persons who are there.
        described: persons who have another description than the input; no run changes it.
        lookup: ``each``, ``named`` or ``everybody``: how persons were found. ``each`` cannot tell who was renamed.
        problems: the first items and images that were left alone, at most 20; ``journal failed`` lists all.
    """

    journal: str
    items: int = 0
    counts: Mapping[str, int] = Factory(dict)
    attached: int = 0
    assumed: int = 0
    missing: int = 0
    unclear: int = 0
    tags: int = 0
    described: int = 0
    lookup: str = ""
    problems: tuple[Problem, ...] = ()

    @property
    def left_alone(self) -> int:
        """Number of items for which nothing is sent until ``journal retry``, since nobody can tell what is there."""
        return self.counts.get(Finding.UNCLEAR.value, 0) + self.counts.get(Finding.RENAMED.value, 0)

    def as_dict(self) -> dict[str, Any]:
        """Return the result as a JSON object."""
        return self.to_dict()

    def __str__(self) -> str:
        """Return a table, then the first items that were left alone."""
        rows = [("items", f"{self.items:,}")]
        found = [(label, self.counts.get(each.value, 0)) for each, label in _ITEMS.items()]
        rows += [(label, f"{number:,}") for label, number in found if number]
        rows += [(label, f"{getattr(self, name):,}") for name, label in _IMAGES.items() if getattr(self, name)]
        rows += [("tags to assign", f"{self.tags:,}")] if self.tags else []
        rows += [("descriptions that differ", f"{self.described:,}")] if self.described else []
        problems = [one_line(f"{each.source}: {each.code}: {each.message}") for each in self.problems]
        return "\n".join([*aligned(rows, right=(1,)), *problems])


@define(eq=False)
class RebuildCounts:
    """Counts of a rebuild so far."""

    items: int = 0
    findings: Counter[str] = field(factory=Counter)
    images: Counter[str] = field(factory=Counter)
    problems: list[Problem] = field(factory=list)

    def add(self, finding: ItemFinding) -> None:
        """Count the finding about an item."""
        self.findings[finding.finding.value] += 1
        for name in ("attached", "assumed", "missing", "unclear", "tags", "described"):
            self.images[name] += int(getattr(finding, name))
        person = finding.person
        if person is not None and person.code and not finding.images:
            self.problems.append(Problem(person.origin or person.person, person.code, person.message))
        self.problems += [Problem(row.source, row.code, row.message) for row in finding.images if row.code]
        del self.problems[MOST_PROBLEMS:]

    def replace(self, before: Finding, finding: ItemFinding) -> None:
        """Count an item that was counted already in another way."""
        self.findings[before.value] -= 1
        self.add(finding)

    def result(self, journal: str, lookup: str) -> JournalRebuild:
        """Return them as a value."""
        counts = {each.value: self.findings[each.value] for each in Finding if self.findings[each.value]}
        return JournalRebuild(
            journal=journal,
            items=self.items,
            counts=counts,
            lookup=lookup,
            problems=tuple(self.problems),
            **self.images,
        )
