"""Every benchmark runs, at its smallest size; what it measures then means nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SHARED = {"harness", "servers", "bulk_client", "bulk_service"}
"""Modules that the scripts import or start."""
SMALLEST = {
    "bulk_goodput": ["--items", "40", "--speed", "20", "--only", "0.8"],
    "bulk_memory": ["40"],
    "jobs": ["--reps", "1", "--speed", "600"],
    "plan": ["--sizes", "50", "100"],
    "structure": [],
    "instructions": [],
    "structuring": [],
}
"""Arguments of the scripts that do not take --reps alone."""
LONG = {"bulk_goodput", "storage"}
"""Scripts that start many processes: half the time of all."""
SCRIPTS = [
    pytest.param(path.stem, marks=[pytest.mark.soak] if path.stem in LONG else [])
    for path in sorted(BENCHMARKS.glob("*.py"))
    if path.stem not in SHARED
]


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_benchmark_runs(script: str, tmp_path: Path) -> None:
    arguments = SMALLEST.get(script, ["--reps", "1"])
    done = subprocess.run(
        [sys.executable, BENCHMARKS / f"{script}.py", *arguments],
        env=os.environ | {"MI_ASYNC_BENCH_SCALE": "0.001"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) > 1
