"""Bodies of the analysis and index operations, those of the generation before included.

Invariant: an asset has one index. The one in force stays until an analysis succeeds, whatever becomes of others in
between.
"""

from collections.abc import Mapping, Sequence

from attrs import evolve

from mi_async.api.indexes import (
    AnalysisSetting,
    AnalysisStatus,
    AssetType,
    ConfidenceLevel,
    Index,
    Indexes,
    IndexList,
    IndexStatus,
    IndexSummary,
    RequestedAnalysis,
    SceneRange,
    SourceLanguage,
)
from mi_async.emulator import media, rules, state, synthetic, unknown_faces
from mi_async.emulator.bodies.unimplemented import unimplemented
from mi_async.emulator.jobs import Phase
from mi_async.emulator.rules import Rejection, require
from mi_async.models import Json

STATUSES: Mapping[Phase, AnalysisStatus] = {
    Phase.WAITING: AnalysisStatus.WAIT_ANALYZE,
    Phase.RUNNING: AnalysisStatus.ANALYZING,
    Phase.COMPLETED: AnalysisStatus.ANALYZE_COMPLETED,
    Phase.FAILED: AnalysisStatus.ANALYZE_FAIL,
    Phase.CANCELLED: AnalysisStatus.ANALYZE_CANCEL,
}
ENGINE = "Sinossi v1.0"
FAILURE = "The asset cannot be read."


class EmulatedIndexes(Indexes):
    """Analyses and indexes of an emulated workspace."""

    def __init__(self, world: state.EmulatorState, **scope: str) -> None:
        super().__init__(unimplemented, **scope)
        self._state = world
        self._room = world.workspace(scope["workspace_name"])

    async def request(
        self,
        project_id: int,
        asset_id: int,
        *,
        scene_range: SceneRange | None = None,
        min_scene_duration_sec: int | None = None,
        max_scene_duration_sec: int | None = None,
        analysis_person_count: int | None = None,
        tag_ids: Sequence[int] | None = None,
        source_language: SourceLanguage | None = None,
        detect_audio_effects: bool | None = None,
    ) -> Json:
        """Request an analysis; the answer is not documented, and here it is that of the generation before.

        Nor is whether the number of persons may be left out; here it may, for as many as there can be.
        """
        asset = self._asset(project_id, asset_id)
        lengths = self._lengths(scene_range, min_scene_duration_sec, max_scene_duration_sec)
        rules.check_known("sourceLanguage", source_language)
        options = media.AnalysisRequest(*lengths, scene_range, source_language or "ENKO", bool(detect_audio_effects))
        requested = self._analyse(asset, options, analysis_person_count, tag_ids, rules.RUNNING)
        return evolve(requested, extra=rules.EMULATED)

    async def status(self, project_id: int, asset_id: int) -> IndexStatus:
        """Tell how the last analysis goes."""
        asset = self._asset(project_id, asset_id)
        if asset.analysis is None:
            return IndexStatus(AnalysisStatus.BEFORE_ANALYZE)
        phase = asset.analysis.job.phase(self._state.now())
        message = FAILURE if phase is Phase.FAILED else None
        return IndexStatus(STATUSES[phase], message, asset.analysis.index.id if phase is Phase.COMPLETED else None)

    async def cancel(self, project_id: int, asset_id: int) -> None:
        """Cancel an analysis; the index before it stays."""
        self._cancel(self._asset(project_id, asset_id), rules.NOT_CANCELLABLE)

    async def get(self, project_id: int, asset_id: int, *, confidence_level: ConfidenceLevel | None = None) -> Index:
        """Get the index in force."""
        asset = self._asset(project_id, asset_id)
        index = asset.index(self._state.now())
        if index is None:
            raise rules.Refused(rules.NO_INDEX, f"asset {asset_id}")
        return self._shown(asset, index, confidence_level)

    async def delete(self, project_id: int, asset_id: int) -> None:
        """Delete the index in force with its summaries; afterwards the asset was never analysed."""
        self._delete(self._asset(project_id, asset_id), None)

    async def analyze(
        self,
        project_id: int,
        asset_id: int,
        *,
        analysis_person_count: int,
        scene_range: SceneRange | None = None,
        tag_ids: Sequence[int] | None = None,
        source_language: SourceLanguage | None = None,
        detect_audio_effects: bool | None = None,
    ) -> RequestedAnalysis:
        """Request an analysis; of the two ways to say that one runs, 10017 is the older."""
        require(tag_ids is None or 1 <= len(tag_ids) <= rules.MOST_TAGS_IN_FILTER, "not 1 to 30 tag ids")
        asset = self._asset(project_id, asset_id)
        lengths = self._lengths(scene_range, None, None)
        rules.check_known("sourceLanguage", source_language)
        options = media.AnalysisRequest(*lengths, scene_range, source_language or "ENKO", bool(detect_audio_effects))
        return self._analyse(asset, options, analysis_person_count, tag_ids, rules.ANALYSING)

    async def analysis_status(self, project_id: int, asset_id: int) -> IndexStatus:
        """Tell how the last analysis goes."""
        return await self.status(project_id, asset_id)

    async def cancel_analysis(self, project_id: int, asset_id: int) -> None:
        """Cancel an analysis; the index before it stays."""
        self._cancel(self._asset(project_id, asset_id), rules.NOT_ANALYSING)

    async def list_by_asset(self, project_id: int, asset_id: int) -> IndexList:
        """List the one index, if there is one."""
        asset = self._asset(project_id, asset_id)
        index = asset.index(self._state.now())
        listed = () if index is None else (self._listed(asset, index),)
        return IndexList(len(listed), listed)

    async def get_by_id(
        self, project_id: int, asset_id: int, index_id: int, *, confidence_level: ConfidenceLevel | None = None
    ) -> Index:
        """Get the one index by its id."""
        asset = self._asset(project_id, asset_id)
        return self._shown(asset, asset.index_by_id(index_id, self._state.now()), confidence_level)

    async def delete_by_id(self, project_id: int, asset_id: int, index_id: int) -> None:
        """Delete the one index by its id."""
        self._delete(self._asset(project_id, asset_id), index_id)

    def _asset(self, project_id: int, asset_id: int) -> media.EmulatedAsset:
        return self._room.project(project_id).asset(asset_id)

    def _lengths(self, named: SceneRange | None, least: int | None, most: int | None) -> tuple[int, int]:
        """Shortest and longest scene in seconds; no bounds are documented, and here they are at least 1."""
        rules.check_known("sceneRange", named)
        if least is None and most is None:
            return synthetic.RANGES[named or "MEDIUM"]
        require(named is None, "sceneRange does not go with minSceneDurationSec and maxSceneDurationSec")
        if least is None or most is None:
            raise rules.Refused(rules.INVALID, "minSceneDurationSec and maxSceneDurationSec come together")
        require(1 <= least <= most, f"scenes of {least} to {most} seconds")
        return least, most

    def _analyse(
        self,
        asset: media.EmulatedAsset,
        options: media.AnalysisRequest,
        persons: int | None,
        tag_ids: Sequence[int] | None,
        running: Rejection,
    ) -> RequestedAnalysis:
        """Start an analysis; who is seen is decided now."""
        now, settings = self._state.now(), self._state.settings
        rules.ANALYSIS_PERSONS.check("analysisPersonCount", persons)
        unknown = [tag for tag in tag_ids or () if tag not in self._room.tags]
        require(not unknown, f"no tags {unknown}")
        require(now >= asset.ready, f"asset {asset.id} is being imported", rules.NOT_IMPORTED)
        found = asset.found
        if found is None or found.flaw is not None:
            raise rules.Refused(rules.NO_ASSET, f"asset {asset.id} was not imported")
        require(not asset.analysing(now), f"asset {asset.id}", running)
        asset.index(now)  # one that is finished comes into force before the next is asked for
        candidates = self._room.recognisable(tag_ids, found.digest)
        most = rules.MOST_PERSONS_PER_ANALYSIS if persons is None else persons
        job = self._state.new_job(settings.queueing, settings.analysing)
        job.fails |= not found.readable
        known = synthetic.seen(found, candidates, most)
        scenes = tuple(synthetic.scenes(found, options, known))
        index = media.EmulatedIndex(
            self._state.new_id(), options, self._state.time(), self._state.time_at(job.ends), scenes
        )
        asset.analysis = media.Analysis(job, index, found.digest)
        if settings.register_strangers:
            faces = list(unknown_faces.portraits(found, most - len(known)))
            unknown_faces.expect(self._state, self._room, asset.analysis, faces)
        self._room.analyses += 1
        return RequestedAnalysis(index.id, index.created, state.USER)

    def _cancel(self, asset: media.EmulatedAsset, otherwise: Rejection) -> None:
        if asset.analysis is None or not asset.analysing(self._state.now()):
            raise rules.Refused(otherwise, f"asset {asset.id}")
        asset.analysis.job.cancelled = True
        self._room.analyses -= 1

    def _delete(self, asset: media.EmulatedAsset, index_id: int | None) -> None:
        now = self._state.now()
        require(not asset.analysing(now), f"asset {asset.id}", rules.RUNNING)
        asset.index_by_id(index_id, now)
        asset.drop_index()

    def _listed(self, asset: media.EmulatedAsset, index: media.EmulatedIndex) -> IndexSummary:
        scene_range = None if index.options.scene_range is None else SceneRange(index.options.scene_range)
        return IndexSummary(
            index_id=index.id,
            type=_type(asset),
            created_user_name=state.USER,
            created_time=index.created,
            updated_user_name=state.USER,
            updated_time=index.finished,
            analysis_setting=AnalysisSetting(ENGINE, scene_range),
        )

    def _shown(self, asset: media.EmulatedAsset, index: media.EmulatedIndex, level: ConfidenceLevel | None) -> Index:
        """Return an index with its scenes; the form of what is found is not documented, and ours alone."""
        rules.check_known("confidence_level", level)
        listed = self._listed(asset, index)
        least = synthetic.LEAST_CONFIDENCE[level or "MEDIUM"]
        return Index(
            index_id=listed.index_id,
            type=listed.type,
            created_user_name=listed.created_user_name,
            created_time=listed.created_time,
            updated_user_name=listed.updated_user_name,
            updated_time=listed.updated_time,
            extra={
                **rules.EMULATED,
                "analysisSetting": {"analysisEngine": ENGINE, "sceneRange": index.options.scene_range},
                "scenes": [scene.shown(least) for scene in index.scenes],
            },
        )


def _type(asset: media.EmulatedAsset) -> AssetType:
    return AssetType.VIDEO if asset.is_video else AssetType.IMAGE
