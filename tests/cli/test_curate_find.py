"""``curate unnamed`` and ``curate duplicates`` against a real emulator."""

import asyncio
import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mi_async.bulk.inputs.readers import read_curation
from mi_async.cli.app import run
from mi_async.emulator import Latency, Server, Settings
from mi_async.workflows.curation.table import DUPLICATE_COLUMNS, UNNAMED_COLUMNS, CurationRow
from tests.support.faces import person_with_face
from tests.support.terminal import environment, served


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    async def fill(running: Server) -> None:
        person_with_face(running, "hong", 9, name="=홍길동")
        for number in range(2):
            person_with_face(running, "hong", number)
        person_with_face(running, "ha")

    with served(Settings(latency=Latency.none(), keep_bytes=True)) as running:
        asyncio.run(fill(running))  # the time of the emulator is that of a loop
        yield running


@pytest.fixture(autouse=True)
def reachable(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in environment(server).items():
        monkeypatch.setenv(name, value)


def test_a_page_and_a_table_of_faces(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["curate", "unnamed", "--html", "faces.html", "--csv", "faces.csv", "--lang", "ko"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[-2:] == ["wrote faces.csv: persons 3", "wrote faces.html: persons 3"]
    page = Path("faces.html").read_text(encoding="utf-8")
    assert "익명 인물" in page
    assert "Signature" not in page
    table = Path("faces.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(table)))
    assert tuple(rows[0]) == UNNAMED_COLUMNS
    assert any("=홍길동" in row["suggestions"] for row in rows)
    assert all((row["name"], row["same_as"]) == ("", "") for row in rows)
    assert [
        row for row in read_curation("faces.csv") if isinstance(row, CurationRow) and (row.name or row.same_as)
    ] == []


def test_a_table_that_may_be_filled_in_is_not_replaced(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["curate", "unnamed", "--no-suggestions", "--csv", "faces.csv"]) == 0
    before, asked = Path("faces.csv").read_bytes(), server.log.count("persons.search")
    capsys.readouterr()
    assert run(["curate", "unnamed", "--csv", "faces.csv"]) == 2
    assert "faces.csv exists and may be filled in; name another file, or replace it with --force" in (
        capsys.readouterr().err
    )
    assert (Path("faces.csv").read_bytes(), server.log.count("persons.search")) == (before, asked)
    assert run(["curate", "unnamed", "--csv", "faces.csv", "--limit", "1", "--force"]) == 0
    assert len(Path("faces.csv").read_bytes().splitlines()) == 2


def test_a_page_and_a_table_of_groups(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["curate", "duplicates", "--html", "groups.html", "--csv", "groups.csv", "--lang", "en"]) == 0
    assert capsys.readouterr().err.splitlines()[-1] == "wrote groups.html: groups 1"
    assert "Group 1" in Path("groups.html").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(Path("groups.csv").read_text(encoding="utf-8-sig"))))
    assert tuple(rows[0]) == DUPLICATE_COLUMNS
    assert [row["current_name"] for row in rows] == ["'=홍길동", "", ""]


def test_without_files_the_result_is_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["curate", "unnamed", "--limit", "2"]) == 0
    first, _ = json.loads(capsys.readouterr().out)
    assert first["suggestions"][0]["name"] == "=홍길동"
    assert run(["curate", "unnamed", "-o", "csv"]) == 0
    header, *rows = capsys.readouterr().out.splitlines()
    assert (header, len(rows)) == ("\ufeff" + ",".join(UNNAMED_COLUMNS), 3)
    assert run(["curate", "duplicates", "--one-sided", "-o", "jsonl"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert len(json.loads(line)["pairs"]) == 3
    assert run(["curate", "duplicates", "-o", "table"]) == 0
    assert "=홍길동" in capsys.readouterr().out
    assert run(["curate", "duplicates", "--score", "100"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_a_page_of_more_persons_than_it_shows_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("mi_async.cli.curate_find.MOST_SHOWN", 1)
    assert run(["curate", "unnamed", "--no-suggestions", "--html", "faces.html", "--lang", "en"]) == 0
    assert capsys.readouterr().err.splitlines()[-1] == "wrote faces.html: persons 1 of 3"
    assert "Only the first 1 are shown" in Path("faces.html").read_text(encoding="utf-8")


def test_a_score_out_of_bounds_is_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["curate", "duplicates", "--score", "79"]) == 2
    assert "--score" in capsys.readouterr().err
