"""The live display of a bulk run, and what stop signals say below it, for a run here and for members elsewhere.

Invariant: what is logged goes through the display, and not over it.
"""

import gc
from collections.abc import Callable, Generator
from contextlib import contextmanager

from mi_async.cli.connection import InWorkspace
from mi_async.cli.signals import handled
from mi_async.cli.streams import as_file, notes, print_note
from mi_async.cli.verbosity import log_to_stderr
from mi_async.display.bulk import WatchedRun
from mi_async.display.bulk import show as display


@contextmanager
def run_shown(run: WatchedRun, service: InWorkspace, left: Callable[[], str]) -> Generator[None]:
    """Display a run until the block ends; the first stop signal cancels it gently, the second at once.

    Args:
        run: what is displayed.
        service: how much is logged.
        left: returns what the first signal leaves some time to end.
    """

    def stopping(number: int, name: str) -> None:
        if number == 1:
            again = "Ctrl-C again" if name == "SIGINT" else "another signal"
            print_note(f"stopping: {left()}; {again} leaves them for the next run")
        else:
            print_note("stopping at once")

    verbose = service.verbose > 0
    # Each full collection of a long run would look at all modules again.
    gc.freeze()
    try:
        with (
            handled() as received,
            display(run, file=as_file(notes()), plain=verbose, verbose=verbose),
            received.told_to(stopping),
        ):
            log_to_stderr(service.verbose)
            yield
    finally:
        gc.unfreeze()
        log_to_stderr(service.verbose)
