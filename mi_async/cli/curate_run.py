"""``curate name`` and ``curate merge``: a filled-in table is planned, shown, confirmed and carried out.

Invariant: nobody is merged without the code of the plan that was shown; a run that was stopped goes on without asking.
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Annotated

from attrs import frozen
from cyclopts import Parameter

from mi_async._core.paths import existing_path
from mi_async.bulk.curate.history import plan_of
from mi_async.bulk.curate.plan import CurationPlan
from mi_async.bulk.curate.planner import digest_of, read_rows
from mi_async.bulk.inputs.models import BadInput
from mi_async.bulk.report.report import BulkReport
from mi_async.bulk.run import BulkRun
from mi_async.cli import event_loop, output
from mi_async.cli.bulk_advice import as_bulk_error, judge, report_target
from mi_async.cli.bulk_options import DEFAULTS, Grace, MostFailures, Patience
from mi_async.cli.bulk_run import AGAIN, StartedRun, follow
from mi_async.cli.confirmation import Confirm, code_line, confirmed
from mi_async.cli.connection import InWorkspace
from mi_async.cli.streams import print_note, stdout
from mi_async.errors import BulkError, InvalidArgumentError
from mi_async.text import quantity
from mi_async.workflows.curation.table import CurationRow
from mi_async.workspace import Workspace

Table = Annotated[
    str, Parameter(name="TABLE", help="A filled-in table: .csv, .jsonl or .parquet.", allow_leading_hyphen=True)
]


@Parameter(name="*")
@frozen(kw_only=True)
class CurateOptions:
    """Options of a curation."""

    dry_run: Annotated[
        bool,
        Parameter(negative=(), show_default=False, help="Print the plan and its code; change nothing."),
    ] = False
    confirm: Confirm = None
    journal: Annotated[
        Path | None,
        Parameter(help="Journal of the run; by default TABLE's name with .journal, in the current directory."),
    ] = None
    backup: Annotated[
        Path | None,
        Parameter(help="Folder for a backup of all who are merged; by default the journal's name with .backup."),
    ] = None
    report: Annotated[Path | None, Parameter(help="Write the outcome of every item to this file, as JSON Lines.")] = (
        None
    )
    encoding: Annotated[
        str | None, Parameter(help="Encoding of the table, such as cp949; by default UTF-8, UTF-16 or Korean.")
    ] = None
    max_failures: MostFailures = DEFAULTS["max_failures"]
    grace: Grace = DEFAULTS["grace"]
    patience: Patience = DEFAULTS["patience"]


NO_OPTIONS = CurateOptions()


def name_persons(table: Table, /, *, options: CurateOptions = NO_OPTIONS, service: InWorkspace) -> None:
    """Name persons, and merge those who are somebody else, as a filled-in table says.

    A name that nobody has is given to the person.

    With a name that somebody has, or somebody's ID in same_as, the person is merged into that one, for good.

    Before that the plan is shown, and its code asked for; without a terminal --confirm gives it.

    Stopped at any moment, the same command run again resumes.
    """
    _run(table, read_rows(table, encoding=options.encoding), options, service)


def merge(table: Table, /, *, options: CurateOptions = NO_OPTIONS, service: InWorkspace) -> None:
    """Merge doubles of persons, as a filled-in table says: each into the person in its column same_as, for good.

    Before that the plan is shown, and its code asked for; without a terminal --confirm gives it.

    Stopped at any moment, the same command run again resumes.
    """
    rows = read_rows(table, encoding=options.encoding)
    named = [row for row in rows if isinstance(row, CurationRow) and row.name is not None]
    if named:
        message = f"{named[0].origin}: a name is filled in, and merge gives no names; use mi-async curate name"
        raise InvalidArgumentError(message)
    _run(table, rows, options, service)


def _run(table: str, rows: Sequence[CurationRow | BadInput], options: CurateOptions, service: InWorkspace) -> None:
    journal = existing_path(options.journal or f"{Path(table).resolve().name}.journal")
    if options.dry_run:
        return _show_plan(event_loop.run(_planned(rows, journal, service)), service)
    report_file = report_target(options.report, table, journal, force=False)
    with nullcontext() if report_file is None else closing(report_file):
        started = StartedRun(table, journal, report_file, service)
        report = event_loop.run(_carried_out(rows, started, options))
    if report is not None:
        with as_bulk_error():
            judge(report, again=AGAIN, may_fit=False)
    return None


async def _planned(rows: Iterable[CurationRow | BadInput], journal: str, service: InWorkspace) -> CurationPlan:
    stored = await asyncio.to_thread(plan_of, journal, service.workspace, digest_of(rows))
    if stored is not None and stored.finished:
        print_note(f"a plan of this table was carried out, as {journal} says: a run reports its outcome again")
    elif stored is not None:
        print_note(
            f"a plan of this table was confirmed and is in {journal}: a run resumes that one, and not what follows"
        )
    async with service.session() as session:
        return await session.workspace(service.workspace).plan_curation(rows, journal=journal)


def _show_plan(plan: CurationPlan, service: InWorkspace) -> None:
    """Print a plan with its code.

    Raises:
        BulkError: answers are left out.
    """
    if service.output == "table":
        stdout().write(f"{plan}\n{code_line(plan) if plan.changes else 'nothing is to be done'}\n")
    else:
        output.show(plan.as_dict(), service.output)
    if plan.conflicts:
        message = f"{quantity(len(plan.conflicts), 'answer')} of the table cannot be carried out"
        raise BulkError(message)


async def _carried_out(
    rows: Sequence[CurationRow | BadInput], started: StartedRun, options: CurateOptions
) -> BulkReport | None:
    """Carry out a plan that was confirmed, now or by an earlier run; None if there is nothing to do."""
    service = started.service
    async with service.session() as session:
        newsroom = session.workspace(service.workspace)
        if await asyncio.to_thread(plan_of, started.journal, service.workspace, digest_of(rows)) is not None:
            print_note(f"the plan of this table was confirmed before, and is in {started.journal}")
            return await follow(_start(newsroom, None, started, options), started, options.grace)
        plan = await newsroom.plan_curation(rows, journal=str(started.journal))
        if not plan.changes:
            _show_plan(plan, service)
            return None
        await confirmed(plan, options.confirm, what=plan.warning)
        return await follow(_start(newsroom, plan, started, options), started, options.grace)


def _start(newsroom: Workspace, plan: CurationPlan | None, started: StartedRun, options: CurateOptions) -> BulkRun:
    return newsroom.curate(
        plan,
        confirm=None if plan is None else plan.code,
        journal=str(started.journal),
        backup=options.backup,
        max_failures=options.max_failures,
        grace=options.grace,
        patience=options.patience,
    )
