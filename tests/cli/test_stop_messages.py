"""Messages of a bulk run that a signal has stopped: what did not go well, and how to resume, where anything is left."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from mi_async.bulk.engine.outcome import Status
from mi_async.bulk.journal.reader import read_journal
from mi_async.bulk.journal.records import ImageRecord, PersonRecord
from mi_async.bulk.report.report import BulkReport
from mi_async.cli.bulk_advice import advise_stopped, print_resume
from tests.pictures.test_run_page import made

RESUME = "what is done is in j; run it again to resume\n"


@pytest.mark.parametrize(
    ("ending", "open_items", "counts", "said"),
    [
        ("", 0, {Status.DONE: 3}, "the whole input was gone through before the stop; nothing is left to resume\n"),
        ("", 0, {Status.DONE: 3, Status.PARKED: 1}, RESUME),
        ("cancelled", 0, {Status.DONE: 3}, RESUME),
        ("cancelled", 2, {}, RESUME),
        ("cancelled", 0, {}, ""),
    ],
)
def test_a_stopped_run_says_what_is_left(
    ending: str, open_items: int, counts: Mapping[Status, int], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_resume(
        BulkReport(journal="j", run=1, ending=ending, counts=counts, open=open_items), "j", again="run it again"
    )
    assert capsys.readouterr().err == said


def test_a_stopped_run_gives_advice_for_each_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, cut = tmp_path / "j", "1.jpg: a jpg that is cut off"
    made(
        path,
        PersonRecord("Yi", "rejected", None, (), "incomplete", cut, "faces", 1),
        ImageRecord("Yi", "aa", "1.jpg", state="failed", code="incomplete", message=cut),
        PersonRecord("Ama", "failed", None, (), "10069", "no face", "faces", 1),
        ImageRecord("Ama", "bb", "2.jpg", state="failed", thumbnail_key="k", code="10069", message="no face"),
    )
    report = BulkReport(
        journal=str(path), run=1, ending="cancelled", counts={Status.REJECTED: 1, Status.FAILED: 1, Status.DONE: 1}
    )
    advise_stopped(report, again="run it again", may_fit=False)
    first, *advice = capsys.readouterr().err.splitlines()
    assert first == "error: 2 of 3 items did not go well"
    assert [line.split(":")[0] for line in advice] == ["10069 (1)", "incomplete (1)"]
    advise_stopped(BulkReport(journal=str(path), run=1, counts={Status.DONE: 1}), again="run it again", may_fit=False)
    assert capsys.readouterr().err == ""
    with read_journal(path) as reader:  # the same word as in the report and on the page
        assert {row.source: row.status for row in reader.problems()} == {"1.jpg": "rejected", "2.jpg": "failed"}
