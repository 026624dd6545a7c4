"""``usage`` against a real emulator: as a table, JSON, CSV and a page, with prices and without."""

import asyncio
import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import mi_async
from mi_async._core.service_time import SERVICE_ZONE
from mi_async.cli.app import run
from mi_async.emulator import Latency, Server, Settings
from tests.support.footage import footage
from tests.support.terminal import environment, served

INSTANT = Latency.none()
SETTINGS = Settings(
    importing=INSTANT, queueing=INSTANT, analysing=INSTANT, workspaces=("newsroom", "sports"), register_strangers=False
)
PRICES = 'currency = "KRW"\n[[prices]]\nof = "image_analysis"\nprice = 250\n'


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with served(SETTINGS) as running:

        async def prepare() -> None:
            clock = mi_async.Clock(speed=200)  # jobs are over at once, and asked about again soon
            async with mi_async.connect(running.credentials, base_url=running.url, clock=clock) as session:
                await footage(session.workspace("newsroom"), "a.mp4", "b.png")
                await footage(session.workspace("sports"), "=1+1.png")

        asyncio.run(prepare())
        yield running


@pytest.fixture(autouse=True)
def reachable(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in environment(server).items():
        monkeypatch.setenv(name, value)
    (tmp_path / "prices.toml").write_text(PRICES, encoding="utf-8")


def now() -> str:
    return f"{datetime.now(UTC).astimezone(SERVICE_ZONE):%Y-%m}"


def answer(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_all_workspaces_are_counted_whatever_the_environment_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["usage", "-q"]) == 0
    report = answer(capsys)
    assert [(each["workspace"], len(each["projects"])) for each in report["workspaces"]] == [
        ("newsroom", 1),
        ("sports", 1),
    ]
    assert (report["month"], report["total"]["image_analyses"], report["total"]["video_analyses"]) == (now(), 2, 1)
    assert "cost" not in report
    assert len(report["notes"]) == 4
    assert run(["usage", "-w", "sports", "--month", "2025-01", "--no-summaries", "-q"]) == 0
    report = answer(capsys)
    assert ([each["workspace"] for each in report["workspaces"]], report["month"]) == (["sports"], "2025-01")
    assert (report["total"]["images"], report["total"]["image_analyses"], report["summaries"]) == (1, 0, False)


def test_a_table_has_sums_and_what_it_does_not_tell(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["usage", "-o", "table", "--prices", "prices.toml"]) == 0
    written = capsys.readouterr()
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in written.out.splitlines() if "│" in line]
    assert rows[0] == ["workspace", "project", "analyses", "analysed", "summaries", "cost"]
    assert [[*row[:3], row[-1]] for row in rows[1:6]] == [
        ["newsroom", "Base project", "2", "250.00"],
        ["newsroom", "(all)", "2", "250.00"],
        ["sports", "Base project", "1", "250.00"],
        ["sports", "(all)", "1", "250.00"],
        ["(all)", "(all)", "3", "500.00"],
    ]
    assert rows[6] == ["workspace", "videos", "images", "media", "named", "unnamed"]
    assert [[*row[:3], *row[4:]] for row in rows[7:10]] == [
        ["newsroom", "1", "1", "0", "0"],
        ["sports", "0", "1", "0", "0"],
        ["(all)", "1", "2", "0", "0"],
    ]
    assert rows[-1] == ["total", "", "", "KRW", "500.00"]
    assert written.out.splitlines()[0] == f"usage of {now()} (Asia/Seoul)"
    assert written.out.count("note: ") == 4
    assert run(["usage", "-o", "table", "-q"]) == 0
    written = capsys.readouterr()
    assert (written.out.count("note: "), written.err) == (4, "")


def test_no_sum_of_a_csv_column_counts_twice(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["usage", "-o", "csv", "--prices", "prices.toml", "-q"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out.removeprefix("\ufeff"))))
    assert [(row["workspace"], row["project"]) for row in rows] == [
        ("newsroom", "Base project"),
        ("newsroom", ""),
        ("sports", "Base project"),
        ("sports", ""),
    ]
    assert sum(int(row["images"]) for row in rows) == 2
    assert sum(float(row["cost"]) for row in rows) == 500
    assert [row["named"] for row in rows] == ["", "0", "", "0"]
    assert {(row["month"], row["timezone"]) for row in rows} == {(now(), "Asia/Seoul")}
    assert [row["counted_by_service"] for row in rows] == ["", "2", "", "1"]


def test_prices_are_in_the_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["usage", "--prices", "prices.toml", "-q"]) == 0
    assert answer(capsys)["cost"] == {
        "currency": "KRW",
        "lines": [{"of": "image_analysis", "quantity": "2", "per": "each", "price": "250", "amount": "500.00"}],
        "total": "500.00",
    }


def test_a_page_is_written_beside_the_result(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["usage", "--html", "usage.html", "--lang", "ko", "-o", "csv"]) == 0
    assert re.search(r"^wrote usage.html: assets 3$", capsys.readouterr().err, re.MULTILINE)
    page = (tmp_path / "usage.html").read_text(encoding="utf-8")
    assert f"<h2>{now()} 사용량</h2>" in page
    assert "newsroom / Base project" in page
    (tmp_path / "mine.html").write_text("mine")
    assert run(["usage", "--html", "mine.html"]) == 2
    assert (tmp_path / "mine.html").read_text() == "mine"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--month", "november"], "month must be a year and a month such as 2026-11, got 'november'"),
        (["--timezone", "Korea"], "there is no time zone 'Korea'"),
        (["--concurrency", "0"], "concurrency must be 1 to 64, got 0"),
        (["--prices", "none.toml"], "none.toml: No such file or directory"),
    ],
)
def test_what_cannot_be_is_refused(options: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["usage", *options]) == 2
    assert said in capsys.readouterr().err


def test_a_workspace_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["usage", "-w", "newsroom", "-w", "nowhere"]) == 4
    assert "workspace nowhere" in capsys.readouterr().err.splitlines()
