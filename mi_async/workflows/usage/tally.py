"""Tally of a project: its assets, each with its index and scene summary, added up for a month.

Invariant: pure; of an asset nothing is kept but its counts, so that a project may have any number of them.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime

from attrs import define, field, frozen

from mi_async.api.assets import Asset, FileFormat
from mi_async.api.indexes import AssetType, Index
from mi_async.api.projects import Project
from mi_async.api.scene_summaries import SceneSummary
from mi_async.workflows.usage.models import ProjectUsage, UsageCounts, UsageDay
from mi_async.workflows.usage.month import UsageMonth, moment_of

TYPES: Mapping[FileFormat, AssetType] = {
    FileFormat.MP4: AssetType.VIDEO,
    FileFormat.MKV: AssetType.VIDEO,
    FileFormat.MOV: AssetType.VIDEO,
    FileFormat.WEBM: AssetType.VIDEO,
    FileFormat.PNG: AssetType.IMAGE,
    FileFormat.JPG: AssetType.IMAGE,
    FileFormat.HEIC: AssetType.IMAGE,
}
"""Type by format. Source: mi-asset-details; only an index says the type itself."""
ASSETS: Mapping[AssetType | None, str] = {AssetType.VIDEO: "videos", AssetType.IMAGE: "images"}
ANALYSES: Mapping[AssetType | None, str] = {AssetType.VIDEO: "video_analyses", AssetType.IMAGE: "image_analyses"}


@frozen
class AssetAnswers:
    """Facts about one asset, as the service tells them.

    Attributes:
        asset: as its listing has it.
        index: None where there is none.
        summary: None where there is none, or nobody asked.
        unread: True if the service failed to send one of both.
    """

    asset: Asset
    index: Index | None = None
    summary: SceneSummary | None = None
    unread: bool = False

    @property
    def type(self) -> AssetType | None:
        """Type of the asset: that of its index, else that of its format."""
        if self.index is not None and self.index.type is not None:
            return self.index.type
        form = self.asset.meta_data.format if self.asset.meta_data is not None else None
        return TYPES.get(form) if form is not None else None

    @property
    def length(self) -> int | None:
        """Length of a video in milliseconds; None if it is not known, 0 for anything else."""
        length = self.asset.meta_data.duration_ms if self.asset.meta_data is not None else None
        return length if length is not None or self.type is AssetType.VIDEO else 0

    @property
    def analyzed(self) -> datetime | None:
        """Time at which its index was created."""
        return None if self.index is None else self.index.created_time

    @property
    def summarized(self) -> datetime | None:
        """Time at which its last scene summary was completed."""
        info = None if self.summary is None else self.summary.scene_summary_info
        return None if info is None else moment_of(info.last_analyzed_at)


@define
class ProjectTally:
    """Counts of one project so far.

    Attributes:
        project: whose assets they are.
        month: that is asked about.
    """

    project: Project
    month: UsageMonth
    _counts: Counter[str] = field(init=False, factory=Counter)
    _days: dict[date, Counter[str]] = field(init=False, factory=dict)

    @property
    def assets(self) -> int:
        """Assets so far."""
        return self._counts["assets"]

    def add(self, answers: AssetAnswers) -> None:
        """Add an asset."""
        length = answers.length
        analyzed, summarized = self.month.day_of(answers.analyzed), self.month.day_of(answers.summarized)
        self._counts["assets"] += 1
        self._counts[ASSETS.get(answers.type, "other_assets")] += 1
        self._counts["media_ms"] += length or 0
        self._counts["unread"] += answers.unread
        self._counts["unmeasured"] += length is None
        self._counts["undated"] += answers.index is not None and answers.analyzed is None
        self._counts["undated"] += answers.summary is not None and answers.summarized is None
        if analyzed is not None:
            self._counts[ANALYSES.get(answers.type, "other_analyses")] += 1
            self._counts["analyzed_ms"] += length or 0
            self._on(analyzed).update(analyses=1, analyzed_ms=length or 0)
        if summarized is not None:
            self._counts["summaries"] += 1
            self._counts["summarized_ms"] += length or 0
            self._on(summarized).update(summaries=1)

    def usage(self) -> ProjectUsage:
        """Return the usage of the project."""
        counts = {name: count for name, count in self._counts.items() if name != "assets"}
        days = [UsageDay(day.isoformat(), **counted) for day, counted in sorted(self._days.items())]
        return ProjectUsage(self.project.project_id, self.project.name, UsageCounts(**counts), tuple(days))

    def _on(self, day: date) -> Counter[str]:
        return self._days.setdefault(day, Counter())
