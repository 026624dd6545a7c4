"""Sentences about removals of a sync: what they do for good, when they were confirmed, and which options ask for them.

Invariant: pure.
"""

from collections.abc import Sequence

from mi_async.bulk.journal.utc_times import shown_time
from mi_async.sync.decisions import SyncState
from mi_async.sync.item import SyncItem
from mi_async.text import quantity


def for_good(removed: Sequence[SyncItem], would: str) -> str:
    """Return the sentence about removals that cannot be undone; '' for none."""
    gone = [item for item in removed if item.state is not SyncState.CHANGED]
    changed = len(removed) - len(gone)
    objects = " and its object" if len(gone) == 1 else " and their objects"
    objects = objects if any(item.with_object for item in gone) else ""
    told = [f"{quantity(len(gone), 'asset')}{objects} {would} be deleted"] if gone else []
    told += [f"{quantity(changed, 'asset')} {would} be replaced"] if changed else []
    return f"{', and '.join(told)} for good" if told else ""


def confirmed_when(items: Sequence[SyncItem]) -> str:
    """Return when removals were confirmed: ``confirmed 2026-11-28 00:52 UTC``, or the first and the last time."""
    times = sorted({shown_time(item.confirmed) for item in items if item.confirmed})
    if not times:  # by an earlier version
        return "confirmed before"
    return f"confirmed {times[0]}" if len(times) == 1 else f"confirmed {times[0]} to {times[-1]}"


def options_for(removed: Sequence[SyncItem]) -> list[str]:
    """Return the options that ask for removals as they were confirmed."""
    gone = [item for item in removed if item.state is not SyncState.CHANGED]
    asked = {
        "--delete": bool(gone),
        "--delete-objects": any(item.with_object for item in gone),
        "--replace": len(gone) < len(removed),
    }
    return [option for option, is_needed in asked.items() if is_needed]
