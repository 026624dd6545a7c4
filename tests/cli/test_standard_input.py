"""A table on standard input: told by its content, read as any other, and named as what it is."""

import errno
import io
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mi_async.cli.app import run
from mi_async.cli.standard_input import table_format
from mi_async.emulator import RunningEmulator
from tests.support.pictures import picture
from tests.support.terminal import environment, process, terminal

pytestmark = pytest.mark.slow


@pytest.fixture
def server(mi_emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[RunningEmulator]:
    """An emulator that the environment leads to, and a directory of our own with an image."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", None)
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    Path("a.jpg").write_bytes(picture("jpg"))
    yield mi_emulator
    marks = f"mi-async-{os.getuid()}"  # of the runs that go on
    assert [path.name for path in (tmp_path / "tmp").iterdir() if path.name != marks] == []


def typed(text: str | bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have text on standard input."""
    content = text.encode() if isinstance(text, str) else text
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


class Unreadable(io.RawIOBase):
    """A stream whose device fails."""

    def readable(self) -> bool:
        return True

    def readinto(self, _: object) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))


@pytest.mark.usefixtures("server")
def test_a_journal_is_rebuilt_from_a_table_on_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["enroll", "Hong", "a.jpg"]) == 0
    capsys.readouterr()
    typed("name,thumbnail\nHong,a.jpg\n", monkeypatch)
    assert run(["journal", "rebuild", "-", "--journal", "j"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["counts"] == {"complete": 1}
    assert "to go on: mi-async enroll-many - --journal j" in told.err
    typed("name,thumbnail\nHong,a.jpg\n", monkeypatch)
    assert run(["enroll-many", "-", "--journal", "j"]) == 0
    assert json.loads(capsys.readouterr().out)["counts"]["skipped"] == 1
    assert run(["journal", "rebuild", "people.csv", "--journal", "k", "--input-format", "csv"]) == 2
    assert "--input-format is for a table on standard input" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("start", "told"),
    [
        (b"name,thumbnail\n", "csv"),
        (b"", "csv"),
        (b' \n{"name": 1}', "jsonl"),
        (b"\xef\xbb\xbf{", "jsonl"),
        ('\ufeff{"name"'.encode("utf-16-le"), "jsonl"),
        ("name\t".encode("utf-16"), "csv"),
        (b"[1]", "jsonl"),
        (b"PAR1\0", "parquet"),
    ],
)
def test_the_content_tells_the_format(start: bytes, told: str) -> None:
    assert table_format(start) == told


@pytest.mark.parametrize(
    "text",
    [
        "name,thumbnail\n홍길동,a.jpg\n",
        '{"name": "홍길동", "thumbnail": "a.jpg"}\n',
        "name\tthumbnail\n홍길동\ta.jpg\n".encode("utf-16"),
    ],
)
def test_people_are_enrolled_and_the_same_again_does_nothing_more(
    text: str | bytes, server: RunningEmulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for count in ("done", "skipped"):
        typed(text, monkeypatch)
        assert run(["enroll-many", "-", "--journal", "j"]) == 0
        written = capsys.readouterr()
        assert json.loads(written.out)["counts"][count] == 1
        assert json.loads(written.out)["total"] == 1
    assert written.err.startswith("enrolling the people of <stdin> in workspace newsroom; journal: j\n")
    assert [person.name for person in server.state.persons()] == ["홍길동"]


def test_more_images_by_a_pipe(server: RunningEmulator) -> None:
    assert run(["enroll", "Ama", "a.jpg"]) == 0
    [person] = server.state.persons()
    Path("b.jpg").write_bytes(picture("jpg", seed=3))
    Path("t").write_text(f"person_id,thumbnail\n{person.id},b.jpg\n", encoding="utf-8")
    with process("upload-many", "-", "--journal", "j", env=environment(server), redirected="< t") as running:
        out, err = running.communicate(timeout=60)
    assert running.returncode == 0, err
    assert json.loads(out)["counts"]["done"] == 1


def test_who_types_it_is_told_how_to_end_it(server: RunningEmulator) -> None:
    with terminal("enroll-many", "-", "--dry-run", env=environment(server)) as (running, screen):
        screen.read("reading a table from standard input; Ctrl-D ends it")
        os.write(screen.number, b"name,thumbnail\nAma,a.jpg\n\x04")
        assert running.stdout is not None
        assert json.loads(running.stdout.read())["create"] == 1
        screen.read()
        assert running.wait(60) == 0


@pytest.mark.usefixtures("server")
def test_a_plan_names_the_line_and_never_the_file_that_holds_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "name,thumbnail,description\n홍,a.jpg,one\n홍,a.jpg,two\n김,b.jpg,\n이,a.jpg\n"
    typed(rows, monkeypatch)
    assert run(["enroll-many", "-", "--dry-run", "--report", "bad"]) == 1
    bad = [json.loads(line) for line in Path("bad").read_text(encoding="utf-8").splitlines()]
    assert sorted(row["origin"] for row in bad) == ["<stdin>:3", "<stdin>:4"]
    written = capsys.readouterr()
    assert "tmp" not in written.out + written.err + Path("bad").read_text(encoding="utf-8")
    [other] = [row for row in bad if row["origin"] == "<stdin>:3"]
    assert "<stdin>:2" in other["problems"][0]["message"]


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("line", "text", "said"),
    [
        ("enroll-many -", "", "a table on standard input has no name for a journal; give --journal FILE"),
        ("enroll-many - --dry-run", "", "<stdin>: the file is empty"),
        ("enroll-many - --dry-run", "nam,thumbnail\n", "<stdin>: unknown column 'nam' (did you mean 'name'?)"),
        ("enroll-many - --dry-run --input-format csv", "{}\n", "<stdin>: unknown column '{}'"),
        ("enroll-many a.csv --input-format csv", "", "--input-format is for a table on standard input; give - as"),
        ("ingest-many -", "", "media files are not listed on standard input; give a directory or s3://bucket/prefix"),
    ],
)
def test_what_is_refused_in_one_line(
    line: str, text: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed(text, monkeypatch)
    assert run(line.split()) == 2
    err = capsys.readouterr().err.splitlines()
    assert err[-1].startswith(f"error: {said}")


@pytest.mark.parametrize(
    ("options", "report"), [("--dry-run", "link"), ("--journal j", "people.csv"), ("--journal j", "/dev/stdin")]
)
def test_a_report_never_replaces_the_table_that_is_piped_in(options: str, report: str, server: RunningEmulator) -> None:
    table = Path("people.csv")
    table.write_text("name,thumbnail\nAma,a.jpg\n", encoding="utf-8")
    Path("link").symlink_to(table)
    line = ["enroll-many", "-", *options.split(), "--report", report, "--force"]
    with process(*line, env=environment(server), redirected="< people.csv") as running:
        out, err = running.communicate(timeout=60)
    assert (running.returncode, out) == (2, "")
    assert err == f"error: --report: {report} is the input; it is left as it is, name another file\n"
    assert table.read_text(encoding="utf-8") == "name,thumbnail\nAma,a.jpg\n"
    assert not list(server.state.persons())


@pytest.mark.usefixtures("server")
def test_one_that_cannot_be_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    typed("name,thumbnail\n", monkeypatch)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    assert run(["enroll-many", "-", "--dry-run"]) == 2
    assert capsys.readouterr().err == (
        "error: standard input cannot be kept: No such file or directory; set TMPDIR to a directory with room\n"
    )
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(Unreadable())))
    assert run(["enroll-many", "-", "--dry-run"]) == 2
    assert capsys.readouterr().err == (
        f"error: standard input cannot be kept in {os.environ['TMPDIR']}: Input/output error; set TMPDIR\n"
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("enrol", 'unknown command "enrol", did you mean "enroll"?; see mi-async --help'),
        ("Persons", 'unknown command "Persons", did you mean "persons"?; see mi-async --help'),
        ("xyzzy", 'unknown command "xyzzy"; see mi-async --help'),
        ("persons lst", 'unknown command "lst", did you mean "list"?; see mi-async persons --help'),
        ("journal retyr j", 'unknown command "retyr", did you mean "retry"?; see mi-async journal --help'),
        (
            "enroll-many x --jornal y",
            'unknown option "--jornal", did you mean "--journal"?; see mi-async enroll-many --help',
        ),
        (
            "persons list --pagesize 3",
            'unknown option "--pagesize", did you mean "--page-size"?; see mi-async persons list --help',
        ),
    ],
)
def test_a_mistyped_command_or_option_gets_a_suggestion(
    line: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MI_ASYNC_WORKSPACE", "newsroom")
    assert run(line.split()) == 2
    [error] = capsys.readouterr().err.splitlines()
    assert error.startswith("error: ")
    assert said in error
