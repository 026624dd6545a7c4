"""Every benchmark runs, at its smallest size; what it measures then means nothing."""

import ast
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from goals import GOALS, LEFT_OUT
from results import Result, scripts
from suite import HERE, RESULTS, SHORTER

SMALLEST = {"MI_ASYNC_BENCH_SCALE": "0.001"}
NEEDS_UVLOOP = "uvloop."


def run(script: str, *arguments: str | Path, cwd: Path) -> str:
    command = [sys.executable, HERE / f"{script}.py", *arguments]
    done = subprocess.run(
        command, env=os.environ | SMALLEST, cwd=cwd, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("script", scripts())
def test_a_benchmark_runs_and_has_the_figures_of_its_goals(script: str, tmp_path: Path) -> None:
    printed = run(script, "--json", tmp_path / "result.json", cwd=tmp_path)
    result = Result.load(tmp_path / "result.json")
    assert result.script == script
    assert result.machine.scale < 1
    assert all(table.rows for table in result.tables)
    assert result.tables[0].title in printed
    wanted = {goal.figure for goal in GOALS if goal.script == script}
    if find_spec("uvloop") is None:
        wanted = {figure for figure in wanted if NEEDS_UVLOOP not in figure}
    assert wanted <= set(result.figures)


def test_no_file_is_forgotten() -> None:
    """A file is a script that is run above, is imported by another one, is started by one, or is the suite."""
    files = {path.stem: path.read_text(encoding="utf-8") for path in HERE.glob("*.py")}
    used = {
        name
        for text in files.values()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
    }
    assert set(files) - set(scripts()) - used == {"suite"}
    assert not set(scripts()) & used


def test_goals_and_results_are_of_scripts() -> None:
    named = {goal.script for goal in GOALS} | {path.stem for path in RESULTS.glob("*.json")} | {*SHORTER, *LEFT_OUT}
    assert named <= set(scripts())


def test_the_suite_runs_and_tells_the_goals(tmp_path: Path) -> None:
    printed = run("suite", "structuring", "--results", tmp_path / "results", cwd=tmp_path)
    assert "structuring: done" in printed
    assert printed.splitlines()[-1].endswith(f"of {len(GOALS)} goals are met")
    page = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "structuring.py" in page
    assert "its figures mean nothing" in page
