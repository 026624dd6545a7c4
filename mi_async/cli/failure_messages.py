"""Messages of a failed command: the error, what exists at the service all the same, and how to go on.

Invariant: a mistake gets one line, not a stack trace; what a workflow left behind is never kept back.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import attrs
from cyclopts import (
    App,
    Argument,
    CoercionError,
    CycloptsError,
    MissingArgumentError,
    Token,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
)

from mi_async.cli.exit_codes import exit_code
from mi_async.cli.streams import ReaderGoneError, stderr
from mi_async.cli.suggestion import suggestion
from mi_async.errors import JobTimeoutError, MIError
from mi_async.text import encodable, one_line

IN_OPTIONS: Mapping[str, str] = {
    "--fit (fit=True)": "--fit",
    "one_by_one=True": "--one-by-one",
    "force=True": "--force",
    "connect(proxy=...), --proxy": "--proxy",
    "connect(ca_file=...), --ca-file": "--ca-file",
    "(connect(storage=Storage(url)), --storage-url)": "with --storage-url",
}
"""Arguments as messages of the library call them, and the option that each is on the command line."""
PATHS = frozenset({"journal"})
"""Options that are a path or a URL: a path may be any bytes, and need not exist yet."""


def in_options(message: str) -> str:
    """Return a message of the library with options of the command line instead of arguments of Python."""
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
            members = attrs.asdict(cast("attrs.AttrsInstance", one), recurse=False)
            check_text(_kind, [each for name, each in members.items() if name not in PATHS])


def report_failure(error: BaseException, *, hints: bool = True) -> int:
    """Print what went wrong, what exists all the same and, with hints, what to do; return the exit code."""
    if not isinstance(error, ReaderGoneError):
        stderr().write("".join(f"{line}\n" for line in _lines(error, hints=hints)))
    return exit_code(error)


def _lines(error: BaseException, *, hints: bool) -> Iterator[str]:
    yield str(error) or "interrupted" if isinstance(error, KeyboardInterrupt) else f"error: {one_line(_message(error))}"
    if hints:
        yield from [one_line(note) for note in getattr(error, "__notes__", ())]
    yield from left_behind(_created(error))
    if isinstance(error, JobTimeoutError) and error.job is not None:
        yield f"to wait for it again: mi-async jobs wait {error.job}"


def _created(error: BaseException) -> Mapping[str, Any]:
    """Return what exists all the same; asyncio makes an interruption out of the cancellation of the workflow."""
    source = error.__context__ if isinstance(error, KeyboardInterrupt) else error
    return getattr(source, "created", None) or {}


NUMBERS: Mapping[object, str] = {int: "a whole number", float: "a number"}
"""Types of options, as people call them."""


def _message(error: BaseException) -> str:
    match error:
        case JobTimeoutError():
            return error.brief
        case MIError():
            return in_options(str(error))
        case CycloptsError():
            return _usage_message(error)
        case _:
            return str(error)


def _usage_message(error: CycloptsError) -> str:
    """Return what is wrong with a command line, in one sentence; cyclopts says it in several."""
    match error:
        case UnusedCliTokensError(unused_tokens=[str(token), *_]):
            kind = "argument" if error.command_chain else "command"
            told = f'unknown {kind} "{token}"{_meant(error, token)}'
        case UnknownCommandError(unused_tokens=[str(token), *_]):
            told = f'unknown command "{token}"{suggestion(token, _commands(error.app))}'
        case UnknownOptionError(token=token):
            name = token.keyword or token.value
            known = [each for argument in error.argument_collection if argument.parse for each in argument.names]
            told = f'unknown option "{name}"{suggestion(name, known)}'
        case CoercionError(msg=None, token=Token() as token, target_type=kind) if kind in NUMBERS:
            name = token.keyword or (_name_of(error.argument) if error.argument is not None else "value")
            told = f'{name} must be {NUMBERS[kind]}, got "{one_line(token.value)}"'
        case MissingArgumentError(argument=Argument() as argument):
            variables = "".join(f" (or set {variable})" for variable in argument.parameter.env_var or ())
            told = f"{_name_of(argument)} is missing{variables}"
        case _:
            return str(error)
    return f"{told}; see {_asked(error)} --help"


def _meant(error: UnusedCliTokensError, token: str) -> str:
    """Suggest a command for one that is missing; cyclopts does so for nested ones."""
    return "" if error.command_chain else suggestion(token.casefold(), _commands(error.app))


def _commands(app: App | None) -> list[str]:
    return [name for name in app or () if not name.startswith("-")]


def _name_of(argument: Argument) -> str:
    """Return the name of an argument as help shows it."""
    return argument.name if argument.index is None else argument.name.removeprefix("--").upper()


def _asked(error: CycloptsError) -> str:
    return " ".join(["mi-async", *(error.command_chain or ())])


def left_behind(created: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each thing in ``error.created``; the last one says how to go on, where that is known."""
    known = {name: value for name, value in created.items() if value}
    unknown = {name: value for name, value in known.items() if name not in LEFT_BEHIND}
    if unknown:
        from mi_async._core import convert  # noqa: PLC0415  loaded already by the session that made it

        yield f"exists already: {convert.dumps_shown(unknown).decode()}"
    for name, sentence in LEFT_BEHIND.items():
        # Which images a person has is not known here, so of a person's keys nothing is said.
        if name in known and not (name == "thumbnail_keys" and "person_id" in known):
            yield sentence(known[name])


def _tags(tags: Mapping[str, int]) -> str:
    named = ", ".join(f'"{one_line(name)}" (ID {number})' for name, number in tags.items())
    return f"tag {named} exists" if len(tags) == 1 else f"tags {named} exist"


def _keys(keys: list[str]) -> str:
    expire = "it expires" if len(keys) == 1 else "they expire"
    return f"{_images(len(keys), 'uploaded ')} not attached; {expire} after 24 hours"


def _images(count: int, kind: str = "") -> str:
    return f"1 {kind}image was" if count == 1 else f"{count} {kind}images were"


LEFT_BEHIND: Mapping[str, Callable[[Any], str]] = {
    "tag_ids": _tags,
    "attached": lambda names: f"{_images(len(names))} attached: {', '.join(map(one_line, names))}",
    "thumbnail_keys": _keys,
    "query_image": lambda key: f"the image was uploaded as {one_line(key)}; it is used by nobody",
    "object": lambda place: f"{one_line(str(place))} is stored",
    "asset_id": lambda asset: f"asset {asset} is registered",
    "person_id": lambda person: (
        f"person {person} was created; give it the rest with: mi-async upload-thumbnail {person} FILE..."
    ),
}
"""A sentence for each kind of thing that a workflow leaves behind, in the order in which they are told."""
