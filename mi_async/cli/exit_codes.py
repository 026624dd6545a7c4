"""Exit codes of the commands, as a table.

Invariant: every error that a command may raise without being wrong itself is in the table; any other is a bug.
"""

from itertools import chain
from textwrap import wrap

from attrs import frozen
from cyclopts import CycloptsError

from mi_async.cli.signals import HangUpError, TerminatedError
from mi_async.cli.streams import OutputError, ReaderGoneError
from mi_async.errors import (
    AlreadyExistsError,
    AuthenticationError,
    BulkError,
    ConfigError,
    ConflictError,
    CredentialsError,
    ImageRejectedError,
    InvalidArgumentError,
    JobStateError,
    JobTimeoutError,
    JournalError,
    MediaRejectedError,
    MIError,
    NotFoundError,
    PermissionDeniedError,
    PersonKnownError,
)


class FailedChecksError(Exception):
    """Checks of ``doctor`` failed, as its result shows."""


@frozen
class Exit:
    """One exit code.

    Attributes:
        code: of the process.
        meaning: for the help.
        errors: that end a command this way.
    """

    code: int
    meaning: str
    errors: tuple[type[BaseException], ...] = ()


EXITS = (
    Exit(0, "done"),
    Exit(
        2,
        "a mistake in a command, setting, file or journal; nothing was changed",
        (CycloptsError, ConfigError, InvalidArgumentError, ImageRejectedError, MediaRejectedError, JournalError),
    ),
    Exit(
        3,
        "no usable credentials, or they may not do this",
        (CredentialsError, AuthenticationError, PermissionDeniedError),
    ),
    Exit(4, "what was named does not exist", (NotFoundError,)),
    Exit(
        5,
        "it exists already, or its state forbids it",
        (ConflictError, AlreadyExistsError, JobStateError, PersonKnownError),
    ),
    Exit(6, "the time for waiting is over; the job goes on at the service", (JobTimeoutError,)),
    Exit(129, "stopped by SIGHUP: its terminal was closed", (HangUpError,)),
    Exit(143, "stopped by SIGTERM: docker stop, Kubernetes, systemd, kill", (TerminatedError,)),
    Exit(130, "interrupted by Ctrl-C", (KeyboardInterrupt,)),
    Exit(141, "the reader of the output went away", (ReaderGoneError,)),
    Exit(
        1,
        "any other failure of the service, network, upload, output or check",
        (MIError, OutputError, FailedChecksError),
    ),
)
"""Every exit code; an error has the first that names its class."""

UNCHANGED = 2
"""The code that promises that nothing was changed; a bulk run cannot, once it has taken an item."""

FAILURES = tuple(error for row in EXITS for error in row.errors)
"""Errors that a command may raise without being wrong itself."""


def exit_code(error: BaseException) -> int:
    """Return the code of one of FAILURES; of a bulk run that had to stop, the one of its cause."""
    if isinstance(error, BulkError) and isinstance(error.__cause__, FAILURES):
        code, report = exit_code(error.__cause__), error.report
        untouched = report is not None and not report.ended and not report.open
        return 1 if code == UNCHANGED and not untouched else code
    return next(row.code for row in EXITS if isinstance(error, row.errors))


def epilogue(width: int) -> str:
    """Return the table for the help, with meanings that stay in their column."""
    rows = sorted(EXITS, key=lambda row: row.code)
    lines = [wrap(f"  {row.code:>3}  {row.meaning}", width, subsequent_indent=" " * 7) for row in rows]
    return "\n".join(["Exit codes:", *chain(*lines)])
