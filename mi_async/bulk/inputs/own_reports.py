"""Reports of runs, recognised in a folder that is read as an input.

Invariant: told by the first bytes, whatever the name; a journal in use is never opened.
"""

import os
import re

from mi_async._core.files import open_regular_file
from mi_async._core.output_content import START
from mi_async._core.output_file import COMPANIONS

STATUSES = ("open", "done", "skipped", "partial", "rejected", "failed", "parked")
"""Status of an item in a row: the values of ``Status``, and ``open``."""
NOT_CARRIED = "not_carried"
"""The same in a row of what a restore leaves out."""
OURS = re.compile(rb'\{"key": ?"(?:[^"\\]|\\.)*", ?"status": ?"(?:%s)"' % "|".join((*STATUSES, NOT_CARRIED)).encode())
"""The start of a file of rows: how we know one that we wrote, and may replace it."""
OWN_REPORTS = "report of a run"
"""Name of these files in the counts of what was passed over."""
EMPTY_REPORT = (".jsonl", ".ndjson")
"""Suffixes of empty files that are taken for the report of a plan in which nothing was wrong."""


def is_own_report(path: str) -> bool:
    """Return True if a file is a report, or a list of problems, that a run or a plan wrote."""
    # Closing a file drops every lock that this process has on it, and SQLite relies on its locks:
    # https://www.sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_
    if any(os.path.lexists(path + end) for end in COMPANIONS if end):
        return False
    try:
        with open_regular_file(path) as file:
            start = file.read(START)
    except OSError:
        return False
    return OURS.match(start) is not None if start else path.lower().endswith(EMPTY_REPORT)
