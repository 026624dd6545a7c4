"""A call takes no more instructions than recorded: 3 % more are a mistake, or a price, which is recorded anew."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from suite import HERE


@pytest.mark.slow
def test_a_call_takes_no_more_instructions_than_recorded() -> None:
    if shutil.which("valgrind") is None and "CI" not in os.environ:
        pytest.skip("valgrind is not installed")
    assert shutil.which("valgrind")
    command: list[str | Path] = [sys.executable, HERE / "instructions.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
