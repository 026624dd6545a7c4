"""Whether a bulk run went well, and how to go on where it did not.

Law: reads the report, and the journal where the report does not tell; says no more than one line for each way to go on.
"""

import shlex
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from mi_async._core.output_file import BY_FORCE, OutputFile
from mi_async.bulk.outcome import Status
from mi_async.bulk.report import BulkReport
from mi_async.bulk.results import rows_file
from mi_async.errors import BulkError, ConfigError, InvalidArgumentError, JournalError

TOO_BIG, FIT = "size", "--fit makes pictures of more than 5 MB smaller"
"""Code of pictures that are only too big, and what helps."""


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
    counts = report.counts
    if counts.get(Status.PARKED) or report.open:
        error.add_note(f"parked ones may go better another time: {again}")
    if stays := [status.value for status in (Status.FAILED, Status.PARTIAL) if counts.get(status)]:
        retry = f"mi-async journal retry {shlex.quote(report.journal)}"
        error.add_note(f"{' and '.join(stays)} ones are tried again after: {retry}")
    if counts.get(Status.REJECTED):
        error.add_note("rejected ones have to be put right in the input")
    if may_fit and _has_problem(report, TOO_BIG):
        error.add_note(FIT)
    raise error


def report_target(path: Path | None, source: str, journal: Path, *, force: bool) -> OutputFile | None:
    """Check the file that --report names, before the run.

    Raises:
        InvalidArgumentError: it must not or cannot be written.
    """
    if path is None:
        return None
    try:
        return rows_file(path, journal=journal, inputs=[source], force=force)
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


def _has_problem(report: BulkReport, code: str) -> bool:
    """Whether the journal has one of this code; a report has the first few only."""
    from mi_async.bulk.ledger import read_journal  # noqa: PLC0415  brings SQLAlchemy, an extra

    with read_journal(report.journal) as ledger:
        return any(True for _ in ledger.problems(code))
