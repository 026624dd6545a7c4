"""Wiring of a bulk run: the only place of the bulk layer where objects are put together.

Invariant: opens what the run needs; whoever calls it closes that by the stack.
"""

from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from attrs import evolve

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
from mi_async.bulk.images.image_converter import ImageConverter
from mi_async.bulk.images.loading import fitted, load
from mi_async.bulk.ingest.admission import IngestAdmission
from mi_async.bulk.ingest.pipeline import IngestPipeline
from mi_async.bulk.ingest.work import AssetWork
from mi_async.bulk.inputs.batching import chunks
from mi_async.bulk.inputs.models import FaceItem, Input, PersonInput, ThumbnailUpload
from mi_async.bulk.inputs.reading import begun
from mi_async.bulk.journal.journal import Journal
from mi_async.bulk.journal.place import journal_file
from mi_async.bulk.journal.records import INGEST, Identity
from mi_async.bulk.journal.run_mark import marked
from mi_async.bulk.journal.sharing import Sharing
from mi_async.bulk.options import BulkOptions
from mi_async.workflows.context import Context
from mi_async.workflows.ingest.asset_index import AssetIndex
from mi_async.workflows.ingest.options import IngestOptions
from mi_async.workflows.ingest.resolve import find_project, linked_bucket
from mi_async.workflows.ingest.steps import IngestContext

OPERATIONS: dict[type[FaceItem], str] = {PersonInput: "enroll", ThumbnailUpload: "upload-thumbnails"}
"""Names of the operations in a journal, by the class of the items."""


async def enroll_engine(
    context: Context,
    kind: type[PersonInput] | type[ThumbnailUpload],
    stack: AsyncExitStack,
    items: Input,
    options: BulkOptions,
) -> Engine[EnrollWork]:
    """Return an engine for persons or images, ready to start."""
    context = _patient(context)
    loads = fitted(await stack.enter_async_context(ImageConverter())) if options.fit else load
    journal = await _journal(stack, context, OPERATIONS[kind], options)
    order, stats = PersonOrder(), RunStats(context.clock)
    run = EnrollContext(
        context=context,
        journal=journal,
        limit=AdaptiveLimit(options.limit_rules),
        schedule=options.schedule,
        order=order,
        stats=stats,
        load=loads,
        tag_ids=TagIds(context),
    )
    admission = EnrollAdmission(journal, order, kind, context.validate)
    return _engine(EnrollPipeline(run), admission, stats, journal, (items, options))


async def ingest_engine(
    context: Context, ingest: IngestOptions, stack: AsyncExitStack, items: Input, options: BulkOptions
) -> Engine[AssetWork]:
    """Return an engine for media files, ready to start; asks for the project."""
    context.store.connection.check_meant()
    context = _patient(context)
    journal = await _journal(stack, context, INGEST, options)
    stats = RunStats(context.clock)
    project = await find_project(context, ingest.project)  # once, and not with each item
    ingest = evolve(ingest, state_folder=ingest.folder or _folder_of(options))
    pipeline = IngestPipeline(IngestContext(context, ingest, project, AssetIndex(context, project)), journal, stats)
    find_bucket = partial(linked_bucket, context, ingest.bucket)
    admission = IngestAdmission(journal, project, find_bucket, ingest.goal)
    return _engine(pipeline, admission, stats, journal, (items, options))


def _folder_of(options: BulkOptions) -> Path | None:
    """Return the folder of the records of unfinished uploads; None for that of each file."""
    path = journal_file(options.journal)
    return None if path is None else Path(path).parent


def _patient(context: Context) -> Context:
    """Return a context whose first steps wait for their quota, too, however long that takes."""
    return evolve(context, entry=context.groups)


async def _journal(stack: AsyncExitStack, context: Context, operation: str, options: BulkOptions) -> Journal:
    identity = Identity(context.endpoint, await context.account(), context.groups.name, operation)
    journal = await Journal.open(
        options.journal, identity, clock=context.clock, sharing=Sharing(patience=options.patience)
    )
    stack.push_async_callback(journal.aclose)
    stack.enter_context(marked(identity, options.journal))
    return journal


def _engine(
    pipeline: Pipeline[Work],
    admission: ItemAdmission[Work],
    stats: RunStats,
    journal: Journal,
    rest: tuple[Input, BulkOptions],
) -> Engine[Work]:
    items, options = rest
    return Engine(
        pipeline=pipeline,
        stats=stats,
        journal=journal,
        patience=options.patience,
        admission=admission,
        chunks=chunks(begun(items)),
        grace=options.grace,
        max_failures=options.max_failures,
        total=options.total,
        room=options.room,
    )
