"""A sync: what a confirmed plan removes is removed, then all that the source has is ingested by a bulk run.

Invariant: nothing is deleted or replaced without the code of the plan; after a sync that was killed, one with the same
options goes on with what was confirmed. Everything else is the run's: the same engine, journal and resume.
"""

import asyncio
import os
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, aclosing
from typing import TYPE_CHECKING

from attrs import define, evolve, field

from mi_async._core.confirmation import check_confirmed
from mi_async.bulk.engine.outcome import AssetOutcome
from mi_async.bulk.engine_factory import EngineFactory, ingest_factory
from mi_async.bulk.inputs.models import Input
from mi_async.bulk.journal.place import Journalled
from mi_async.bulk.options import BulkOptions
from mi_async.bulk.run import BulkRun
from mi_async.errors import InvalidArgumentError
from mi_async.storage.models import StoredObject
from mi_async.sync.confirmed import give_up_confirmed, read_confirmed, write_confirmed
from mi_async.sync.decisions import SyncState
from mi_async.sync.named_source import source_of
from mi_async.sync.plan import SyncPlan
from mi_async.sync.planner import SyncOptions, SyncPlanner
from mi_async.sync.removal import Remover, SyncRemoval
from mi_async.sync.watch import Watcher, WatchPass, WatchRules, WatchTarget
from mi_async.workflows.context import Context
from mi_async.workflows.ingest.options import IngestOptions
from mi_async.workflows.ingest.resolve import listed_project

if TYPE_CHECKING:
    from mi_async.bulk.factory import WiredRun


async def plan_sync(
    context: Context,
    source: str | os.PathLike[str],
    journal: Journalled,
    project: int | str | None,
    options: SyncOptions,
) -> SyncPlan:
    """Return the plan of a sync; see ``Workspace.plan_sync``."""
    found = source_of(source, context.store)
    context.store.connection.check_meant()
    one = await listed_project(context, project)
    plan = await SyncPlanner(context, one.project_id, found, journal, options).plan()
    return evolve(plan, project_name=one.name)


@define(eq=False, repr=False)
class SyncRun(BulkRun):
    """The run of a sync: a :class:`BulkRun` that first removes what its plan lists.

    Attributes:
        removals: what was removed, or kept and why, once the run has begun.
    """

    removals: list[SyncRemoval] = field(factory=list, kw_only=True)
    # set iff stop() was called: the removals come before the engine, which stop() is for
    _stop_asked: threading.Event = field(factory=threading.Event, kw_only=True, alias="stop_asked")

    def stop(self) -> None:
        """Remove and take nothing more; what is confirmed and not removed is left to the next sync."""
        self._stop_asked.set()
        super().stop()


def sync(
    context: Context, plan: SyncPlan, confirm: str | None, ingest: IngestOptions, options: Callable[..., BulkOptions]
) -> SyncRun:
    """Return the run of a plan; see ``Workspace.sync``.

    Args:
        context: the workspace.
        plan: what to do.
        confirm: its code.
        ingest: options of each file.
        options: makes the options of the run, given its journal.

    Raises:
        PlanNotConfirmedError: it was not confirmed.
        InvalidArgumentError: the plan is of another workspace, would delete more than is allowed, or an option is
            wrong.
    """
    usual = ingest_factory(context, ingest)
    if (plan.endpoint, plan.workspace) != (context.endpoint, context.groups.name):
        message = f"the plan is for workspace {plan.workspace!r} at {plan.endpoint}"
        raise InvalidArgumentError(message)
    if plan.refusal:
        raise InvalidArgumentError(plan.refusal)
    check_confirmed(plan.code, confirm, what=plan.warning)
    source, removals, stop_asked = source_of(plan.source, context.store), list[SyncRemoval](), threading.Event()

    async def make(stack: AsyncExitStack, items: Input, wired: BulkOptions) -> "WiredRun":
        await _remove(context, plan, removals.append, stop_asked.is_set)
        return await usual.make(stack, items, wired)

    factory = EngineFactory(usual.takes, usual.workflow, make)
    left_out = plan.left_out
    items = source.items(lambda key: key not in left_out)
    return SyncRun(factory, items, options(journal=plan.journal), removals=removals, stop_asked=stop_asked)


async def _remove(
    context: Context, plan: SyncPlan, ended: Callable[[SyncRemoval], None], stopped: Callable[[], bool]
) -> None:
    """Remove what is confirmed, and let the journal forget what is gone at the service already."""
    from mi_async.bulk.journal.forget import forget_assets  # noqa: PLC0415  brings SQLAlchemy, an extra

    again = [item for item in plan.items if item.state in {SyncState.MISSING, SyncState.FORGOTTEN}]
    # from the journal, not from the plan, which anybody may have changed: only what was confirmed needs no code
    unfinished = await asyncio.to_thread(read_confirmed, plan)
    if plan.give_up:
        await asyncio.to_thread(give_up_confirmed, plan, unfinished)
        unfinished = ()
    # one removal of each object: a plan that was stopped and is run again has confirmed the same ones before
    resumed = evolve(plan, unfinished=unfinished).resumed
    removed = tuple({item.place: item for item in (*resumed, *plan.removed)}.values())
    if not again and not removed:
        return
    if removed:  # what waits stays confirmed
        await asyncio.to_thread(write_confirmed, plan, plan.removed, context.clock.wall())
    places = [StoredObject(item.bucket, item.key) for item in again]
    await asyncio.to_thread(forget_assets, plan.journal, plan.project_id, places)
    if removed:
        remover = Remover(context, plan, source_of(plan.source, context.store))
        await remover.remove(removed, ended, stopped)


def watch(
    context: Context,
    source: str | os.PathLike[str],
    ingest: IngestOptions,
    options: BulkOptions,
    rules: WatchRules,
) -> AsyncGenerator[AssetOutcome]:
    """Watch a source; see ``Workspace.watch``."""
    target = WatchTarget(ingest_factory(context, ingest), ingest.project, ingest.bucket)
    return _outcomes(context, source, target, options, rules)


async def _outcomes(
    context: Context, source: str | os.PathLike[str], target: WatchTarget, options: BulkOptions, rules: WatchRules
) -> AsyncGenerator[AssetOutcome]:
    watcher = Watcher(
        context=context,
        source=source_of(source, context.store),
        target=target,
        options=options,
        interval=rules.interval,
        told=rules.progress or _nobody,
    )
    async with aclosing(watcher.outcomes(rules.passes)) as outcomes:
        async for outcome in outcomes:
            yield outcome


def _nobody(_done: WatchPass) -> None:
    """Nobody listens."""
