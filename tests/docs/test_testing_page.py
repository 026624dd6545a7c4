"""The page about tests: each of its modules is written down and run by pytest."""

import re
import sys
from pathlib import Path
from subprocess import run

import pytest

from mi_async import emulator

ROOT = Path(__file__).parents[2]
MODULES = re.findall(
    r"^```python\n# (\w+\.py)\n(.*?)^```$", (ROOT / "docs" / "testing.md").read_text("utf-8"), re.MULTILINE | re.DOTALL
)
PLUGIN = """
from importlib import import_module


def pytest_configure(config):
    if not config.pluginmanager.hasplugin("mi_async"):
        config.pluginmanager.register(import_module("mi_async.integrations.pytest_plugin"), "mi_async")
"""
"""For a clone that was installed before the package had a plugin."""


def test_all_of_it_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [name for name, _ in MODULES]
    assert len(names) == 8
    for name, source in MODULES:
        (tmp_path / name).write_text(source, encoding="utf-8")
    (tmp_path / "conftest.py").write_text(PLUGIN, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\npythonpath = .\n", encoding="utf-8")
    with emulator.running() as server:
        monkeypatch.setenv("MI_ASYNC_BASE_URL", server.url)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        done = run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300)
    assert (done.returncode, done.stdout.count("18 passed")) == (0, 1), done.stdout
