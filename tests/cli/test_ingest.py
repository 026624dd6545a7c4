"""``ingest`` against the emulator and a real S3 implementation, in this process and in others."""

import asyncio
import json
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import evolve

from mi_async.cli.app import run
from mi_async.emulator import Latency, Server, Settings
from mi_async.storage.part_layout import LEAST_PART
from tests.support.films import film
from tests.support.storage import BUCKET, Bucket
from tests.support.terminal import environment, process, served

pytestmark = pytest.mark.slow

SETTINGS = Settings(
    importing=Latency.none(), queueing=Latency.none(), analysing=Latency.none(), summarizing=Latency.none()
)
KEY = "저녁 뉴스/clip.mp4"


@pytest.fixture
def s3(s3: Bucket, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    monkeypatch.setenv("MI_ASYNC_STORAGE_URL", s3.url)
    return s3


@pytest.fixture
def server(s3: Bucket, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with served(evolve(SETTINGS, objects=s3.look)) as running:
        for name, value in environment(running).items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    path.write_bytes(film(size=100_000))
    return path


def test_a_file_goes_in_and_its_result_comes_out(
    server: Server, s3: Bucket, clip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["ingest", str(clip), "--bucket", BUCKET, "--key", KEY]
    assert run([*arguments, "--summarize"]) == 0
    out, err = capsys.readouterr()
    whole = json.loads(out)
    assert (whole["object"], whole["sent"], whole["reused"]) == (f"s3://{BUCKET}/{KEY}", 100_000, False)
    assert whole["asset"]["key"] == KEY
    assert whole["index"]["scenes"]
    assert whole["summary"]
    assert err.splitlines()[0] == "upload: 0.0 kB of 100.0 kB"
    assert err.splitlines()[1].startswith("upload: 100.0 kB of 100.0 kB")
    assert "analysis: ANALYZE_COMPLETED" in err
    assert run([*arguments, "--output", "table"]) == 0
    table, err = capsys.readouterr()
    assert err.splitlines()[0] == "in the bucket already: 100.0 kB"
    assert "upload" not in err
    assert "0 bytes" in table
    assert KEY in table
    assert s3.get(KEY) == clip.read_bytes()
    assert server.log.count("assets.register") == 1


def test_a_stored_object_and_a_named_project(
    server: Server, s3: Bucket, clip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    s3.put(KEY, clip.read_bytes())
    assert run(["projects", "create", "뉴스"]) == 0
    number = json.loads(capsys.readouterr().out)["projectId"]
    for project in ("뉴스", str(number)):
        assert run(["ingest", f"s3://{BUCKET}/{KEY}", "--project", project, "--no-analyze"]) == 0
        assert json.loads(capsys.readouterr().out)["projectId"] == number
    assert server.log.count("indexes.request") == 0
    assert run(["ingest", f"s3://{BUCKET}/{KEY}", "--project", "뉴스", "--if-exists", "error"]) == 5
    assert "already" in capsys.readouterr().err


def test_mistakes_are_one_line(server: Server, clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    notes = clip.with_name("notes.mp4")
    notes.write_text("no film")
    for arguments in ([str(notes), "--bucket", BUCKET], [str(clip)], [str(clip.with_name("absent"))]):
        assert run(["ingest", *arguments]) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1
    assert server.log.count("assets.register") == 0


@pytest.mark.usefixtures("server")
def test_limits_are_left_to_the_service_when_told(
    s3: Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "large.mp4"
    path.write_bytes(film(60, 3840, 2160))
    arguments = [str(path), "--bucket", BUCKET, "--no-analyze"]
    assert run(["ingest", *arguments]) == 2
    assert "3840 x 2160 px, not from 360p to 1080p" in capsys.readouterr().err
    assert asyncio.run(s3.look(BUCKET, path.name)) is None
    assert run(["ingest", *arguments, "--no-validate"]) == 0
    assert asyncio.run(s3.look(BUCKET, path.name)) is not None


def test_interrupted_and_run_again(server: Server, s3: Bucket, clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip.write_bytes(film(size=3 * LEAST_PART))
    s3.refuse = lambda _kind, query: ("503 Slow Down", "SlowDown") if query.get("partNumber") == ["3"] else None
    env = {**environment(server), "MI_ASYNC_STORAGE_URL": s3.url}
    arguments = ["ingest", str(clip), "--bucket", BUCKET, "--no-analyze"]
    with process(*arguments, env=env) as started:
        while not {1, 2} <= set(s3.parts) or len(s3.arrived()) < 2:
            with pytest.raises(subprocess.TimeoutExpired):
                started.wait(0.05)
        started.send_signal(signal.SIGINT)
        assert started.wait(60) == 130
        assert started.stderr is not None
        said = started.stderr.read().splitlines()
        assert said[-2:] == ["the same command goes on where it was", "interrupted"]
    s3.refuse = lambda _kind, _query: None
    s3.parts.clear()
    assert run(arguments) == 0
    assert s3.parts == [3]
    assert json.loads(capsys.readouterr().out)["sent"] == clip.stat().st_size - 2 * LEAST_PART
    assert [path.name for path in clip.parent.iterdir()] == ["clip.mp4"]


@pytest.mark.usefixtures("server", "clip")
def test_nothing_is_called_an_upload_before_bytes_go(
    s3: Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = tmp_path / "long.mp4"
    long.write_bytes(film(size=2 * LEAST_PART))
    s3.put("taken.mp4", b"another film")
    refused = {
        "clip.mp4 --key taken.mp4": (5, "taken.mp4"),
        "long.mp4 --key taken.mp4": (5, "taken.mp4"),
        f"long.mp4 --state-folder {tmp_path / 'absent'}": (2, "absent"),
    }
    for line, (code, named) in refused.items():
        source, *options = line.split()
        assert run(["ingest", str(tmp_path / source), "--bucket", BUCKET, *options]) == code
        [said] = capsys.readouterr().err.splitlines()
        assert said.startswith("error: ")
        assert named in said


@pytest.mark.usefixtures("server")
def test_a_storage_that_is_not_there_is_asked_about(clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["ingest", str(clip), "--bucket", BUCKET, "--storage-url", "http://127.0.0.1:1", "--timeout", "0.5"]
    assert run(arguments) == 1
    said, hint = capsys.readouterr().err.splitlines()
    assert "127.0.0.1:1" in said
    assert hint == "is it running? see --storage-url / MI_ASYNC_STORAGE_URL"


@pytest.mark.usefixtures("server")
def test_messages_are_of_use_on_the_command_line(clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for options, named in {"": "--bucket", f"--bucket {BUCKET} --locale ko": "summarize"}.items():
        assert run(["ingest", str(clip), *options.split()]) == 2
        said = capsys.readouterr().err
        assert named in said
        assert "=True" not in said


@pytest.fixture
def slow(s3: Bucket, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Its analyses take longer than any test."""
    with served(evolve(SETTINGS, objects=s3.look, analysing=Latency(1e6))) as running:
        for name, value in environment(running).items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.mark.parametrize("command", [["ingest"], ["ingest-many"], ["ingest-many", "--dry-run", "-o", "table"]])
def test_an_empty_file_is_refused_though_nothing_is_validated(
    command: list[str], slow: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "films"
    folder.mkdir()
    empty = folder / "zero.mp4"
    empty.touch()
    if command == ["ingest"]:
        line = ["ingest", str(empty)]
    else:
        line = [command[0], str(folder), *command[1:], "--journal", str(tmp_path / "j")]
    assert run([*line, "--bucket", BUCKET, "--no-validate"]) in {1, 2}
    written = capsys.readouterr()
    assert f"{empty}: empty\n" in (written.out + written.err).replace('"', "\n")
    assert not slow.log.arrivals["assets.create"]


@pytest.mark.usefixtures("slow")
def test_a_wait_that_is_too_short_says_what_goes_on(clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["ingest", str(clip), "--bucket", BUCKET, "--at-most", "0.2"]
    assert run([*arguments[:-2], "--no-analyze"]) == 0
    assert run(arguments) == 6
    error, again, stored, registered, wait = capsys.readouterr().err.splitlines()[-5:]
    token = wait.removeprefix("to wait for it again: mi-async jobs wait ")
    assert token.startswith("index:newsroom:")
    assert error.startswith(f"error: {token}: ")
    assert error.endswith("it goes on")
    assert again == "the same command goes on where it was"
    assert stored == f"s3://{BUCKET}/{clip.name} is stored"
    assert re.fullmatch(r"asset \d+ is registered", registered)
    assert run([*arguments, "--if-exists", "duplicate"]) == 6
    assert "the same command" not in capsys.readouterr().err  # it would make a third asset


def test_interrupted_during_the_analysis(slow: Server, s3: Bucket, clip: Path) -> None:
    env = {**environment(slow), "MI_ASYNC_STORAGE_URL": s3.url}
    with process("ingest", str(clip), "--bucket", BUCKET, env=env) as started:
        assert started.stderr is not None
        while not started.stderr.readline().startswith("analysis: "):
            assert started.poll() is None
        started.send_signal(signal.SIGINT)
        assert started.wait(60) == 130
        goes_on, interrupted, stored, registered = started.stderr.read().splitlines()[-4:]
    assert goes_on.startswith("the analysis goes on at the service: mi-async jobs wait index:newsroom:")
    assert goes_on.endswith("; the same command goes on where it was")
    assert interrupted == "interrupted"
    assert stored == f"s3://{BUCKET}/{clip.name} is stored"
    assert re.fullmatch(r"asset \d+ is registered", registered)
