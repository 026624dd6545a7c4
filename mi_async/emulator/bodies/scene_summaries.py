"""Bodies of the scene summary operations, those of the generation before included.

Invariant: a summary belongs to an index and goes with it. A partial run rewrites scenes of a full one, in its language.
"""

from collections.abc import Mapping, Sequence

from mi_async.api.scene_summaries import (
    SceneSummaries,
    SceneSummary,
    SceneSummaryInfo,
    SceneSummaryStatus,
    SummaryStatus,
)
from mi_async.emulator import media, rules, state
from mi_async.emulator.bodies.unimplemented import unimplemented
from mi_async.emulator.jobs import Phase
from mi_async.emulator.rules import EMULATED, Refused, require
from mi_async.models import Json

STATUSES: Mapping[Phase, SummaryStatus] = {
    Phase.WAITING: SummaryStatus.WAIT_SUMMARIZE,
    Phase.RUNNING: SummaryStatus.SUMMARIZING,
    Phase.COMPLETED: SummaryStatus.SUMMARIZE_COMPLETED,
    Phase.FAILED: SummaryStatus.SUMMARIZE_FAIL,
    Phase.CANCELLED: SummaryStatus.SUMMARIZE_CANCELED,
}


class EmulatedSceneSummaries(SceneSummaries):
    """Scene summaries of an emulated workspace."""

    def __init__(self, world: state.EmulatorState, **scope: str) -> None:
        super().__init__(unimplemented, **scope)
        self._state = world
        self._room = world.workspace(scope["workspace_name"])

    async def request(
        self, project_id: int, asset_id: int, *, scene_ids: Sequence[int] | None = None, locale: str | None = None
    ) -> Json:
        """Request a summary; which languages there are is not documented, and here any will do."""
        return self._summarise(self._latest(project_id, asset_id), scene_ids, locale)

    async def status(self, project_id: int, asset_id: int) -> SceneSummaryStatus:
        """Tell how the last run goes; without an index, none was ever asked for."""
        index = self._asset(project_id, asset_id).index(self._state.now())
        return SceneSummaryStatus(self._status(None if index is None else index.run))

    async def cancel(self, project_id: int, asset_id: int) -> None:
        """Cancel the last run."""
        self._cancel(self._latest(project_id, asset_id).run)

    async def get(self, project_id: int, asset_id: int) -> SceneSummary:
        """Get the summary of the index in force."""
        index = self._asset(project_id, asset_id).index(self._state.now())
        if index is None:
            raise Refused(rules.NOT_FOUND, f"asset {asset_id} has no index")
        return self._shown(index)

    async def request_by_index(
        self, project_id: int, asset_id: int, index_id: int, *, scene_ids: Sequence[int] | None = None
    ) -> Json:
        """Request a summary."""
        return self._summarise(self._index(project_id, asset_id, index_id), scene_ids, None)

    async def status_by_id(
        self, project_id: int, asset_id: int, index_id: int, scene_summary_id: int
    ) -> SceneSummaryStatus:
        """Tell how the last run goes; earlier ones are forgotten."""
        return SceneSummaryStatus(self._status(self._run(project_id, asset_id, index_id, scene_summary_id)))

    async def cancel_by_id(self, project_id: int, asset_id: int, index_id: int, scene_summary_id: int) -> None:
        """Cancel the last run."""
        self._cancel(self._run(project_id, asset_id, index_id, scene_summary_id))

    async def get_by_index(self, project_id: int, asset_id: int, index_id: int) -> SceneSummary:
        """Get the summary of an index."""
        return self._shown(self._index(project_id, asset_id, index_id))

    def _asset(self, project_id: int, asset_id: int) -> media.EmulatedAsset:
        return self._room.project(project_id).asset(asset_id)

    def _latest(self, project_id: int, asset_id: int) -> media.EmulatedIndex:
        index = self._asset(project_id, asset_id).index(self._state.now())
        if index is None:
            raise Refused(rules.NO_INDEX, f"asset {asset_id}")
        return index

    def _index(self, project_id: int, asset_id: int, index_id: int) -> media.EmulatedIndex:
        return self._asset(project_id, asset_id).index_by_id(index_id, self._state.now())

    def _run(self, project_id: int, asset_id: int, index_id: int, run_id: int) -> media.Run:
        run = self._index(project_id, asset_id, index_id).run
        if run is None or run.id != run_id:
            raise Refused(rules.NOT_FOUND, f"index {index_id} has no scene summary {run_id}")
        return run

    def _status(self, run: media.Run | None) -> SummaryStatus:
        return SummaryStatus.BEFORE_SUMMARIZE if run is None else STATUSES[run.job.phase(self._state.now())]

    def _summarise(self, index: media.EmulatedIndex, scene_ids: Sequence[int] | None, locale: str | None) -> Json:
        """Start a run; the answer is not documented, but later calls need what is in it."""
        now, settings = self._state.now(), self._state.settings
        require(index.run is None or not index.run.job.active(now), f"index {index.id}", rules.RUNNING)
        known = index.settled(now)
        if scene_ids is not None:
            unknown = set(scene_ids) - {scene.id for scene in index.scenes}
            require(scene_ids and not unknown, f"no scenes {sorted(unknown)}")
            require(locale is None, "locale is for a full run")
            require(known is not None, "a full run comes first")
            locale = None if known is None else known.locale
        wanted = None if scene_ids is None else frozenset(scene_ids)
        job = self._state.new_job(settings.queueing, settings.summarizing)
        index.run = media.Run(self._state.new_id(), job, self._state.time_at(job.ends), wanted, locale)
        return {"sceneSummaryId": index.run.id, "indexId": index.id, **EMULATED}

    def _cancel(self, run: media.Run | None) -> None:
        now = self._state.now()
        if run is None or not run.job.active(now):
            raise Refused(rules.NOT_CANCELLABLE, f"the scene summary is {self._status(run)}")
        run.job.cancelled = True

    def _shown(self, index: media.EmulatedIndex) -> SceneSummary:
        """Return a summary; the members of its texts are not documented, and the emulator's alone.

        While the last run is not completed, what an earlier one wrote is not shown.
        """
        summary = index.settled(self._state.now())
        if summary is None:
            raise Refused(rules.NOT_FOUND, f"index {index.id} has no summary")
        status = self._status(index.run)
        require(status is SummaryStatus.SUMMARIZE_COMPLETED, f"the scene summary is {status}", rules.NOT_SUMMARIZED)
        texts = tuple(
            {"sceneId": scene, "summary": text, "locale": summary.locale, **EMULATED}
            for scene, text in sorted(summary.texts.items())
        )
        return SceneSummary(index.id, _info(summary), texts)


def _info(summary: media.Summary) -> SceneSummaryInfo:
    part = summary.part
    # as documented: text, although a request takes integers; null after a full run, which unstructuring leaves out
    scene_ids = None if part is None else tuple(map(str, sorted(part)))
    extra: Mapping[str, Json] = {"analyzedSceneIds": None} if part is None else {}
    return SceneSummaryInfo(summary.finished.isoformat(), scene_ids, extra=extra)
