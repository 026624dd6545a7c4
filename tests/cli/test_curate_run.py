"""``curate name`` and ``curate merge`` against a real emulator: shown, confirmed, carried out."""

import asyncio
import json
import os
import pty
import select
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mi_async.cli.app import run
from mi_async.emulator import Server
from tests.support.backups import add_person
from tests.support.terminal import COMMAND, environment, served

LIMIT = 60.0


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    """An emulator with Kim and three faces, 1001 to 1004, and a table that says who they are."""

    async def fill() -> None:
        for name in ("Kim", None, None, None):
            add_person(running, name)

    with served() as running:
        asyncio.run(fill())  # the time of the emulator is that of a loop
        monkeypatch.chdir(tmp_path)
        for name, value in environment(running).items():
            monkeypatch.setenv(name, value)
        Path("faces.csv").write_text("person_id,name,same_as\n1002,Kim,\n1003,홍길동,\n1004,,\n", "utf-8-sig")
        yield running


def archive(server: Server) -> dict[int, str | None]:
    return {person.id: person.name for person in server.state.workspaces["newsroom"].persons.values()}


def files() -> list[str]:
    return [path.name for path in Path().iterdir()]


UNTOUCHED = {1001: "Kim", 1002: None, 1003: None, 1004: None}
DONE = {1001: "Kim", 1003: "홍길동", 1004: None}


def planned(capsys: pytest.CaptureFixture[str], exit_code: int = 0) -> str:
    """Return the code of the plan, as a dry run prints it."""
    assert run(["curate", "name", "faces.csv", "--dry-run"]) == exit_code
    code: str = json.loads(capsys.readouterr().out)["code"]
    return code


def test_a_dry_run_shows_the_plan_and_its_code(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    code = planned(capsys)
    assert run(["curate", "name", "faces.csv", "--dry-run", "--output", "table"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "person  now    then      merged into it",
        "1001    'Kim'  'Kim'     1002",
        "1003    -      '홍길동'",
        "workspace newsroom: 1 person named, 1 merged for good, 1 not filled in",
        f"to do this, run the command with --confirm {code} in place of --dry-run",
    ]
    assert archive(server) == UNTOUCHED
    assert files() == ["faces.csv"]


def test_the_code_confirms_and_the_same_command_again_does_nothing(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    code = planned(capsys)
    assert run(["curate", "name", "faces.csv", "--confirm", code, "--report", "report.jsonl"]) == 0
    assert archive(server) == DONE
    assert [json.loads(row)["status"] for row in Path("report.jsonl").read_text().splitlines()] == ["done", "done"]
    assert Path("faces.csv.journal.backup", "persons.jsonl").exists()
    before = server.log.count("persons.merge"), server.log.count("persons.list")
    assert run(["curate", "name", "faces.csv"]) == 0
    assert (server.log.count("persons.merge"), server.log.count("persons.list")) == before
    capsys.readouterr()
    assert run(["curate", "name", "faces.csv", "--dry-run"]) == 0
    said = capsys.readouterr().err
    assert "a plan of this table was carried out" in said
    assert "resumes" not in said


def test_without_a_terminal_nothing_is_done_without_the_code(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    code = planned(capsys)
    assert run(["curate", "name", "faces.csv"]) == 2
    said = capsys.readouterr().err
    assert "1 person would be merged for good; look at the plan with --dry-run" in said
    assert code not in said  # nobody has seen the plan yet
    assert run(["curate", "name", "faces.csv", "--confirm", "yes"]) == 2
    Path("faces.csv").write_text("person_id,name,same_as\n1002,Kim,\n1003,Kim,\n")
    assert run(["curate", "name", "faces.csv", "--confirm", code]) == 2
    assert "the plan has changed since it was shown" in capsys.readouterr().err
    assert (archive(server), files()) == (UNTOUCHED, ["faces.csv"])


@pytest.mark.parametrize("option", ["--yes", "--force"])
def test_no_option_confirms_any_plan(server: Server, option: str) -> None:
    assert run(["curate", "name", "faces.csv", option]) == 2
    assert archive(server) == UNTOUCHED


def typed(line: bytes) -> tuple[str, int]:
    """Run the command on a terminal, type a line once it asks; return all that was seen, and the exit code."""
    ours, its = pty.openpty()
    program = subprocess.Popen([*COMMAND, "curate", "name", "faces.csv"], stdin=its, stdout=its, stderr=its)
    os.close(its)
    seen, until, answered = b"", time.monotonic() + LIMIT, False
    try:
        while time.monotonic() < until and select.select([ours], [], [], LIMIT)[0]:
            try:
                seen += os.read(ours, 4096)
            except OSError:  # Linux says so when the other end is closed
                break
            if not answered and b"To confirm, type " in seen:
                answered = True
                code = seen.rsplit(b"type ", 1)[1][:9]
                os.write(ours, line.replace(b"CODE", code) + b"\n")
        return seen.decode(), program.wait(LIMIT)
    finally:
        program.kill()
        program.wait()
        os.close(ours)


@pytest.mark.slow
def test_on_a_terminal_the_plan_is_shown_and_its_code_typed(server: Server) -> None:
    seen, code = typed(b"yes")
    assert (code, archive(server)) == (2, UNTOUCHED)
    assert "the code of the plan was not typed, and nothing was done" in seen
    seen, code = typed(b"CODE")
    assert (code, archive(server)) == (0, DONE)
    assert seen.index("1001    'Kim'") < seen.index("1 person would be merged for good. To confirm, type ")


def test_merge_takes_no_names(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["curate", "merge", "faces.csv"]) == 2
    assert "faces.csv:2: a name is filled in, and merge gives no names; use mi-async curate name" in (
        capsys.readouterr().err
    )
    Path("groups.csv").write_text("group,person_id,current_name,name,same_as\n1,1003,,,1001\n1,1004,,,1003\n")
    assert run(["curate", "merge", "groups.csv", "--dry-run"]) == 0
    code = json.loads(capsys.readouterr().out)["code"]
    assert run(["curate", "merge", "groups.csv", "--confirm", code, "--journal", "j", "--backup", "b"]) == 0
    assert archive(server) == {1001: "Kim", 1002: None}
    assert (Path("b") / "persons.jsonl").exists()


def test_what_cannot_be_carried_out_is_left_out_and_fails(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    Path("faces.csv").write_text("person_id,name,same_as\n1002,,999\n")
    for more in (["--dry-run"], []):
        assert run(["curate", "name", "faces.csv", "--output", "table", *more]) == 1
        out, err = capsys.readouterr()
        assert "left out: faces.csv:2: same_as: there is no person 999" in out
        assert "1 answer of the table cannot be carried out" in err
    Path("faces.csv").write_text("person_id,name,same_as\n1002,,999\n1003,Lee,\n")
    assert run(["curate", "name", "faces.csv"]) == 1
    assert archive(server)[1003] == "Lee"


def test_an_answer_that_was_left_out_is_planned_anew_by_the_same_command(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    persons = server.state.workspaces["newsroom"].persons
    persons[1003].name = "Park"
    code = planned(capsys, exit_code=1)
    assert run(["curate", "name", "faces.csv", "--confirm", code]) == 1
    assert archive(server) == {1001: "Kim", 1003: "Park", 1004: None}
    assert run(["curate", "name", "faces.csv"]) == 1
    persons[1003].name = None
    assert run(["curate", "name", "faces.csv"]) == 0
    assert archive(server) == DONE
    assert server.log.count("persons.merge") == 1


def test_an_untouched_table_does_nothing(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    Path("faces.csv").write_text("person_id,name,same_as\n1002,,\n1003,,\n")
    assert run(["curate", "name", "faces.csv", "--output", "table"]) == 0
    assert "nothing is to be done" in capsys.readouterr().out
    assert (archive(server), files()) == (UNTOUCHED, ["faces.csv"])


def test_another_table_does_not_mix_with_one_that_is_not_finished(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    code = planned(capsys)
    Path("full").write_text("no folder for a backup")
    assert run(["curate", "name", "faces.csv", "--confirm", code, "--backup", "full"]) != 0
    assert archive(server) == UNTOUCHED
    Path("faces.csv").write_text("person_id,name,same_as\n1004,Kim,\n")
    capsys.readouterr()
    assert run(["curate", "name", "faces.csv", "--confirm", code]) == 2
    assert "it holds a plan of another table that is not finished" in capsys.readouterr().err
    Path("faces.csv").write_text("person_id,name,same_as\n1003,홍길동,\n1002,Kim,\n")
    assert run(["curate", "name", "faces.csv"]) == 0
    assert archive(server) == DONE
