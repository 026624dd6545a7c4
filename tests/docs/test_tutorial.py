"""docs/tutorial.md is what happens, step by step: each command prints what stands below it."""

import os
import re
import subprocess
import sys
from pathlib import Path

from mi_async import __version__
from tests.docs.test_examples import ROOT
from tests.support.terminal import process

PAGE = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8").partition("## 7. ")[0]
STEPS = re.findall(r"^```sh\n(.*?)^```\n\n```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
(FIRST,) = re.findall(r"^```py\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
INSTALL, EMULATOR, *COMMANDS = STEPS
ADDRESS = "http://127.0.0.1:8080"


def shell(commands: str, exports: str, folder: Path) -> str:
    """Return what a reader sees who has pasted the export lines."""
    programs = f'mi-async() {{ {sys.executable} -m mi_async "$@"; }}; python() {{ {sys.executable} "$@"; }}'
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "COLUMNS": "90"}
    command = ["bash", "-uc", f"{programs}\n{exports}\n{commands}"]
    ran = subprocess.run(
        command,
        cwd=folder,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=300,
    )
    return ran.stdout


def shown(text: str, url: str) -> list[str]:
    """Return the lines of the page with the address of this emulator, without frames: they are as wide as that is."""
    return [plain(line) for line in text.replace(ADDRESS, url).splitlines() if not re.match("[╭├╰]", line)]


def plain(line: str) -> str:
    """Return a line without the width of its columns and what a slow machine has freed by then."""
    return re.sub(r"in use: \d", "in use: n", " ".join(line.split()))


def test_each_step_prints_what_the_page_shows(tmp_path: Path) -> None:
    assert len(COMMANDS) == 6
    folder = tmp_path / "first-upload"
    with process(*EMULATOR[0].split()[1:], "--port", "0") as emulated:
        assert emulated.stdout is not None
        told = [emulated.stdout.readline() for _ in EMULATOR[1].splitlines()]
        (url,) = re.findall(r"http://[\d.:]+", told[0])
        assert [line.rstrip() for line in told] == EMULATOR[1].replace(ADDRESS, url).splitlines()
        for number, (commands, printed) in enumerate(COMMANDS):
            where = tmp_path if number < 2 else folder
            if where == folder:
                (folder / "first.py").write_text(FIRST, encoding="utf-8")
            seen = [plain(line) for line in shell(commands, "".join(told), where).splitlines()]
            assert [line for line in shown(printed, url) if line not in seen] == [], "\n".join(seen)


def test_the_version_is_that_of_the_package() -> None:
    assert INSTALL[1] == f"mi-async {__version__}\n"
    assert "mi-async --version" in INSTALL[0]
