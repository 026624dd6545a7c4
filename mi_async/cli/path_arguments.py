"""Arguments that name files, folders and journals, in one table: an empty one is refused.

Invariant: an empty name never stands for the current directory or for a default, as it does in ``pathlib``.
"""

from pathlib import Path
from typing import get_args

from cyclopts import App, Argument, ArgumentCollection

from mi_async._core.paths import EMPTY_NAME
from mi_async.errors import InvalidArgumentError

TEXTS = frozenset({"INPUT", "SOURCE", "TABLE", "DIR", "FOLDER", "FILE", "--journal", "--image", "--root"})
"""Paths that commands take as texts, since they may be a URL, ``-``, or several; all others are a ``Path``."""


def refuse_empty(_app: App, _commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """Refuse an empty path before anything is done: it is a variable of a shell that is not set.

    Raises:
        InvalidArgumentError: there is one.
    """
    for argument in arguments:
        # an empty variable of the environment is none
        if _is_path(argument) and any(token.value == "" and token.source != "env" for token in argument.tokens):
            message = f"{argument.name}: {EMPTY_NAME}"
            raise InvalidArgumentError(message)


def _is_path(argument: Argument) -> bool:
    return argument.name in TEXTS or Path in {argument.hint, *get_args(argument.hint)}
