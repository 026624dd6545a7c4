"""Planner of media files: goes through an input as a run would, and counts what the run would do.

Invariant: sends nothing; decides as the run does, with the same functions.
"""

from collections.abc import Mapping, Sequence

from attrs import define, evolve, field

from mi_async._core.files import is_exhausted
from mi_async.bulk.engine.outcome import BulkOutcome, Problem, Status
from mi_async.bulk.engine.work_item import code_of, text_of
from mi_async.bulk.ingest.admission import file_fingerprint
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
from mi_async.bulk.inputs.models import AssetInput, BadInput
from mi_async.bulk.journal.records import NOWHERE, AssetRecord
from mi_async.bulk.plan.dedup import FindAssets, FirstSeen, Gone
from mi_async.bulk.plan.dry_run import PlanCounts
from mi_async.errors import MediaRejectedError, MIError, ResourceError
from mi_async.media.limits import check_name, read_header
from mi_async.storage.local_file import LocalFile
from mi_async.storage.part_layout import PartLayout
from mi_async.workflows.context import known
from mi_async.workflows.ingest.models import Ingestion, IngestState
from mi_async.workflows.ingest.steps import check_file

_CALLS: Mapping[IngestState, tuple[str, ...]] = {
    IngestState.REGISTERED: ("assets.register",),
    IngestState.IMPORTED: ("assets.import_status",),
    IngestState.INDEXED: ("indexes.request", "indexes.status"),
    IngestState.SUMMARIZED: ("scene_summaries.request", "scene_summaries.status"),
}
"""Calls that it takes at least to get to each state."""


@define(eq=False)
class IngestPlanner:
    """Counts the items of an input.

    Attributes:
        goal: state in which an item is done.
        find: rows of the journal by the keys of objects.
        firsts: the objects that the input had before.
        counts: items, files, bytes and requests.
        problems: the first items that would not go well.
        validate: False to skip the check of files, as a run would.
        seconds: length of the video to be imported, as far as headers say.
        gone: items that the journal has and the input no longer has.
    """

    goal: IngestState
    find: FindAssets
    firsts: FirstSeen
    counts: PlanCounts
    problems: Sequence[BulkOutcome]
    validate: bool = True
    seconds: float = field(init=False, default=0.0)
    gone: Gone = field(init=False, factory=Gone)

    def add(self, chunk: Sequence[AssetInput | BadInput]) -> None:
        """Count some items."""
        number = self.counts.counts["items"]
        only(AssetInput, chunk, number)
        self.counts.add("items", len(chunk))
        candidates = [AssetCandidate.of(item, number + at, NOWHERE) for at, item in enumerate(chunk, 1)]
        rows = {}
        for row in self.find([candidate.key for candidate in candidates if candidate.place is not None]):
            rows[row.bucket, row.key] = rows[NOWHERE, row.key] = row
        for candidate in candidates:
            bucket = "" if candidate.place is None else candidate.place.bucket
            record = rows.get((bucket, candidate.key)) or AssetRecord(0, bucket, candidate.key)
            self._count(candidate, evolve(record, origin=candidate.origin))

    def _count(self, candidate: AssetCandidate, record: AssetRecord) -> None:
        """Count an item as it would end, and what it would cost."""
        fingerprint = file_fingerprint(candidate)
        first = None
        if candidate.place is not None:
            (first,) = self.firsts.before([(str(candidate.place), candidate.origin)])
        decision = decide(candidate, record, fingerprint, first=first, goal=self.goal)
        ingestion = resumed(candidate, record, fingerprint)
        if decision.status is None:
            decision = self._examine(ingestion, candidate.item)
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

    def _examine(self, ingestion: Ingestion, item: AssetInput | BadInput) -> AssetDecision:
        """Check a file as the run would, and count its bytes and seconds; decide whether it would be refused."""
        try:
            if ingestion.is_object:
                self._count_object(ingestion, item.seconds if isinstance(item, AssetInput) else None)
            else:
                self._count_file(ingestion)
        except MediaRejectedError as error:
            return AssetDecision(Status.REJECTED, (_problem(ingestion, error),))
        except ResourceError as error:
            if is_exhausted(error.__cause__):
                raise
            return AssetDecision(Status.PARKED, (_problem(ingestion, error),))
        return WORK

    def _count_object(self, ingestion: Ingestion, seconds: float | None) -> None:
        there = ingestion.reached.includes(IngestState.STORED)
        if self.validate and not there:
            check_name(known(ingestion.place).key, ingestion.size)
        self.counts.add("storage.head", not (there or ingestion.size))
        self.seconds += seconds or 0.0
        self.counts.add("unknown", seconds is None)

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
