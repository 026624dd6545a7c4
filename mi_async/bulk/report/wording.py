"""The figures of a run in words, for every display and for the report.

Law: pure; one way of saying each thing. What comes from elsewhere is made plain by who shows it.
"""

from collections.abc import Mapping

from mi_async.bulk.engine.outcome import BulkOutcome, Problem, Status, item_name
from mi_async.bulk.engine.progress import BulkProgress, OldestUpload
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
    """``97.9 % of completion checks useful``: how many answered done."""
    return f"{percent(progress.useful)} of completion checks useful" if progress.checks else ""


def in_flight(progress: BulkProgress) -> str:
    """``64 uploads in flight``: stored, and not yet taken over by the service; '' where none is."""
    return f"{progress.pending:,} upload{'' if progress.pending == 1 else 's'} in flight" if progress.pending else ""


def adaptive(progress: BulkProgress) -> str:
    """``limit 80, 97.9 % of completion checks useful``: what the run has found out, for ``--verbose``."""
    return f"limit {progress.pool:,}, {useful(progress)}" if progress.checks else ""


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
    if progress.machine:
        found.append(f"this machine is out of file descriptors or memory, for {span(progress.machine)}")
    if progress.outage:
        found.append(f"the service has not answered for {span(progress.outage)}")
    if progress.paused:
        found.append(f"refused with 429, paused for {span(progress.paused)}")
    if progress.is_quiet and progress.open:
        found.append(f"nothing has ended for {span(progress.quiet)}{_oldest(progress.oldest)}")
    return found


def _oldest(upload: OldestUpload | None) -> str:
    if upload is None:
        return ""
    age, limit = span(upload.age), span(upload.limit)
    return f"; the oldest upload, {upload.image} of {upload.key}, has waited {age} of at most {limit}"


def problem(outcome: BulkOutcome) -> str:
    """``홍길동 (a.csv:2): failed: 50005 broken (hong.jpg)``: the item and the first thing that went wrong with it."""
    said = f"{item_name(outcome)}: {outcome.status.value}"
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
