"""Report of a restore: a frozen value of a few kilobytes, whatever the size of the backup.

Invariant: holds figures and the first problems.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from attrs import evolve, field, frozen

from mi_async.bulk.engine.outcome import MOST_PROBLEMS, Status
from mi_async.bulk.report import wording
from mi_async.bulk.report.report import BulkReport
from mi_async.models import Serializable
from mi_async.restore.completion import Completed
from mi_async.restore.not_carried import Losses
from mi_async.restore.wording import heading, indented
from mi_async.text import aligned, one_line, quantity


@frozen(kw_only=True)
class RestoreReport(Serializable):
    """Report of a restore that has come to its end.

    Attributes:
        folder: of the backup.
        source: workspace that the backup is of.
        workspace: that it was restored into.
        people: report of the run over the persons to create.
        incomplete: objects that the backup itself lacks, by its own word.
        tags: that were created for no person of this restore.
        projects: that were created.
        completed: persons of the workspace who were given what they lacked.
        kept: persons of the workspace who were taken as they are.
        assets: report of the runs over the assets, together; None without any.
        losses: what is not carried.
        mapping: file of the old and the new IDs.
        restored: lines in it.
    """

    folder: str
    source: str
    workspace: str
    people: BulkReport
    incomplete: int = 0
    tags: int = 0
    projects: int = 0
    completed: Completed = field(factory=Completed)
    kept: int = 0
    assets: BulkReport | None = None
    losses: Losses = field(factory=Losses)
    mapping: str = ""
    restored: int = 0

    @property
    def ok(self) -> bool:
        """True if all that can be carried is in the workspace."""
        runs = self.people.ok and (self.assets is None or self.assets.ok)
        return runs and not self.completed.troubled and not self.losses.damaged

    @property
    def troubled(self) -> int:
        """Number of persons, assets and other things that did not go well."""
        assets = 0 if self.assets is None else self.assets.troubled
        return self.people.troubled + assets + self.completed.troubled + self.losses.damaged

    def as_dict(self) -> dict[str, Any]:
        """Return the report as a JSON object."""
        names = ("folder", "source", "workspace", "incomplete", "tags", "projects", "kept", "mapping", "restored")
        return {
            "ok": self.ok,
            **{name: getattr(self, name) for name in names},
            "people": self.people.as_dict(),
            "completed": {status.value: number for status, number in self.completed.counts.items()},
            "problems": [outcome.as_row() for outcome in self.completed.problems],
            "assets": None if self.assets is None else self.assets.as_dict(),
            **self.losses.as_dict(),
        }

    def __str__(self) -> str:
        """Return a plain table."""
        rows = heading(self.folder, self.source, self.workspace, self.incomplete)
        rows += [(name, one_line(said)) for name, said in self._counts() if said]
        lines = [*aligned([*rows, *self.losses.rows()]), *self.losses.lines()]
        lines += [f"  {one_line(wording.problem(outcome))}" for outcome in self.completed.problems]
        lines += indented("persons", self.people)
        return "\n".join([*lines, *([] if self.assets is None else indented("media assets", self.assets))])

    def _counts(self) -> list[tuple[str, str]]:
        return [
            ("tags", f"{self.tags:,} created" if self.tags else ""),
            ("projects", f"{self.projects:,} created" if self.projects else ""),
            ("completed", wording.counted(self.completed.counts)),
            ("kept as is", quantity(self.kept, "person") if self.kept else ""),
            ("restored IDs", f"{self.restored:,}, in {self.mapping}"),
        ]


ADDED = ("open", "total", "seconds", "sent")
"""Figures of a report that are added up."""


def together(reports: Sequence[BulkReport]) -> BulkReport | None:
    """Return one report of the runs over all projects; None without any."""
    if not reports:
        return None
    counts = Counter[Status]()
    for report in reports:
        counts.update(report.counts)
    endings = [report.ending for report in reports if report.ending]
    added: dict[str, Any] = {name: sum(getattr(report, name) or 0 for report in reports) for name in ADDED}
    return evolve(
        reports[-1],
        **added,
        counts=counts,
        ending=endings[0] if endings else "",
        problems=tuple(problem for report in reports for problem in report.problems)[:MOST_PROBLEMS],
    )
