"""Plan of a restore: what would be created, completed and left, what it would cost, and what cannot be carried.

Invariant: creates nothing; decides as the run does, with the same functions. The workspace is asked for its listings.
"""

import asyncio
import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from attrs import evolve, field, frozen

from mi_async.bulk.engine.outcome import MOST_PROBLEMS
from mi_async.bulk.inputs.input_facts import NO_FACTS
from mi_async.bulk.plan.costs import Cost
from mi_async.bulk.plan.dedup import Gone
from mi_async.bulk.plan.enroll import Plan, plan_people
from mi_async.bulk.plan.ingest import AssetPlan, plan_assets
from mi_async.restore.decisions import Destination
from mi_async.restore.groups import missing_projects, missing_tags
from mi_async.restore.not_carried import Losses
from mi_async.restore.objects import ReplacedObjects
from mi_async.restore.options import RestoreOptions
from mi_async.restore.preparation import Restore, prepared
from mi_async.restore.wording import heading, indented
from mi_async.text import aligned
from mi_async.workflows.context import Context


@frozen(kw_only=True)
class RestorePlan:
    """Plan of a restore; ``str()`` of it is a table.

    Attributes:
        folder: of the backup.
        source: workspace that the backup is of.
        workspace: that it would be restored into.
        incomplete: objects that the backup itself lacks, by its own word.
        tags: to create.
        projects: to create.
        people: plan of the persons to create.
        complete: persons of the workspace who would be given what they lack.
        keep: persons of the workspace who would be taken as they are.
        assets: plan of the assets to register.
        losses: what is not carried.
    """

    folder: str
    source: str
    workspace: str
    incomplete: int = 0
    tags: int = 0
    projects: int = 0
    people: Plan = field(factory=Plan)
    complete: int = 0
    keep: int = 0
    assets: AssetPlan = field(factory=AssetPlan)
    losses: Losses = field(factory=Losses)

    @property
    def troubled(self) -> int:
        """Number of persons, assets and other things that are known not to go well."""
        return self.people.troubled + self.assets.troubled + self.losses.damaged

    @property
    def ok(self) -> bool:
        """True if there is none."""
        return not self.troubled

    def as_dict(self) -> dict[str, Any]:
        """Return the plan as a JSON object."""
        names = ("folder", "source", "workspace", "incomplete", "tags", "projects", "complete", "keep")
        return {
            "ok": self.ok,
            **{name: getattr(self, name) for name in names},
            "people": self.people.as_dict(),
            "assets": self.assets.as_dict(),
            **self.losses.as_dict(),
        }

    def __str__(self) -> str:
        counts = [
            ("tags to create", self.tags),
            ("projects to create", self.projects),
            ("persons to complete", self.complete),
            ("persons to keep as they are", self.keep),
        ]
        rows = heading(self.folder, self.source, self.workspace, self.incomplete)
        rows += [(name, f"{number:,}") for name, number in counts if number]
        lines = [*aligned([*rows, *self.losses.rows()]), *self.losses.lines()]
        lines += indented("persons", self.people) if self.people.items else []
        return "\n".join([*lines, *(indented("media assets", self.assets) if self.assets.items else [])])


async def plan_restore(
    context: Context,
    folder: str | os.PathLike[str],
    options: RestoreOptions,
    *,
    report: str | os.PathLike[str] | None = None,
    force: bool = False,
) -> RestorePlan:
    """Plan a restore; arguments and errors as for ``Workspace.plan_restore``."""
    async with prepared(context, folder, options, report=report, force=force) as restore:
        await asyncio.to_thread(restore.assets.read, restore.backup, options, restore.losses)
        await ReplacedObjects(context, restore.assets, restore.losses, restore.groups).leave_out(options)
        plan = await asyncio.to_thread(_plan, restore)
        await asyncio.to_thread(restore.rows.write)
        return plan


def _plan(restore: Restore) -> RestorePlan:
    backup, losses = restore.backup, restore.losses
    tags, projects = (find(backup, restore.groups, losses) for find in (missing_tags, missing_projects))
    with tempfile.TemporaryDirectory() as folder:
        problems = Path(folder) / "problems.jsonl"
        people = plan_people(
            restore.people.items(losses),
            journal=restore.options.journal,
            problems=problems,
            validate=restore.context.validate,
        )
        restore.rows.add_lines(problems)
        for _ in restore.people.completions(losses):
            pass  # their images are looked at
        assets = [_plan_project(restore, project, problems) for project in restore.assets.counts()]
    counts = restore.people.counted()
    restore.count_nature()
    return RestorePlan(
        folder=str(backup.folder),
        source=backup.info.workspace,
        workspace=restore.context.groups.name,
        incomplete=backup.info.counts.get("problems", 0),
        tags=len(tags),
        projects=len(projects),
        people=evolve(people, gone=Gone()),  # a person of an earlier backup may stay
        complete=counts[Destination.COMPLETE],
        keep=counts[Destination.KEEP],
        assets=_together(assets),
        losses=losses.losses(),
    )


def _plan_project(restore: Restore, project: str, problems: Path) -> AssetPlan:
    plan = plan_assets(
        restore.assets.items(project),
        journal=restore.options.assets_journal,
        analyze=restore.options.analyze,
        problems=problems,
        validate=restore.context.validate,
        project=restore.groups.project(project),
    )
    restore.rows.add_lines(problems)
    return plan


def _together(plans: Sequence[AssetPlan]) -> AssetPlan:
    """Return one plan of the runs over all projects."""
    numbers, calls, reasons = Counter[str](), Counter[str](), Counter[str]()
    quotas = {cost.operation: cost.quota for plan in plans for cost in plan.costs}
    for plan in plans:
        numbers.update({name: getattr(plan, name) for name in AssetPlan.counted()})
        calls.update({cost.operation: cost.calls for cost in plan.costs})
        reasons.update(plan.reasons)
    return AssetPlan(
        **numbers,
        footage=sum(plan.footage for plan in plans),
        facts=NO_FACTS,
        gone=Gone(),
        reasons=reasons,
        costs=tuple(Cost(name, number, quotas[name]) for name, number in calls.items()),
        problems=tuple(problem for plan in plans for problem in plan.problems)[:MOST_PROBLEMS],
    )
