"""``completion``: the script with which a shell completes commands, options and files.

Invariant: made of the commands themselves, all of them loaded; the script starts no process, so that a key press costs
nothing. The file that is written has the name of this command alone, and is never read by another one.
"""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from cyclopts import App, Parameter

from mi_async._core.files import atomic_write
from mi_async.cli.app import make_app
from mi_async.cli.streams import notes, stdout
from mi_async.errors import ConfigError
from mi_async.text import escaped

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


def completion(
    shell: Annotated[Shell, Parameter(name="SHELL", help="For which shell.")],
    /,
    *,
    install: Annotated[
        bool, Parameter(negative=(), show_default=False, help="Write it to where the shell looks for it.")
    ] = False,
) -> None:
    """Print or install the script with which bash, zsh or fish completes commands.

    With --install it is written to where the shell looks for it, below
    ~/.local/share for bash, ~/.zfunc for zsh, ~/.config/fish for fish, and its
    path is printed. Do it again after an update.
    """
    text = script(make_app(whole=True), shell)
    if not install:
        stdout().write(text)
        return
    place = write_script(text, completion_file(shell, os.environ))
    stdout().write(f"{escaped(str(place))}\n")
    notes().write(f"{AFTER[shell]}\n")


def completion_file(shell: Shell, environ: Mapping[str, str]) -> Path:
    """Return the file in which a shell looks for the script: of this user, and for this command alone."""
    variable, usual, *below = PLACES[shell]
    root = environ.get(variable, "")
    return (Path(root) if Path(root).is_absolute() else Path.home() / usual).joinpath(*below)


def write_script(text: str, place: Path) -> Path:
    """Write the script in the place of an older one, and return where.

    Raises:
        ConfigError: it cannot be written there.
    """
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(place, private=False) as file:
            file.write(text.encode())
    except OSError as error:
        message = f"cannot write the script to {escaped(str(place))}: {error.strerror}"
        raise ConfigError(message) from error
    return place


def script(app: App, shell: Shell) -> str:
    """Return the script for a shell."""
    return FINISHED[shell](app.generate_completion(shell=shell))


def _for_bash(text: str) -> str:
    """Complete files where there is nothing else."""
    return text.replace("complete -F ", "complete -o bashdefault -o default -F ")


def _for_zsh(text: str) -> str:
    """Complete files where there is nothing else, in a file that can be sourced, too."""
    return _ZSH_ARGUMENT.sub(r"\1:_files'\2", text.replace("_cyclopts_mi-async", "_mi-async")) + _ZSH_TAIL


PLACES: Mapping[Shell, tuple[str, ...]] = {
    "bash": ("XDG_DATA_HOME", ".local/share", "bash-completion", "completions", "mi-async"),
    "zsh": ("ZDOTDIR", "", ".zfunc", "_mi-async"),  # zsh has no place of its own: fpath has to name it
    "fish": ("XDG_CONFIG_HOME", ".config", "fish", "completions", "mi-async.fish"),
}
"""By shell: the variable that names the folder of completions, its default below the home, and the file in it."""
AFTER: Mapping[Shell, str] = {
    "bash": "open a new shell; it needs the package bash-completion",
    "zsh": "open a new shell; it needs these two lines in ~/.zshrc:\n"
    "  fpath=(${ZDOTDIR:-~}/.zfunc $fpath)\n  autoload -Uz compinit && compinit",
    "fish": "open a new shell",
}
FINISHED: Mapping[Shell, Callable[[str], str]] = {"bash": _for_bash, "zsh": _for_zsh, "fish": lambda text: text}
