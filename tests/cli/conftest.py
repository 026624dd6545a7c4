"""Fixtures of the command line, and what none of its tests may see: the settings of whoever runs it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mi_async.emulator.server import Server
from tests.support.terminal import environment, served

os.environ["XDG_CONFIG_HOME"] = os.devnull


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """An emulator for all tests of a module."""
    with served() as running:
        yield running


@pytest.fixture
def reachable(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of a user whose shell has exported what reaches the emulator; commands run in it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for name, value in environment(server).items():
        monkeypatch.setenv(name, value)
    return tmp_path
