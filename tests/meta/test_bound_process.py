"""A server that tests start ends with them."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.bound_process import bound

CAP = 60.0


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv")
def test_a_server_ends_with_the_killed_process_that_has_started_it() -> None:
    server = f"subprocess.Popen({bound(['sleep', '600'])})"
    starts = f"import subprocess, time; print({server}.pid, flush=True); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", starts], stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        its = Path("/proc", starter.stdout.readline().strip(), "cmdline")
        end = time.monotonic() + CAP
        while its.read_bytes() != b"sleep\x00600\x00":  # before that it is setpriv
            assert time.monotonic() < end
        starter.kill()
    while its.exists() and its.read_bytes():  # a zombie has none
        assert time.monotonic() < end
