"""How commands end: each exit code, one line for a mistake, and nothing of a stack trace."""

import asyncio
import io
import json
from pathlib import Path

import pytest

from mi_async.api.thumbnails import UploadStatus
from mi_async.cli.app import run
from mi_async.cli.exit_codes import EXITS, FAILURES, exit_code
from mi_async.cli.failure_messages import report_failure
from mi_async.cli.streams import Stream
from mi_async.emulator import Server
from mi_async.errors import (
    AlreadyExistsError,
    CredentialsError,
    ImportFailedError,
    JobStateError,
    JobTimeoutError,
    MIError,
    NotFoundError,
)
from mi_async.text import duration, one_line, plain, size
from tests.support.pictures import picture

pytestmark = pytest.mark.usefixtures("reachable")


@pytest.mark.parametrize(
    ("code", "line", "said"),
    [
        (0, "workspaces list", ""),
        (5, "workspaces create newsroom", "workspaces.create: "),
        (2, "bogus", 'unknown command "bogus"; see mi-async --help'),
        (2, "persons lst", 'unknown command "lst", did you mean "list"?; see mi-async persons --help'),
        (2, "persons get", "PERSON-ID is missing; see mi-async persons get --help"),
        (2, "persons get 1 2", 'unknown argument "2"'),
        (2, "persons get one", 'PERSON-ID must be a whole number, got "one"; see mi-async persons get --help'),
        (2, "persons get 1 --output xml", "--output"),
        (2, "persons get 1 --timeout x", '--timeout must be a number, got "x"; see mi-async persons get --help'),
        (2, "persons list --nam A", 'unknown option "--nam", did you mean "--name"?; see mi-async persons list --help'),
        (2, "workspaces get ..", "cannot be part of a path"),
        (2, "workspaces list --timeout 0", "timeout"),
        (2, "workspaces list --base-url ftp://x", "base_url"),
        (2, "emulator --latency-median 1", "--latency-p95"),
        (2, "emulator --latency-median 2 --latency-p95 1", "median"),
        (2, "emulator --speed 0", "--speed"),
        (2, "emulator --workspace bad_name/", "3 to 63 characters"),
        (2, "persons update 1003", "nothing to change; give one of --name, --description, --primary-thumbnail-id"),
        (2, "enroll Ama - -", "only once"),
        (2, "-v bogus", 'unknown command "bogus"'),
        (2, "emulator --faults 1.5", "--faults"),
        (3, "NCLOUD_ACCESS_KEY_ID= NCLOUD_SECRET_ACCESS_KEY= workspaces list", "no credentials found; looked at"),
        (3, "workspaces list --profile nobody", "configure"),
        (
            3,
            "NCLOUD_SECRET_ACCESS_KEY=another workspaces list",
            "; access key ****-KEY from NCLOUD_ACCESS_KEY_ID and NCLOUD_SECRET_ACCESS_KEY: it is unknown",
        ),
        (4, "workspaces get nowhere", "HTTP 404"),
        (4, "persons get 999999", "HTTP 404"),
    ],
)
def test_exit_code_and_one_line(
    code: int, line: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    variables = [word for word in line.split() if "=" in word]
    for variable in variables:
        monkeypatch.setenv(*variable.split("="))
    assert run(line.split()[len(variables) :]) == code
    written = capsys.readouterr()
    if code == 0:
        assert written.err == ""
        return
    assert written.out == ""
    assert written.err.startswith("error: ")
    assert said in written.err
    assert written.err.count("\n") == 1 + written.err.count("\nworkspaces are: ")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_where_an_emulator_would_be_it_is_asked_whether_one_runs(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["workspaces", "list", "--base-url", f"http://{host}:9", "--timeout", "2"]) == 1
    [said, hint] = capsys.readouterr().err.splitlines()
    assert host.strip("[]") in said
    assert hint == "is it running? see --base-url / MI_ASYNC_BASE_URL"


@pytest.mark.parametrize(
    "line",
    [
        "-v workspaces list",
        "--verbose --output json workspaces list --page-num 1",
        "-v -o=json --timeout 5 --workspace newsroom persons list",
        "-vv workspaces list",
    ],
)
def test_shared_options_may_come_before_the_command(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(line.split()) == 0
    written = capsys.readouterr()
    assert "content" in written.out
    assert "HTTP 200" in written.err


def test_a_taken_port_is_named(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    port = server.url.rpartition(":")[2]
    assert run(["emulator", "--port", port]) == 2
    assert f"error: cannot listen on 127.0.0.1:{port}: " in capsys.readouterr().err


def test_the_help_shows_every_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    text = capsys.readouterr().out
    for way in EXITS:
        assert f"{way.code:>3}  {way.meaning}" in text


def test_without_arguments_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0
    text = capsys.readouterr().out
    for command in ("demo", "emulator", "enroll", "upload-thumbnail", "persons", "workspaces"):
        assert command in text


def test_a_failure_says_what_exists_already(capsys: pytest.CaptureFixture[str]) -> None:
    error = MIError("gone\nwrong \x1b[31m")
    error.created = {"person_id": 1001, "tag_ids": {"앵커": 7}}
    assert report_failure(error) == 1
    assert capsys.readouterr().err == (
        'error: gone\\nwrong \\x1b[31m\ntag "앵커" (ID 7) exists\n'
        "person 1001 was created; give it the rest with: mi-async upload-thumbnail 1001 FILE...\n"
    )


def test_an_interruption_is_one_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert report_failure(KeyboardInterrupt()) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_an_interruption_says_what_exists_already(capsys: pytest.CaptureFixture[str]) -> None:
    cancelled = asyncio.CancelledError()
    vars(cancelled)["created"] = {"thumbnail_keys": ["k"]}
    interrupted = KeyboardInterrupt()
    interrupted.__context__ = cancelled
    assert report_failure(interrupted) == 130
    assert capsys.readouterr().err == ("interrupted\n1 uploaded image was not attached; it expires after 24 hours\n")


def test_what_exists_is_said_in_sentences(capsys: pytest.CaptureFixture[str]) -> None:
    error = MIError("lost")
    error.created = {
        "tag_ids": {"A": 7, "B": 8},
        "attached": ["a.jpg", "b.jpg"],
        "thumbnail_keys": ["k", "l"],
        "object": "s3://bucket/clip.mp4",
        "asset_id": 12,
    }
    assert report_failure(error) == 1
    assert capsys.readouterr().err.splitlines() == [
        "error: lost",
        'tags "A" (ID 7), "B" (ID 8) exist',
        "2 images were attached: a.jpg, b.jpg",
        "2 uploaded images were not attached; they expire after 24 hours",
        "s3://bucket/clip.mp4 is stored",
        "asset 12 is registered",
    ]


def test_the_more_precise_class_wins() -> None:
    assert exit_code(NotFoundError(404, "10030", "")) == 4
    assert exit_code(CredentialsError("")) == 3
    assert exit_code(AlreadyExistsError("", existing=(1,))) == 5
    assert exit_code(JobStateError("")) == 5
    assert exit_code(JobTimeoutError("")) == 6
    assert exit_code(ImportFailedError("")) == 1
    assert not issubclass(AssertionError, FAILURES)


def test_a_bug_keeps_its_stack_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*, full: bool) -> str:
        raise ZeroDivisionError(full)

    monkeypatch.setattr("mi_async.cli.app.versions", broken)
    with pytest.raises(ZeroDivisionError):
        run(["--version"])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("홍길동", "홍길동"),
        ("a\x1b[2Jb", "a\ufffd[2Jb"),
        ("right\u202eleft", "right\ufffdleft"),
        ("👩\u200d🔬", "👩\u200d🔬"),
    ],
)
def test_text_cannot_command_the_terminal(text: str, shown: str) -> None:
    assert plain(text) == shown
    assert one_line(f" {text}\n{text} ") == f"{shown} {shown}"


def test_numbers_for_people() -> None:
    assert [size(1), size(10_829), size(5_242_880)] == ["0.0 kB", "10.8 kB", "5.2 MB"]
    assert [duration(0.0012), duration(0.5), duration(1.26)] == ["1.2 ms", "500 ms", "1.3 s"]


BYTES = "\udcff"


@pytest.mark.parametrize(
    "line",
    [
        f"person-tags create {BYTES}",
        f"persons list --name {BYTES}",
        f"persons get 5 -w {BYTES}",
        f"enroll {BYTES} x.jpg",
        f"enroll Hong x.jpg --tag {BYTES}",
        f"enroll Hong x.jpg --description {BYTES}",
        f"enroll Hong {BYTES}",
        f"enroll-many {BYTES}",
        f"ingest-many . --locale {BYTES}",
        f"search {BYTES}",
    ],
)
def test_an_argument_that_is_no_text_is_refused_before_anything_is_done(
    line: str, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    requests = server.log.answers.total()
    assert run(line.split()) == 2
    written = capsys.readouterr()
    assert written.err.startswith("error: ")
    assert written.err.endswith("\\udcff is not Unicode text, and no file has this name\n")
    assert server.log.answers.total() == requests


def test_what_is_done_is_told_whatever_it_is_called(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (f"홍/{BYTES}.jpg", "Kim/1.jpg"):
        Path("faces", name).parent.mkdir(parents=True, exist_ok=True)
        Path("faces", name).write_bytes(picture("jpg", 100 if BYTES in name else 300, 300))
    command = ["enroll-many", "faces", "--journal", f"{BYTES}.journal", "--report", f"{BYTES}.report"]
    assert run(command) == 1
    written = capsys.readouterr()
    report = json.loads(written.out)
    assert (report["counts"]["done"], report["counts"]["rejected"]) == (1, 1)
    assert report["journal"] == r"\udcff.journal"
    assert report["problems"][0]["problems"][0]["source"] == r"faces/홍/\udcff.jpg"
    rows = [json.loads(line) for line in Path(f"{BYTES}.report").read_text(encoding="utf-8").splitlines()]
    assert sorted(row["status"] for row in rows) == ["done", "rejected"]
    for more in (["--dry-run"], ["--dry-run", "-o", "table"]):
        assert run([*command, *more]) == 1
        assert "error: 1 of 2 items would not go well" in capsys.readouterr().err.splitlines()
    for words in (["show"], ["show", "-o", "table"], ["failed"], ["export"], ["export", "--format", "csv"], ["retry"]):
        assert run(["journal", *words, f"{BYTES}.journal"]) == 0
    assert r"\udcff.jpg" in capsys.readouterr().out


def test_an_error_names_what_exists_whatever_it_is_called(capsys: pytest.CaptureFixture[str]) -> None:
    error = MIError("lost")
    error.created = {"names": [BYTES], "number": 2**70, "state": UploadStatus.COMPLETED}
    assert report_failure(error) == 1
    said = r'exists already: {"names":["\\udcff"],"number":1180591620717411303424,"state":"COMPLETED"}'
    assert capsys.readouterr().err.splitlines() == ["error: lost", said]


def test_a_result_that_the_stream_cannot_encode_is_escaped() -> None:
    raw = io.BytesIO()
    stream = Stream(io.TextIOWrapper(raw, encoding="ascii", write_through=True), strict=True)
    assert stream.write("홍 x\n") == 4
    assert raw.getvalue() == rb"\ud64d x" + b"\n"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "--workspace is missing (or set MI_ASYNC_WORKSPACE)"),
        ("  ", "MI_ASYNC_WORKSPACE provided by env. the name of the workspace is empty"),
    ],
)
def test_an_empty_name_of_a_workspace_is_refused_as_such(
    name: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MI_ASYNC_WORKSPACE", name)
    assert run(["persons", "list"]) == 2
    assert said in capsys.readouterr().err
