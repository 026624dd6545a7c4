"""Short tracebacks for notebooks: the error, the lines of the user that led to it, and its causes.

Invariant: frames of this package, of other libraries and of Python itself are left out; nothing is lost, since the
exception keeps them.
"""

import os
import sys
import sysconfig
import traceback
from collections.abc import Iterator
from pathlib import Path

FULL = "Verbose"
"""Mode of IPython in which a traceback is shown as always."""
HINT = "(the whole traceback: %xmode Verbose, then %tb)"
CELLS = ("ipykernel_", "<ipython-input")
"""Parts of the names that IPython gives to cells."""
MOST_CAUSES, MOST_LINE = 5, 200
LIBRARIES = ("site-packages", "dist-packages")
PLACES = tuple(
    f"{place}{os.sep}"
    for place in (Path(__file__).parents[1], sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"))
)
"""Folders of this package and of Python."""


def short_traceback(error: BaseException) -> list[str]:
    """Return the lines that IPython shows for an error: as few as tell what is wrong, and where."""
    if _mode() == FULL:
        return "".join(traceback.format_exception(error)).splitlines()
    return [*_told(error), *_causes(error), HINT]


def _mode() -> str:
    """Return the mode of the running IPython, '' where there is none."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return str(getattr(getattr(shell, "InteractiveTB", None), "mode", ""))


def _told(error: BaseException) -> Iterator[str]:
    yield from "".join(traceback.format_exception_only(error)).rstrip().splitlines()
    for frame in traceback.extract_tb(error.__traceback__):
        if not _is_foreign(frame.filename):
            cell = any(part in frame.filename for part in CELLS)
            place = "cell" if cell else f"{Path(frame.filename).name}, {frame.name}"
            yield f"  {place}, line {frame.lineno}: {(frame.line or '')[:MOST_LINE]}"


def _causes(error: BaseException) -> Iterator[str]:
    for _ in range(MOST_CAUSES):
        cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if cause is None:
            return
        error = cause
        first, *_ = "".join(traceback.format_exception_only(error)).splitlines() or [""]
        yield f"  caused by {first}"


def _is_foreign(name: str) -> bool:
    """Return True for a file that is not the user's."""
    if any(part in name for part in CELLS):
        return False
    return name.startswith(("<", *PLACES)) or any(part in name for part in LIBRARIES)
