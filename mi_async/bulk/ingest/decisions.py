"""The decision about a media file: what the journal knows of it says whether anything is left to do.

Invariant: pure; no I/O, no clock. The run executes the decision and the plan counts it, so that both say the same.
"""

from enum import Enum, auto

from mi_async.bulk.engine.outcome import Status
from mi_async.bulk.journal.records import AssetRecord, Reached

REFUSED = frozenset({Status.PARTIAL.value, Status.FAILED.value})
"""Ways to end that stay until ``journal retry``; what was rejected or parked is looked at again."""


class AssetDecision(Enum):
    """Next step for a media file."""

    SKIP = auto()
    """It has come as far as it is to get."""
    RECALL = auto()
    """An earlier run has failed with it for good, and it has not changed."""
    WORK = auto()
    """Something is left to do."""


def decide(record: AssetRecord, goal: Reached, *, is_same: bool) -> AssetDecision:
    """Decide about a media file.

    Args:
        record: what the journal knows.
        goal: how far the file is to get.
        is_same: the file is what it was when it was stored; for another one nothing of the record holds.
    """
    if is_same and record.reached.includes(goal):
        return AssetDecision.SKIP
    if is_same and record.status in REFUSED:
        return AssetDecision.RECALL
    return AssetDecision.WORK
