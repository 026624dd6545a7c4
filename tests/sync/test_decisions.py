"""Decisions of a sync as a table: doubt keeps."""

import pytest
from attrs import evolve

from mi_async.bulk.journal.records import AssetRecord
from mi_async.sync.decisions import (
    Absence,
    AssetPresence,
    ObjectContent,
    SourceFile,
    SyncState,
    decide_absent,
    decide_present,
    is_own,
    most_deletions,
)
from mi_async.sync.item import SyncItem
from mi_async.sync.plan import SyncPlan

FILE = SourceFile(5, 7)
OURS = AssetRecord(1, "bucket", "a.mp4", asset_id=9, earlier=(3,))
REUSED = AssetRecord(1, "bucket", "a.mp4", asset_id=9, earlier=(3, 9))
UNREGISTERED = AssetRecord(1, "bucket", "a.mp4")
PRESENT, DELETED, UNKNOWN, OF_ANOTHER = (
    AssetPresence.PRESENT,
    AssetPresence.DELETED,
    AssetPresence.UNKNOWN,
    AssetPresence.OF_ANOTHER,
)
SAME, OTHER, NONE, UNTOLD = ObjectContent


@pytest.mark.parametrize(
    ("file", "row", "asset", "content", "state"),
    [
        (SourceFile(5, 7, settled=False), OURS, PRESENT, OTHER, SyncState.UNSETTLED),
        (SourceFile(5, 7, settled=False), None, DELETED, SAME, SyncState.UNSETTLED),
        (FILE, None, DELETED, SAME, SyncState.NEW),
        (FILE, UNREGISTERED, DELETED, SAME, SyncState.NEW),
        (FILE, OURS, DELETED, SAME, SyncState.MISSING),
        (FILE, OURS, DELETED, NONE, SyncState.MISSING),
        (FILE, OURS, DELETED, UNTOLD, SyncState.MISSING),
        (FILE, OURS, DELETED, OTHER, SyncState.CHANGED),
        (FILE, REUSED, DELETED, OTHER, SyncState.MISSING),
        (FILE, OURS, PRESENT, SAME, SyncState.SAME),
        (FILE, REUSED, UNKNOWN, SAME, SyncState.SAME),
        (FILE, OURS, PRESENT, OTHER, SyncState.CHANGED),
        (FILE, OURS, PRESENT, NONE, SyncState.CHANGED),
        (FILE, OURS, PRESENT, UNTOLD, SyncState.KEPT),
        (FILE, REUSED, PRESENT, OTHER, SyncState.KEPT),
        (FILE, OURS, UNKNOWN, OTHER, SyncState.KEPT),
        (FILE, OURS, OF_ANOTHER, OTHER, SyncState.KEPT),
    ],
)
def test_a_file_that_is_there(
    file: SourceFile, row: AssetRecord | None, asset: AssetPresence, content: ObjectContent, state: SyncState
) -> None:
    decision = decide_present(file, row, asset, content)
    assert decision.state is state
    assert bool(decision.reason) is (state is SyncState.KEPT)


@pytest.mark.parametrize("absence", Absence)
@pytest.mark.parametrize("row", [OURS, REUSED])
@pytest.mark.parametrize("asset", AssetPresence)
def test_a_file_that_is_not_listed(absence: Absence, row: AssetRecord, asset: AssetPresence) -> None:
    decision = decide_absent(absence, row, asset)
    gone = absence is Absence.ABSENT and row is OURS and asset is PRESENT
    forgotten = absence is Absence.ABSENT and asset is DELETED
    expected = SyncState.GONE if gone else SyncState.FORGOTTEN if forgotten else SyncState.KEPT
    assert decision.state is expected
    assert bool(decision.reason) is (expected is SyncState.KEPT)


def test_what_is_own_and_how_many_deletions_are_usual() -> None:
    assert [is_own(row) for row in (OURS, REUSED, UNREGISTERED)] == [True, False, False]
    assert [most_deletions(brought) for brought in (0, 5, 100, 101, 1000)] == [10, 10, 10, 10, 100]


def test_a_plan_shows_all_that_cannot_be_undone_and_a_part_of_the_rest() -> None:
    gone = tuple([SyncItem(f"{number}.mp4", "bucket", SyncState.GONE, asset_id=number + 1) for number in range(30)])
    plan = SyncPlan(
        endpoint="https://example.com", workspace="newsroom", project_id=1, source="/footage", journal="j", items=gone
    )
    listed, removed = str(plan), str(evolve(plan, delete=True))
    assert ("  19.mp4 (asset 20)" in listed, "  20.mp4" in listed, "  and 10 more" in listed) == (True, False, True)
    assert ("  29.mp4 (asset 30)" in removed, "more" in removed) == (True, False)
    assert (plan.warning, evolve(plan, delete=True).warning) == ("", "30 assets would be deleted for good")
