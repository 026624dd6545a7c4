"""``ingest-many --watch``: files as they come, commands for each, and how it ends."""

import json
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from mi_async.cli.app import run
from mi_async.cli.finished_assets import CommandFile, CommandState
from mi_async.emulator import Server
from mi_async.errors import JournalError
from tests.support.films import film
from tests.support.storage import BUCKET, Bucket
from tests.support.synced import ALL, QUICK, make_folder
from tests.support.terminal import environment, served

pytestmark = pytest.mark.slow

NOTED = """
import json, os, sys
names = ("ID", "KEY", "OBJECT", "SOURCE", "STATE")
told = {name: os.environ["MI_ASYNC_ASSET_" + name] for name in names}
with open("noted.jsonl", "a") as file:
    file.write(json.dumps([json.load(sys.stdin), told, sys.argv[2:]]) + "\\n")
with open(sys.argv[1]) as file:
    sys.exit(int(file.read() or 0))
"""
MOST = 60.0
"""Seconds that a machine with other work may take to get as far as a test waits for."""


@pytest.fixture
def server(s3: Bucket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    """An emulator that looks into the bucket; commands run in a folder with a program that notes what it is told."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MI_ASYNC_STORAGE_URL", s3.url)
    Path("note.py").write_text(NOTED, encoding="utf-8")
    Path("code").touch()
    with served(evolve(QUICK, objects=s3.look)) as running:
        for name, value in environment(running).items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
def folder(server: Server) -> Path:
    del server
    return make_folder(Path("footage"))


OPTIONS = ["ingest-many", "footage", "--watch", "--interval", "0.05", "--bucket", BUCKET, "--no-analyze"]
COMMAND = ["--run", shlex.join([sys.executable, "note.py", "code", "a b", "$HOME"])]


def watch(*more: str) -> int:
    return run([*OPTIONS, *more])


def noted() -> list[Any]:
    path = Path("noted.jsonl")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def until(come: Callable[[], bool]) -> None:
    end = time.monotonic() + MOST
    while not come():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_each_finished_asset_is_told_to_a_command(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert watch("--passes", "3", *COMMAND) == 0
    written = capsys.readouterr()
    told = json.loads(written.out)
    assert (told["passes"], told["done"], told["failed"]) == (3, 4, 0)
    assert "pass 2: 4 files, 0 still changing, 4 done\n" in written.err
    told, variables, arguments = min(noted(), key=lambda one: str(one[1]["KEY"]))
    assert told == {
        "asset_id": int(variables["ID"]),
        "key": "a.mp4",
        "object": f"s3://{BUCKET}/a.mp4",
        "source": str(folder.absolute() / "a.mp4"),
        "state": "imported",
        "workspace": "newsroom",
    }
    assert (variables["KEY"], variables["OBJECT"], variables["SOURCE"]) == ("a.mp4", told["object"], told["source"])
    assert arguments == ["a b", "$HOME"]
    assert len(noted()) == 4
    (folder / "e.mp4").write_bytes(film(size=6_000))
    assert watch("--passes", "2", *COMMAND) == 0
    assert len(noted()) == 5


def test_a_command_that_fails_is_run_again_and_then_given_up(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ALL[1:]:
        (folder / name).unlink()
    Path("code").write_text("3")
    assert watch("--passes", "2", *COMMAND) == 0
    err = capsys.readouterr().err
    assert err.count("exit code 3; again in ") == 4
    assert "exit code 3; given up after 5 tries" in err
    assert len(noted()) == 5
    assert watch("--passes", "2", *COMMAND) == 0
    assert len(noted()) == 5
    assert json.loads(Path("footage.journal.commands").read_text().splitlines()[-1])["state"] == "failed"
    (folder / "e.mp4").write_bytes(film(size=6_000))
    Path("broken").write_bytes(b"\x7fELF")
    Path("broken").chmod(0o755)
    assert watch("--passes", "2", "--run", "./broken") == 0
    assert "cannot be started: Exec format error; given up after 5 tries" in capsys.readouterr().err


def test_what_was_ingested_before_is_not_told_and_what_a_crash_has_lost_is(folder: Path) -> None:
    assert run(["ingest-many", "footage", "--bucket", BUCKET, "--no-analyze"]) == 0
    assert watch("--passes", "2", *COMMAND) == 0
    assert noted() == []
    (folder / "e.mp4").write_bytes(film(size=6_000))
    (folder / "f.mp4").write_bytes(film(size=6_001))
    assert watch("--passes", "2") == 0  # as if it had died before the commands
    with Path("footage.journal.commands").open("ab") as file:
        file.write(b'{"asset_id": 10')
    assert watch("--passes", "1", *COMMAND) == 0
    assert sorted(str(one[1]["KEY"]) for one in noted()) == ["e.mp4", "f.mp4"]


@pytest.mark.usefixtures("folder")
def test_sigterm_ends_it_well_and_the_next_watch_goes_on() -> None:
    Path("slow.py").write_text("import time\nopen('begun', 'a').close()\ntime.sleep(3600)\n", encoding="utf-8")
    command = [sys.executable, "-m", "mi_async", *OPTIONS, "--run", shlex.join([sys.executable, "slow.py"])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            until(Path("begun").exists)
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=MOST)
        finally:
            process.kill()
    assert process.returncode == 0, err
    assert "stopped by SIGTERM" in err
    assert json.loads(out)["done"] >= 1
    assert watch("--passes", "3", *COMMAND) == 0
    assert len(noted()) == 4


@pytest.mark.usefixtures("folder")
def test_what_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for more, said in (
        (["--delete"], "--delete: not with --watch"),
        (["--replace", "--confirm", "7f3a-91c2"], "--replace, --confirm: not with --watch"),
        (["--sync"], "--sync compares once and --watch looks at an interval: give one of them"),
        (["--dry-run"], "--dry-run is of a single run"),
        (["--run", "'"], "--run: No closing quotation"),
        (["--run", "./notfy.sh --channel news"], "--run: no program that can be started: ./notfy.sh"),
        (["--run", "no-such-program"], "--run: no program that can be started: no-such-program"),
        (["--run", ""], "--run: no program is named"),
        (["--journal", "postgresql://nobody@127.0.0.1:1/none", "--run", "true"], "--run needs a journal in a file"),
    ):
        assert watch(*more) == 2
        assert said in capsys.readouterr().err
    assert run(["ingest-many", "footage", "--interval", "5"]) == 2
    assert "--interval: only with --watch" in capsys.readouterr().err
    assert run(["ingest-many", "nowhere", "--watch", "--passes", "1"]) == 2


def test_a_file_that_is_no_file_of_commands(tmp_path: Path) -> None:
    path = tmp_path / "commands"
    for content in ("[1]\n", '{"asset_id": 1, "state": "other"}\n', "x\n"):
        path.write_text(content)
        with pytest.raises(JournalError, match="no file of the commands of a watch"):
            CommandFile.opened(str(path))
    path.unlink()
    file = CommandFile.opened(str(path))
    file.write(CommandState.DONE, [7])
    file.close()
    again = CommandFile.opened(str(path))
    assert (file.is_new, again.is_new, again.state(7), again.state(8)) == (True, False, CommandState.DONE, None)
    again.close()
