"""``mi-async`` and ``python -m mi_async``.

Invariant: gets the process ready (streams, signals, the extra ``cli``) before anything heavy is imported; does nothing
else.
"""

import gc
import os
import sys
from contextlib import suppress

from mi_async._core.extras import require
from mi_async.cli.signals import handled
from mi_async.errors import ConfigError
from mi_async.version import VERSION

SHOW_CURSOR = b"\x1b[?25h"
YOUNG = 20_000
"""New objects after which the collector looks: at Python's 700 it goes through all modules once more as they load."""


def main() -> int:
    """Run the command line on ``sys.argv``; returns the exit code."""
    with handled() as received:
        gc.set_threshold(max(YOUNG, gc.get_threshold()[0]))
        _fill_closed()
        if sys.argv[1:] == ["--version"] and _show_version():
            return 0
        try:
            require("cli")
        except ConfigError as error:
            sys.stderr.write(f"{error}\n")
            return 2
        from mi_async.cli.app import run  # noqa: PLC0415  only here is it known that the extra is there

        code = run(sys.argv[1:])
        if received.count:
            _leave(code)
        return code


def _show_version() -> bool:
    """Show the version before anything heavy is imported; return False if the application has to say why it cannot."""
    with suppress(OSError, ValueError):
        sys.stdout.write(f"mi-async {VERSION}\n")
        sys.stdout.flush()
        return True
    return False


def _leave(code: int) -> None:
    """End the process without waiting for its threads: one may hang in a read of a disk that has gone away."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    with suppress(OSError):
        if os.isatty(2):  # the last signal may have interrupted a display in its own end
            os.write(2, SHOW_CURSOR)
    os._exit(code)


def _fill_closed() -> None:
    """Take the numbers of standard streams that were closed, so that no socket gets them and is written to."""
    # Reading stdin finds nothing, writing stdout fails, writing stderr goes nowhere.
    for number, name, flags, mode in (
        (0, "stdin", os.O_RDONLY, "r"),
        (1, "stdout", os.O_RDONLY, "w"),
        (2, "stderr", os.O_WRONLY, "w"),
    ):
        if getattr(sys, name) is None and os.open(os.devnull, flags) == number:
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115  for good


if __name__ == "__main__":
    sys.exit(main())
