"""Whether a bulk run went well, and how to go on where it did not.

Law: reads the report, and the journal where the report does not tell; a line for each code that there is advice about.
"""

import shlex
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from mi_async._core.output_content import BY_FORCE
from mi_async._core.output_file import OutputFile
from mi_async.bulk.engine.outcome import Status
from mi_async.bulk.report.advice import FIT, TOO_BIG, advice
from mi_async.bulk.report.export import rows_file
from mi_async.bulk.report.report import BulkReport
from mi_async.cli.standard_input import DESCRIPTOR, SHOWN
from mi_async.errors import BulkError, ConfigError, InvalidArgumentError, JournalError

STAYS = (Status.FAILED, Status.PARTIAL, Status.REJECTED)
"""Ways to end about which something has to be done."""
MANY = 5
"""Codes that one line names."""


def judge(report: BulkReport, *, again: str, may_fit: bool) -> None:
    """Fail when not all is well, and say how to go on.

    Args:
        report: of the run.
        again: what takes up parked ones.
        may_fit: whether pictures could be made smaller, and were not.

    Raises:
        BulkError: not all is well.
    """
    if report.ok:
        return
    error = BulkError(f"{report.troubled:,} of {report.ended:,} items did not go well")
    if report.counts.get(Status.PARKED) or report.open:
        error.add_note(f"parked ones may go better another time: {again}")
    if any(report.counts.get(status) for status in STAYS):
        advise(error, _reasons(report), may_fit=may_fit)
        if any(report.counts.get(status) for status in (Status.FAILED, Status.PARTIAL)):
            _advise_retry(error, _reasons(report), report.journal)
    raise error


def advise(error: BulkError, reasons: Mapping[str, int], *, may_fit: bool) -> None:
    """Add a line for each code that there is advice about."""
    for code, number in reasons.items():
        if code == TOO_BIG and may_fit:
            error.add_note(f"{code} ({number:,}): {FIT}")
        elif text := advice(code).text:
            error.add_note(f"{code} ({number:,}): {text}")


def _advise_retry(error: BulkError, reasons: Mapping[str, int], journal: str) -> None:
    """Add how to try again what may go better, where there is any such thing."""
    mendable = [code for code in reasons if advice(code).retry]
    if not mendable:
        return
    only = f" --code {shlex.quote(mendable[0])}" if len(mendable) == 1 and len(reasons) > 1 else ""
    retry = f"mi-async journal retry {shlex.quote(journal)}{only}"
    error.add_note(f"{', '.join(mendable[:MANY])}: once the cause is gone, the next run tries again after: {retry}")


def _reasons(report: BulkReport) -> Mapping[str, int]:
    """Return what stands in the way, by code: the journal has all of it, a report the first few only."""
    from mi_async.bulk.journal.reader import read_journal  # noqa: PLC0415  brings SQLAlchemy, an extra

    with read_journal(report.journal) as reader:
        return reader.reasons(report.run)


def report_target(path: Path | None, source: str, journal: Path, *, force: bool) -> OutputFile | None:
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


@contextmanager
def after_the_run() -> Generator[None]:
    """Let no failure after a run say by its class that nothing was changed.

    Raises:
        BulkError: in the place of such an error.
    """
    try:
        yield
    except (ConfigError, InvalidArgumentError, JournalError) as error:
        raise BulkError(str(error)) from error
