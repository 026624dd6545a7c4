"""``ingest-many --sync``: a folder or a prefix of a bucket in step with a project.

Invariant: nothing is deleted or replaced before its plan was shown and its code was given; what follows is the usual
run, so running the same command again is the resume.
"""

from functools import partial
from typing import Any

from mi_async.cli import event_loop, output
from mi_async.cli.bulk_dry_run import judge_plan
from mi_async.cli.bulk_options import RunOptions
from mi_async.cli.bulk_run import BulkCommand, journal_for, run_command
from mi_async.cli.confirmation import code_line, confirmed
from mi_async.cli.connection import InStorage
from mi_async.cli.ingest import AssetOptions
from mi_async.cli.streams import notes, print_line, print_note, stdout
from mi_async.cli.sync_options import SyncFlags
from mi_async.errors import BulkError, InvalidArgumentError
from mi_async.sync.plan import SyncPlan
from mi_async.sync.removal import RemovalStatus
from mi_async.sync.workflow import SyncRun
from mi_async.workspace import Workspace


def sync_command(source: str, assets: AssetOptions, flags: SyncFlags, options: RunOptions, service: InStorage) -> None:
    """Plan a sync, have it confirmed where something would be deleted or replaced, and do it.

    Raises:
        PlanNotConfirmedError: it was not confirmed; nothing was done.
        BulkError: not all is well.
        MIError: any other failure.
    """
    if options.on is not None:
        message = "--on shares a run between processes, and a sync is made by one: leave it out"
        raise InvalidArgumentError(message)
    print_note(f"comparing {source} with {assets.target} of workspace {service.workspace}")
    plan = event_loop.run(_planned(source, assets, flags, options, service))
    if options.dry_run:
        return _show(plan, service)
    if plan.refusal:
        raise InvalidArgumentError(plan.refusal)
    code = event_loop.run(confirmed(plan, flags.confirm, what=f"{plan.warning} in {plan.target}"))
    notes().write(f"{plan}\n")
    started = list[SyncRun]()
    try:
        run_command(_command(plan, code, assets, service, started), source, options, service)
    finally:
        _print_removals(started)
    return _judge(started)


async def _planned(
    source: str, assets: AssetOptions, flags: SyncFlags, options: RunOptions, service: InStorage
) -> SyncPlan:
    async with service.session(storage=service.storage) as session:
        workspace, given = session.workspace(service.workspace), assets.as_arguments()
        journal: Any = journal_for(source, options)
        run = {name: given[name] for name in ("project", "analyze", "summarize")}
        return await workspace.plan_sync(source, journal=journal, **run, **flags.of_plan)


def _show(plan: SyncPlan, service: InStorage) -> None:
    if service.output == "table":
        stdout().write(f"{plan}\n" if plan.refusal else f"{plan}\n{_last_line(plan)}\n")
    else:
        output.show(plan.as_dict(), service.output)
    if plan.refusal:
        raise InvalidArgumentError(plan.refusal)
    if service.output != "table":
        print_note(_last_line(plan))
    judge_plan(plan.ingest, may_fit=False)


def _last_line(plan: SyncPlan) -> str:
    if plan.resumption and not plan.code:  # it is irreversible, though its confirmation has been given
        return "to do this, run the command without --dry-run; it was confirmed before, and no code is asked for"
    return code_line(plan)


def _command(
    plan: SyncPlan, code: str, assets: AssetOptions, service: InStorage, started: list[SyncRun]
) -> BulkCommand:
    arguments = assets.as_arguments()
    del arguments["project"]  # the plan has it

    def start(workspace: Workspace, **more: Any) -> SyncRun:
        del more["journal"], more["shards"]  # the plan has the one; a shared journal is no sync's
        started.append(workspace.sync(plan, confirm=code, **arguments, **more))
        return started[0]

    return BulkCommand(
        start_message=f"syncing with {plan.target}:",
        plan_message="",
        session=partial(service.session, storage=service.storage),
        count=lambda: plan.ingest.items,
        plan=_no_plan,
        start=start,
        operation="ingest_many",
        more=arguments,
        of_report=lambda: {"removals": [removal.as_row() for removal in started[0].removals]},
    )


def _no_plan(*_arguments: Any) -> Any:
    message = "the plan of a sync is another one"
    raise AssertionError(message)


def _print_removals(started: list[SyncRun]) -> None:
    for removal in started[0].removals if started else ():
        out = (
            print_line if removal.status is RemovalStatus.KEPT or removal.reason or removal.item.reason else print_note
        )
        out(str(removal))


def _judge(started: list[SyncRun]) -> None:
    """Fail if something that was to be removed is kept.

    Raises:
        BulkError: it is.
    """
    removals = started[0].removals if started else []
    kept = sum(removal.status is RemovalStatus.KEPT for removal in removals)
    if kept:
        message = f"{kept:,} of {len(removals):,} confirmed removals were not done"
        raise BulkError(message)
