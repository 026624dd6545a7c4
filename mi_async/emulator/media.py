"""Media of an emulated workspace: projects, media assets, their indexes and scene summaries.

Invariant: holds and finds. An asset is where its jobs are at the time that is asked about; times are seconds of the
server's clock, timestamps are what the service writes.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import Factory, define, frozen

from mi_async.emulator.jobs import EmulatedJob, Phase
from mi_async.emulator.objects import EmulatedObject
from mi_async.emulator.rules import EMULATED, NO_ANALYSIS, NO_ASSET, Refused, require


@frozen
class AnalysisRequest:
    """The options of a requested analysis; None where nothing was said.

    Attributes:
        shortest: length of the shortest scene in seconds.
        longest: length of the longest scene in seconds.
        scene_range: the name of a pair of lengths.
        source_language: of speech and writing.
        detect_audio_effects: whether applause and the like are listed.
    """

    shortest: int
    longest: int
    scene_range: str | None
    source_language: str
    detect_audio_effects: bool


@define(eq=False)
class Scene:
    """A stretch of a video, or a whole image.

    Attributes:
        id: number within the index, from 1.
        start_ms: milliseconds from the start; None in an image.
        end_ms: milliseconds from the start; None in an image.
        keywords: words with a confidence of 0 to 1.
        script: what is said; empty in an image.
        audio_effects: what else is heard, where it was asked for.
        person_ids: persons seen; None for one that was known and is deleted.
    """

    id: int
    start_ms: int | None
    end_ms: int | None
    keywords: Mapping[str, float]
    script: str
    audio_effects: tuple[str, ...]
    person_ids: list[int | None]

    def keywords_from(self, confidence: float) -> dict[str, float]:
        """Keywords that are at least so sure."""
        return {word: sure for word, sure in self.keywords.items() if sure >= confidence}

    def relabel(self, person_id: int, successor: int | None) -> None:
        """Put one person in the place of another; one that is seen already is not seen twice."""
        place = self.person_ids.index(person_id)
        seen = successor is not None and successor in self.person_ids
        self.person_ids[place : place + 1] = [] if seen else [successor]

    def shown(self, confidence: float) -> dict[str, Any]:
        """Return the scene as JSON, in a form that is the emulator's alone, and says so."""
        return {
            "sceneId": self.id,
            "startMs": self.start_ms,
            "endMs": self.end_ms,
            "keywords": [{"name": word, "confidence": sure} for word, sure in self.keywords_from(confidence).items()],
            "script": self.script,
            "audioEffects": list(self.audio_effects),
            "persons": [{"personId": person} for person in self.person_ids],
            **EMULATED,
        }


@define(eq=False)
class Run:
    """One request for scene summaries of an index.

    Attributes:
        id: of the request, by which the deprecated operations name it.
        job: its progress.
        finished: when it is over, by the wall clock as it was asked for.
        scene_ids: which scenes; None for all.
        locale: language of the texts; a partial run inherits it.
    """

    id: int
    job: EmulatedJob
    finished: datetime
    scene_ids: frozenset[int] | None
    locale: str | None


@frozen
class Summary:
    """Texts about the scenes of an index.

    Attributes:
        locale: language of the texts.
        finished: when the last run was over.
        texts: by scene id.
        part: the scenes of the last run; None for all.
    """

    locale: str | None
    finished: datetime
    texts: Mapping[int, str]
    part: frozenset[int] | None = None


@define(eq=False)
class EmulatedIndex:
    """The outcome of an analysis.

    Attributes:
        id: of the index.
        options: how the analysis was asked for.
        created: when it was asked for.
        finished: when the analysis is over, by the wall clock as it was asked for.
        scenes: in the order of time.
        run: the last request for summaries.
        summary: what the completed ones wrote.
    """

    id: int
    options: AnalysisRequest
    created: datetime
    finished: datetime
    scenes: tuple[Scene, ...]
    run: Run | None = None
    summary: Summary | None = None

    def settled(self, now: float) -> Summary | None:
        """Return the summary at ``now``, with what a finished run wrote."""
        run = self.run
        if run is not None and run.job.phase(now) is Phase.COMPLETED:
            wanted = [scene for scene in self.scenes if run.scene_ids is None or scene.id in run.scene_ids]
            texts = {} if run.scene_ids is None or self.summary is None else self.summary.texts
            written = {scene.id: _text(scene, run) for scene in wanted}
            self.summary = Summary(run.locale, run.finished, {**texts, **written}, run.scene_ids)
        return self.summary


@define(eq=False)
class Analysis:
    """One request for an analysis of an object, by its digest, and the index that it makes if it succeeds."""

    job: EmulatedJob
    index: EmulatedIndex
    source: str


@define(eq=False)
class EmulatedAsset:
    """A media asset.

    Attributes:
        id: number of the asset.
        key: full name of the object.
        found: the object, None when there is none.
        ready: when the import is over.
        created: when it was registered.
        analysis: the last request for an analysis.
    """

    id: int
    key: str
    found: EmulatedObject | None
    ready: float
    created: datetime
    analysis: Analysis | None = None
    _index: EmulatedIndex | None = None

    @property
    def file_name(self) -> str:
        """Name of the object without its folders."""
        return self.key.rpartition("/")[2]

    @property
    def is_video(self) -> bool:
        """True if it is a video by its format."""
        return self.found is not None and self.found.is_video

    def analysing(self, now: float) -> bool:
        """Return True if an analysis waits or runs."""
        return self.analysis is not None and self.analysis.job.active(now)

    def busy(self, now: float) -> bool:
        """Return True if an analysis or a summary waits or runs."""
        index = self.index(now)
        return self.analysing(now) or (index is not None and index.run is not None and index.run.job.active(now))

    def index(self, now: float) -> EmulatedIndex | None:
        """Return the index in force: that of the last analysis that succeeded."""
        if self.analysis is not None and self.analysis.job.phase(now) is Phase.COMPLETED:
            self._index = self.analysis.index
        return self._index

    def index_by_id(self, index_id: int | None, now: float) -> EmulatedIndex:
        """Return the index in force, if it has this ID; None for any.

        Raises:
            Refused: 404, 40002.
        """
        index = self.index(now)
        if index is None or index_id not in {None, index.id}:
            raise Refused(NO_ANALYSIS, f"asset {self.id} has no index {index_id or ''}")
        return index

    def shows(self, person_id: int, now: float) -> bool:
        """Return True if the index in force has the person in a scene."""
        index = self.index(now)
        return index is not None and any(person_id in scene.person_ids for scene in index.scenes)

    def drop_index(self) -> None:
        """Forget the index and how it was made."""
        self.analysis = self._index = None

    def relabel(self, person_id: int, successor: int | None) -> bool:
        """Put one person in the place of another in every scene; tell whether there was any."""
        pending = None if self.analysis is None else self.analysis.index
        indexes = {index for index in (self._index, pending) if index is not None}
        scenes = [scene for index in indexes for scene in index.scenes if person_id in scene.person_ids]
        for scene in scenes:
            scene.relabel(person_id, successor)
        return bool(scenes)


@define(eq=False)
class EmulatedProject:
    """A project with its assets, by id."""

    id: int
    name: str
    is_base: bool
    created: datetime
    updated: datetime
    assets: dict[int, EmulatedAsset] = Factory(dict)

    def asset(self, asset_id: int) -> EmulatedAsset:
        """Find an asset.

        Raises:
            Refused: 404, 10010.
        """
        require(asset_id in self.assets, f"asset {asset_id} in project {self.id}", NO_ASSET)
        return self.assets[asset_id]


def _text(scene: Scene, run: Run) -> str:
    words = ", ".join(scene.keywords)
    return f"[{run.locale}] A scene about {words}." if run.locale else f"A scene about {words}."
