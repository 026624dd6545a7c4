"""Servers that end with the process of tests that has started them, also when that is killed."""

import shutil
from collections.abc import Sequence
from pathlib import Path


def bound(command: Sequence[str | Path]) -> list[str | Path]:
    """Return the command of a server that ends when the thread that starts it does, where the system can do that.

    By SIGKILL: what a shell starts in the background ignores SIGINT and SIGQUIT, by inheritance. An option of ``Popen``
    would fork a process with threads, of which Python warns.
    """
    setpriv = shutil.which("setpriv")
    return [*([setpriv, "--pdeathsig", "KILL"] if setpriv else []), *command]
