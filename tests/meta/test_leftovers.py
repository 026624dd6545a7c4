"""Processes of a test that fails end with it."""

import os
import sys
import time
from pathlib import Path

import pytest

CAP = 60.0
FAILS = """
import subprocess, sys
from pathlib import Path

STARTS = "import subprocess, sys; subprocess.Popen([sys.executable, *sys.argv[1:]])"
WAITS = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(600)"

def test_it(tmp_path):
    pid = Path("pid").absolute()
    subprocess.run([sys.executable, "-c", STARTS, "-c", WAITS, str(pid)], start_new_session=True, check=True)
    while not pid.exists() or not pid.read_text():
        pass
    assert False
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_a_process_whose_parent_has_ended_ends_with_the_failed_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(FAILS)
    pytester.runpytest_inprocess("-p", "tests.support.leftovers", "-p", "no:asyncio").assert_outcomes(failed=1)
    left, end = Path("/proc", (pytester.path / "pid").read_text()), time.monotonic() + CAP
    while left.exists() and _state(left) != "Z":
        assert time.monotonic() < end
        os.sched_yield()


def _state(process: Path) -> str:
    return (process / "stat").read_text().rpartition(")")[2].split()[0]
