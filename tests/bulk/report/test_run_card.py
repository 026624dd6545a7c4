"""The card of a run, from its figures alone."""

import re
from html import unescape

from mi_async.bulk.engine.outcome import BulkOutcome, Problem, Status
from mi_async.bulk.engine.progress import BulkProgress
from mi_async.bulk.report.run_card import run_card

FAILED = BulkOutcome("Hong", Status.FAILED, problems=(Problem(source="hong.jpg", code="10069", message="no face"),))


def rows(progress: BulkProgress, *latest: BulkOutcome) -> list[str]:
    """Return the rows of a card as text."""
    lines = re.findall(r"<tr>(.*?)</tr>", run_card("BulkRun", "running", progress, latest))
    return [" ".join(unescape(re.sub("<[^>]*>", " ", line)).split()) for line in lines]


def test_a_run_that_has_not_begun_says_so_in_two_rows() -> None:
    assert rows(BulkProgress()) == ["state running", "items 0 of unknown"]


def test_a_run_over_persons() -> None:
    counts = {Status.DONE: 10, Status.FAILED: 1}
    progress = BulkProgress(
        counts=counts, open=3, total=20, pictures=11, rate=500.0, ceiling=1000.0, elapsed=61.0, paused=5.0
    )
    told = rows(progress, FAILED)
    assert told[1:4] == ["items 11 of 20", "counts 10 done, 1 failed", "in progress 3"]
    assert told[4] == "pace 500 a minute, 50.0 % of the quota's 1,000"
    assert told[5].startswith("time 1 min 01 s")
    assert told[6:] == ["hindrance refused with 429, paused for 5 s", "problem Hong: failed: 10069 no face (hong.jpg)"]


def test_a_run_over_media_files_tells_what_was_sent() -> None:
    progress = BulkProgress(counts={Status.DONE: 1}, total=2, sent=31_000_000, bandwidth=2_000_000.0, pending=1)
    assert "transfer 31.0 MB sent, 2.0 MB/s · 1 wait for the service" in rows(progress)
