"""``mi-async doctor``: lines for people and for pipes, JSON, exit codes, and how it looks on terminals."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from mi_async.cli.app import run
from mi_async.cli.doctor import draw
from mi_async.doctor import CheckResult, CheckStatus, Diagnosis
from mi_async.emulator import Server
from mi_async.text import display_width

pytestmark = pytest.mark.usefixtures("reachable")

RESULTS = (
    CheckResult(CheckStatus.OK, "access key ****1234 from NCLOUD_ACCESS_KEY_ID", "", "credentials"),
    CheckResult(CheckStatus.WARNING, "this machine is 10 min 00 s behind the service", "set the clock (NTP)", "clock"),
    CheckResult(
        CheckStatus.FAILED,
        "there is no workspace '가나다라마바사아자차카타파하가나다라마바사아자차카타파하'",
        "did you mean '뉴스룸'?",
        "workspace",
    ),
    CheckResult(CheckStatus.NOT_TRIED, "signature: failed", "", "quota store"),
)


def test_a_line_for_each_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor"]) == 0
    written = capsys.readouterr()
    lines = written.out.splitlines()
    assert [line.split()[0] for line in lines[:4]] == ["ok"] * 4
    assert "  credentials   access key ****-KEY from NCLOUD_ACCESS_KEY_ID and NCLOUD_SECRET_ACCESS_KEY" in lines[2]
    assert all(line == line.rstrip() for line in lines)
    assert lines[-2].split(maxsplit=3)[2:] == [
        "others",
        "bucket, list, read, write, quota store, journal: not named (--bucket, --quota-store, --journal)",
    ]
    assert lines[-1].startswith("all is well: ")
    assert len(lines) == 19 - 6 + 2
    assert written.err == ""


def test_what_failed_is_counted_and_ends_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NCLOUD_SECRET_ACCESS_KEY", "an-0ther-s3cret")
    assert run(["doctor", "--output", "json"]) == 1
    written = capsys.readouterr()
    assert written.err == "error: 1 of 19 checks failed: signature\n"
    checks = {check["name"]: check for check in json.loads(written.out)["checks"]}
    assert checks["workspace"] == {
        "name": "workspace",
        "status": "not tried",
        "text": "signature: failed",
        "remedy": "",
    }
    assert "an-0ther-s3cret" not in written.out


def test_options_are_checked_as_the_options_that_they_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("MI_ASYNC_WORKSPACE", "")
    monkeypatch.setenv("NCLOUD_OBS_ENDPOINT", "http://127.0.0.1:9")
    line = ["--timeout", "20", "doctor", "--bucket", "b", "--proxy", "http://u:p4ss@127.0.0.1:9"]
    assert run([*line, "--journal", str(tmp_path / "none.journal"), "--quota-store", "redis://127.0.0.1:9/0"]) == 1
    said = capsys.readouterr().out
    assert "http://127.0.0.1:9, from --proxy\n" in said
    assert "p4ss" not in said
    assert "no workspace was named" not in said  # the connection failed before
    assert "the proxy 127.0.0.1:9 cannot be reached" in said
    assert "none.journal: none yet" in said


def test_nothing_is_sent_without_the_network(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    before = len(server.log.arrivals["workspaces.list"])
    assert run(["doctor", "--no-network"]) == 0
    assert len(server.log.arrivals["workspaces.list"]) == before
    assert "nothing was to be sent" in capsys.readouterr().out


@pytest.mark.parametrize("encoding", ["utf-8", "cp949", "ascii"])
@pytest.mark.parametrize("width", [60, 80, 120])
def test_it_fits_terminals(width: int, encoding: str) -> None:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding, errors="replace")
    draw(Console(file=file, width=width, highlight=False), Diagnosis(RESULTS))
    file.flush()
    lines = raw.getvalue().decode(encoding).splitlines()
    assert max(map(display_width, lines)) <= width
    begun = [line for line in lines if not line.startswith(" ")]
    assert [line.split("  ")[0] for line in begun] == ["ok", "warning", "failed", "not tried"]
    column = begun[0].index("access")
    assert all(line.startswith(" " * column) for line in lines if line not in begun)
