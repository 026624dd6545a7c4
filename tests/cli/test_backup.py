"""``backup`` and ``backup check`` against a real emulator."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

from mi_async.cli.app import run
from mi_async.emulator import Fault, Server, example_image
from tests.support.backups import add_person
from tests.support.terminal import process

pytestmark = pytest.mark.usefixtures("reachable")


@pytest.fixture(autouse=True)
def hong(server: Server) -> None:
    if not server.state.workspaces["newsroom"].persons:
        add_person(server, "홍길동", example_image(1))


def test_the_workspace_is_an_argument_or_an_option(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MI_ASYNC_WORKSPACE", raising=False)
    assert run(["backup", "newsroom", "archive"]) == 0
    assert json.loads(capsys.readouterr().out)["images"]["downloaded"] == 1
    assert run(["backup", "archive", "-w", "newsroom", "--output", "table"]) == 0
    out, err = capsys.readouterr()
    assert "images           1  0 downloaded (0.0 kB), 1 thumbnail unchanged" in out
    assert "backing up workspace newsroom into archive" in err
    assert run(["backup", "archive"]) == 2
    assert "name the workspace, too: mi-async backup WORKSPACE archive" in capsys.readouterr().err
    assert run(["backup"]) == 2
    assert run(["backup", "newsroom", "archive", "more"]) == 2
    assert run(["backup", "sports", "archive"]) == 2
    assert "is a backup of workspace newsroom, not of sports" in capsys.readouterr().err


def test_problems_are_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    gone = 10**9
    assert run(["backup", "newsroom", "few", "--person", str(gone), "-q"]) == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["complete"] is False
    assert err == "error: 1 problem; few/problems.jsonl has each\n"


def test_check_names_what_is_missing_damaged_and_extra(capsys: pytest.CaptureFixture[str]) -> None:
    folder = Path("archive")
    assert run(["backup", "newsroom", "archive", "-q"]) == 0
    capsys.readouterr()
    assert run(["backup", "check", "archive"]) == 0
    assert "all is well" in capsys.readouterr().out
    next(folder.rglob("*.png")).unlink()
    (folder / "persons.jsonl").write_bytes(b"{}\n")
    (folder / "mine.txt").touch()
    assert run(["backup", "check", "archive", "--output", "json"]) == 1
    out, err = capsys.readouterr()
    found = {row["fault"]: row["file"] for row in json.loads(out)["faults"]}
    assert (found["damaged"], found["extra"]) == ("persons.jsonl", "mine.txt")
    assert found["missing"].endswith(".png")
    assert "mi-async backup --verify" in err
    assert run(["backup", "check", "."]) == 2
    assert ". is not a backup: it has no backup.json" in capsys.readouterr().err


@pytest.mark.slow
def test_a_stopped_backup_resumes(server: Server) -> None:
    folder = Path("stopped")
    for number in range(30):
        add_person(server, None, example_image(100 + number))
    server.faults.next("storage.get", Fault.SLOW_BODY, times=1000)
    with process("backup", "newsroom", str(folder), env=dict(os.environ)) as running:
        for _ in range(6000):
            if server.log.count("storage.get") and any(folder.glob("images/*/*.png")):
                break
            time.sleep(0.01)
        running.send_signal(signal.SIGTERM)
        _, err = running.communicate(timeout=60)
    server.faults.clear()
    assert running.returncode == 143
    assert "what was downloaded is kept; run the same command again to resume" in err
    kept = len(list(folder.glob("images/*/*.png")))
    assert kept
    assert not (folder / "backup.json").exists()
    before = server.log.count("storage.get")
    assert run(["backup", "newsroom", str(folder), "-q"]) == 0
    images = len(list(folder.glob("images/*/*.png")))
    assert server.log.count("storage.get") - before == images - kept
