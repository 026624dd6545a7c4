"""The command line as processes of their own: pipes, Ctrl-C, and an environment without the extra."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from mi_async.__main__ import main
from mi_async.emulator import Latency, Settings
from mi_async.emulator.workspace import EmulatedPerson
from tests.support.signals import signals
from tests.support.terminal import JPG, PNG, WEBP, environment, process, served

pytestmark = pytest.mark.slow

BLOCKER = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {absent!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
from mi_async.__main__ import main
sys.exit(main())
"""


LOADING = """
import signal, sys
class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == "cyclopts":
            signal.raise_signal(signal.{name})
sys.meta_path.insert(0, Slow())
from mi_async.__main__ import main
sys.exit(main())
"""


def _python(code: str) -> subprocess.CompletedProcess[str]:
    with signals():
        return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def emulator() -> Iterator[tuple["subprocess.Popen[str]", dict[str, str]]]:
    """``mi-async emulator`` as a process, and what its export lines say."""
    with process("emulator", "--port", "0", "--latency-median", "0.01", "--latency-p95", "0.02", "-v") as running:
        assert running.stdout is not None
        lines = [running.stdout.readline().rstrip() for _ in range(5)]
        assert lines[0].startswith("#")
        exports = dict(line.removeprefix("export ").split("=", 1) for line in lines[1:])
        yield running, exports


def test_pictures_of_every_format_go_to_an_emulator_process_which_then_ends_cleanly(
    emulator: tuple["subprocess.Popen[str]", dict[str, str]],
) -> None:
    running, exports = emulator
    with process("enroll", "홍길동 / 뉴스", JPG, PNG, WEBP, "--tag", "Anchor", env=exports) as enrolling:
        out, err = enrolling.communicate(timeout=60)
    assert enrolling.returncode == 0, err
    assert len(json.loads(out)["thumbnails"]) == 3
    with process("persons", "list", "--output", "table", env=exports) as listing:
        assert "홍길동 / 뉴스" in listing.communicate(timeout=60)[0]
    running.send_signal(signal.SIGINT)
    _, log = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "PUT /storage/" in log
    assert "Signature" not in log
    assert "0 of them refused with 429, 0 faults injected; 1 persons with 3 images" in log
    assert log.endswith("interrupted\n")
    assert "Traceback" not in log


def test_ctrl_c_in_the_middle_of_an_enrollment_is_clean() -> None:
    slow = Settings(latency=Latency.constant(600))
    with served(slow) as server, process("enroll", "Ama", JPG, "--tag", "Guest", env=environment(server)) as enrolling:
        assert enrolling.stderr is not None
        said = [enrolling.stderr.readline() for _ in range(2)]
        assert ": put (" in said[1]
        enrolling.send_signal(signal.SIGINT)
        out, err = enrolling.communicate(timeout=60)
    assert enrolling.returncode == 130
    assert out == ""
    interrupted, tag, image = err.splitlines()
    assert interrupted == "interrupted"
    assert re.fullmatch(r'tag "Guest" \(ID \d+\) exists', tag)
    assert image == "1 uploaded image was not attached; it expires after 24 hours"


def test_ctrl_c_in_the_middle_of_uploads_names_what_all_of_them_left() -> None:
    slow = Settings(latency=Latency.constant(600))
    with (
        served(slow) as server,
        process("upload-thumbnail", "1", JPG, PNG, env=environment(server)) as uploading,
    ):
        server.state.workspace("newsroom").persons[1] = EmulatedPerson(
            1, "Ama", None
        )  # there before the process can ask
        assert uploading.stderr is not None
        said = [uploading.stderr.readline() for _ in range(4)]
        assert sum(": put (" in line for line in said) == 2
        uploading.send_signal(signal.SIGINT)
        err = uploading.communicate(timeout=60)[1]
    assert uploading.returncode == 130
    interrupted, exists = err.splitlines()
    assert interrupted == "interrupted"
    assert exists == "2 uploaded images were not attached; they expire after 24 hours"


def test_a_reader_that_goes_away_is_no_error() -> None:
    with served() as server, process("workspaces", "list", "--all", env=environment(server)) as listing:
        assert listing.stdout is not None
        assert listing.stderr is not None
        listing.stdout.close()
        assert listing.wait(60) == 141
        assert listing.stderr.read() == ""


@pytest.mark.parametrize("redirected", ["2>/dev/full", "2>&-"])
def test_work_goes_on_when_its_progress_cannot_be_shown(redirected: str) -> None:
    with (
        served() as server,
        process("enroll", "Ama", JPG, "-v", env=environment(server), redirected=redirected) as enrolling,
    ):
        out, err = enrolling.communicate(timeout=60)
        assert (enrolling.returncode, err) == (0, "")
        assert json.loads(out)["name"] == "Ama"


def test_work_goes_on_when_the_reader_of_its_progress_goes_away() -> None:
    with served(Settings(latency=Latency.constant(0.1))) as server:
        with process("enroll", "Ama", JPG, env=environment(server)) as enrolling:
            assert enrolling.stdout is not None
            assert enrolling.stderr is not None
            enrolling.stderr.readline()
            enrolling.stderr.close()
            assert json.loads(enrolling.stdout.read())["name"] == "Ama"
            assert enrolling.wait(60) == 0
        assert [person.name for person in server.state.persons()] == ["Ama"]


@pytest.mark.parametrize(
    ("redirected", "said", "form"),
    [(">/dev/full", "No space left on device", "json"), (">&-", "Bad file descriptor", "table")],
)
def test_a_result_that_cannot_be_written_is_one_line_and_what_exists(redirected: str, said: str, form: str) -> None:
    with (
        served() as server,
        process("enroll", "Ama", JPG, "-o", form, env=environment(server), redirected=redirected) as enrolling,
    ):
        err = enrolling.communicate(timeout=60)[1]
        assert enrolling.returncode == 1
        [person] = server.state.persons()
    assert err.splitlines()[-2:] == [
        f"error: cannot write the result: {said}",
        f'exists already: {{"id":{person.id}}}',
    ]
    assert "Traceback" not in err


@pytest.mark.parametrize("line", ["demo", "persons --help", "openapi"])
def test_no_output_leaves_a_stack_trace(line: str) -> None:
    with process(*line.split(), redirected=">/dev/full") as full:
        assert full.communicate(timeout=60)[1] == "error: cannot write the result: No space left on device\n"
        assert full.returncode == 1
    with process(*line.split()) as unread:
        assert unread.stdout is not None
        assert unread.stderr is not None
        unread.stdout.close()
        assert unread.stderr.read() == ""
        assert unread.wait(60) == 141


def test_with_every_stream_closed_the_work_is_done_all_the_same() -> None:
    with (
        served() as server,
        process("enroll", "Ama", JPG, env=environment(server), redirected="<&- >&- 2>&-") as enrolling,
    ):
        assert enrolling.wait(60) == 1
        assert [person.name for person in server.state.persons()] == ["Ama"]


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("SIGINT", 130, "interrupted\n"),
        ("SIGTERM", 143, "stopped by SIGTERM\n"),
        ("SIGHUP", 129, "stopped by SIGHUP\n"),
    ],
)
def test_a_signal_while_the_program_is_loaded_ends_in_one_line(name: str, code: int, said: str) -> None:
    ended = _python(LOADING.format(name=name))
    assert (ended.returncode, ended.stdout, ended.stderr) == (code, "", said)


@pytest.mark.parametrize("absent", [{"cyclopts"}, {"rich"}])
def test_without_the_extra_one_line_tells_what_to_install(absent: set[str]) -> None:
    ended = _python(BLOCKER.format(absent=absent))
    assert ended.returncode == 2
    assert ended.stderr == f"mi-async needs {' and '.join(absent)}: pip install 'mi-async[cli]'\n"


@pytest.mark.parametrize("module", ["mi_async.cli.app", "cyclopts"])
def test_only_what_is_in_the_extra_is_blamed_on_it(
    module: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.startswith("mi_async.cli")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    if module == "cyclopts":
        assert main() == 2
        assert "pip install 'mi-async[cli]'" in capsys.readouterr().err
    else:
        with pytest.raises(ModuleNotFoundError, match=module):
            main()


def test_the_console_script_runs_its_arguments(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["mi-async", "--version"])
    assert main() == 0
    assert capsys.readouterr().out.startswith("mi-async ")


def test_importing_the_package_imports_nothing_of_the_command_line() -> None:
    found = "[m for m in sys.modules if m.partition('.')[0] in {'cyclopts', 'rich'} or m.startswith('mi_async.cli')]"
    ended = _python(f"import sys, mi_async; print({found})")
    assert ended.stdout == "[]\n", ended.stderr
