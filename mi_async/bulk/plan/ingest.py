"""What a run over media files would do, without a request: what is sent, skipped and refused, and what it costs.

Law: an upper bound where only the storage and the service know better. Of the files the headers are read and nothing
else.
"""

import os
from collections.abc import AsyncIterable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from typing import Any, ClassVar

from attrs import define, field, frozen

from mi_async._core.files import is_exhausted
from mi_async._core.operation import Quota
from mi_async.bulk.engine.outcome import DUPLICATE, INPUT, AssetOutcome, BulkOutcome, Problem, Status
from mi_async.bulk.ingest.admission import print_of
from mi_async.bulk.ingest.decisions import AssetDecision, decide
from mi_async.bulk.ingest.stages import goal_of
from mi_async.bulk.ingest.work import AssetWork, outcome_of
from mi_async.bulk.inputs.batching import only
from mi_async.bulk.inputs.facts import InputFacts, facts_of
from mi_async.bulk.inputs.models import AssetInput, BadInput
from mi_async.bulk.journal.records import INGEST, NOWHERE, AssetRecord, Reached
from mi_async.bulk.plan.costs import costs_of, keeping
from mi_async.bulk.plan.dedup import FindAssets, FirstSeen, Gone, gone, remembered_assets
from mi_async.bulk.plan.dry_run import DryRun, Labels, PlanCounts, Rows
from mi_async.errors import InvalidArgumentError, MediaRejectedError, ResourceError
from mi_async.media.header import Header
from mi_async.media.limits import check_name, check_not_empty, inspect_media, read_header
from mi_async.storage.local_file import LocalFile
from mi_async.storage.models import StoredObject
from mi_async.storage.part_layout import PartLayout
from mi_async.text import size, span
from mi_async.workflows.ingest.workflow import IngestOptions

APART = frozenset({Status.REJECTED, Status.PARKED})
"""Ways to end that are counted by their own names; any other is a failure of an earlier run."""
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
_STEPS = (
    (Reached.REGISTERED, "assets.register"),
    (Reached.IMPORTED, "assets.import_status"),
    (Reached.INDEXED, "indexes.request", "indexes.status"),
    (Reached.SUMMARIZED, "scene_summaries.request", "scene_summaries.status"),
)
"""What is asked at least on the way to each state."""


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
    goal, source = goal_of(IngestOptions(analyze=analyze, summarize=summarize)), iter(assets)
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
    goal, chunk = goal_of(IngestOptions(analyze=analyze, summarize=summarize)), list[AssetInput | BadInput]()
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
    goal: Reached,
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
    """Counts, and tells what would not go well; the first of that is kept in ``first``."""

    goal: Reached
    find: FindAssets
    firsts: FirstSeen
    counts: PlanCounts
    first: Sequence[BulkOutcome]
    validate: bool = True
    footage: float = field(init=False, default=0.0)
    gone: Gone = field(init=False, factory=Gone)

    def add(self, chunk: Sequence[AssetInput | BadInput]) -> None:
        """Count some."""
        only(AssetInput, chunk)
        for outcome in self._judged(chunk):
            self.counts.add("items")
            if outcome is not None:
                self.counts.problem(outcome, None if outcome.status in APART else "failed")

    def plan(self, quotas: Mapping[str, Quota | None], facts: InputFacts) -> AssetPlan:
        """What it has come to."""
        return AssetPlan(
            **self.counts.of(AssetPlan),
            footage=self.footage,
            reasons=self.counts.reasons,
            costs=costs_of(_ASKED, self.counts.counts, quotas),
            problems=tuple(self.first),
            facts=facts,
            gone=self.gone,
        )

    def _judged(self, chunk: Sequence[AssetInput | BadInput]) -> Iterator[AssetOutcome | None]:
        places = [_place(item) if isinstance(item, AssetInput) else item.message for item in chunk]
        known = {}
        for row in self.find([place.key for place in places if isinstance(place, StoredObject)]):
            known[row.bucket, row.key] = known[NOWHERE, row.key] = row
        for item, place in zip(chunk, places, strict=True):
            if isinstance(place, str) or isinstance(item, BadInput):
                yield _rejected("", item.origin, INPUT, str(place))
                continue
            (before,) = self.firsts.before([(str(place), item.origin)])
            if before is not None:
                message = f"this object came before in this input{before and ', at '}{before}"
                yield _rejected(place.key, item.origin, DUPLICATE, message)
                continue
            row = known.get((place.bucket, place.key), AssetRecord(0, place.bucket, place.key, origin=item.origin))
            yield self._judge(AssetWork(item, place, row, print_of(item)))

    def _judge(self, film: AssetWork) -> AssetOutcome | None:
        """Count what would be done for a media file; return its outcome where that is known not to be good."""
        row = film.record
        decision = decide(row, self.goal, is_same=film.is_same)
        if decision is AssetDecision.SKIP:
            self.counts.add("skipped")
            return None
        if decision is AssetDecision.RECALL:
            film.recall()
            return film.outcome(Status(row.status))
        try:
            self._look(film)
        except MediaRejectedError as error:
            film.add_problem(str(film.item.source), error, transient=False)
            return film.outcome(Status.REJECTED)
        except ResourceError as error:
            if is_exhausted(error.__cause__):
                raise
            film.add_problem(str(film.item.source), error, transient=True)
            return film.outcome(Status.PARKED)
        known = film.is_same and row.reached is not Reached.NEW
        self.counts.add("resumed" if known else "new")
        for state, *asked in _STEPS:
            if self.goal.includes(state) and not (known and row.reached.includes(state)):
                for operation in asked:
                    self.counts.add(operation)
        return None

    def _look(self, film: AssetWork) -> None:
        """Count the bytes and seconds of a film that is not known to be there."""
        there = film.is_same and film.record.reached.includes(Reached.STORED)
        if film.is_stored:
            if self.validate:
                check_name(film.place.key, film.print[0])
            self.counts.add("storage.head", not (there or film.print[0]))
            self.counts.add("unknown")
            return
        with LocalFile.open(str(film.item.source)) as file:
            check_not_empty(file.size, file.name)
            if self.validate and not there:
                header: Header | None = inspect_media(file.read, file.size, file.name)
                check_name(film.place.key, file.size)
            else:
                header = read_header(file.read, file.size)
            length = None if header is None else header.seconds
            self.footage += length or 0.0
            self.counts.add("unknown", length is None)
            if not there:
                self.counts.add("uploads")
                self.counts.add("bytes", file.size)
                self.counts.add("storage.head")
                self.counts.add("storage.put", PartLayout(file.size).count)


def _place(item: AssetInput) -> StoredObject | str:
    try:
        return item.place(NOWHERE)
    except InvalidArgumentError as error:
        return str(error)


def _rejected(key: str, origin: str, code: str, message: str) -> AssetOutcome:
    row = AssetRecord(0, "", key or f"[{origin}]", origin=origin)
    return outcome_of(row, Status.REJECTED, problems=(Problem(origin or key, code, message),))
