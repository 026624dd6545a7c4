"""``enroll-many`` and ``upload-many``: results, reports, exit codes, Ctrl-C, and what to do next."""

import gc
import json
import os
import re
import signal
import sqlite3
import subprocess
import threading
from contextlib import closing
from pathlib import Path

import pytest

from mi_async.bulk.report.advice import ADVICE
from mi_async.cli.app import run
from mi_async.cli.exit_codes import exit_code
from mi_async.emulator import Fault, Latency, RunningEmulator, Server, Settings, example_image
from mi_async.errors import AuthenticationError, BulkError, CapacityError, JournalError, NotFoundError
from tests.support.pictures import picture
from tests.support.terminal import environment, on_terminal, process, served

PICTURE = picture("jpg")
SMALL = picture("png", 100, 100)
TOO_SMALL = ADVICE["resolution"].text


pytestmark = pytest.mark.usefixtures("server")


@pytest.fixture
def server(mi_emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> RunningEmulator:
    """An emulator that the environment leads to, and a directory of our own to work in."""
    monkeypatch.chdir(tmp_path)
    return mi_emulator


def people(count: int, prefix: str = "홍길동") -> Path:
    """A directory of people with a picture each."""
    for number in range(count):
        folder = Path("faces") / f"{prefix} {number}"
        folder.mkdir(parents=True)
        (folder / "1.jpg").write_bytes(PICTURE + number.to_bytes(4, "big"))
    return Path("faces")


def test_people_of_a_directory_are_enrolled_and_the_same_command_does_nothing_more(
    server: RunningEmulator, capsys: pytest.CaptureFixture[str]
) -> None:
    people(3)
    assert run(["enroll-many", "faces"]) == 0
    written = capsys.readouterr()
    report = json.loads(written.out)
    assert (report["ok"], report["counts"]["done"], report["total"], report["pictures"]) == (True, 3, 3, 3)
    first, *lines = written.err.splitlines()
    assert first == "enrolling the people of faces in workspace newsroom; journal: faces.journal"
    start = lines.index("items     3 of 3: 3 done")
    assert lines[start - 1].startswith("3 of 3 (100.0%); 3 done")  # and its pace, after more than a moment
    table = lines[start:]
    assert table[-1] == "journal   faces.journal"
    assert sorted(person.name or "" for person in server.state.persons()) == [f"홍길동 {n}" for n in range(3)]
    requests = server.log.answers.total()
    assert run(["enroll-many", "faces"]) == 0
    assert json.loads(capsys.readouterr().out)["counts"]["skipped"] == 3
    assert server.log.answers.total() == requests


def test_a_run_spares_the_collector_the_modules_and_gives_them_back() -> None:
    frozen: list[int] = []

    def look(phase: str, _facts: dict[str, int]) -> None:
        frozen.append(gc.get_freeze_count() if phase == "start" else 0)

    gc.callbacks.append(look)
    try:
        assert run(["enroll-many", str(people(20))]) == 0
    finally:
        gc.callbacks.remove(look)
    assert max(frozen) > 50_000
    assert gc.get_freeze_count() == 0


def test_a_run_with_a_journal_in_postgresql(capsys: pytest.CaptureFixture[str], schema_url: str) -> None:
    command = ["enroll-many", str(people(2)), "--journal", schema_url]
    assert run(command) == 0
    assert json.loads(capsys.readouterr().out)["counts"]["done"] == 2
    assert run(command) == 0
    assert json.loads(capsys.readouterr().out)["counts"]["skipped"] == 2


def test_pictures_go_to_people_who_are_there(server: RunningEmulator, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["enroll-many", str(people(1))]) == 0
    [person] = server.state.persons()
    Path("more.jpg").write_bytes(picture("jpg", seed=5))
    Path("more.csv").write_text(f"person_id,thumbnail\n{person.id},more.jpg\n", encoding="utf-8")
    capsys.readouterr()
    assert run(["upload-thumbnails", "more.csv", "--journal", "j", "--output", "table"]) == 0
    written = capsys.readouterr()
    assert written.out.splitlines()[0] == "items     1 of 1: 1 done"
    assert "items     " not in written.err
    assert len(list(server.state.thumbnails())) == 2


def test_what_did_not_go_well_is_told_with_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    people(2)
    (Path("faces") / "작은 얼굴.png").write_bytes(SMALL)
    assert run(["enroll-many", "faces", "--report", "report.jsonl"]) == 1
    written = capsys.readouterr()
    assert json.loads(written.out)["problems"][0]["key"] == "작은 얼굴"
    *_, heading, problem, error, hint = written.err.splitlines()
    assert heading == "problems:"
    assert problem.startswith("  작은 얼굴: rejected: resolution ")
    assert error == "error: 1 of 3 items did not go well"
    assert hint == f"resolution (1): {TOO_SMALL}"
    rows = [json.loads(line) for line in Path("report.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["status"] for row in rows] == ["rejected", "done", "done"]
    assert "Traceback" not in written.err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ([], "  Hong (excel.csv:2): rejected: format ./no.jpg: "),
        (["--dry-run", "-o", "table"], "rejected: Hong (excel.csv:2): ./no.jpg: "),
    ],
)
def test_a_rejected_image_of_a_table_is_shown_with_its_person_and_row(
    more: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("no.jpg").write_text("no image", encoding="utf-8")
    Path("excel.csv").write_text("name,thumbnails\nHong,no.jpg\n", encoding="utf-8")
    assert run(["enroll-many", "excel.csv", *more]) == 1
    written = capsys.readouterr()
    [line] = [line for line in (written.out + written.err).splitlines() if line.startswith(said)]
    assert line.count("excel.csv:2") == 1


@pytest.mark.usefixtures("server")
def test_a_person_who_does_not_exist_is_to_be_corrected_and_not_retried(capsys: pytest.CaptureFixture[str]) -> None:
    (Path("faces") / "999999").mkdir(parents=True)
    (Path("faces") / "999999" / "1.jpg").write_bytes(PICTURE)
    assert run(["upload-many", "faces"]) == 1
    hints = capsys.readouterr().err
    assert "10001 (1): the service refuses the request as it is, such as one for a person who does not exist" in hints
    assert "journal retry" not in hints


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_what_is_only_too_big_may_be_made_to_fit(more: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    people(1)
    (Path("faces") / "작은 얼굴.png").write_bytes(SMALL)
    assert run(["enroll-many", "faces", "--journal", "j", *more]) == 1
    assert "--fit" not in capsys.readouterr().err
    for name in ("큰 얼굴", "더 큰 얼굴"):
        (Path("faces") / f"{name}.jpg").write_bytes(PICTURE + bytes(6 * 2**20))
    assert run(["enroll-many", "faces", "--journal", "j", *more]) == 1
    hints = capsys.readouterr().err.splitlines()
    assert "size (2): --fit makes images of more than 5,000,000 bytes smaller" in hints
    assert sum(line.startswith("size (") for line in hints) == 1
    assert run(["enroll-many", "faces", "--journal", "j", "--fit", *more]) == 1
    assert "--fit" not in capsys.readouterr().err


def test_partial_ones_are_called_by_their_name(capsys: pytest.CaptureFixture[str]) -> None:
    people(1)
    Path("faces/홍길동 0/2.png").write_bytes(SMALL)
    assert run(["enroll-many", "faces"]) == 1
    *_, error, hint = capsys.readouterr().err.splitlines()
    assert error == "error: 1 of 1 item did not go well"
    assert hint == f"resolution (1): {TOO_SMALL}"  # a retry would find the same 100 pixels


def test_each_code_has_its_advice_and_a_retry_is_named_where_it_helps(capsys: pytest.CaptureFixture[str]) -> None:
    people(3)
    assert run(["enroll-many", "faces", "--journal", "other.journal"]) == 0
    (Path("faces") / "작은 얼굴.png").write_bytes(SMALL)
    capsys.readouterr()
    assert run(["enroll-many", "faces"]) == 1
    *_, taken, small = capsys.readouterr().err.splitlines()
    assert taken.startswith("50005 (3): the name is taken by a person from before this journal: use another name, or ")
    assert small == f"resolution (1): {TOO_SMALL}"
    with closing(sqlite3.connect("faces.journal")) as connection, connection:
        connection.execute("UPDATE persons SET code = '10068' WHERE code = '50005'")
        connection.execute("UPDATE pictures SET code = '10068' WHERE code = '50005'")
    assert run(["enroll-many", "faces"]) == 1
    *_, full, small, again = capsys.readouterr().err.splitlines()
    assert full == "10068 (3): the person or the workspace is full: make room at the service"
    assert small == f"resolution (1): {TOO_SMALL}"
    retry = "mi-async journal retry faces.journal --code 10068"
    assert again == f"10068: once the cause is gone, have the next run retry with: {retry}"


def test_a_dry_run_makes_no_request_and_tells_the_plan(
    server: RunningEmulator, capsys: pytest.CaptureFixture[str]
) -> None:
    people(3)
    assert run(["enroll-many", "faces", "--dry-run"]) == 0
    written = capsys.readouterr()
    plan = json.loads(written.out)
    assert (plan["create"], plan["pictures"], plan["requests"]["persons.create"]) == (3, 3, 3)
    assert written.err == "planning for faces: headers of images are read, and no request is made\n"
    assert not Path("faces.journal").exists()
    assert not server.log.answers
    assert run(["enroll-many", "faces"]) == 0
    (Path("faces") / "작은 얼굴.png").write_bytes(SMALL)
    capsys.readouterr()
    assert run(["enroll-many", "faces", "--dry-run", "--output", "table", "--report", "bad.jsonl"]) == 1
    written = capsys.readouterr()
    assert re.search(r"^finished already +3$", written.out, re.MULTILINE)
    *_, error, hint = written.err.splitlines()
    assert (error, hint) == ("error: 1 of 4 items would not go well", f"resolution (1): {TOO_SMALL}")
    assert json.loads(Path("bad.jsonl").read_text(encoding="utf-8"))["key"] == "작은 얼굴"


def test_many_problems_stop_the_run_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(20):
        Path(f"faces/{number}").mkdir(parents=True)
        Path(f"faces/{number}/1.png").write_bytes(SMALL + bytes([number]))
    assert run(["enroll-many", "faces", "--max-failures", "3"]) == 1
    written = capsys.readouterr()
    assert json.loads(written.out)["ending"]
    assert "run the same command again to resume" in written.err
    assert re.search(r"^error: more than 3 items did not go well in this run$", written.err, re.MULTILINE)


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("enroll-many nowhere", 2, "nowhere: cannot be read: No such file or directory"),
        ("enroll-many faces --report nowhere/r", 2, "--report: cannot write nowhere/r: there is no directory "),
        ("enroll-many faces --journal nowhere/j", 2, "there is no directory"),
        (
            "enroll-many faces --journal mysql://u:p@db/x",
            2,
            "error: journal: a URL of a journal begins with postgresql:",
        ),
        ("enroll-many faces --journal faces/0/1.jpg", 2, "the file is something else; it is left as it is"),
        ("enroll-many faces --grace -1", 2, "for --grace. Must be >= 0."),
        ("enroll-many faces --max-failures=-1", 2, "for --max-failures. Must be >= 0."),
        ("upload-many faces --grace=nan", 2, "for --grace. Must be >= 0."),
        ("enroll-many", 2, "INPUT is missing; see mi-async enroll-many --help"),
        ("enroll-many faces --workspace elsewhere", 4, "the run was stopped: "),
        ("NCLOUD_SECRET_ACCESS_KEY=wrong enroll-many faces", 3, "the run was stopped: "),
    ],
)
def test_exit_codes_and_one_line(
    line: str,
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("faces/0").mkdir(parents=True)
    Path("faces/0/1.jpg").write_bytes(PICTURE)
    words = line.split()
    if "=" in words[0]:
        monkeypatch.setenv(*words.pop(0).split("="))
    assert run(words) == code
    written = capsys.readouterr()
    [error] = [line for line in written.err.splitlines() if line.startswith("error: ")]
    assert said in error
    if "is a number" in said:
        assert written.err.splitlines() == [f"error: {said}"]  # before anything is said to be done
    assert "Traceback" not in written.err


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        (AuthenticationError(401, "200", ""), 3),
        (NotFoundError(404, "10030", ""), 4),
        (CapacityError(409, "10045", ""), 1),
        (JournalError("the disk is full"), 1),
        (None, 1),
    ],
)
def test_a_run_that_had_to_stop_ends_as_its_cause_does_but_never_as_if_nothing_had_changed(
    cause: Exception | None, code: int
) -> None:
    error = BulkError("the run was stopped")
    error.__cause__ = cause
    assert exit_code(error) == code


def test_the_journal_of_another_workspace_is_refused(
    server: RunningEmulator, capsys: pytest.CaptureFixture[str]
) -> None:
    people(1)
    assert run(["enroll-many", "faces"]) == 0
    assert run(["enroll-many", "faces", "--workspace", "another"]) == 2
    said = capsys.readouterr().err
    assert "newsroom" in said
    assert "another" in said
    assert len(list(server.state.persons())) == 1


def _asked(server: Server, operation: str, count: int) -> None:
    """Wait until a command has made so many requests; the server tells nobody."""
    while server.log.count(operation) < count:
        threading.Event().wait(0.005)


def _stopped(running: "subprocess.Popen[str]", times: int) -> tuple[str, str]:
    """Send Ctrl-C so often, each when the one before was heard; what the command has written in the end."""
    assert running.stderr is not None
    heard = ""
    for _ in range(times):
        running.send_signal(signal.SIGINT)
        while "stopping" not in (said := running.stderr.readline()):  # how far it is may be told in between
            assert said, heard
            heard += said
        heard += said
    out, err = running.communicate(timeout=60)
    return out, heard + err


def test_the_first_ctrl_c_lets_land_what_is_under_way(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    people(200)
    with (
        served(Settings(latency=Latency.constant(1.5))) as server,
        process("enroll-many", "faces", "--grace", "20", env=environment(server)) as enrolling,
    ):
        assert enrolling.stderr is not None
        assert enrolling.stderr.readline().startswith("enrolling the people of faces")
        _asked(server, "persons.create", 1)
        out, err = _stopped(enrolling, 1)
        assert enrolling.returncode == 130, err
        report = json.loads(out)
        assert 0 < report["counts"]["done"] < 200
        assert (report["ending"], report["open"]) == ("cancelled", 0)
        assert report["counts"]["done"] == len(list(server.state.persons()))
    told = err.splitlines()
    assert any(
        re.fullmatch(
            r"stopping: \d+ items in progress have 20 s to end; Ctrl-C again leaves them for the next run", each
        )
        for each in told
    )
    assert told[-2:] == ["what is done is in faces.journal; run the same command again to resume", "interrupted"]
    assert "Traceback" not in err


def test_the_second_ctrl_c_stops_at_once_and_the_next_run_goes_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    people(20)
    with served(Settings(latency=Latency.constant(4))) as server:
        with process("enroll-many", "faces", env=environment(server)) as enrolling:
            assert enrolling.stderr is not None
            assert enrolling.stderr.readline().startswith("enrolling the people of faces")
            _asked(server, "thumbnails.presign", 20)
            out, err = _stopped(enrolling, 2)
            assert enrolling.returncode == 130, err
        assert json.loads(out)["open"] == 20
        assert "stopping at once" in err
        assert "Traceback" not in err
        for name, value in environment(server).items():
            monkeypatch.setenv(name, value)
        assert run(["enroll-many", "faces"]) == 0
        assert json.loads(capsys.readouterr().out)["counts"]["done"] == 20
        keys = [key for _, key in server.state.thumbnails()]
        assert len(keys) == len(set(keys)) == 20


def test_a_name_cannot_command_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    Path("p.jsonl").write_text(json.dumps({"name": "\x1b[2J" * 20, "thumbnails": ["none.jpg"]}), encoding="utf-8")
    assert run(["enroll-many", "p.jsonl"]) == 1
    assert "\x1b" not in capsys.readouterr().err


def test_on_a_terminal_there_is_a_panel_and_what_is_logged_stands_above_it(server: RunningEmulator) -> None:
    people(3)
    server.faults.next("thumbnails.presign", Fault.RATE_LIMITED)
    out, shown = on_terminal("enroll-many", "faces")
    assert json.loads(out)["counts"]["done"] == 3
    warning, panel, report = (shown.rindex(said) for said in ("refused with 429", "in progress", "items     3 of 3"))
    assert warning < panel < report
    assert "━" in shown
    assert "\x1b[?25h" in shown  # the cursor is back


def table_of(count: int) -> Path:
    """A table of people, and their pictures beside it."""
    for number in range(count):
        Path(f"{number}.jpg").write_bytes(PICTURE + number.to_bytes(4, "big"))
    lines = [f"홍길동 {number},{number}.jpg" for number in range(count)]
    Path("r.csv").write_text("\n".join(["name,thumbnail", *lines, ""]), encoding="utf-8")
    return Path("r.csv")


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
@pytest.mark.parametrize("force", [[], ["--force"]])
def test_a_report_destroys_nothing_and_is_refused_before_the_run(
    more: list[str], force: list[str], server: RunningEmulator, capsys: pytest.CaptureFixture[str]
) -> None:
    source = table_of(2)
    assert run(["enroll-many", "r.csv", "--journal", "x.journal"]) == 0
    Path("link").symlink_to("x.journal")
    Path("hard").hardlink_to("1.jpg")
    requests = server.log.answers.total()
    names = ["r.csv", "x.journal", "link", "x.journal.lock", "x.journal-wal", "1.jpg", "hard", "../" + Path.cwd().name]
    before = {name: Path(name).read_bytes() for name in names if Path(name).is_file()}
    for name in names:
        capsys.readouterr()
        assert run(["enroll-many", str(source), "--journal", "x.journal", "--report", name, *force, *more]) == 2
        written = capsys.readouterr()
        assert written.out == ""
        assert written.err.startswith(f"error: --report: {name} " if "/" not in name else "error: --report: cannot")
    assert {name: Path(name).read_bytes() for name in before} == before
    assert server.log.answers.total() == requests
    assert run(["enroll-many", "r.csv", "--journal", "x.journal"]) == 0
    assert json.loads(capsys.readouterr().out)["counts"]["skipped"] == 2


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_a_report_replaces_one_of_ours_and_anything_else_by_force(
    more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    people(1)
    (Path("faces") / "작은 얼굴.png").write_bytes(SMALL)
    command = ["enroll-many", "faces", "--report", "report", *more]
    for _ in range(2):
        assert run(command) == 1
        assert "error: --report" not in capsys.readouterr().err
    Path("report").write_text("my own words\n", encoding="utf-8")
    assert run(command) == 2
    said = "exists and was not written by mi-async; name another file, or replace it with --force"
    assert capsys.readouterr().err == f"error: --report: report {said}\n"
    assert run([*command, "--force"]) == 1
    assert '"status":"rejected"' in Path("report").read_text(encoding="utf-8")


def test_a_report_goes_along_with_the_result_on_stdout() -> None:
    people(2)
    with process("enroll-many", "faces", "--report", "/dev/stdout", env=os.environ, redirected="> out") as running:
        assert running.wait(60) == 0
    text = Path("out").read_text(encoding="utf-8")
    result, at = json.JSONDecoder().raw_decode(text)
    assert result["ok"]
    rows = [json.loads(line) for line in text[at:].strip().splitlines()]
    assert [row["status"] for row in rows] == ["done", "done"]


def test_a_run_is_told_however_the_report_fails(capsys: pytest.CaptureFixture[str]) -> None:
    people(1)
    assert run(["enroll-many", "faces", "--report", "/dev/full"]) == 1
    written = capsys.readouterr()
    assert json.loads(written.out)["ok"]
    assert written.err.splitlines()[-1] == "error: cannot write the report to /dev/full: No space left on device"


def test_a_person_who_is_known_is_not_created_and_attached_by_the_next_run(
    server: RunningEmulator, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, name in enumerate(("old/Gildong", "new/홍길동", "new/김민지")):
        Path(name).mkdir(parents=True)
        (Path(name) / "1.png").write_bytes(example_image(number, face="kim" if number == 2 else "hong"))
    assert run(["enroll-many", "old"]) == 0
    capsys.readouterr()
    assert run(["enroll-many", "new", "--known", "ask", "--score", "90"]) == 1
    written = capsys.readouterr()
    assert json.loads(written.out)["counts"] | {"done": 1, "failed": 1} == json.loads(written.out)["counts"]
    assert "'홍길동' was not created: person 1001 'Gildong' (score 9" in written.err
    assert "KNOWN (1): somebody who is there looks like the person: run again with --known attach" in written.err
    assert "journal retry" not in written.err
    assert run(["journal", "failed", "new.journal"]) == 0
    assert "KNOWN" in capsys.readouterr().out
    put = server.log.count("storage.put")
    assert run(["enroll-many", "new", "--known", "attach", "--score", "90"]) == 0
    assert server.log.count("storage.put") == put
    assert sorted((person.name, len(person.thumbnails)) for person in server.state.persons()) == [
        ("Gildong", 2),
        ("김민지", 1),
    ]


def test_matches_are_written_as_a_table_before_anybody_is_created(
    server: RunningEmulator, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, name in enumerate(("old/=Gildong", "new/홍길동", "new/김민지")):
        Path(name).mkdir(parents=True)
        (Path(name) / "1.png").write_bytes(example_image(number, face="kim" if number == 2 else "hong"))
    assert run(["enroll-many", "old"]) == 0
    capsys.readouterr()
    command = ["enroll-many", "new", "--matches", "matches.csv", "--score", "90"]
    for _ in range(2):  # the file is ours
        assert run(command) == 0
        written = capsys.readouterr()
        told = "persons who look like somebody who is there: 1, listed in matches.csv; nobody was created"
        assert told in written.err
        assert json.loads(written.out)["counts"]["skipped"] == 2
        header, row = Path("matches.csv").read_text(encoding="utf-8-sig").splitlines()
        assert header == "name,origin,person_id,current_name,score"
        assert re.fullmatch(r"홍길동,new/홍길동,1001,'=Gildong,9[0-9]", row)
    assert len(list(server.state.persons())) == 1
    assert run(["enroll-many", "new", "--known", "ignore"]) == 0
    assert server.log.count("storage.put") == 3
    assert run([*command, "--known", "ask"]) == 2
    assert run([*command, "--dry-run"]) == 2
    Path("matches.csv").write_text("a,b\n", encoding="utf-8")
    capsys.readouterr()
    assert run(command) == 2
    assert "replace it with --force" in capsys.readouterr().err
