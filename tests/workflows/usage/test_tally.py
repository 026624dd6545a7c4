"""What one asset adds to the counts of a project."""

from datetime import datetime
from typing import Any

import pytest

from mi_async import Asset, AssetMetaData, AssetType, FileFormat, Index, Project, SceneSummary, SceneSummaryInfo
from mi_async._core.service_time import SERVICE_ZONE
from mi_async.workflows.usage.models import UsageDay, total_of
from mi_async.workflows.usage.month import UsageMonth
from mi_async.workflows.usage.tally import AssetAnswers, ProjectTally

MONTH = UsageMonth(2026, 11, SERVICE_ZONE)
MP4 = AssetMetaData("1920x1080", 60_000, 1, FileFormat.MP4)
PNG = AssetMetaData("1920x1080", None, 1, FileFormat.PNG)


def index(moment: str | None, kind: AssetType | None = None) -> Index:
    return Index(1, kind, created_time=None if moment is None else datetime.fromisoformat(moment))


def summary(moment: str | None) -> SceneSummary:
    return SceneSummary(1, SceneSummaryInfo(moment))


def added(*answers: AssetAnswers) -> dict[str, Any]:
    """Return the counts that are not 0."""
    tally = ProjectTally(Project(1, "Base project", True), MONTH)  # noqa: FBT003  as the service has it
    for each in answers:
        tally.add(each)
    return {name: count for name, count in tally.usage().counts.to_dict().items() if count}


CASES = [
    (AssetAnswers(Asset(1, "a", 1)), {"other_assets": 1}),
    (AssetAnswers(Asset(1, "a", 1, MP4)), {"videos": 1, "media_ms": 60_000}),
    (AssetAnswers(Asset(1, "a", 1, PNG)), {"images": 1}),
    (AssetAnswers(Asset(1, "a", 1, AssetMetaData(format=FileFormat("avi")))), {"other_assets": 1}),
    (AssetAnswers(Asset(1, "a", 1, AssetMetaData(format=FileFormat.MOV))), {"videos": 1, "unmeasured": 1}),
    (
        AssetAnswers(Asset(1, "a", 1, MP4), index("2026-11-30T23:59:59")),
        {"videos": 1, "media_ms": 60_000, "video_analyses": 1, "analyzed_ms": 60_000},
    ),
    (AssetAnswers(Asset(1, "a", 1, MP4), index("2026-10-31T23:59:59")), {"videos": 1, "media_ms": 60_000}),
    (AssetAnswers(Asset(1, "a", 1, MP4), index(None)), {"videos": 1, "media_ms": 60_000, "undated": 1}),
    (AssetAnswers(Asset(1, "a", 1, PNG), index("2026-11-01T00:00:00")), {"images": 1, "image_analyses": 1}),
    (
        AssetAnswers(Asset(1, "a", 1), index("2026-11-01T00:00:00", AssetType.IMAGE)),
        {"images": 1, "image_analyses": 1},
    ),
    (
        AssetAnswers(Asset(1, "a", 1), index("2026-11-01T00:00:00", AssetType("SOUND"))),
        {"other_assets": 1, "other_analyses": 1},
    ),
    (
        AssetAnswers(Asset(1, "a", 1, MP4), index("2026-10-01T00:00:00"), summary("2026-11-02T03:04:05Z")),
        {"videos": 1, "media_ms": 60_000, "summaries": 1, "summarized_ms": 60_000},
    ),
    (
        AssetAnswers(Asset(1, "a", 1, MP4), index("2026-10-01T00:00:00"), summary("soon")),
        {"videos": 1, "media_ms": 60_000, "undated": 1},
    ),
    (AssetAnswers(Asset(1, "a", 1, MP4), unread=True), {"videos": 1, "media_ms": 60_000, "unread": 1}),
]


@pytest.mark.parametrize(("answers", "counts"), CASES)
def test_an_asset_counts_for_what_is_told_of_it(answers: AssetAnswers, counts: dict[str, int]) -> None:
    assert added(answers) == counts


def test_all_that_is_counted_is_added_up() -> None:
    answers = [each for each, _ in CASES]
    wanted: dict[str, int] = {}
    for _, counts in CASES:
        wanted = {name: wanted.get(name, 0) + counts.get(name, 0) for name in {*wanted, *counts}}
    assert added(*answers) == wanted
    assert added(*answers) == added(*reversed(answers))


def test_the_days_of_a_project_are_in_order_and_hold_what_happened_on_them() -> None:
    tally = ProjectTally(Project(1, "Base project", True), MONTH)  # noqa: FBT003  as above
    for moment, told in [("2026-11-20T01:00:00", None), ("2026-11-03T01:00:00", "2026-11-20T02:00:00")]:
        tally.add(AssetAnswers(Asset(1, "a", 1, MP4), index(moment), None if told is None else summary(told)))
    assert tally.usage().days == (UsageDay("2026-11-03", 1, 60_000), UsageDay("2026-11-20", 1, 60_000, 1))
    assert tally.assets == 2


def test_the_sum_of_nothing_is_nothing() -> None:
    assert set(total_of([]).to_dict().values()) == {0}
