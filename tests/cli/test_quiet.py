"""``--quiet``: results and errors, and nothing else."""

import json
from pathlib import Path

import pytest

from mi_async.cli.app import run
from mi_async.emulator import Rejection, Server
from tests.support.pictures import picture
from tests.support.terminal import JPG

pytestmark = pytest.mark.usefixtures("reachable")


def test_a_workflow_prints_its_result_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["enroll", "Loud", JPG]) == 0
    assert capsys.readouterr().err
    assert run(["-q", "enroll", "Quiet", JPG]) == 0
    written = capsys.readouterr()
    assert json.loads(written.out)["name"] == "Quiet"
    assert written.err == ""
    assert run(["enroll", "Loud again", JPG]) == 0  # of the one command alone
    assert capsys.readouterr().err


def test_a_bulk_run_prints_its_result_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "faces").mkdir()
    (tmp_path / "faces" / "Ama.jpg").write_bytes(picture("jpg", seed=7))
    for more in (["--dry-run"], []):
        assert run(["enroll-many", "faces", "--quiet", *more]) == 0
        written = capsys.readouterr()
        assert json.loads(written.out)
        assert written.err == ""


def test_an_error_says_what_exists_and_gives_no_hint(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["persons", "list", "-w", "nowhere"]) == 4
    assert capsys.readouterr().err.splitlines()[1:] == ["workspaces are: newsroom"]
    listed = server.log.count("workspaces.list")
    assert run(["persons", "list", "-w", "nowhere", "-q"]) == 4
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert server.log.count("workspaces.list") == listed
    server.faults.next("persons.create", Rejection(10069))
    assert run(["enroll", "Nobody", JPG, "-q"]) == 1
    assert capsys.readouterr().err.splitlines()[1:] == ["1 uploaded image was not attached; it expires after 24 hours"]
