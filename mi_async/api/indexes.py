"""Analyses of media assets, and the indexes that they yield.

Source: api.ncloud-docs.com, Media Intelligence, Analysis and index. The operations by index id are of the generation
that the vendor removes in January 2027; today an asset has one index.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from attrs import field, frozen

from mi_async._core.bounds import AllOrNone, AtMostOne, Count, Range
from mi_async._core.declare import Group, Wire, operation
from mi_async._core.operation import Repeat
from mi_async.member_display import few
from mi_async.models import Json, Model, OpenEnum, spelled


class AssetType(OpenEnum):
    """Kind of an asset."""

    IMAGE = "IMAGE"
    VIDEO = "VIDEO"


class SceneRange(OpenEnum):
    """Length of scenes; EXTRA_SHORT is 10 to 20 s.

    SHORT splits finely, by seconds; MEDIUM splits at the main changes; LONG keeps connected scenes together.
    """

    EXTRA_SHORT = "EXTRA_SHORT"
    SHORT = "SHORT"
    MEDIUM = "MEDIUM"
    LONG = "LONG"


class SourceLanguage(OpenEnum):
    """Language of the speech, as the service spells it.

    ENKO, the default, is Korean and English; ZH-CN is simplified and ZH-TW traditional Chinese.
    """

    ENKO = "ENKO"
    EN = "EN"
    KO = "KO"
    JA = "JA"
    ZH_CN = "ZH-CN"
    ZH_TW = "ZH-TW"


class ConfidenceLevel(OpenEnum):
    """Confidence from which a keyword is shown: LOW shows more of them, HIGH fewer and surer ones."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"


class AnalysisStatus(OpenEnum):
    """Progress of an analysis; BEFORE_ANALYZE is an asset that was never analysed."""

    BEFORE_ANALYZE = "BEFORE_ANALYZE"
    WAIT_ANALYZE = "WAIT_ANALYZE"
    ANALYZING = "ANALYZING"
    ANALYZE_COMPLETED = "ANALYZE_COMPLETED"
    ANALYZE_FAIL = "ANALYZE_FAIL"
    ANALYZE_CANCEL = "ANALYZE_CANCEL"

    @property
    def is_terminal(self) -> bool:
        """True if it changes no more; False for an undocumented value, see ``is_known``."""
        return self.value in {"ANALYZE_COMPLETED", "ANALYZE_FAIL", "ANALYZE_CANCEL"}

    @property
    def is_cancellable(self) -> bool:
        """True if the analysis can be cancelled."""
        return self.value in {"WAIT_ANALYZE", "ANALYZING"}


@frozen(eq=False, repr=False)
class IndexStatus(Model):
    """Progress of the analysis of an asset; source: mi-index-status.

    Attributes:
        status: how far it is.
        analyze_status_message: why it failed, as prose that varies and may be localised: never match on it
            (``analysisStatusMessage`` on the wire too); None otherwise.
        index_id: number of the index once the analysis succeeded; null before.
    """

    status: AnalysisStatus
    analyze_status_message: str | None = field(
        default=None, metadata=spelled("analyzeStatusMessage", "analysisStatusMessage")
    )
    index_id: int | None = None


@frozen(eq=False, repr=False)
class Index(Model):
    """Result of an analysis; scenes, persons, keywords and scripts are in ``extra``, as sent: their form is not known.

    Source: mi-get-index, maiu-index-details.

    Attributes:
        index_id: number of the index; perhaps not sent where an asset has but one.
        type: what the asset is.
        created_user_name: partly masked.
        created_time: without a zone, as sent.
        updated_user_name: partly masked.
        updated_time: without a zone, as sent.
    """

    index_id: int | None = None
    type: AssetType | None = None
    created_user_name: str | None = None
    created_time: datetime | None = None
    updated_user_name: str | None = None
    updated_time: datetime | None = None


@frozen(eq=False, repr=False)
class AnalysisSetting(Model):
    """With what settings an analysis ran; source: maiu-list-indexes.

    Attributes:
        analysis_engine: name and version of the engine.
        scene_range: how long scenes are.
    """

    analysis_engine: str | None = None
    scene_range: SceneRange | None = None


@frozen(eq=False, repr=False)
class IndexSummary(Model):
    """An index in a listing; source: maiu-list-indexes.

    Attributes:
        index_id: number of the index.
        type: what the asset is.
        created_user_name: partly masked.
        created_time: without a zone, as sent.
        updated_user_name: partly masked.
        updated_time: without a zone, as sent.
        analysis_setting: with what settings the analysis ran.
    """

    index_id: int
    type: AssetType | None = None
    created_user_name: str | None = None
    created_time: datetime | None = None
    updated_user_name: str | None = None
    updated_time: datetime | None = None
    analysis_setting: AnalysisSetting | None = None


@frozen(eq=False, repr=False)
class IndexList(Model):
    """All indexes of an asset; source: maiu-list-indexes."""

    total_count: int
    indexes: tuple[IndexSummary, ...] = field(repr=few)


@frozen(eq=False, repr=False)
class RequestedAnalysis(Model):
    """An analysis just requested; source: mi-request-analysis.

    Attributes:
        id: number of the index to be.
        created_time: without a zone, as sent.
        created_user_name: partly masked.
    """

    id: int
    created_time: datetime | None = None
    created_user_name: str | None = None


_ASSET = "/workspaces/{workspace_name}/projects/{project_id}/assets/{asset_id}"


class Indexes(Group):
    """Analyses of media assets and their indexes."""

    @operation(
        f"POST {_ASSET}/index",
        repeat=Repeat.CONFLICTS,
        source="mi-request-index",
        rules=(
            AllOrNone(("min_scene_duration_sec", "max_scene_duration_sec")),
            AtMostOne(("scene_range", "min_scene_duration_sec")),
            AtMostOne(("scene_range", "max_scene_duration_sec")),
        ),
    )
    async def request(
        self,
        project_id: int,
        asset_id: int,
        *,
        scene_range: SceneRange | None = None,
        min_scene_duration_sec: int | None = None,
        max_scene_duration_sec: int | None = None,
        analysis_person_count: Annotated[int | None, Range(0, 10)] = None,
        tag_ids: Annotated[Sequence[int] | None, Wire("tagIdList")] = None,
        source_language: SourceLanguage | None = None,
        detect_audio_effects: bool | None = None,
    ) -> Json:
        """Request the analysis of an asset (for 0 to 10 persons), see ``status``; refused while one runs.

        Give a scene range, or the shortest and the longest scene in seconds, for a video. 0 persons looks for none,
        which makes the analysis faster. Audio effects are applause, laughter and background music. Each unknown face
        becomes an anonymous person, so ``persons.all()`` grows; see there.
        """
        ...

    @operation(f"GET {_ASSET}/index/status", source="mi-index-status")
    async def status(self, project_id: int, asset_id: int) -> IndexStatus:
        """Get how far the analysis of an asset is."""
        ...

    @operation(f"POST {_ASSET}/index/cancel", repeat=Repeat.CONFLICTS, source="mi-cancel-index")
    async def cancel(self, project_id: int, asset_id: int) -> None:
        """Cancel an analysis that waits or runs; what it has found so far is lost."""
        ...

    @operation(f"GET {_ASSET}/index", source="mi-get-index")
    async def get(
        self,
        project_id: int,
        asset_id: int,
        *,
        confidence_level: Annotated[ConfidenceLevel | None, Wire("confidence_level")] = None,
    ) -> Index:
        """Get the latest index of an asset, with keywords of a confidence level (by default MEDIUM)."""
        ...

    @operation(f"DELETE {_ASSET}/index", repeat=Repeat.SAFE, source="mi-delete-index")
    async def delete(self, project_id: int, asset_id: int) -> None:
        """Delete the latest index of an asset and its scene summaries for good."""
        ...

    @operation(
        f"POST {_ASSET}/analyze", repeat=Repeat.CONFLICTS, source="mi-request-analysis", deprecated="indexes.request"
    )
    async def analyze(
        self,
        project_id: int,
        asset_id: int,
        *,
        analysis_person_count: Annotated[int, Range(0, 10)],
        scene_range: SceneRange | None = None,
        tag_ids: Annotated[Sequence[int] | None, Wire("tagIdList"), Count(1, 30)] = None,
        source_language: SourceLanguage | None = None,
        detect_audio_effects: bool | None = None,
    ) -> RequestedAnalysis:
        """Request the analysis of an asset, as of old."""
        ...

    @operation(f"GET {_ASSET}/analyze-status", source="maiu-analysis-status", deprecated="indexes.status")
    async def analysis_status(self, project_id: int, asset_id: int) -> IndexStatus:
        """Get how far the analysis of an asset is, as of old."""
        ...

    @operation(
        f"DELETE {_ASSET}/analyze", repeat=Repeat.CONFLICTS, source="maiu-cancel-analysis", deprecated="indexes.cancel"
    )
    async def cancel_analysis(self, project_id: int, asset_id: int) -> None:
        """Cancel an analysis, as of old."""
        ...

    @operation(f"GET {_ASSET}/indexes", source="maiu-list-indexes", deprecated="indexes.get")
    async def list_by_asset(self, project_id: int, asset_id: int) -> IndexList:
        """List all indexes of an asset; the listing has no pages."""
        ...

    @operation(f"GET {_ASSET}/indexes/{{index_id}}", source="maiu-index-details", deprecated="indexes.get")
    async def get_by_id(
        self,
        project_id: int,
        asset_id: int,
        index_id: int,
        *,
        confidence_level: Annotated[ConfidenceLevel | None, Wire("confidence_level")] = None,
    ) -> Index:
        """Get one of the indexes of an asset, with keywords of a confidence level (by default MEDIUM)."""
        ...

    @operation(
        f"DELETE {_ASSET}/indexes/{{index_id}}",
        repeat=Repeat.SAFE,
        source="maiu-delete-indexes",
        deprecated="indexes.delete",
    )
    async def delete_by_id(self, project_id: int, asset_id: int, index_id: int) -> None:
        """Delete one of the indexes of an asset for good."""
        ...
