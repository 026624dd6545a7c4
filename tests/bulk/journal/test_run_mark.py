"""Two runs in one workspace with journals of their own: told, whoever they are, and nothing is kept from its work."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mi_async.bulk.journal.records import INGEST, UPLOAD, Identity
from mi_async.bulk.journal.run_mark import marked
from mi_async.emulator import Latency, Settings
from tests.support.bulk import people
from tests.support.newsroom import newsroom

ENROLL = Identity("https://mi.example", "access key", "newsroom", "enroll")
OTHER_PROCESS = """
import sys
from mi_async.bulk.journal.records import Identity
from mi_async.bulk.journal.run_mark import marked
with marked(Identity(*sys.argv[1:5]), sys.argv[5]):
    print("marked", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of temporary files of this test's own."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def identity(operation: str = "enroll", workspace: str = "newsroom") -> Identity:
    return Identity("https://mi.example", "access key", workspace, operation)


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize(
    ("operation", "may"),
    [
        ("enroll", "a name that both have is refused as taken in one of them"),
        (UPLOAD, "images that both have may be given to a person twice"),
        (INGEST, "files that both have may be registered twice"),
    ],
)
def test_a_run_of_another_process_is_told_with_its_journal(
    operation: str, may: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    named = identity(operation)
    given = [named.endpoint, named.access_key, named.workspace, named.operation, str(tmp_path / "first.journal")]
    command = [sys.executable, "-c", OTHER_PROCESS, *given]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"marked\n"
        with marked(named, tmp_path / "second.journal"):
            pass
        other.kill()
    about = f"process {other.pid}, journal {tmp_path / 'first.journal'}"
    assert told(caplog) == [f"another run ({about}) works in workspace 'newsroom' at the same time: {may}"]
    caplog.clear()
    with marked(named, tmp_path / "second.journal"):  # the mark of a killed process is gone
        assert told(caplog) == []


def test_runs_of_another_workspace_or_kind_and_later_ones_are_nobody_s_concern(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sports = identity(workspace="sports")
    with marked(identity(), tmp_path / "a"), marked(identity(INGEST), tmp_path / "b"), marked(sports, tmp_path / "c"):
        pass
    with marked(identity(), tmp_path / "d"):
        pass
    assert told(caplog) == []


def test_only_the_owner_can_read_the_mark_and_it_holds_no_key(temporary: Path) -> None:
    with marked(identity(), temporary / "a"):
        (folder,) = temporary.glob("mi-async-*")
        assert folder.stat().st_mode & 0o077 == 0
        (mark,) = folder.glob("*.json")
        assert mark.stat().st_mode & 0o077 == 0
        assert json.loads(mark.read_text("utf-8")) == {"process": os.getpid(), "journal": str(temporary / "a")}
    assert not list(folder.glob("*.json"))


def test_where_no_mark_can_be_made_the_run_goes_on(temporary: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    folder = temporary / f"mi-async-{os.getuid()}"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)  # another user could have made it
    with marked(identity(), temporary / "a"):
        pass
    assert "no mark of this run can be made" in caplog.text
    assert not list(folder.iterdir())


def test_a_mark_that_says_nothing_is_told_all_the_same(temporary: Path, caplog: pytest.LogCaptureFixture) -> None:
    with marked(identity(), temporary / "a"):
        (mark,) = temporary.glob("mi-async-*/*.json")
        mark.write_bytes(b"\xff[")
        with marked(identity(), temporary / "b"):
            pass
    assert told(caplog)[0].startswith("another run works in workspace 'newsroom' at the same time")


async def test_two_runs_with_journals_of_their_own_are_told_and_both_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with newsroom(Settings(latency=Latency.none())) as news:
        first = news.workspace.enroll_many(people(3), journal=tmp_path / "first")
        async with first:
            stream = aiter(first)
            await anext(stream)
            second = await news.workspace.enroll_many(people(1), journal=tmp_path / "second")
        assert second.ended == 1
    who = f"another run (process {os.getpid()}, journal {tmp_path / 'first'})"
    may = "a name that both have is refused as taken in one of them"
    found = [text for text in told(caplog) if "at the same time" in text]
    assert found == [f"{who} works in workspace 'newsroom' at the same time: {may}"]
