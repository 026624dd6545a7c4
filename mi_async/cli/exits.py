"""How a command ends: the exit codes as a table, and what a failure says.

Law: whoever made a mistake gets one line, not a stack trace; only what is not in the table is a bug and shows one.
"""

import difflib
import os
from collections.abc import Iterator, Mapping
from typing import Any, cast

import attrs
from attrs import frozen
from cyclopts import CycloptsError, MissingArgumentError, UnusedCliTokensError

from mi_async.cli.created import sentences
from mi_async.cli.signals import HangUpError, TerminatedError
from mi_async.cli.streams import OutputError, ReaderGoneError, stderr
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
)
from mi_async.text import encodable, one_line


@frozen
class Exit:
    """One way to end.

    Attributes:
        code: of the process.
        meaning: for the help.
        errors: what ends this way.
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
    Exit(5, "it exists already, or its state forbids it", (ConflictError, AlreadyExistsError, JobStateError)),
    Exit(6, "the time for waiting is over; the job goes on at the service", (JobTimeoutError,)),
    Exit(129, "stopped by SIGHUP: its terminal was closed", (HangUpError,)),
    Exit(143, "stopped by SIGTERM: docker stop, Kubernetes, systemd, kill", (TerminatedError,)),
    Exit(130, "interrupted by Ctrl-C", (KeyboardInterrupt,)),
    Exit(141, "whoever read the output went away", (ReaderGoneError,)),
    Exit(1, "any other failure of the service, the network, an upload or the output", (MIError, OutputError)),
)
"""Every way to end; for an error the first that names its class."""

UNCHANGED = 2
"""The code that promises that nothing was changed; a bulk run cannot, once it has taken an item."""

FAILURES = tuple(error for way in EXITS for error in way.errors)
"""What a command may raise without being wrong itself."""


def exit_code(error: BaseException) -> int:
    """Code for one of FAILURES; of a bulk run that had to stop, the one of its cause."""
    if isinstance(error, BulkError) and isinstance(error.__cause__, FAILURES):
        code, report = exit_code(error.__cause__), error.report
        untouched = report is not None and not report.ended and not report.open
        return 1 if code == UNCHANGED and not untouched else code
    return next(way.code for way in EXITS if isinstance(error, way.errors))


IN_OPTIONS: Mapping[str, str] = {
    "--fit (fit=True)": "--fit",
    "one_by_one=True": "--one-by-one",
    "force=True": "--force",
    "connect(proxy=...), --proxy": "--proxy",
    "connect(ca_file=...), --ca-file": "--ca-file",
    "(connect(storage=Storage(url)), --storage-url)": "--storage-url",
}
"""What messages of the library call an argument, and the option that it is on the command line."""


def in_options(message: str) -> str:
    """Return a message of the library with the options of the command line instead of arguments of Python."""
    for argument, option in IN_OPTIONS.items():
        message = message.replace(argument, option)
    return message


def check_text(_kind: object, value: object) -> None:
    """Refuse an argument that is no Unicode text before anything is done with it; a path may be any bytes.

    Raises:
        ValueError: as cyclopts wants it.
    """
    given = value if isinstance(value, list | tuple) else (value,)
    for one in given:
        if isinstance(one, str) and encodable(one) != one and not os.path.lexists(one):
            message = f"{encodable(one)} is not Unicode text, and no file has this name"
            raise ValueError(message)
        if attrs.has(type(one)):  # a group of options, whose members cyclopts does not show us one by one
            check_text(_kind, attrs.astuple(cast("attrs.AttrsInstance", one), recurse=False))


def epilogue() -> str:
    """The table, for the help."""
    rows = sorted(EXITS, key=lambda way: way.code)
    return "Exit codes:\n" + "\n".join(f"  {way.code:>3}  {way.meaning}" for way in rows)


def report(error: BaseException) -> int:
    """Tell the user what went wrong and what exists all the same; returns the exit code."""
    if not isinstance(error, ReaderGoneError):
        stderr().write("".join(f"{line}\n" for line in _lines(error)))
    return exit_code(error)


def _lines(error: BaseException) -> Iterator[str]:
    yield str(error) or "interrupted" if isinstance(error, KeyboardInterrupt) else f"error: {one_line(_message(error))}"
    yield from [one_line(note) for note in getattr(error, "__notes__", ())]
    yield from sentences(_created(error))
    if isinstance(error, JobTimeoutError) and error.job is not None:
        yield f"to wait for it again: mi-async jobs wait {error.job}"


def _created(error: BaseException) -> Mapping[str, Any]:
    """What exists all the same; asyncio makes the interruption out of the cancellation of what was under way."""
    source = error.__context__ if isinstance(error, KeyboardInterrupt) else error
    return getattr(source, "created", None) or {}


def _message(error: BaseException) -> str:
    if isinstance(error, JobTimeoutError):
        return error.brief
    if isinstance(error, MIError):
        return in_options(str(error))
    if isinstance(error, UnusedCliTokensError) and error.unused_tokens:
        what = "command" if not error.command_chain else "argument"
        return f'unknown {what} "{error.unused_tokens[0]}"{_meant(error)}; see {_asked(error)} --help'
    if isinstance(error, MissingArgumentError) and error.argument is not None:
        variables = [f" (or set {name})" for name in error.argument.parameter.env_var or ()]
        name = error.argument.name
        shown = name if error.argument.index is None else name.removeprefix("--").upper()
        return f"{shown} is missing{''.join(variables)}; see {_asked(error)} --help"
    return str(error)


def _meant(error: UnusedCliTokensError) -> str:
    """The command that was probably meant, where it is one that is missing; cyclopts says so for nested ones."""
    app = None if error.command_chain else error.app
    names = [name for name in app or () if not name.startswith("-")]
    near = difflib.get_close_matches((error.unused_tokens or [""])[0].casefold(), names, n=1)
    return f', did you mean "{near[0]}"?' if near else ""


def _asked(error: CycloptsError) -> str:
    return " ".join(["mi-async", *(error.command_chain or ())])
