"""How a command ends: the exit codes as a table, and what a failure says.

Law: whoever made a mistake gets one line, not a stack trace; only what is not in the table is a bug and shows one.
"""

import os
import sys

from attrs import frozen
from cyclopts import CycloptsError, MissingArgumentError, UnusedCliTokensError

from mi_async._core import convert
from mi_async.cli.text import one_line
from mi_async.errors import (
    AuthenticationError,
    ConfigError,
    CredentialsError,
    ImageRejectedError,
    InvalidArgumentError,
    MIError,
    NotFoundError,
    PermissionDeniedError,
)


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
        "a mistake in the command, a setting or a picture; nothing was changed",
        (CycloptsError, ConfigError, InvalidArgumentError, ImageRejectedError),
    ),
    Exit(
        3,
        "no usable credentials, or they may not do this",
        (CredentialsError, AuthenticationError, PermissionDeniedError),
    ),
    Exit(4, "what was named does not exist", (NotFoundError,)),
    Exit(1, "any other failure of the service, the network or an upload", (MIError,)),
    Exit(130, "interrupted by Ctrl-C", (KeyboardInterrupt,)),
    Exit(141, "whoever read the output went away", (BrokenPipeError,)),
)
"""Every way to end; for an error the first that names its class."""

FAILURES = tuple(error for way in EXITS for error in way.errors)
"""What a command may raise without being wrong itself."""


def exit_code(error: BaseException) -> int:
    """Code for one of FAILURES."""
    return next(way.code for way in EXITS if isinstance(error, way.errors))


def epilogue() -> str:
    """The table, for the help."""
    rows = sorted(EXITS, key=lambda way: way.code)
    return "Exit codes:\n" + "\n".join(f"  {way.code:>3}  {way.meaning}" for way in rows)


def report(error: BaseException) -> int:
    """Tell the user what went wrong and what exists all the same; returns the exit code."""
    if isinstance(error, BrokenPipeError):
        # Python flushes stdout once more when it ends; that must not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    elif isinstance(error, KeyboardInterrupt):
        sys.stderr.write("interrupted\n")
    else:
        sys.stderr.write(f"error: {one_line(_message(error))}\n")
    if isinstance(error, MIError) and any(error.created.values()):
        sys.stderr.write(f"exists already: {convert.dumps(error.created).decode()}\n")
    return exit_code(error)


def _message(error: BaseException) -> str:
    if isinstance(error, UnusedCliTokensError) and error.unused_tokens:
        what = "command" if not error.command_chain else "argument"
        return f'unknown {what} "{error.unused_tokens[0]}"; see {_asked(error)} --help'
    if isinstance(error, MissingArgumentError) and error.argument is not None:
        variables = [f" (or set {name})" for name in error.argument.parameter.env_var or ()]
        name = error.argument.name
        shown = name if error.argument.index is None else name.removeprefix("--").upper()
        return f"{shown} is missing{''.join(variables)}; see {_asked(error)} --help"
    return str(error)


def _asked(error: CycloptsError) -> str:
    return " ".join(["mi-async", *(error.command_chain or ())])
