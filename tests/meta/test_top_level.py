"""The top level of the repository: what a stranger sees first, and nothing else."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = {".gitignore", ".pre-commit-config.yaml", "LICENSE"}
PAGES = {"AGENTS.md", "CHANGELOG.md", "CONTRIBUTING.md", "README.ko.md", "README.md", "RELEASING.md", "SECURITY.md"}
CODE = {"mkdocs.yml", "noxfile.py", "pyproject.toml"}
FOLDERS = {".ci", ".github", "benchmarks", "docs", "examples", "mi_async", "tests"}


def test_nothing_stands_at_the_top_that_does_not_belong_there() -> None:
    """Outputs of a comparison of the command line were committed once, a file for each line: 250 of them."""
    git = shutil.which("git") or "git"
    listed = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("no clone: the files of an archive are those that were packed")
    assert {path.partition("/")[0] for path in listed.stdout.split("\0") if path} <= FILES | PAGES | CODE | FOLDERS
