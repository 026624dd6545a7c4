"""What a run over media files would do, without a request: what is sent, skipped and refused, and what it costs.

Law: an upper bound where only the storage and the service know better. Of the files the headers are read and nothing
else.
"""

import os
from collections.abc import AsyncIterable, Generator, Iterable, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from typing import Any, ClassVar

from attrs import define, evolve, field, frozen

from mi_async._core.files import is_exhausted
from mi_async._core.operation import Quota
from mi_async.bulk.engine.outcome import BulkOutcome, Problem, Status
from mi_async.bulk.engine.work_item import code_of, text_of
from mi_async.bulk.ingest.admission import fingerprint_of
from mi_async.bulk.ingest.decisions import (
    WORK,
    AssetCandidate,
    AssetDecision,
    decide,
    outcome_of,
    rejection,
    resumed,
)
from mi_async.bulk.inputs.batching import only
from mi_async.bulk.inputs.facts import InputFacts, facts_of
from mi_async.bulk.inputs.models import AssetInput, BadInput
from mi_async.bulk.journal.records import INGEST, NOWHERE, AssetRecord
from mi_async.bulk.plan.costs import costs_of, keeping
from mi_async.bulk.plan.dedup import FindAssets, FirstSeen, Gone, gone, remembered_assets
from mi_async.bulk.plan.dry_run import DryRun, Labels, PlanCounts, Rows
from mi_async.errors import MediaRejectedError, MIError, ResourceError
from mi_async.media.limits import check_name, read_header
from mi_async.storage.local_file import LocalFile
from mi_async.storage.part_layout import PartLayout
from mi_async.text import size, span
from mi_async.workflows.context import known
from mi_async.workflows.ingest.models import Ingestion, IngestState
from mi_async.workflows.ingest.options import IngestOptions
from mi_async.workflows.ingest.steps import check_file

CHUNK = 256
"""Files that the journal is asked about at once."""


@frozen(kw_only=True)
class AssetPlan(DryRun):
    """What a run over media files would do; ``str()`` of it is a table.

    Attributes:
        new: files and objects that would be registered.
        resumed: that an earlier run has begun.
        uploads: files that would be sent; those that are in the bucket already are found by the run.
        footage: seconds of video to be imported, as far as headers tell.
        unknown: files and objects that do not tell whether, and how long, they run: pictures are among them.
    """

    OUTCOMES: ClassVar[Labels] = (
        ("new", "to register"),
        ("resumed", "to go on with"),
        ("skipped", "finished already"),
        ("failed", "failed before (mi-async journal retry)"),
        ("rejected", "refused"),
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
        return [*rows, ("video to analyse", span(self.footage))] if self.footage else rows


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
_CALLS: Mapping[IngestState, tuple[str, ...]] = {
    IngestState.REGISTERED: ("assets.register",),
    IngestState.IMPORTED: ("assets.import_status",),
    IngestState.INDEXED: ("indexes.request", "indexes.status"),
    IngestState.SUMMARIZED: ("scene_summaries.request", "scene_summaries.status"),
}
"""Calls that it takes at least to get to each state."""


def plan_assets(
    assets: Iterable[AssetInput | BadInput],
    *,
    journal: str | os.PathLike[str] | None = None,
    analyze: bool = True,
    summarize: bool = False,
    problems: str | os.PathLike[str] | None = None,
    force: bool = False,
    quotas: Mapping[str, Quota | None] | None = None,
    validate: bool = True,
) -> AssetPlan:
    """What ``ingest_many`` would do with media files; blocks for as long as their headers take to read.

    Args:
        assets: as in ``ingest_many``; for an asynchronous iterable there is :func:`plan_listing`.
        journal: of earlier runs; it is read and not written, and may be in use. Its rows are taken to be of the
            project that is meant.
        analyze: as in ``ingest_many``.
        summarize: as in ``ingest_many``.
        problems: a file for everything that would not go well, in JSON Lines as in a report.
        force: replace that file even if it is no report of ours, as in ``BulkReport.write``.
        quotas: by operation id, as in ``connect``.
        validate: as in ``connect``; without it files are not checked, as the run would not check them.

    Raises:
        JournalError: there is no such journal, or it belongs to something else.
        InvalidArgumentError: arguments that do not go together, something else than media files is among them, or
            ``problems`` cannot be written.
        ResourceError: this machine is out of file descriptors or memory.
    """
    goal, source = IngestOptions(analyze=analyze, summarize=summarize).goal, iter(assets)
    with _planning(goal, journal, problems, force=force, validate=validate) as planner:
        while chunk := list(islice(source, CHUNK)):
            planner.add(chunk)
    return planner.plan(quotas or {}, facts_of(assets))


async def plan_listing(
    listing: AsyncIterable[AssetInput | BadInput],
    *,
    journal: str | os.PathLike[str] | None = None,
    analyze: bool = True,
    summarize: bool = False,
    problems: str | os.PathLike[str] | None = None,
    force: bool = False,
    quotas: Mapping[str, Quota | None] | None = None,
    validate: bool = True,
) -> AssetPlan:
    """The same of an asynchronous iterable, such as ``Workspace.stored_assets``, as it comes; blocks for files."""
    goal, chunk = IngestOptions(analyze=analyze, summarize=summarize).goal, list[AssetInput | BadInput]()
    with _planning(goal, journal, problems, force=force, validate=validate) as planner:
        async for item in listing:
            chunk.append(item)
            if len(chunk) == CHUNK:
                planner.add(chunk)
                chunk.clear()
        planner.add(chunk)
    return planner.plan(quotas or {}, facts_of(listing))


@contextmanager
def _planning(
    goal: IngestState,
    journal: str | os.PathLike[str] | None,
    problems: str | os.PathLike[str] | None,
    *,
    force: bool,
    validate: bool,
) -> Generator["_Planner"]:
    first = list[BulkOutcome]()
    with (
        closing(FirstSeen(noting=journal is not None)) as firsts,
        remembered_assets(journal) as find,
        keeping(problems, first, journal=journal, force=force) as tell,
    ):
        planner = _Planner(goal, find, firsts, PlanCounts(tell), first, validate)
        yield planner
        planner.gone = gone(journal, INGEST, firsts)


@define(eq=False)
class _Planner:
    """Counts; the first items that would not go well are kept in ``first``."""

    goal: IngestState
    find: FindAssets
    firsts: FirstSeen
    counts: PlanCounts
    first: Sequence[BulkOutcome]
    validate: bool = True
    seconds: float = field(init=False, default=0.0)
    gone: Gone = field(init=False, factory=Gone)

    def add(self, chunk: Sequence[AssetInput | BadInput]) -> None:
        """Count some."""
        only(AssetInput, chunk)
        number = self.counts.counts["items"]
        self.counts.add("items", len(chunk))
        candidates = [AssetCandidate.of(item, number + at, NOWHERE) for at, item in enumerate(chunk, 1)]
        rows = {}
        for row in self.find([candidate.key for candidate in candidates if candidate.place is not None]):
            rows[row.bucket, row.key] = rows[NOWHERE, row.key] = row
        for candidate in candidates:
            bucket = "" if candidate.place is None else candidate.place.bucket
            record = rows.get((bucket, candidate.key)) or AssetRecord(0, bucket, candidate.key)
            self._count(candidate, evolve(record, origin=candidate.origin))

    def plan(self, quotas: Mapping[str, Quota | None], facts: InputFacts) -> AssetPlan:
        """Return the plan."""
        return AssetPlan(
            **self.counts.of(AssetPlan),
            footage=self.seconds,
            reasons=self.counts.reasons,
            costs=costs_of(_ASKED, self.counts.counts, quotas),
            problems=tuple(self.first),
            facts=facts,
            gone=self.gone,
        )

    def _count(self, candidate: AssetCandidate, record: AssetRecord) -> None:
        """Count an item as it would end, and what it would cost."""
        fingerprint = fingerprint_of(candidate)
        first = None
        if candidate.place is not None:
            (first,) = self.firsts.before([(str(candidate.place), candidate.origin)])
        decision = decide(candidate, record, fingerprint, first=first, goal=self.goal)
        ingestion = resumed(candidate, record, fingerprint)
        if decision.status is None:
            decision = self._examine(ingestion)
        match decision.status:
            case None:
                self._cost(ingestion)
            case Status.SKIPPED:
                self.counts.add("skipped")
            case Status.REJECTED:
                record = rejection(candidate, 0, decision.problems[0])
                self.counts.problem(outcome_of(candidate, record, decision))
            case status:
                name = None if status is Status.PARKED else "failed"
                self.counts.problem(outcome_of(candidate, record, decision), name)

    def _examine(self, ingestion: Ingestion) -> AssetDecision:
        """Check a file as the run would, and count its bytes and seconds; decide whether it would be refused."""
        try:
            if ingestion.is_object:
                self._count_object(ingestion)
            else:
                self._count_file(ingestion)
        except MediaRejectedError as error:
            return AssetDecision(Status.REJECTED, (_problem(ingestion, error),))
        except ResourceError as error:
            if is_exhausted(error.__cause__):
                raise
            return AssetDecision(Status.PARKED, (_problem(ingestion, error),))
        return WORK

    def _count_object(self, ingestion: Ingestion) -> None:
        there = ingestion.reached.includes(IngestState.STORED)
        if self.validate and not there:
            check_name(known(ingestion.place).key, ingestion.size)
        self.counts.add("storage.head", not (there or ingestion.size))
        self.counts.add("unknown")

    def _count_file(self, ingestion: Ingestion) -> None:
        there = ingestion.reached.includes(IngestState.STORED)
        with LocalFile.open(ingestion.source) as file:
            header = check_file(file, known(ingestion.place).key, validate=self.validate and not there)
            header = header or read_header(file.read, file.size)
            length = None if header is None else header.seconds
            self.seconds += length or 0.0
            self.counts.add("unknown", length is None)
            if not there:
                self.counts.add("uploads")
                self.counts.add("bytes", file.size)
                self.counts.add("storage.head")
                self.counts.add("storage.put", PartLayout(file.size).count)

    def _cost(self, ingestion: Ingestion) -> None:
        """Count the calls that are left."""
        self.counts.add("new" if ingestion.reached is IngestState.NEW else "resumed")
        for state, calls in _CALLS.items():
            if self.goal.includes(state) and not ingestion.reached.includes(state):
                for call in calls:
                    self.counts.add(call)


def _problem(ingestion: Ingestion, error: MIError) -> Problem:
    return Problem(ingestion.source, code_of(error), text_of(error))
