"""``ingest-many`` and ``journal`` over its journal, against the emulator and a real S3 implementation."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import evolve

from mi_async.cli.app import run
from mi_async.emulator import Latency, Server, Settings
from tests.support.films import film
from tests.support.storage import BUCKET, Bucket
from tests.support.terminal import environment, served

pytestmark = pytest.mark.slow

SETTINGS = Settings(
    importing=Latency.none(), queueing=Latency.none(), analysing=Latency.none(), summarizing=Latency.none()
)
KEY = "저녁 뉴스/clip 1.mp4"


@pytest.fixture
def s3(s3: Bucket, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    monkeypatch.setenv("MI_ASYNC_STORAGE_URL", s3.url)
    return s3


@pytest.fixture
def server(s3: Bucket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    monkeypatch.chdir(tmp_path)
    with served(evolve(SETTINGS, objects=s3.look)) as running:
        for name, value in environment(running).items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
def footage(tmp_path: Path) -> Path:
    """A directory with two clips, to be named relatively."""
    (tmp_path / "footage" / Path(KEY).parent).mkdir(parents=True)
    (tmp_path / "footage" / KEY).write_bytes(film(size=50_000))
    (tmp_path / "footage" / "b.mp4").write_bytes(film(size=60_000))
    return Path("footage")


def test_a_directory_goes_in_and_the_same_command_does_nothing_more(
    server: Server, s3: Bucket, footage: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["ingest-many", str(footage), "--bucket", BUCKET, "--report", "report.jsonl"]
    assert run(command) == 0
    written = capsys.readouterr()
    report = json.loads(written.out)
    assert (report["ok"], report["counts"]["done"], report["total"], report["sent"]) == (True, 2, 2, 110_000)
    lines = written.err.splitlines()
    first, table = lines[0], lines[lines.index("items    2 of 2: 2 done") :]
    assert first == "ingesting the media files of footage in workspace newsroom; journal: footage.journal"
    assert any(line.startswith("2 of 2 (100.0%); 2 done; 110.0 kB sent") for line in lines)
    assert table[1].startswith("sent     110.0 kB in ")
    assert s3.get(KEY) == film(size=50_000)
    told = [json.loads(line) for line in Path("report.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(line["key"], line["state"]) for line in told] == [("b.mp4", "indexed"), (KEY, "indexed")]
    registered = server.log.count("assets.register")
    s3.forget_counts()
    assert run([*command, "--output", "table"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "items    2 of 2: 2 skipped"
    assert (server.log.count("assets.register"), dict(s3.asked)) == (registered, {})


@pytest.mark.usefixtures("server")
def test_files_of_other_formats_are_counted(s3: Bucket, footage: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("master.mxf", "b.TS", "@eaDir"):
        (footage / name).touch()
    (footage / "#recycle").mkdir()
    (footage / "#recycle" / "deleted.mp4").write_bytes(film(size=1000))
    counts = {".mxf": 1, ".ts": 1, "without suffix": 1, "hidden or system": 1}
    command = ["ingest-many", str(footage), "--bucket", BUCKET, "--no-analyze"]
    for more in (["--dry-run"], []):
        assert run([*command, *more]) == 0
        assert json.loads(capsys.readouterr().out)["passed_over"] == counts
    assert run([*command, "--output", "table"]) == 0
    said = "passed over  1 .mxf, 1 .ts, 1 hidden or system, 1 without suffix"
    assert said in capsys.readouterr().out.splitlines()
    for name in ("a.mxf", "@eaDir/a.jpg", "b.mp4"):
        s3.put(f"in/{name}", film(size=1000))
    for more in (["--dry-run"], []):
        assert run(["ingest-many", f"s3://{BUCKET}/in/", "--no-analyze", "--journal", "j", *more]) == 0
        assert json.loads(capsys.readouterr().out)["passed_over"] == {".mxf": 1, "hidden or system": 1}


def test_objects_of_a_bucket_and_a_dry_run(
    server: Server, s3: Bucket, footage: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["ingest-many", str(footage), "--dry-run", "--summarize"]) == 0
    written = capsys.readouterr()
    plan = json.loads(written.out)
    assert (plan["new"], plan["bytes"], plan["footage"], plan["requests"]["indexes.request"]) == (2, 110_000, 120, 2)
    assert written.err == "planning for footage: headers of files are read, and no request is made\n"
    assert not server.log.answers
    s3.put(f"in/{KEY}", film(size=50_000))
    source = f"s3://{BUCKET}/in/"
    assert run(["ingest-many", source, "--dry-run", "--output", "table"]) == 0
    assert "to register" in capsys.readouterr().out
    assert run(["ingest-many", source, "--no-analyze"]) == 0
    written = capsys.readouterr()
    assert json.loads(written.out)["counts"]["done"] == 1
    assert "journal: in.journal" in written.err
    assert run(["ingest-many", source, "--dry-run"]) == 0
    written = capsys.readouterr()
    assert json.loads(written.out)["resumed"] == 1
    project = int(written.err.partition("the journal is of project ")[2].partition(",")[0])
    assert run(["ingest-many", source, "--dry-run", "--project", str(project + 1)]) == 0
    written = capsys.readouterr()
    assert (json.loads(written.out)["new"], "the journal is of" in written.err) == (1, False)


def test_what_is_no_input_or_goes_wrong(
    server: Server, s3: Bucket, footage: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["ingest-many", "nowhere"]) == 2
    assert "nowhere: no such directory" in capsys.readouterr().err
    for project in ("없음", "4711"):
        assert run(["ingest-many", str(footage), "--bucket", BUCKET, "--project", project]) == 4
        assert f"no project {project!r}" in capsys.readouterr().err.replace("4711", "'4711'")
    assert run(["ingest-many", str(footage)]) == 2  # linked to no bucket
    assert "run the same command again" not in capsys.readouterr().err
    (footage / "z.mp4").write_bytes(b"nothing")
    s3.poor.add("b.mp4")
    capsys.readouterr()
    assert run(["ingest-many", str(footage), "--bucket", BUCKET]) == 1
    written = capsys.readouterr()
    assert {one["status"] for one in json.loads(written.out)["problems"]} == {"failed", "rejected"}
    assert "mi-async journal retry footage.journal" in written.err
    assert server.log.count("assets.register") == 2
    assert run(["ingest-many", str(footage), "--dry-run", "--workspace", "another"]) == 2
    assert "belongs to workspace 'newsroom', and this is about 'another'" in capsys.readouterr().err


def test_a_journal_for_which_nothing_was_done_tells_nothing(
    server: Server, footage: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["ingest-many", str(footage), "--workspace", "misspelt"]) == 4
    capsys.readouterr()
    assert run(["ingest-many", str(footage), "--dry-run"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert (plan["items"], plan["new"], plan["failed"]) == (2, 2, 0)
    assert server.log.count("assets.register") == 0


def test_its_journal_is_shown_exported_and_reset(
    server: Server, s3: Bucket, footage: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    s3.poor.add("b.mp4")
    assert run(["ingest-many", str(footage), "--bucket", BUCKET]) == 1
    capsys.readouterr()
    assert run(["journal", "show", "footage.journal"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["operation"], shown["assets"]) == ("ingest", {"done": 1, "failed": 1})
    assert shown["reached"] == {"indexed": 1, "registered": 1}
    assert run(["journal", "show", "footage.journal", "--output", "table"]) == 0
    assert "1 done" in capsys.readouterr().out
    assert run(["journal", "failed", "footage.journal"]) == 0
    [problem] = json.loads(capsys.readouterr().out)
    assert (problem["asset"], problem["code"]) == ("b.mp4", "ImportFailedError")
    assert run(["journal", "export", "footage.journal"]) == 0
    assert [json.loads(line)["key"] for line in capsys.readouterr().out.splitlines()] == ["b.mp4", KEY]
    assert run(["journal", "export", "footage.journal", "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["key"], row["state"], row["earlier"]) for row in rows] == [
        ("b.mp4", "registered", "[]"),
        (KEY, "indexed", "[]"),
    ]
    s3.poor.clear()
    assert run(["journal", "retry", "footage.journal"]) == 0
    assert json.loads(capsys.readouterr().out) == {"assets": 1}
    assert run(["ingest-many", str(footage), "--bucket", BUCKET]) == 0
    counts = json.loads(capsys.readouterr().out)["counts"]
    assert (counts["done"], counts["skipped"], counts["failed"]) == (1, 1, 0)
    assert server.log.count("assets.register") == 3
