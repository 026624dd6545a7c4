"""Card of a bulk run: how far it is, for a notebook.

Invariant: pure; what is not known makes no row.
"""

from collections.abc import Iterable

from mi_async.bulk.engine.outcome import BulkOutcome
from mi_async.bulk.engine.progress import BulkProgress
from mi_async.bulk.report import wording
from mi_async.notebook import Bar, card
from mi_async.text import span


def run_card(about: str, state: str, progress: BulkProgress, latest: Iterable[BulkOutcome]) -> str:
    """Return the card.

    Args:
        about: what the run takes, and its journal.
        state: of the run.
        progress: of the run.
        latest: the last items that did not go well.
    """
    pace = wording.pace(progress.rate, progress.ceiling) if progress.rate else ""
    elapsed = span(progress.elapsed) if progress.elapsed else ""
    rows = [
        ("counts", wording.counted(progress.counts)),
        ("in progress", f"{progress.open:,}" if progress.open else ""),
        ("pace", pace),
        ("transfer", " · ".join(wording.transfer(progress))),
        ("time", " · ".join(filter(None, (elapsed, wording.remaining(progress))))),
        *[("hindrance", hindrance) for hindrance in wording.hindrances(progress)],
        *[("problem", wording.problem(outcome)) for outcome in latest],
    ]
    of = " of unknown" if progress.total is None else ""
    items = ("items", Bar(wording.share(progress), f"{wording.ended(progress)}{of}"))
    return card(about, [("state", state), items, *[(name, said) for name, said in rows if said]])
