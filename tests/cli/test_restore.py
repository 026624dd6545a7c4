"""``restore`` as people use it: where it goes, what it says before and after, and how it goes on."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mi_async.cli.app import run
from mi_async.emulator import Server, Settings
from tests.support.handmade_backup import HandMade, person
from tests.support.terminal import QUICK, environment, served


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    monkeypatch.chdir(tmp_path)
    with served(Settings(latency=QUICK.latency, workspaces=("newsroom", "archive", "empty"))) as running:
        for name, value in environment(running).items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> str:
    people = [person(11, "홍길동", [1, 2], tags=["Anchor"]), person(12, "Kim", [3]), person(13, None, [4])]
    return str(HandMade(tmp_path / "newsroom-backup").write("archive", persons=people))


def names(server: Server, workspace: str) -> list[str]:
    return sorted(str(each.name) for each in server.state.workspaces[workspace].persons.values())


def test_planned_then_restored_then_nothing_is_left_to_do(
    server: Server, folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["restore", folder, "--workspace", "archive", "--report", "report.jsonl"]
    assert run([*command, "--dry-run", "--output", "table"]) == 0
    written = capsys.readouterr()
    assert "persons to create" in written.out
    assert "not carried: anonymous  1 persons without a name" in written.out
    assert "into" in written.out
    assert names(server, "archive") == []
    assert run(command) == 0
    written = capsys.readouterr()
    report = json.loads(written.out)
    assert (report["ok"], report["people"]["counts"]["done"], report["not_carried"]["anonymous"]) == (True, 2, 1)
    said = f"restoring {folder} into workspace archive; journal: newsroom-backup.archive.journal"
    assert written.err.splitlines()[0] == said
    assert names(server, "archive") == ["Kim", "홍길동"]
    mapping = Path("newsroom-backup.archive.restored.jsonl").read_text(encoding="utf-8")
    assert [json.loads(line)["kind"] for line in mapping.splitlines()] == ["person", "person"]
    assert run([*command, "--output", "table"]) == 0
    assert "items     2 of 2: 2 skipped" in capsys.readouterr().out
    assert len(Path("report.jsonl").read_text(encoding="utf-8").splitlines()) == 3


def test_into_another_workspace_only_by_the_option(
    server: Server, folder: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["restore", folder]) == 2
    said = "the backup is of workspace 'archive', and MI_ASYNC_WORKSPACE names 'newsroom': say with --workspace"
    assert said in capsys.readouterr().err
    monkeypatch.delenv("MI_ASYNC_WORKSPACE")
    assert run(["restore", folder, "--dry-run"]) == 0
    assert json.loads(capsys.readouterr().out)["workspace"] == "archive"
    assert run(["restore", folder, "-w", "empty"]) == 0
    assert names(server, "empty") == ["Kim", "홍길동"]
    assert names(server, "newsroom") == []


def test_what_does_not_go_well_is_the_end_of_the_command(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = HandMade(tmp_path / "damaged").write("newsroom", persons=[person(1, "Park", [5]), person(2, "Lee", [6])])
    for image in list(folder.glob("images/*/*"))[:1]:
        image.write_bytes(b"")
    for more, word in (["--dry-run"], "would not go well"), ([], "did not go well"):
        assert run(["restore", "damaged", *more]) == 1
        assert f"error: persons, assets and images that {word}: 2" in capsys.readouterr().err
    assert len(names(server, "newsroom")) == 1
    assert run(["restore", str(tmp_path)]) == 2
    assert "is not a backup" in capsys.readouterr().err
    assert run(["restore", "damaged", "--journal", str(tmp_path / "no" / "x")]) == 2
    capsys.readouterr()
    assert run(["restore", "damaged", "--max-failures", "0", "--journal", "another.journal"]) == 1
    assert "what is done is in another.journal; run the same command again" in capsys.readouterr().err


@pytest.mark.usefixtures("server")
def test_a_backup_whose_workspace_is_a_path_names_no_journal_elsewhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MI_ASYNC_WORKSPACE", raising=False)
    folder = HandMade(tmp_path / "theirs").write("/../else\\where", persons=[person(1, "Kim", [1])])
    assert run(["restore", str(folder)]) == 4
    assert "journal: theirs._.._else_where.journal" in capsys.readouterr().err
