"""The parts of a bulk run put together: the only place of the bulk layer where objects are wired.

Law: opens what the run needs; whoever calls it closes that by the stack.
"""

from contextlib import AsyncExitStack
from pathlib import Path

from attrs import evolve

from mi_async.bulk.admission import Admission
from mi_async.bulk.arrivals import Arrivals
from mi_async.bulk.engine import Engine
from mi_async.bulk.faces import Faces
from mi_async.bulk.fit import Fitter
from mi_async.bulk.footage import Footage
from mi_async.bulk.items import FaceItem, Input, PersonInput, ThumbnailUpload
from mi_async.bulk.journal import Journal
from mi_async.bulk.loading import fitted, load
from mi_async.bulk.options import Options
from mi_async.bulk.pool import Pool
from mi_async.bulk.process import Admission as Gate
from mi_async.bulk.process import Process
from mi_async.bulk.records import INGEST, Identity
from mi_async.bulk.run_mark import marked
from mi_async.bulk.steps import Means
from mi_async.bulk.studio import Studio, goal_of
from mi_async.bulk.tag_ids import TagIds
from mi_async.bulk.tally import Tally
from mi_async.bulk.turns import Turns
from mi_async.workflows.context import Context
from mi_async.workflows.ingest import Intake, Wish
from mi_async.workflows.onward import find_project, linked_bucket
from mi_async.workflows.shelf import Shelf

OPERATIONS: dict[type[FaceItem], str] = {PersonInput: "enroll", ThumbnailUpload: "upload-thumbnails"}
"""What a journal calls a run of these items."""


async def assemble_faces(
    context: Context,
    kind: type[PersonInput] | type[ThumbnailUpload],
    stack: AsyncExitStack,
    items: Input,
    options: Options,
) -> Engine:
    """An engine for persons or pictures that is ready to start."""
    context = _patient(context)
    loads = fitted(await stack.enter_async_context(Fitter())) if options.fit else load
    journal = await _journal(stack, context, OPERATIONS[kind], options)
    turns, tally = Turns(), Tally(context.clock)
    means = Means(
        context=context,
        journal=journal,
        pool=Pool(options.sizing),
        schedule=options.schedule,
        turns=turns,
        tally=tally,
        load=loads,
        tag_ids=TagIds(context),
    )
    admission = Admission(journal, turns, kind, context.validate)
    return _engine(Faces(means), admission, tally, journal, (items, options))


async def assemble_footage(intake: Intake, wish: Wish, stack: AsyncExitStack, items: Input, options: Options) -> Engine:
    """An engine for media files that is ready to start; it asks for the project."""
    intake.store.connection.check_meant()
    context = _patient(intake.context)
    journal = await _journal(stack, context, INGEST, options)
    tally, goal = Tally(context.clock), goal_of(wish)
    project = await find_project(context, wish.project)  # once, and not with each item
    studio = Studio(
        context=context,
        store=intake.store,
        journal=journal,
        tally=tally,
        wish=wish,
        goal=goal,
        project_id=project,
        shelf=Shelf(context, project),
        folder=wish.folder or Path(options.journal).parent,
    )
    admission = Arrivals(journal, project, lambda: linked_bucket(context, intake.describe(), wish.bucket), goal)
    return _engine(Footage(studio), admission, tally, journal, (items, options))


def _patient(context: Context) -> Context:
    """A run waits for its quota, however long the line."""
    return evolve(context, entry=context.groups)


async def _journal(stack: AsyncExitStack, context: Context, operation: str, options: Options) -> Journal:
    identity = Identity(context.endpoint, await context.account(), context.groups.name, operation)
    journal = await Journal.open(options.journal, identity, clock=context.clock)
    stack.push_async_callback(journal.aclose)
    stack.enter_context(marked(identity, options.journal))
    return journal


def _engine(process: Process, admission: Gate, tally: Tally, journal: Journal, rest: tuple[Input, Options]) -> Engine:
    items, options = rest
    return Engine(
        process=process,
        tally=tally,
        journal=journal,
        patience=options.patience,
        admission=admission,
        items=items,
        grace=options.grace,
        max_failures=options.max_failures,
        total=options.total,
    )
