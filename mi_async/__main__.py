"""``mi-async`` and ``python -m mi_async``.

Law: gets the process ready (streams, Ctrl-C, the extra ``cli``) before anything heavy is imported; does nothing else.
"""

import os
import signal
import sys

EXTRA = ("cyclopts", "rich")
"""What the extra ``cli`` brings."""


def main() -> int:
    """Run the command line on ``sys.argv``; returns the exit code."""
    _fill_closed()
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if ours:
        # An exception out of the middle of an import may come out as another one, or not at all.
        signal.signal(signal.SIGINT, _end)
    try:
        from mi_async.cli.app import run  # noqa: PLC0415  only here is it known whether the extra is there
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in EXTRA:
            raise
        sys.stderr.write(f"mi-async needs {' and '.join(EXTRA)}: pip install 'mi-async[cli]'\n")
        return 2
    finally:
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return run(sys.argv[1:])
    except KeyboardInterrupt:
        return 130


def _end(*_: object) -> None:
    try:
        os.write(2, b"interrupted\n")
    finally:
        os._exit(130)


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
