"""The parts of a bulk run put together: the only place of the bulk layer where objects are wired.

Law: opens what the run needs; whoever calls it closes that by the stack.
"""

from contextlib import AsyncExitStack

from attrs import evolve

from mi_async.bulk.admission import Admission
from mi_async.bulk.engine import Engine
from mi_async.bulk.faces import Faces
from mi_async.bulk.fit import Fitter
from mi_async.bulk.items import Input, Item, PersonInput, ThumbnailUpload
from mi_async.bulk.journal import Journal
from mi_async.bulk.loading import fitted, load
from mi_async.bulk.options import Options
from mi_async.bulk.pool import Pool
from mi_async.bulk.records import Identity
from mi_async.bulk.steps import Means
from mi_async.bulk.tag_ids import TagIds
from mi_async.bulk.tally import Tally
from mi_async.bulk.turns import Turns
from mi_async.workflows.context import Context

OPERATIONS: dict[type[Item], str] = {PersonInput: "enroll", ThumbnailUpload: "upload-thumbnails"}
"""What a journal calls a run of these items."""


async def assemble(
    stack: AsyncExitStack,
    context: Context,
    items: Input,
    kind: type[PersonInput] | type[ThumbnailUpload],
    options: Options,
) -> Engine:
    """An engine that is ready to start."""
    context = evolve(context, entry=context.groups)  # a run waits for its quota, however long the line
    identity = Identity(context.endpoint, await context.account(), context.groups.name, OPERATIONS[kind])
    loads = fitted(await stack.enter_async_context(Fitter())) if options.fit else load
    journal = await Journal.open(options.journal, identity, clock=context.clock)
    stack.push_async_callback(journal.aclose)
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
    return Engine(
        process=Faces(means),
        tally=tally,
        journal=journal,
        patience=options.patience,
        admission=Admission(journal, turns, kind, context.validate),
        items=items,
        grace=options.grace,
        max_failures=options.max_failures,
        total=options.total,
    )
