"""Asset search: scenes of the indexes in force, found by words, an image, persons and dialogue.

Invariant: pure but for what it reads. An image looks like a scene by chance, but always the same one.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime
from typing import Generic, TypeVar

from attrs import frozen

from mi_async.emulator.media import EmulatedAsset, EmulatedIndex, EmulatedProject, Scene
from mi_async.emulator.state import EmulatorState
from mi_async.emulator.synthetic import LEAST_CONFIDENCE, fraction
from mi_async.emulator.workspace import EmulatedWorkspace, Hit

T = TypeVar("T")
LOOKS_ALIKE = 0.5
"""Similarity from which a scene is found by an image."""


@frozen
class Terms(Generic[T]):
    """Terms of which all, one and none must hold; without any, everything fits."""

    all_of: Collection[T] = ()
    any_of: Collection[T] = ()
    none_of: Collection[T] = ()

    def __len__(self) -> int:
        return len(self.all_of) + len(self.any_of) + len(self.none_of)

    def fit(self, holds: Callable[[T], bool]) -> bool:
        """Return True if the terms hold."""
        some = not self.any_of or any(map(holds, self.any_of))
        return some and all(map(holds, self.all_of)) and not any(map(holds, self.none_of))


@frozen
class SearchTerms:
    """The terms of a search, and its scope.

    Attributes:
        text: words of which a scene's keywords must have one.
        image: digest of an image, where there are no words.
        persons: who is seen.
        dialogues: what is said; nothing is said in an image.
        confidence: the level of keywords that count.
        project_ids: only in these projects; None for all.
        asset_ids: only in these assets; None for all.
        videos: only videos, or only images; None for both.
        modified_from: only indexes that were finished then or later.
        modified_to: only indexes that were finished then or before.
    """

    text: str | None
    image: str
    persons: Terms[int]
    dialogues: Terms[str]
    confidence: str
    project_ids: Collection[int] | None
    asset_ids: Collection[int] | None
    videos: bool | None
    modified_from: datetime | None
    modified_to: datetime | None


def hits(state: EmulatorState, room: EmulatedWorkspace, wanted: SearchTerms) -> tuple[Hit, ...]:
    """Return what is found now, the best first; of equals, those of the older index."""
    found = [
        Hit(asset.id, index.id, scene.id, score)
        for asset, index in _places(state, room, wanted)
        for scene in index.scenes
        if (score := _score(asset, scene, wanted))
    ]
    return tuple(sorted(found, key=lambda hit: (-hit.score, hit.index_id, hit.scene_id)))


def _places(
    state: EmulatorState, room: EmulatedWorkspace, wanted: SearchTerms
) -> Iterator[tuple[EmulatedAsset, EmulatedIndex]]:
    """Assets that are searched, with their indexes."""
    now = state.now()
    for project, asset in room.assets():
        index = asset.index(now)
        if index is not None and _in_place(project, asset, wanted) and _in_time(index.finished, wanted):
            yield asset, index


def _in_place(project: EmulatedProject, asset: EmulatedAsset, wanted: SearchTerms) -> bool:
    return (
        (wanted.project_ids is None or project.id in wanted.project_ids)
        and (wanted.asset_ids is None or asset.id in wanted.asset_ids)
        and (wanted.videos is None or asset.is_video is wanted.videos)
    )


def _in_time(modified: datetime, wanted: SearchTerms) -> bool:
    least, most = wanted.modified_from, wanted.modified_to
    return (least is None or least <= modified) and (most is None or modified <= most)


def _score(asset: EmulatedAsset, scene: Scene, wanted: SearchTerms) -> float:
    """Return the fit of a scene, from 0 (not at all) to 1."""
    if not wanted.persons.fit(scene.person_ids.__contains__):
        return 0.0
    if len(wanted.dialogues) and not (scene.script and wanted.dialogues.fit(_said(scene.script))):
        return 0.0
    if wanted.text is None:
        alike = fraction(wanted.image, asset.key, scene.id)
        return round(alike, 4) if alike >= LOOKS_ALIKE else 0.0
    return _told(wanted.text.lower().split(), scene, LEAST_CONFIDENCE.get(wanted.confidence, 0.0))


def _told(words: Iterable[str], scene: Scene, least: float) -> float:
    """Mean confidence with which a scene has the words."""
    known = scene.keywords_from(least)
    scores = [known.get(word) or known.get(word.removesuffix("s"), 0.0) for word in words]
    return round(sum(scores) / len(scores), 4) if scores else 0.0


def _said(script: str) -> Callable[[str], bool]:
    return lambda line: line.lower() in script.lower()
