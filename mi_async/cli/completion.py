"""``completion``: the script with which a shell completes commands, options and files.

Invariant: made of the commands themselves, all of them loaded; the script starts no process, so that a key press costs
nothing.
"""

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Literal, TypeAlias

from cyclopts import App, Parameter

from mi_async.cli.app import make_app
from mi_async.cli.streams import stdout

Shell: TypeAlias = Literal["bash", "zsh", "fish"]

_ZSH_ARGUMENT = re.compile(r"""^(\s+'(?:\*|[0-9]+):(?:[^':\\]|\\.|'\\'')*)'( \\)?$""", re.MULTILINE)
"""An argument without an action: a file, or a number, for which nothing can be offered."""
_ZSH_TAIL = """
if [[ $funcstack[1] == _mi-async ]]; then
  _mi-async "$@"
else
  compdef _mi-async mi-async
fi
"""
"""Of a file that zsh finds by the name of the function, or that is sourced."""


def completion(shell: Annotated[Shell, Parameter(name="SHELL", help="For which shell.")], /) -> None:
    """Print the script with which bash, zsh or fish completes commands, options and files.

    Write it to where the shell looks for it, in a folder that you create first (mkdir -p), and again after an update:
    ~/.local/share/bash-completion/completions/mi-async for bash,
    _mi-async in a directory of fpath for zsh, ~/.config/fish/completions/mi-async.fish for fish. Then open a new shell.
    """
    stdout().write(script(make_app(whole=True), shell))


def script(app: App, shell: Shell) -> str:
    """Return the script for a shell."""
    return FINISHED[shell](app.generate_completion(shell=shell))


def _for_bash(text: str) -> str:
    """Complete files where there is nothing else."""
    return text.replace("complete -F ", "complete -o bashdefault -o default -F ")


def _for_zsh(text: str) -> str:
    """Complete files where there is nothing else, in a file that can be sourced, too."""
    return _ZSH_ARGUMENT.sub(r"\1:_files'\2", text.replace("_cyclopts_mi-async", "_mi-async")) + _ZSH_TAIL


FINISHED: Mapping[Shell, Callable[[str], str]] = {"bash": _for_bash, "zsh": _for_zsh, "fish": lambda text: text}
