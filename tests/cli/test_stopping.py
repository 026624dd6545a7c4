"""SIGTERM and SIGHUP to commands as processes of their own: what they leave, what they say, and their exit codes."""

import json
import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from mi_async.cli.app import run
from mi_async.emulator import Latency, Server, Settings
from mi_async.emulator.faults import STORAGE_PUT
from tests.support.pictures import picture
from tests.support.signals import signals
from tests.support.terminal import COMMAND, JPG, environment, process, served, terminal

pytestmark = pytest.mark.slow

SLOW = Settings(latency=Latency.constant(600))
CASES = pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGHUP", 129)])
STOPPING = re.compile(
    r"stopping: \d+ items in progress have (\d+) s to end; another signal leaves them for the next run"
)
CURSOR = re.compile(r"\x1b\[\?25[lh]")


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A directory of our own to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def people(count: int) -> None:
    content = picture("jpg")
    for number in range(count):
        folder = Path("faces") / f"홍길동 {number}"
        folder.mkdir(parents=True)
        (folder / "1.jpg").write_bytes(content + number.to_bytes(4, "big"))


def heard(running: "subprocess.Popen[str]", pattern: str) -> str:
    """The line of stderr that says something, once it has."""
    assert running.stderr is not None
    said = ""
    for line in running.stderr:
        said += line
        if re.search(pattern, line):
            return line
    raise AssertionError(said)


def stored(server: Server) -> None:
    """Wait until an image of a run has been stored."""
    waited = threading.Event()
    for _ in range(6000):
        if any(place == STORAGE_PUT for place, _ in list(server.log.answers)):
            return
        waited.wait(0.01)
    raise AssertionError(server.log.answers)


@CASES
def test_a_bulk_run_lands_what_is_under_way_and_writes_its_report(
    name: str, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    people(80)
    with served(Settings(latency=Latency.constant(2.0))) as server:
        line = ("enroll-many", "faces", "--report", "report.jsonl", "--grace", "30")
        with process(*line, env=environment(server), redirected=">&-") as running:  # nobody will read the result
            stored(server)
            running.send_signal(getattr(signal, name))
            heard(running, STOPPING.pattern)
            _, err = running.communicate(timeout=60)
        assert running.returncode == code, err
        assert err.splitlines()[-3:] == [
            "error: cannot write the result: Bad file descriptor",
            "what is done is in faces.journal; run the same command again to resume",
            f"stopped by {name}",
        ]
        assert "Traceback" not in err
        rows = [json.loads(row) for row in Path("report.jsonl").read_text(encoding="utf-8").splitlines()]
        assert {row["status"] for row in rows} <= {"done", "open"}
        enrolled = len(list(server.state.persons()))
        assert sum(row["status"] == "done" for row in rows) == enrolled > 0
        for variable, value in environment(server).items():
            monkeypatch.setenv(variable, value)
        assert run(["enroll-many", "faces"]) == 0
        report = json.loads(capsys.readouterr().out)
        assert (report["counts"]["done"], report["counts"]["skipped"]) == (80 - enrolled, enrolled)
        assert len(list(server.state.persons())) == 80


def test_one_that_comes_when_all_is_done_does_not_take_the_report_away() -> None:
    people(1)
    with served() as server:
        with process("enroll-many", "faces", "--report", "report.jsonl", env=environment(server)) as running:
            heard(running, "^1 of 1 ")
            running.send_signal(signal.SIGTERM)
            out, err = running.communicate(timeout=60)
        assert running.returncode in {0, 143}, err
    assert json.loads(out)["counts"]["done"] == 1
    assert json.loads(Path("report.jsonl").read_text(encoding="utf-8"))["status"] == "done"


def test_a_second_signal_stops_at_once() -> None:
    people(3)
    with served(SLOW) as server, process("enroll-many", "faces", env=environment(server)) as running:
        stored(server)
        running.send_signal(signal.SIGTERM)
        heard(running, STOPPING.pattern)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
        assert running.returncode == 143, err
    assert json.loads(out)["open"] == 3
    assert err.splitlines()[0] == "stopping at once"


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_while_the_input_is_looked_at_a_run_and_a_plan_end_at_once(more: list[str]) -> None:
    with Path("people.csv").open("w", encoding="utf-8") as table:
        table.write("name,thumbnail\n")
        table.writelines(f"person {number},{number}.jpg\n" for number in range(300_000))
    with (
        served() as server,
        process("enroll-many", "people.csv", "--journal", "j", *more, env=environment(server)) as running,
    ):
        heard(running, "people.csv")
        running.send_signal(signal.SIGTERM)
        out, err = running.communicate(timeout=60)
        assert (running.returncode, out, err) == (143, "", "stopped by SIGTERM\n")
        assert not server.log.answers


def test_while_stdin_is_read() -> None:
    os.mkfifo("nobody-writes")
    with process("enroll", "Ama", "-", "-w", "newsroom", redirected="0<>nobody-writes") as running:
        with pytest.raises(subprocess.TimeoutExpired):
            running.wait(1.0)
        running.send_signal(signal.SIGTERM)
        assert running.communicate(timeout=60)[1] == "stopped by SIGTERM\n"
        assert running.returncode == 143


@CASES
def test_the_emulator_stops_at_once_whatever_is_asked_of_it(name: str, code: int) -> None:
    with process("emulator", "--port", "0", "--jitter", "3600", "-v") as running:
        assert running.stdout is not None
        exports = [running.stdout.readline() for _ in range(5)][1:]
        env = dict(line.strip().removeprefix("export ").split("=", 1) for line in exports)
        with process("workspaces", "list", env=env) as asking:  # its request is on its way for up to an hour
            running.send_signal(getattr(signal, name))
            err = running.communicate(timeout=60)[1]
            assert running.returncode == code, err
            asking.kill()
    assert err.splitlines()[-1] == f"stopped by {name}"
    assert " requests, 0 of them refused with 429, 0 faults injected; 0 persons with 0 images" in err


@CASES
def test_an_enrollment_names_what_it_leaves(name: str, code: int) -> None:
    with served(SLOW) as server, process("enroll", "Ama", JPG, "--tag", "Guest", env=environment(server)) as running:
        heard(running, re.escape(": put ("))
        running.send_signal(getattr(signal, name))
        out, err = running.communicate(timeout=60)
        assert (running.returncode, out) == (code, "")
    stopped, tag, image = err.splitlines()
    assert stopped == f"stopped by {name}"
    assert re.fullmatch(r'tag "Guest" \(ID \d+\) exists', tag)
    assert image == "1 uploaded image was not attached; it expires after 24 hours"


def test_the_demo_ends_in_one_line() -> None:
    with process("demo") as running:
        assert running.stdout is not None
        assert running.stdout.readline().startswith("Media Intelligence, emulated")
        running.send_signal(signal.SIGTERM)
        assert running.communicate(timeout=60)[1] == "stopped by SIGTERM\n"
        assert running.returncode == 143


def test_what_nohup_has_ignored_stays_ignored() -> None:
    with served(SLOW) as server:
        ignored = (signal.SIGHUP, signal.SIGINT)
        with process("enroll", "Ama", JPG, env=environment(server), ignored=ignored) as running:
            heard(running, re.escape(": put ("))
            for number in ignored:
                running.send_signal(number)
            with pytest.raises(subprocess.TimeoutExpired):
                running.wait(0.5)
            running.send_signal(signal.SIGTERM)
            assert running.communicate(timeout=60)[1].splitlines()[0] == "stopped by SIGTERM"
            assert running.returncode == 143


@pytest.mark.parametrize("line", ["enroll-many faces", f"enroll Ama {JPG}", "search goal"])
def test_the_cursor_of_the_terminal_comes_back(line: str) -> None:
    people(3)
    slow = Settings(latency=Latency.constant(600), searching=Latency.constant(600))
    with served(slow) as server, terminal(*line.split(), env=environment(server)) as (running, screen):
        screen.read("\x1b[?25l")
        running.send_signal(signal.SIGTERM)
        if line.startswith("enroll-many"):
            screen.read("another signal")
            running.send_signal(signal.SIGINT)
        shown = screen.read()
        assert running.wait(60) == 143
    assert "stopped by SIGTERM" in shown
    assert CURSOR.findall(shown)[-1] == "\x1b[?25h"


def test_a_terminal_that_is_closed_lets_a_run_end_with_its_report() -> None:
    people(3)
    with served(Settings(latency=Latency.constant(2.0))) as server:
        line = ("enroll-many", "faces", "--report", "report.jsonl")
        with terminal(*line, env=environment(server)) as (running, screen):
            screen.read("3 in progress")
            screen.close()
            assert running.wait(60) == 129
    assert Path("report.jsonl").exists()


@cache
def namespace() -> tuple[str, ...]:
    """The command that starts another as the first process of a PID namespace; empty where that is not permitted."""
    if (unshare := shutil.which("unshare")) is None:
        return ()
    for user in ((), ("--user", "--map-root-user")):
        command = (unshare, *user, "--pid", "--fork", "--mount-proc", "--kill-child")
        if subprocess.run([*command, "true"], check=False, capture_output=True).returncode == 0:
            return command
    return ()


@pytest.fixture
def inside() -> tuple[str, ...]:
    """The same, or the test is skipped."""
    return namespace() or pytest.skip("no PID namespace can be made here: unshare --pid --fork --mount-proc fails")


def first_process(unshare: int) -> int:
    """The process that is number 1 inside, as it is numbered here."""
    (child,) = Path(f"/proc/{unshare}/task/{unshare}/children").read_text(encoding="ascii").split()
    assert re.search(r"^NSpid:\t\d+\t1$", Path(f"/proc/{child}/status").read_text(encoding="utf-8"), re.MULTILINE)
    return int(child)


@pytest.fixture
def contained(inside: tuple[str, ...]) -> Iterator[None]:
    """Processes that :func:`run_inside` starts find default signals."""
    assert inside
    with signals():
        yield


def run_inside(*arguments: str, env: dict[str, str]) -> "subprocess.Popen[str]":
    """``mi-async`` as the only process of a container has it: number 1, no terminal, no home directory."""
    variables = {name: value for name, value in os.environ.items() if name not in {"HOME", "TERM"}}
    return subprocess.Popen(
        [*namespace(), *COMMAND, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**variables, "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1", **env},
    )


@pytest.mark.usefixtures("contained")
def test_the_first_process_of_a_container_stops_within_its_grace_and_resumes_exactly() -> None:
    people(150)
    line = ("enroll-many", "faces", "--report", "report.jsonl", "--grace", "30", "--journal", "j")
    with served(Settings(latency=Latency.constant(4.0))) as server:
        with run_inside(*line, env=environment(server)) as running:
            stored(server)
            os.kill(first_process(running.pid), signal.SIGTERM)
            grace = STOPPING.match(heard(running, "^stopping"))
            out, err = running.communicate(timeout=30 + 10)  # or `docker stop` would kill it
        assert grace is not None
        assert grace[1] == "30"
        assert running.returncode == 143, err
        assert err.splitlines()[-1] == "stopped by SIGTERM"
        report = json.loads(out)
        assert (report["ending"], report["open"]) == ("cancelled", 0)
        enrolled = {person.name for person in server.state.persons()}
        rows = [json.loads(row) for row in Path("report.jsonl").read_text(encoding="utf-8").splitlines()]
        assert {row["key"] for row in rows if row["status"] == "done"} == enrolled
        assert 0 < len(enrolled) < 150
        with run_inside(*line, env=environment(server)) as again:
            out, err = again.communicate(timeout=300)
        assert again.returncode == 0, err
        counts = json.loads(out)["counts"]
        assert (counts["done"], counts["skipped"]) == (150 - len(enrolled), len(enrolled))
        assert sorted(person.name or "" for person in server.state.persons()) == sorted(
            folder.name for folder in Path("faces").iterdir()
        )
        assert len(list(server.state.thumbnails())) == 150


@pytest.mark.usefixtures("contained")
def test_a_waiting_command_is_stopped_as_the_first_process_of_a_container() -> None:
    with served(SLOW) as server, run_inside("enroll", "Ama", JPG, env=environment(server)) as running:
        heard(running, re.escape(": put ("))
        os.kill(first_process(running.pid), signal.SIGTERM)
        err = running.communicate(timeout=60)[1]
        assert running.returncode == 143, err
        assert err.splitlines()[0] == "stopped by SIGTERM"
