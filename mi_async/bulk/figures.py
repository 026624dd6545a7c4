"""The figures of a run in words, for every display and for the report.

Law: pure; one way of saying each thing. What comes from elsewhere is made plain by who shows it.
"""

from collections.abc import Mapping

from mi_async.bulk.outcome import BulkOutcome, Problem, Status
from mi_async.bulk.progress import BulkProgress
from mi_async.text import percent, size, span


def counted(counts: Mapping[Status, int]) -> str:
    """``19,950 done, 40 skipped``; '' when nothing has ended."""
    return ", ".join(f"{counts[status]:,} {status.value}" for status in Status if counts.get(status))


def share(progress: BulkProgress) -> float | None:
    """The part of the input that has ended, None while the whole is not known."""
    return min(1.0, progress.ended / progress.total) if progress.total else None


def ended(progress: BulkProgress) -> str:
    """``12,000 of 20,000``, or ``12,000``."""
    return f"{progress.ended:,}" + (f" of {progress.total:,}" if progress.total is not None else "")


def pace(rate: float, ceiling: float | None) -> str:
    """``965 a minute, 96.5 % of the quota's 1,000``."""
    against = f", {percent(rate / ceiling)} of the quota's {ceiling:,.0f}" if ceiling else ""
    return f"{rate:,.0f} a minute{against}"


def remaining(progress: BulkProgress) -> str:
    """``12 min 30 s to go``; '' when it cannot be told, or nothing is left."""
    return f"{span(progress.eta)} to go" if progress.eta else ""


def useful(progress: BulkProgress) -> str:
    """``97.9 % of checks useful``: how many completion checks answered done."""
    return f"{percent(progress.useful)} of checks useful" if progress.checks else ""


def room(progress: BulkProgress) -> str:
    """``64 of 80``; ``129 (room for 32)`` while a pool that has become smaller is left by those in it."""
    if progress.pending <= progress.pool:
        return f"{progress.pending:,} of {progress.pool:,}"
    return f"{progress.pending:,} (room for {progress.pool:,})"


def waiting(progress: BulkProgress) -> str:
    """``64 of 80 uploads wait for completion, 97.9 % of checks useful``."""
    return f"{room(progress)} uploads wait for completion, {useful(progress)}"


def footage(progress: BulkProgress) -> list[str]:
    """``1.2 GB sent, 31.0 MB/s``, and ``40 wait for the service``; nothing where it is not about media files."""
    if progress.sent is None:
        return []
    pace = f", {size(int(progress.bandwidth))}/s" if progress.bandwidth else ""
    waiting = [f"{progress.pending:,} wait for the service"] if progress.pending else []
    return [f"{size(progress.sent)} sent{pace}", *waiting]


def hindrances(progress: BulkProgress) -> list[str]:
    """What keeps the run from going on, worst first; nothing in good weather."""
    found: list[str] = []
    if progress.outage:
        found.append(f"the service has not answered for {span(progress.outage)}")
    if progress.paused:
        found.append(f"refused with 429, paused for {span(progress.paused)}")
    return found


def problem(outcome: BulkOutcome) -> str:
    """``홍길동: failed: 50005 Image is broken (hong.jpg)``: the item and the first thing that went wrong with it."""
    said = f"{outcome.key or outcome.origin}: {outcome.status.value}"
    if not outcome.problems:
        return said
    first, *more = outcome.problems
    source = _unnamed(first, outcome)
    where = f" ({source})" if source else ""
    others = f", and {len(more):,} more" if more else ""
    return f"{said}: {first.code} {first.message}{where}{others}"


def _unnamed(told: Problem, outcome: BulkOutcome) -> str:
    """Where a problem is, '' if what is said of it names that already."""
    return "" if told.source in told.message or told.source == outcome.key else told.source


def row(outcome: BulkOutcome) -> dict[str, str]:
    """The same as a row of a table."""
    first, more = (outcome.problems or (Problem("", "", ""),))[0], len(outcome.problems) - 1
    return {
        "item": outcome.key or outcome.origin,
        "status": outcome.status.value,
        "code": first.code,
        "problem": first.message,
        "of": _unnamed(first, outcome),
        "more": f"{more:,}" if more > 0 else "",
    }
