"""Advice after a bulk run in which not all went well, and the check of the file that ``--report`` names.

Invariant: reads the report, and the journal where the report does not tell; one line for each code that has advice.
"""

import shlex
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from mi_async._core.output_content import BY_FORCE
from mi_async._core.output_file import OutputFile
from mi_async.bulk.engine.outcome import Status
from mi_async.bulk.journal.place import Journalled
from mi_async.bulk.report.advice import FIT_ADVICE, advice
from mi_async.bulk.report.export import rows_file
from mi_async.bulk.report.report import BulkReport
from mi_async.cli.standard_input import DESCRIPTOR, SHOWN
from mi_async.cli.streams import print_line, print_note
from mi_async.errors import BulkError, ConfigError, InvalidArgumentError, JournalError
from mi_async.text import one_line, quantity

STAYS = (Status.FAILED, Status.PARTIAL, Status.REJECTED)
"""Statuses that need somebody to do something."""
MANY = 5
"""Most codes that one line names."""


def judge(report: BulkReport, *, again: str, may_fit: bool) -> None:
    """Fail if not all went well, with advice.

    Args:
        report: of the run.
        again: advice that resumes the run.
        may_fit: True if images could be made smaller, and were not.

    Raises:
        BulkError: not all went well.
    """
    if report.ok:
        return
    error = BulkError(f"{report.troubled:,} of {quantity(report.ended, 'item')} did not go well")
    if report.counts.get(Status.PARKED) or report.open:
        error.add_note(f"parked items may succeed later: {again}")
    if any(report.counts.get(status) for status in STAYS):
        advise(error, _reasons(report), may_fit=may_fit)
        if any(report.counts.get(status) for status in (Status.FAILED, Status.PARTIAL)):
            _advise_retry(error, _reasons(report), report.journal)
    raise error


def advise_stopped(report: BulkReport, *, again: str, may_fit: bool) -> None:
    """Print what did not go well in a run that a signal has stopped, with the advice that it would have ended with."""
    if not report.troubled:
        return
    try:
        with as_bulk_error():
            judge(report, again=again, may_fit=may_fit)
    except BulkError as error:
        for line in (f"error: {error}", *getattr(error, "__notes__", ())):
            print_line(one_line(line))


def print_resume(report: BulkReport, journal: Journalled, *, again: str) -> None:
    """Print how to resume a run that was stopped, or that nothing is left to resume."""
    if not report.ending and not report.open and not report.counts.get(Status.PARKED):
        print_note("the whole input was gone through before the stop; nothing is left to resume")
    elif report.ended or report.open:
        print_note(f"what is done is in {journal}; {again} to resume")


def advise(error: BulkError, reasons: Mapping[str, int], *, may_fit: bool) -> None:
    """Add a line for each code that has advice."""
    for code, number in reasons.items():
        if text := (may_fit and FIT_ADVICE.get(code)) or advice(code).text:
            error.add_note(f"{code} ({number:,}): {text}")


def _advise_retry(error: BulkError, reasons: Mapping[str, int], journal: str) -> None:
    """Add the command that retries what may succeed then, if there is such a code."""
    retryable = [code for code in reasons if advice(code).retry]
    if not retryable:
        return
    only = f" --code {shlex.quote(retryable[0])}" if len(retryable) == 1 and len(reasons) > 1 else ""
    retry = f"mi-async journal retry {shlex.quote(journal)}{only}"
    error.add_note(f"{', '.join(retryable[:MANY])}: once the cause is gone, have the next run retry with: {retry}")


def _reasons(report: BulkReport) -> Mapping[str, int]:
    """Return the number of failures by code: the journal has all, a report only the first few."""
    from mi_async.bulk.journal.reader import read_journal  # noqa: PLC0415  brings SQLAlchemy, an extra

    with read_journal(report.place) as reader:
        return reader.reasons(report.run)


def report_target(path: Path | None, source: str, journal: Journalled, *, force: bool) -> OutputFile | None:
    """Check the file that --report names, before the run.

    Raises:
        InvalidArgumentError: it must not or cannot be written.
    """
    if path is None:
        return None
    inputs: list[str | int] = [source, DESCRIPTOR] if source == SHOWN else [source]
    try:
        return rows_file(path, journal=journal, inputs=inputs, force=force)
    except InvalidArgumentError as error:
        message = f"--report: {error}".replace(BY_FORCE, "replace it with --force")
        raise InvalidArgumentError(message) from error


def warn_of_no_items(source: str, items: int) -> None:
    """Warn of an input without items: it may be the wrong one, and nothing else would tell."""
    if not items:
        print_line(f"warning: {source} has no item; see what was passed over, or give another input")


@contextmanager
def as_bulk_error() -> Generator[None]:
    """Raise a BulkError for an error whose exit code would promise that nothing was changed.

    Raises:
        BulkError: in the place of such an error.
    """
    try:
        yield
    except (ConfigError, InvalidArgumentError, JournalError) as error:
        raise BulkError(str(error)) from error
