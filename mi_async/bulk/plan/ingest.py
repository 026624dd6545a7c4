"""Dry run of media files: what a run would send, skip and refuse, and what it would cost, without a request.

Invariant: an upper bound where only the storage and the service know better. Of the files the headers are read and
nothing else.
"""

import os
from collections.abc import AsyncIterable, Generator, Iterable, Mapping
from contextlib import closing, contextmanager
from itertools import islice
from typing import Any, ClassVar

from attrs import frozen

from mi_async._core.operation import Quota
from mi_async.bulk.engine.outcome import BulkOutcome
from mi_async.bulk.inputs.input_facts import InputFacts, facts_of
from mi_async.bulk.inputs.models import AssetInput, BadInput
from mi_async.bulk.journal.place import Journalled
from mi_async.bulk.journal.records import INGEST
from mi_async.bulk.plan.costs import costs_of, keeping
from mi_async.bulk.plan.dedup import FirstSeen, existing, gone, remembered_assets
from mi_async.bulk.plan.dry_run import DryRun, Labels, PlanCounts, Rows
from mi_async.bulk.plan.ingest_planner import IngestPlanner
from mi_async.text import size, span
from mi_async.workflows.ingest.models import IngestState
from mi_async.workflows.ingest.options import IngestOptions

CHUNK = 256
"""Files that the journal is asked about at once."""


@frozen(kw_only=True)
class AssetPlan(DryRun):
    """Plan of a run over media files; ``str()`` of it is a table.

    Attributes:
        new: files and objects that would be registered.
        resumed: that an earlier run has begun.
        uploads: files that would be sent; those that are in the bucket already are found by the run.
        footage: seconds of video to be imported, as far as headers, or the backup of a restore, say.
        unknown: files and objects of unknown length: images, and objects, of which no header is read.
    """

    OUTCOMES: ClassVar[Labels] = (
        ("new", "to register"),
        ("resumed", "to go on with"),
        ("skipped", "finished already"),
        ("failed", "failed before (mi-async journal retry)"),
        ("rejected", "rejected"),
        ("parked", "cannot be read now"),
    )
    FILES: ClassVar[Labels] = (
        ("uploads", "files to send"),
        ("unknown", "of unknown length"),
    )

    new: int = 0
    resumed: int = 0
    uploads: int = 0
    footage: float = 0.0
    unknown: int = 0

    def measures(self) -> dict[str, Any]:
        """Return the length of the video for JSON."""
        return {"footage": round(self.footage, 3)}

    def size_rows(self) -> Rows:
        """Return the size of the files, and the length of the video."""
        rows = [("bytes to send", size(self.bytes))] if self.bytes else []
        is_analyzed = any(cost.operation == "indexes.request" for cost in self.costs)
        label = "video to analyse" if is_analyzed else "video to import"
        return [*rows, (label, span(self.footage))] if self.footage else rows


_ASKED = (
    "storage.head",
    "storage.put",
    "assets.register",
    "assets.import_status",
    "indexes.request",
    "indexes.status",
    "scene_summaries.request",
    "scene_summaries.status",
)


def plan_assets(
    assets: Iterable[AssetInput | BadInput],
    *,
    journal: Journalled | None = None,
    analyze: bool = True,
    summarize: bool = False,
    problems: str | os.PathLike[str] | None = None,
    force: bool = False,
    quotas: Mapping[str, Quota | None] | None = None,
    validate: bool = True,
    project: int | None = None,
) -> AssetPlan:
    """Return what ``ingest_many`` would do with media files; blocks for as long as their headers take to read.

    Args:
        assets: as in ``ingest_many``; for an asynchronous iterable there is :func:`plan_listing`.
        journal: of earlier runs; it is read and not written, may be in use, and need not exist before the first
            one.
        analyze: as in ``ingest_many``.
        summarize: as in ``ingest_many``.
        problems: a file for everything that would not go well, in JSON Lines as in a report.
        force: replace that file even if it is no report of ours, as in ``BulkReport.write``.
        quotas: by operation id, as in ``connect``.
        validate: as in ``connect``; without it files are not checked, as the run would not check them.
        project: ID of the project: what the journal has finished in another one is new in this. Without it the rows
            of the journal are taken to be of the project that is meant.

    Raises:
        JournalError: it belongs to something else, or cannot be read.
        InvalidArgumentError: arguments that do not go together, something else than media files is among them, or
            ``problems`` cannot be written.
        ResourceError: this machine is out of file descriptors or memory.
    """
    goal = IngestOptions(analyze=analyze, summarize=summarize).goal
    with _planning(goal, journal, problems, force=force, validate=validate, project=project) as planner:
        add_all(planner, assets)
    return plan_of(planner, quotas or {}, facts_of(assets))


async def plan_listing(
    listing: AsyncIterable[AssetInput | BadInput],
    *,
    journal: Journalled | None = None,
    analyze: bool = True,
    summarize: bool = False,
    problems: str | os.PathLike[str] | None = None,
    force: bool = False,
    quotas: Mapping[str, Quota | None] | None = None,
    validate: bool = True,
    project: int | None = None,
) -> AssetPlan:
    """Return the same of an asynchronous iterable, such as ``Workspace.stored_assets``; blocks for files."""
    goal, chunk = IngestOptions(analyze=analyze, summarize=summarize).goal, list[AssetInput | BadInput]()
    with _planning(goal, journal, problems, force=force, validate=validate, project=project) as planner:
        async for item in listing:
            chunk.append(item)
            if len(chunk) == CHUNK:
                planner.add(chunk)
                chunk.clear()
        planner.add(chunk)
    return plan_of(planner, quotas or {}, facts_of(listing))


def add_all(planner: IngestPlanner, assets: Iterable[AssetInput | BadInput]) -> None:
    """Count all items of an input; blocks."""
    source = iter(assets)
    while chunk := list(islice(source, CHUNK)):
        planner.add(chunk)


@contextmanager
def _planning(
    goal: IngestState,
    journal: Journalled | None,
    problems: str | os.PathLike[str] | None,
    *,
    force: bool,
    validate: bool,
    project: int | None,
) -> Generator[IngestPlanner]:
    first = list[BulkOutcome]()
    earlier = existing(journal)
    with (
        closing(FirstSeen(noting=earlier is not None)) as firsts,
        remembered_assets(earlier, project) as find,
        keeping(problems, first, journal=journal, force=force) as report,
    ):
        planner = IngestPlanner(goal, find, firsts, PlanCounts(report), first, validate)
        yield planner
        planner.gone = gone(earlier, INGEST, firsts)


def plan_of(planner: IngestPlanner, quotas: Mapping[str, Quota | None], facts: InputFacts) -> AssetPlan:
    """Return the plan once all items are counted."""
    counts = planner.counts
    return AssetPlan(
        **counts.of(AssetPlan),
        footage=planner.seconds,
        reasons=counts.reasons,
        costs=costs_of(_ASKED, counts.counts, quotas),
        problems=tuple(planner.problems),
        facts=facts,
        gone=planner.gone,
    )
