"""Plugin of pytest: the processes that a failed test has started end with it, also when it ran out of time.

Invariant: found by the variable in which pytest names the test to whatever it starts, since those whose parents were
killed are nobody's children. Servers of longer fixtures, which are started before the test is called, stay.
"""

import os
import signal
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

import pytest

FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """End what a failed test has left, after its fixtures have ended theirs."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    elif report.when == "teardown" and item.stash.get(FAILED, False):
        end_processes_of(item.nodeid)
    return report


def end_processes_of(test: str) -> list[int]:
    """Kill the processes that a test has started while it was called, and what these have started; return them."""
    mark, found = f"PYTEST_CURRENT_TEST={test} (call)".encode(), list[int]()
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):  # it has ended, or is another user's
            if mark in path.read_bytes().split(b"\0"):
                os.kill(int(path.parent.name), signal.SIGKILL)
                found.append(int(path.parent.name))
    return found
