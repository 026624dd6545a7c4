"""The part that all bulk commands share: a run with its journal, its live display, its report, and its end.

Invariant: running the same command again is the resume; a run that has begun leaves its report on stdout however it
ends.
"""

import asyncio
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, closing, nullcontext
from pathlib import Path
from typing import Any

from attrs import frozen

from mi_async._core.output_file import OutputFile
from mi_async._core.paths import existing_path
from mi_async._core.url_secrets import filled
from mi_async.bulk.journal.place import Journalled, JournalUrl, parsed
from mi_async.bulk.plan.dry_run import DryRun
from mi_async.bulk.report.export import write_to
from mi_async.bulk.report.report import BulkReport
from mi_async.bulk.run import BulkRun
from mi_async.cli import event_loop, output
from mi_async.cli.bulk_advice import (
    advise_stopped,
    as_bulk_error,
    judge,
    print_resume,
    report_target,
    warn_of_no_items,
)
from mi_async.cli.bulk_display import run_shown
from mi_async.cli.bulk_dry_run import journal_of, print_plan
from mi_async.cli.bulk_options import ImageOptions, RunOptions
from mi_async.cli.connection import InWorkspace
from mi_async.cli.streams import OutputError, ReaderGoneError, notes, print_line, print_note, stdout
from mi_async.errors import BulkError, InvalidArgumentError, MIError
from mi_async.fleet import FleetOperation
from mi_async.session import Session
from mi_async.text import span

AGAIN = "run the same command again"


@frozen
class BulkCommand:
    """Differences between the bulk commands.

    Attributes:
        start_message: for the first line of a run.
        plan_message: for the first line of a dry run.
        session: with the service.
        count: returns the number of items, None where it cannot be known.
        plan: returns a plan from the journal, a file of problems, and True if that may replace any file.
        start: returns the run of a workspace, from its further options.
        operation: name of the method of a workspace, for members in other processes.
        more: further options of it, and of the reader, for these.
        of_report: returns further members of the report in JSON.
    """

    start_message: str
    plan_message: str
    session: Callable[[], AbstractAsyncContextManager[Session]]
    count: Callable[[], int | None]
    plan: Callable[[Journalled | None, Path | None, bool], DryRun]
    start: Callable[..., BulkRun]
    operation: FleetOperation
    more: Mapping[str, Any]
    of_report: Callable[[], Mapping[str, Any]] = dict


@frozen
class StartedRun:
    """A run of a command with the files that it writes.

    Attributes:
        source: its input, for messages.
        journal: path or URL of the journal.
        report: file for the outcome of every item.
        service: the service and its workspace.
        of_report: as for a command.
    """

    source: str
    journal: Journalled
    report: OutputFile | None
    service: InWorkspace
    of_report: Callable[[], Mapping[str, Any]] = dict


def run_command(command: BulkCommand, source: str, options: RunOptions, service: InWorkspace) -> None:
    """Run over an input, or print what would be done with it.

    Raises:
        BulkError: not all is well.
        MIError: any other failure.
    """
    if options.members is not None and options.on is None:
        print_line("--members means nothing without --on: this process works by itself, or joins those at work")
    journal = journal_for(source, options)
    report_file = report_target(options.report, source, journal, force=options.force)
    may_fit = _may_fit(options)
    with nullcontext() if report_file is None else closing(report_file):
        if options.dry_run:
            print_note(f"planning for {source}: {command.plan_message}")
            plan = command.plan(journal_of(journal, service.workspace), options.report, options.force)
            return print_plan(plan, source, service, may_fit=may_fit)
        if options.journal is None and not os.access(".", os.W_OK):
            message = f"the journal {Path.cwd() / str(journal)} cannot be written; name another place with --journal"
            raise InvalidArgumentError(message)
        started = StartedRun(source, journal, report_file, service, command.of_report)
        report = event_loop.run((_run if options.on is None else _run_on)(command, started, options))
        with as_bulk_error():
            return judge(report, again=AGAIN, may_fit=may_fit)


def _may_fit(options: RunOptions) -> bool:
    return isinstance(options, ImageOptions) and options.may_fit


def journal_for(source: str, options: RunOptions) -> Journalled:
    """Return the journal of a run over an input: a URL as a value that hides its password, or the path of a file."""
    named = options.journal or f"{Path(source).resolve().name}.journal"
    place = parsed(filled(named) if "://" in named else named)
    # Whatever Unicode form the disk or the keyboard gives its name: with another journal the run would begin anew.
    return place if isinstance(place, JournalUrl) else existing_path(place)


async def _run(command: BulkCommand, started: StartedRun, options: RunOptions) -> BulkReport:
    service = started.service
    place = f"in workspace {service.workspace}; journal: {started.journal}"
    print_note(f"{command.start_message} {started.source} {place}")
    total = await asyncio.to_thread(command.count)
    async with command.session() as session:
        run = command.start(
            session.workspace(service.workspace),
            journal=started.journal,
            total=total,
            **options.of_run,
        )
        return await follow(run, started, options.grace, may_fit=_may_fit(options))


async def follow(run: BulkRun, started: StartedRun, grace: float, *, may_fit: bool = False) -> BulkReport:
    """Display a run until its end, and print its report, however it ends.

    Args:
        run: the run.
        started: where it reports to.
        grace: seconds that a stop signal leaves to what is in flight.
        may_fit: True if images could be made smaller, and were not.

    Raises:
        MIError: the run had to stop.
    """
    try:
        report = await _displayed(run, grace, started.service)
    except (MIError, asyncio.CancelledError) as error:
        if (report_so_far := _report_of(run)) is not None:
            _print_stopped(report_so_far, started)
            failed = isinstance(error, MIError)  # whose message comes last; a signal has none to say
            if not failed:
                advise_stopped(report_so_far, again=AGAIN, may_fit=may_fit)
            again = f"once that is put right, {AGAIN}" if failed else AGAIN
            print_resume(report_so_far, started.journal, again=again)
        raise
    _print(report, started)  # before the session is closed: a signal may come while it is
    return report


async def _run_on(command: BulkCommand, started: StartedRun, options: RunOptions) -> BulkReport:
    """Run in members that are started elsewhere."""
    from mi_async.cli.bulk_fleet import (  # noqa: PLC0415  brings Dask, an extra
        FleetCommand,
        last_run,
        report_so_far,
        run_fleet,
    )

    service = started.service
    given = {**command.more, **options.of_run, "journal": options.journal, "on": options.on, "members": options.members}
    fleet = FleetCommand.of(command.operation, started.source, given, service)
    print_note(f"{command.start_message} {started.source} in workspace {service.workspace}; journal: {started.journal}")
    total = await asyncio.to_thread(command.count)
    before = await asyncio.to_thread(last_run, fleet.journal)
    try:
        report = await run_fleet(fleet, total, before, service)
    except BulkError as error:
        if error.report is not None:
            _print_stopped(error.report, started)
        raise
    except asyncio.CancelledError:
        if (so_far := await report_so_far(fleet.journal, total, before)) is not None:
            _print_stopped(so_far, started)
        print_note(f"what is done is in {started.journal}; {AGAIN} to resume")
        raise
    _print(report, started)
    return report


async def _displayed(run: BulkRun, grace: float, service: InWorkspace) -> BulkReport:
    """Run and display it; stop signals are for the run."""

    def open_items() -> str:
        return f"{run.progress.open:,} items in progress have {span(grace)} to end"

    with run_shown(run, service, open_items):
        return await run


def _report_of(run: BulkRun) -> BulkReport | None:
    """Return the report of a run that was stopped, None if it had not begun."""
    try:
        return run.report
    except BulkError:
        return None


def _print(report: BulkReport, started: StartedRun) -> None:
    """Print the report for people and as the result, and write every item to a file."""
    try:
        if started.service.output == "table":
            stdout().write(f"{report}\n")
        else:
            notes().write(f"{report}\n")
            output.show({**report.as_dict(), **started.of_report()}, started.service.output)
        if not report.ending and not report.open:
            warn_of_no_items(started.source, report.ended)
        stdout().flush()  # the file may be the same
    finally:
        if started.report is not None:
            with as_bulk_error():
                write_to(started.report, report.place, report.run)


def _print_stopped(report: BulkReport, started: StartedRun) -> None:
    """Print the report of a run that was stopped; the command ends for that reason, even if nobody can read this."""
    try:
        _print(report, started)
    except ReaderGoneError:
        pass
    except OutputError as error:
        print_line(f"error: {error}")
