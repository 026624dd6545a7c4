"""The report of a bulk run: its figures, what it looks like, and its rows, which come from the journal."""

import json
import pickle
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from attrs import evolve

from mi_async.bulk.engine.outcome import MOST_PROBLEMS, BulkOutcome, Problem, Status
from mi_async.bulk.engine.progress import BulkProgress
from mi_async.bulk.inputs.own_reports import STATUSES
from mi_async.bulk.journal.journal import Journal
from mi_async.bulk.journal.records import OPEN, Identity, ImageRecord, PersonRecord
from mi_async.bulk.report.export import COLUMNS, rows_file
from mi_async.bulk.report.report import BulkReport
from mi_async.errors import BulkError, ConfigError, InvalidArgumentError, JournalError
from tests.test_notebook import read

FAILED = BulkOutcome(
    "홍길동 / 뉴스\x1b[2J<b>",
    Status.FAILED,
    problems=(Problem("faces/1.jpg", "50005", "broken\n<script>"), Problem("faces/2.jpg", "size", "too big")),
)
BAD_ROW = BulkOutcome(
    "[people.csv:17]", Status.REJECTED, origin="people.csv:17", problems=(Problem("people.csv:17", "INPUT", "no name"),)
)
END = BulkProgress(
    counts={Status.FAILED: 1, Status.DONE: 19_950, Status.SKIPPED: 40, Status.REJECTED: 1},
    total=19_992,
    pictures=21_003,
    confirmed=21_003,
    ceiling=1000,
    checks=21_431,
    pool=64,
    refused=1,
    elapsed=1320.0,
)
REPORT = BulkReport.at(END, journal="faces.journal", run=3, abandoned=2, problems=[FAILED, BAD_ROW])


def test_the_table_tells_every_figure_and_the_problems() -> None:
    assert str(REPORT).splitlines() == [
        "items      19,992 of 19,992: 19,950 done, 40 skipped, 1 rejected, 1 failed",
        "pictures   21,003 in 22 min 00 s: 955 a minute, 95.5 % of the quota's 1,000",
        "checks     21,431 for completion",
        "429s       1; each was tried again",
        "abandoned  2; uploads started over, keys in the journal",
        "journal    faces.journal",
        "",
        "problems:",
        "  홍길동 / 뉴스\ufffd[2J<b>: failed: 50005 broken <script> (faces/1.jpg), and 1 more",
        "  [people.csv:17]: rejected: INPUT no name (people.csv:17)",
    ]


def test_what_there_is_nothing_to_say_about_is_left_out() -> None:
    report = BulkReport.at(BulkProgress(), journal="a\nb.journal", run=1)
    assert str(report).splitlines() == ["items    0", "took     0 s", "journal  a b.journal"]
    assert (report.goodput, report.share, report.useful, report.ok) == (0.0, None, 1.0, True)


@pytest.mark.parametrize(
    ("changes", "ok"),
    [
        ({"counts": {Status.DONE: 3, Status.SKIPPED: 4}}, True),
        ({"counts": {Status.DONE: 3, Status.PARTIAL: 1}}, False),
        ({"counts": {Status.PARKED: 1}}, False),
        ({"counts": {Status.DONE: 3}, "open": 1}, False),
        ({"counts": {Status.DONE: 3}, "ending": "cancelled"}, False),
    ],
)
def test_only_when_all_of_the_input_is_at_the_service_all_is_well(changes: dict[str, Any], ok: bool) -> None:
    assert evolve(REPORT, **changes).ok is ok


def test_a_run_that_was_stopped_says_so() -> None:
    report = BulkReport.at(evolve(END, open=87), journal="j", run=1, ending="cancelled")
    assert str(report).startswith("ended      cancelled\n")
    assert "under way  87 when it stopped\n" in str(report)


def test_a_report_of_many_problems_holds_the_first_and_says_how_many_there_are() -> None:
    failed = [BulkOutcome(str(number), Status.FAILED) for number in range(100)]
    report = BulkReport.at(evolve(END, counts={Status.FAILED: 100}), journal="j", run=1, problems=failed)
    assert report.problems == tuple(failed[:MOST_PROBLEMS])
    assert "problems, the first 20 of 100; all are in the journal:" in str(report)
    assert len(pickle.dumps(report)) < 10_000


def test_a_notebook_gets_the_same_escaped() -> None:
    shown = REPORT._repr_html_()
    page = read(shown)
    assert page.cells[page.cells.index("abandoned") + 1] == "2; uploads started over, keys in the journal"
    assert "problems:" in page.said
    assert page.cells[-6:] == ["[people.csv:17]", "rejected", "INPUT", "no name", "people.csv:17", ""]
    assert "broken &lt;script&gt;" in shown
    assert "<script>" not in shown
    assert "\x1b" not in shown


def test_the_report_is_a_json_object_and_pickles() -> None:
    whole = json.loads(orjson.dumps(REPORT.as_dict()))
    assert whole["counts"] == {"done": 19_950, "skipped": 40, "partial": 0, "rejected": 1, "failed": 1, "parked": 0}
    assert (whole["ok"], whole["goodput"], whole["share"], whole["useful"]) == (False, 954.7, 0.9547, 0.98)
    assert whole["problems"][1] == BAD_ROW.as_row()
    assert pickle.loads(pickle.dumps(REPORT)) == REPORT  # noqa: S301  our own


PEOPLE = (
    PersonRecord("강감찬", "done", 7, origin="people.csv:2", run=2),
    PersonRecord("홍길동 / 뉴스", "partial", 8, ("Anchor",), "50005", "broken", "people.csv:3", 2),
    PersonRecord("Ama", "parked", None, (), "99999", "later", "people.csv:4", 2),
    PersonRecord("Bo", "open", run=2),
    PersonRecord("Of another run", "done", 9, run=1),
    PersonRecord("[people.csv:5]", "rejected", code="INPUT", message="no name", origin="people.csv:5", run=2),
)
PICTURES = (
    ImageRecord("강감찬", "a1", "a/1.jpg", state="attached", thumbnail_key="k1", note="made smaller"),
    ImageRecord("강감찬", "a2", "a/2.jpg", state="attached", thumbnail_key="k2"),
    ImageRecord("홍길동 / 뉴스", "b1", "b/1.jpg", state="attached", thumbnail_key="k3"),
    ImageRecord("홍길동 / 뉴스", "b2", "b/2.jpg", state="failed", code="50005", message="broken"),
    ImageRecord("Ama", "c1", "c/1.jpg", state="confirmed", thumbnail_key="k4"),
)
IDENTITY = Identity("https://mi.apigw.ntruss.com", "an access key", "newsroom", "enroll")


@pytest.fixture
async def report(tmp_path: Path) -> BulkReport:
    """The second run of a journal."""
    path = tmp_path / "faces.journal"
    for records in ((), (*PEOPLE, *PICTURES)):
        journal = await Journal.open(path, IDENTITY)
        await journal.write(*records)
        await journal.aclose()
    return BulkReport.at(END, journal=path, run=2)


async def test_the_rows_are_the_people_that_the_run_has_seen(report: BulkReport, tmp_path: Path) -> None:
    path = tmp_path / "report.jsonl"
    report.write(path)
    found = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert found == list(report.rows())
    assert [row["key"] for row in found] == ["Ama", "Bo", "[people.csv:5]", "강감찬", "홍길동 / 뉴스"]
    ama, bo, bad, gang, hong = found
    assert set(ama) == set(FAILED.as_row())
    assert ama["problems"] == [{"source": "people.csv:4", "code": "99999", "message": "later"}]
    assert ama["created"] == ["k4"]
    assert (bo["status"], bo["person_id"], bo["problems"]) == ("open", None, [])
    assert (bad["status"], bad["problems"][0]["code"]) == ("rejected", "INPUT")
    assert (gang["attached"], gang["notes"], gang["created"]) == (2, ["a/1.jpg: made smaller"], [])
    assert hong["problems"] == [{"source": "b/2.jpg", "code": "50005", "message": "broken"}]


async def test_a_data_frame_has_the_documented_columns(report: BulkReport) -> None:
    frame = report.to_dataframe().set_index("key")
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == {
        name: kind for name, kind in COLUMNS.items() if name != "key"
    }
    assert frame.person_id.isna().sum() == 3
    assert list(frame.loc["홍길동 / 뉴스"]) == ["partial", 8, 1, "people.csv:3", 1, "50005", "broken", "b/2.jpg"]
    assert frame[frame.status == "done"].attached.sum() == 2
    assert frame.code.isna().sum() == 2


async def test_a_data_frame_of_nothing_has_the_same_columns(report: BulkReport) -> None:
    frame = evolve(report, run=9).to_dataframe()
    assert len(frame) == 0
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == dict(COLUMNS)


async def test_without_pandas_one_is_told_what_to_install(report: BulkReport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ConfigError, match="pip install pandas"):
        report.to_dataframe()


async def test_a_report_that_cannot_be_written_is_one_clear_error(report: BulkReport, tmp_path: Path) -> None:
    with pytest.raises(BulkError, match=r"cannot write .*: Is a directory"):
        report.write(tmp_path)
    with pytest.raises(JournalError):
        evolve(report, journal=str(tmp_path / "none")).write(tmp_path / "report")


@pytest.mark.parametrize("name", ["hong.jpg", "below/clip.MP4"])
def test_a_file_that_the_run_reads_is_never_replaced(name: str, tmp_path: Path) -> None:
    pointer = tmp_path / name
    pointer.parent.mkdir(exist_ok=True)
    pointer.write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(InvalidArgumentError, match="is a file of the input; it is left as it is"):
        rows_file(pointer, journal=None, inputs=[tmp_path], force=True)
    assert pointer.read_text().startswith("version")
    rows_file(tmp_path / "report.jsonl", journal=None, inputs=[tmp_path]).close()
    rows_file(pointer, journal=None, inputs=[tmp_path / "another"], force=True).close()
    with pytest.raises(InvalidArgumentError, match="null"):
        rows_file(tmp_path / "a\0.jpg", journal=None, inputs=[tmp_path])


def test_a_run_that_was_short_has_no_rate() -> None:
    report = BulkReport.at(BulkProgress(pictures=20, elapsed=3.0), journal="j", run=1)
    assert "pictures  20 in 3 s\n" in str(report)


def test_a_report_is_recognised_by_every_status() -> None:
    assert set(STATUSES) == {OPEN, *(status.value for status in Status)}
