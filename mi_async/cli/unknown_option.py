"""Refusal of sources that can be none: an option with a typing error, a directory."""

import difflib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from cyclopts import App

from mi_async.errors import InvalidArgumentError

STDIN = "-"


def refuse_directories(words: Sequence[str], many: str) -> None:
    """Refuse a directory where a file is wanted, and name the command that takes one.

    Args:
        words: the sources as given.
        many: the command for directories.

    Raises:
        InvalidArgumentError: one is a directory.
    """
    for word in words:
        if Path(word).is_dir():
            message = f"{word} is a directory; for all that is in it: mi-async {many} {word}"
            raise InvalidArgumentError(message)


def refuse_unknown_options(words: Sequence[str], command: Callable[..., None], name: str) -> None:
    """Refuse a source that begins with a hyphen, unless it is standard input or there is such a file.

    Args:
        words: the sources as given.
        command: whose options are suggested.
        name: of the command, for the message.

    Raises:
        InvalidArgumentError: an unknown option.
    """
    for word in words:
        if word.startswith("-") and word != STDIN and not os.path.lexists(word):
            option = word.partition("=")[0]
            known = [
                one
                for argument in App(default_command=command).assemble_argument_collection()
                for one in argument.names
            ]
            near = difflib.get_close_matches(option, [one for one in known if one.startswith("-")], n=1)
            meant = f", did you mean {near[0]}?" if near else ""
            message = f'unknown option "{option}"{meant}; see mi-async {name} --help'
            raise InvalidArgumentError(message)
