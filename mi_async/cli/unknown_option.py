"""Refusal of an option that a command does not have, where its arguments may begin with a hyphen."""

import difflib
import os
from collections.abc import Callable, Sequence

from cyclopts import App

from mi_async.errors import InvalidArgumentError

STDIN = "-"


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
