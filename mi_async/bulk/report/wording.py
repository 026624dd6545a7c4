"""The figures of a run in words, for every display and for the report.

Invariant: pure; one way of saying each thing. Text from outside is escaped by whoever shows it.
"""

from collections.abc import Mapping

from mi_async.bulk.engine.outcome import BulkOutcome, Problem, Status, item_name
from mi_async.bulk.engine.progress import BulkProgress, OldestUpload
from mi_async.bulk.engine.stats import MINUTE, SHORT
from mi_async.text import percent, quantity, size, span


def counted(counts: Mapping[Status, int]) -> str:
    """Return counts as text: ``19,950 done, 40 skipped``; '' if nothing has ended."""
    return ", ".join(f"{counts[status]:,} {status.value}" for status in Status if counts.get(status))


def share(progress: BulkProgress) -> float | None:
    """Return the share of the input that has ended, None if its length, or what others have done, is unknown."""
    return min(1.0, progress.ended / progress.total) if progress.total and not progress.shared else None


def ended(progress: BulkProgress) -> str:
    """Return the items that have ended: ``12,000 of 20,000``, ``12,000``, or ``150 here, of 300 in all``."""
    if progress.shared:
        return f"{progress.ended:,} here" + (f", of {progress.total:,} in all" if progress.total is not None else "")
    return f"{progress.ended:,}" + (f" of {progress.total:,}" if progress.total is not None else "")


def pace(rate: float, ceiling: float | None) -> str:
    """Return a rate as text: ``965 a minute, 96.5 % of the quota's 1,000``."""
    against = f", {percent(rate / ceiling)} of the quota's {ceiling:,.0f}" if ceiling else ""
    return f"{rate:,.0f} a minute{against}"


def has_pace(pictures: int, seconds: float) -> bool:
    """Return True if a whole run has a rate: that of less than ``SHORT`` seconds is a spike, and no pace."""
    return pictures > 0 and seconds >= SHORT


def whole_pace(pictures: int, seconds: float, ceiling: float | None) -> str:
    """Return the rate of a whole run as text, '' if it has none."""
    return pace(pictures * MINUTE / seconds, ceiling) if has_pace(pictures, seconds) else ""


def remaining(progress: BulkProgress) -> str:
    """Return the remaining time: ``12 min 30 s to go``; '' if unknown or zero."""
    return f"{span(progress.eta)} to go" if progress.eta else ""


def useful(progress: BulkProgress) -> str:
    """Return the share of checks that answered done: ``97.9 % of completion checks useful``."""
    return f"{percent(progress.useful)} of completion checks useful" if progress.checks else ""


def in_flight(progress: BulkProgress) -> str:
    """Return the stored uploads that the service has not taken over yet: ``64 uploads in flight``; '' if none."""
    return f"{quantity(progress.pending, 'upload')} in flight" if progress.pending else ""


def adaptive(progress: BulkProgress) -> str:
    """Return what the run has measured: ``limit 80, 97.9 % of completion checks useful``; for ``--verbose``."""
    return f"limit {progress.pool:,}, {useful(progress)}" if progress.checks else ""


def transfer(progress: BulkProgress) -> list[str]:
    """Return figures of media files: ``1.2 GB sent, 31.0 MB/s``, ``40 wait for the service``; none for other runs."""
    if progress.sent is None:
        return []
    pace = f", {size(int(progress.bandwidth))}/s" if progress.bandwidth else ""
    waiting = [f"{progress.pending:,} wait for the service"] if progress.pending else []
    return [f"{size(progress.sent)} sent{pace}", *waiting]


def hindrances(progress: BulkProgress) -> list[str]:
    """Return what holds the run up, worst first."""
    found: list[str] = []
    if progress.machine:
        found.append(f"this machine is out of file descriptors or memory, for {span(progress.machine)}")
    if progress.outage:
        found.append(f"the service has not answered for {span(progress.outage)}")
    if progress.paused:
        found.append(f"refused with 429, paused for {span(progress.paused)}")
    if progress.waiting:
        parts = "part" if progress.waiting == 1 else "parts"
        found.append(f"waiting for {progress.waiting:,} {parts} of the input that others hold")
    if progress.is_quiet and progress.open:
        found.append(f"nothing has ended for {span(progress.quiet)}{_oldest(progress.oldest)}")
    return found


def _oldest(upload: OldestUpload | None) -> str:
    if upload is None:
        return ""
    age, limit = span(upload.age), span(upload.limit)
    return f"; the oldest upload, {upload.image} of {upload.key}, has waited {age} of at most {limit}"


def problem(outcome: BulkOutcome) -> str:
    """Return an item with its first problem: ``홍길동 (a.csv:2): failed: 50005 broken (hong.jpg)``."""
    said = f"{item_name(outcome)}: {outcome.status.value}"
    if not outcome.problems:
        return said
    first, *more = outcome.problems
    source = _unnamed(first, outcome)
    where = f" ({source})" if source else ""
    others = f", and {len(more):,} more" if more else ""
    return f"{said}: {first.code} {first.message}{where}{others}"


def _unnamed(told: Problem, outcome: BulkOutcome) -> str:
    """Return the place of a problem, '' if its message or its item names it already."""
    return "" if told.source in told.message or told.source == outcome.key else told.source


def row(outcome: BulkOutcome) -> dict[str, str]:
    """Return an item with its first problem as a row of a table."""
    first, more = (outcome.problems or (Problem("", "", ""),))[0], len(outcome.problems) - 1
    return {
        "item": outcome.key or outcome.origin,
        "status": outcome.status.value,
        "code": first.code,
        "problem": first.message,
        "of": _unnamed(first, outcome),
        "more": f"{more:,}" if more > 0 else "",
    }
