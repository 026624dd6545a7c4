"""Programs of Debian packages that tests start: redis-server, initdb and the like."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest


def program(name: str, *, package: str, beside: Iterable[Path] = ()) -> str:
    """Return the path of a program; where it is not installed the test is skipped, and fails in CI.

    Args:
        name: of the program.
        package: the Debian package that brings it.
        beside: directories to look in that are not in PATH.
    """
    path = os.pathsep.join([*map(str, beside), os.environ.get("PATH", os.defpath)])
    found = shutil.which(name, path=path)
    if found is None:
        reason = f"{name} is not installed: apt-get install {package}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found
