"""``ingest`` against the emulator and a real S3 implementation, in this process and in others."""

import io
import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import evolve
from rich.console import Console

from mi_async import Ingestion, Stage, StoredObject
from mi_async.cli.app import run
from mi_async.cli.intake import intake_board
from mi_async.emulator import Latency, Server, Settings
from mi_async.storage.cut import LEAST_PART
from tests.support.films import film
from tests.support.storage import BUCKET, Bucket, bucket
from tests.support.terminal import environment, process, served

SETTINGS = Settings(
    importing=Latency.none(), queueing=Latency.none(), analysing=Latency.none(), summarizing=Latency.none()
)
KEY = "저녁 뉴스/clip.mp4"


@pytest.fixture(scope="module")
def storage() -> Iterator[Bucket]:
    with bucket() as one:
        yield one


@pytest.fixture
def s3(storage: Bucket, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    storage.empty()
    monkeypatch.setenv("MI_ASYNC_STORAGE_URL", storage.url)
    yield storage
    storage.refuse = lambda _kind, _query: None


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
    assert err.splitlines()[0].startswith("upload: ")
    assert "analysis: ANALYZE_COMPLETED" in err
    assert run([*arguments, "--output", "table"]) == 0
    table = capsys.readouterr().out
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


def test_interrupted_and_run_again(server: Server, s3: Bucket, clip: Path) -> None:
    clip.write_bytes(film(size=3 * LEAST_PART))
    s3.refuse = lambda _kind, query: ("503 Slow Down", "SlowDown") if query.get("partNumber") == ["3"] else None
    env = {**environment(server), "MI_ASYNC_STORAGE_URL": s3.url}
    arguments = ["ingest", str(clip), "--bucket", BUCKET, "--no-analyze"]
    with process(*arguments, env=env) as started:
        while not {1, 2} <= set(s3.parts) or len(s3.arrived()) < 2:
            assert started.poll() is None
        started.send_signal(signal.SIGINT)
        assert started.wait(20) == 130
        assert started.stderr is not None
        assert "interrupted" in started.stderr.read()
    s3.refuse = lambda _kind, _query: None
    s3.parts.clear()
    with process(*arguments, env=env) as started:
        out, _ = started.communicate(timeout=60)
    assert s3.parts == [3]
    assert json.loads(out)["sent"] == clip.stat().st_size - 2 * LEAST_PART
    assert [path.name for path in clip.parent.iterdir()] == ["clip.mp4"]


AT = Ingestion("\x1b[31mclip 저녁.mp4", place=StoredObject("b", "k"), size=100_000_000)
STEPS = [
    AT,
    evolve(AT, stage=Stage.UPLOAD, found=20_000_000),
    evolve(AT, stage=Stage.UPLOAD, found=20_000_000, sent=30_000_000),
    evolve(AT, stage=Stage.UPLOAD, found=20_000_000, sent=80_000_000),
    evolve(AT, stage=Stage.IMPORT, asset_id=7, state="IN_PROGRESS"),
    evolve(AT, stage=Stage.ANALYSIS, asset_id=7, state="ANALYZING"),
    evolve(AT, stage=Stage.DONE, asset_id=7),
]


def shown(*, terminal: bool) -> str:
    out, seconds = io.StringIO(), iter(range(10_000))
    console = Console(file=out, force_terminal=terminal, width=90)
    with intake_board(console, now=lambda: float(next(seconds))) as board:
        for step in STEPS:
            board.step(step)
    return out.getvalue()


def test_lines_where_there_is_no_terminal() -> None:
    lines = shown(terminal=False).splitlines()
    assert lines[0].startswith("upload: 20.0 MB of 100.0 MB (20.0 MB from before)")
    assert lines[-3:] == ["import: IN_PROGRESS", "analysis: ANALYZING", "done"]


def test_the_board_cannot_be_painted_by_a_name() -> None:
    picture = shown(terminal=True)
    assert "\x1b[31mclip" not in picture
    assert "저녁.mp4" in picture
