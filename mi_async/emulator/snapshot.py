"""Snapshots: what exists at an emulator as a JSON document, and back again.

Invariant: images are apart from the document, for a file keeps each only once. Another form has another ``FORMAT``.
"""

import math
from base64 import b64decode, b64encode
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from attrs import define

from mi_async._core.clock import Clock
from mi_async.emulator.links import Links
from mi_async.emulator.settings import Settings
from mi_async.emulator.state import EmulatedUpload, EmulatorState
from mi_async.emulator.workspace import EmulatedWorkspace

if TYPE_CHECKING:
    from cattrs import Converter

FORMAT = 1
"""Version of the document."""


@define
class _Content:
    """The members of the document."""

    now: float
    next_id: int
    next_project_id: int
    first_stored: float | None
    workspaces: dict[str, EmulatedWorkspace]
    uploads: dict[str, EmulatedUpload]


@define(eq=False)
class StoppedClock(Clock):
    """A clock that stands still: the time of a snapshot.

    Attributes:
        at: seconds of the emulator's clock.
        at_wall: seconds since the epoch.
    """

    at: float = 0.0
    at_wall: float = 0.0

    def monotonic(self) -> float:
        """Return the seconds at which it stands."""
        return self.at

    def wall(self) -> float:
        """Return the wall time at which it stands."""
        return self.at_wall


def document_of(state: EmulatorState) -> Any:
    """Return what exists as plain values, without the images."""
    content = _Content(
        state.now(), state.next_id, state.next_project_id, state.first_stored, state.workspaces, state.uploads
    )
    return _converter().unstructure(content)


def images_of(state: EmulatorState) -> dict[str, bytes]:
    """Return the images that are kept, by key."""
    return {key: upload.content for key, upload in state.uploads.items() if upload.content is not None}


def restore_state(state: EmulatorState, document: Any, images: Mapping[str, bytes]) -> None:
    """Put what a document says in the place of what exists; its time goes on from here.

    Raises:
        LookupError, TypeError, ValueError: it is no such document; nothing was changed.
    """
    content = _converter().structure(document, _Content)
    for key, upload in content.uploads.items():
        upload.content = images.get(key)
    for room in content.workspaces.values():
        _join_arriving(room)
    state.workspaces.clear()
    state.workspaces.update(content.workspaces)
    state.uploads.clear()
    state.uploads.update(content.uploads)
    state.next_id, state.next_project_id = content.next_id, content.next_project_id
    state.first_stored = content.first_stored
    state.ahead += content.now - state.now()
    state.reseed(f" from {content.next_id} and {len(content.uploads)}")


def still(document: Any, images: Mapping[str, bytes], wall: float) -> EmulatorState:
    """Return a state of its own that stands still at the time of a document."""
    state = EmulatorState(Settings(workspaces=()), StoppedClock(at=0.0, at_wall=wall), Links())
    restore_state(state, document, images)
    return state


def _join_arriving(room: EmulatedWorkspace) -> None:
    """Make the analyses that will register someone those of the assets again, since scenes are changed in place."""
    analyses = {asset.analysis.index.id: asset.analysis for _, asset in room.assets() if asset.analysis is not None}
    room.arriving = [
        (ends, number, analyses.get(analysis.index.id, analysis), faces)
        for ends, number, analysis, faces in room.arriving
    ]


def _base64(content: bytes) -> str:
    return b64encode(content).decode()


def _bytes(text: str, _: object) -> bytes:
    return b64decode(text, validate=True)


def _datetime(text: str, _: object) -> datetime:
    return datetime.fromisoformat(text)


def _number(number: float) -> float | str:
    # JSON has no infinity, which is when a job ends that never does
    return number if math.isfinite(number) else str(number)


def _none(_value: object, _kind: object) -> None:
    return None


@cache
def _converter() -> "Converter":
    from cattrs import Converter  # noqa: PLC0415  for who asks
    from cattrs.gen import make_dict_unstructure_fn, override  # noqa: PLC0415  same

    made = Converter(detailed_validation=False, unstruct_collection_overrides={AbstractSet: sorted})
    hooks: Any = made  # cattrs has the types of its decorators only
    hooks.register_unstructure_hook(bytes, _base64)
    hooks.register_structure_hook(bytes, _bytes)
    hooks.register_unstructure_hook(datetime, datetime.isoformat)
    hooks.register_structure_hook(datetime, _datetime)
    hooks.register_unstructure_hook(float, _number)
    hooks.register_structure_hook(type(None), _none)
    hooks.register_unstructure_hook(
        EmulatedUpload, make_dict_unstructure_fn(EmulatedUpload, made, content=override(omit=True))
    )
    return made
