"""Wiring of a bulk run: the only place of the bulk layer where objects are put together.

Invariant: opens what the run needs; whoever calls it closes that by the stack.
"""

import logging
from collections.abc import Callable
from contextlib import AsyncExitStack, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import evolve, frozen

from mi_async.bulk.curate.admission import CurationAdmission
from mi_async.bulk.curate.confirmed import inputs_of
from mi_async.bulk.curate.pipeline import CurationPipeline
from mi_async.bulk.curate.start import CurationRequest, begun_plan, check_new
from mi_async.bulk.curate.work import CurationWork
from mi_async.bulk.defaults import SHARDS
from mi_async.bulk.engine.engine import Engine
from mi_async.bulk.engine.pipeline import ItemAdmission, Pipeline
from mi_async.bulk.engine.stats import RunStats
from mi_async.bulk.engine.work_item import Work
from mi_async.bulk.enroll.adaptive_limit import AdaptiveLimit
from mi_async.bulk.enroll.admission import EnrollAdmission
from mi_async.bulk.enroll.ordering import PersonOrder
from mi_async.bulk.enroll.pipeline import EnrollPipeline
from mi_async.bulk.enroll.tag_ids import TagIds
from mi_async.bulk.enroll.upload_stages import EnrollContext
from mi_async.bulk.enroll.work import EnrollWork
from mi_async.bulk.images.file_threads import FileThreads
from mi_async.bulk.images.image_converter import ImageConverter
from mi_async.bulk.images.loading import Load, fitted, load_file, threaded
from mi_async.bulk.ingest.admission import IngestAdmission
from mi_async.bulk.ingest.pipeline import IngestPipeline
from mi_async.bulk.ingest.work import AssetWork
from mi_async.bulk.inputs.batching import chunks
from mi_async.bulk.inputs.models import FaceItem, Input, PersonInput, ThumbnailUpload
from mi_async.bulk.inputs.reading import begun, passes_of
from mi_async.bulk.joining import JoinedInput, fenced, pause_of
from mi_async.bulk.journal.checkpoints import JournalCheckpoint
from mi_async.bulk.journal.journal import Journal
from mi_async.bulk.journal.place import journal_file
from mi_async.bulk.journal.records import CURATE, INGEST, Identity
from mi_async.bulk.journal.run_mark import marked
from mi_async.bulk.options import BulkOptions
from mi_async.bulk.plan.dedup import existing
from mi_async.workflows.context import Context
from mi_async.workflows.ingest.asset_index import AssetIndex
from mi_async.workflows.ingest.options import IngestOptions
from mi_async.workflows.ingest.resolve import find_project, linked_bucket
from mi_async.workflows.ingest.steps import IngestContext
from mi_async.workflows.known_person import KnownPerson, Likeness

_log = logging.getLogger(__name__)

if TYPE_CHECKING:
    RunEngine: TypeAlias = Engine[EnrollWork] | Engine[AssetWork] | Engine[CurationWork]

ROOM_SHARED = 16
"""Media files in flight at most in one process of a shared run."""
OPERATIONS: dict[type[FaceItem], str] = {PersonInput: "enroll", ThumbnailUpload: "upload-thumbnails"}
"""Names of the operations in a journal, by the class of the items."""


@frozen
class WiredRun:
    """A run, ready to start.

    Attributes:
        engine: of the run.
        joined: the input, where other processes share it; None otherwise.
    """

    engine: "RunEngine"
    joined: JoinedInput | None


async def enroll_run(
    context: Context,
    kind: type[PersonInput] | type[ThumbnailUpload],
    stack: AsyncExitStack,
    items: Input,
    options: BulkOptions,
    *,
    likeness: Likeness,
    found: Callable[[KnownPerson], None] | None = None,
) -> WiredRun:
    """Return a run over persons or images, ready to start."""
    load = await _loader(stack, options)
    journal = await _journal(stack, context, OPERATIONS[kind], options)
    context = _patient(context, journal)
    order, stats = PersonOrder(), RunStats(context.clock)
    run = EnrollContext(
        context=context,
        journal=journal,
        limit=AdaptiveLimit(options.limit_rules),
        schedule=options.schedule,
        order=order,
        stats=stats,
        load=load,
        tag_ids=TagIds(context),
        likeness=likeness,
        found=found,
    )
    admission = EnrollAdmission(journal, order, kind, context.validate)
    return _wired(EnrollPipeline(run), admission, stats, journal, (items, options))


async def _loader(stack: AsyncExitStack, options: BulkOptions) -> Load:
    """Return the loader of images, whose processes or threads end with the stack."""
    if options.fit:
        return fitted(await stack.enter_async_context(ImageConverter()))
    threads = FileThreads(load_file)
    stack.callback(threads.close)
    return threaded(threads)


async def ingest_run(
    context: Context, ingest: IngestOptions, stack: AsyncExitStack, items: Input, options: BulkOptions
) -> WiredRun:
    """Return a run over media files, ready to start; asks for the project."""
    context.store.connection.check_meant()
    journal = await _journal(stack, context, INGEST, options)
    context = _patient(context, journal)
    stats = RunStats(context.clock)
    project = await find_project(context, ingest.project)  # once, and not with each item
    ingest = evolve(ingest, state_folder=ingest.folder or _folder_of(options))
    checkpoints = None if journal_file(options.journal) is not None else partial(JournalCheckpoint, journal)
    assets = AssetIndex(context, project)
    pipeline = IngestPipeline(IngestContext(context, ingest, project, assets, checkpoints), journal, stats)
    find_bucket = partial(linked_bucket, context, ingest.bucket)
    admission = IngestAdmission(journal, project, find_bucket, ingest.goal)
    if journal.shards:  # more would wait here for the bandwidth, while other processes have nothing to send
        options = evolve(options, room=min(options.room, ROOM_SHARED))
    return _wired(pipeline, admission, stats, journal, (items, options))


async def curate_run(
    context: Context, request: CurationRequest, stack: AsyncExitStack, options: BulkOptions
) -> WiredRun:
    """Return a run over a confirmed plan, ready to start; all whom it merges are in a backup by then."""
    check_new(request, exists=existing(request.journal) is not None)
    journal = await _journal(stack, context, CURATE, options)
    context = _patient(context, journal)
    items = inputs_of(await begun_plan(journal, context, request))
    pipeline, stats = CurationPipeline(context, journal), RunStats(context.clock)
    return _wired(pipeline, CurationAdmission(journal), stats, journal, (items, evolve(options, total=len(items))))


def _folder_of(options: BulkOptions) -> Path | None:
    """Return the folder of the records of unfinished uploads; None for that of each file."""
    path = journal_file(options.journal)
    return None if path is None else Path(path).parent


def _patient(context: Context, journal: Journal) -> Context:
    """Return a context whose first steps wait for their quota, too, however long that takes."""
    context = evolve(context, entry=context.groups)
    return fenced(context, journal) if journal.shards else context


async def _journal(stack: AsyncExitStack, context: Context, operation: str, options: BulkOptions) -> Journal:
    identity = Identity(context.endpoint, await context.account(), context.groups.name, operation)
    journal = await Journal.open(options.journal, identity, clock=context.clock, sharing=options.sharing)
    stack.push_async_callback(journal.aclose)
    if journal.shards and options.shards not in {SHARDS, journal.shards}:
        _log.warning("the journal was made with %s shards; %s are not used", journal.shards, options.shards)
    # the processes of a shared run are no mistake that a person has to be told of
    stack.enter_context(nullcontext() if journal.shards else marked(identity, options.journal))
    return journal


def _wired(
    pipeline: Pipeline[Work],
    admission: ItemAdmission[Work],
    stats: RunStats,
    journal: Journal,
    rest: tuple[Input, BulkOptions],
) -> WiredRun:
    items, options = rest
    joined = JoinedInput(journal, passes_of(items), pause_of(options.claim_life)) if journal.shards else None
    engine: Any = Engine(
        pipeline=pipeline,
        stats=stats,
        journal=journal,
        patience=options.patience,
        admission=admission,
        chunks=chunks(begun(items)) if joined is None else joined.chunks(),
        grace=options.grace,
        max_failures=options.max_failures,
        total=options.total,
        room=options.room,
    )
    return WiredRun(engine, joined)
