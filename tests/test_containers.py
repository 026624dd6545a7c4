"""The example container, and what a container takes away: user name, home, terminal, a directory to write to."""

import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.support.pictures import picture
from tests.support.signals import signals
from tests.support.terminal import COMMAND, environment, served

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "container"
SETPRIV = shutil.which("setpriv")
NOBODY = "48213"
"""A user without an entry in /etc/passwd."""


def test_the_dockerfile_takes_what_is_there_and_gets_signals_itself() -> None:
    lines = (EXAMPLE / "Dockerfile").read_text(encoding="utf-8").splitlines()
    copied = [
        word for line in lines if line.startswith("COPY ") and "--from" not in line for word in line.split()[1:-1]
    ]
    assert copied
    assert [name for name in copied if not (ROOT / name).exists()] == []
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    [extras] = [found[1].split(",") for line in lines if (found := re.search(r"/source\[(.*)\]", line))]
    assert set(extras) <= set(project["optional-dependencies"])
    page = "docs/package_page.py"  # the build hook that makes the description from README.md
    assert {"README.md", page, *project["license-files"], "pyproject.toml"} <= set(copied)
    assert 'ENTRYPOINT ["mi-async"]' in lines
    assert any(re.fullmatch(r"USER [1-9]\d*:[1-9]\d*", line) for line in lines)


@pytest.mark.parametrize("page", [EXAMPLE / "compose.yaml", ROOT / "docs" / "containers.md"])
def test_the_grace_period_is_longer_than_the_grace(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    graces = [int(number) for number in re.findall(r"--grace\W+(\d+)", text)]
    periods = [
        int(number) for number in re.findall(r"(?:stop_grace_period|terminationGracePeriodSeconds): (\d+)", text)
    ]
    assert graces
    assert periods
    assert max(graces) + 10 <= min(periods)


def as_nobody(*arguments: str, env: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """Run a command as a user without a name, a home directory or a locale."""
    with signals():
        return subprocess.run(
            [SETPRIV or "setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", *COMMAND, *arguments],
            env={"PATH": os.environ["PATH"], "LC_ALL": "C", "PYTHONUNBUFFERED": "1", **env},
            capture_output=True,
            encoding="utf-8",
            stdin=subprocess.DEVNULL,
            check=False,
        )


@pytest.fixture
def volume(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory where that user can write; the current one, with a face in it, is none."""
    if SETPRIV is None or as_nobody("--version", env={}).returncode != 0:
        pytest.skip("another user cannot be had here, or cannot read this Python")
    with TemporaryDirectory() as name:
        work, volume = Path(name), Path(name) / "volume"
        work.chmod(0o755)
        volume.mkdir()
        volume.chmod(0o777)
        (work / "faces").mkdir()
        (work / "faces" / "홍길동.jpg").write_bytes(picture("jpg"))
        monkeypatch.chdir(work)
        yield volume


def test_a_read_only_directory_asks_for_a_journal_and_a_volume_takes_it(volume: Path) -> None:
    with served() as server:
        env = environment(server)
        refused = as_nobody("enroll-many", "faces", env=env)
        assert refused.returncode == 2, refused.stderr
        assert refused.stderr == (
            f"error: the journal {Path.cwd()}/faces.journal cannot be written; name another place with --journal\n"
        )
        journal, report = str(volume / "j"), str(volume / "report.jsonl")
        done = as_nobody("enroll-many", "faces", "--journal", journal, "--report", report, "-o", "table", env=env)
        assert done.returncode == 0, done.stderr
        assert "1 done" in done.stdout
        assert [person.name for person in server.state.persons()] == ["홍길동"]
        listed = as_nobody("persons", "list", env=env)
        assert '"홍길동"' in listed.stdout


@pytest.mark.usefixtures("volume")
def test_without_a_home_directory_the_missing_keys_are_one_line() -> None:
    ended = as_nobody("workspaces", "list", env={})
    assert ended.returncode == 3
    [line] = ended.stderr.splitlines()
    assert "~/.ncloud/configure: Could not determine home directory" in line
