"""Faces that an analysis does not know: the persons without a name that it registers when it completes.

Invariant: the same object always shows the same strangers. One who was registered before is recognised, not registered
again.
"""

import hashlib
import random
from collections.abc import Iterator
from heapq import heappop, heappush

from mi_async.emulator.jobs import Phase
from mi_async.emulator.media import Analysis
from mi_async.emulator.objects import EmulatedObject
from mi_async.emulator.png_images import grey_image
from mi_async.emulator.state import EmulatorState
from mi_async.emulator.synthetic import fraction
from mi_async.emulator.workspace import EmulatedPerson, EmulatedWorkspace

MOST = 2
"""Strangers that an object shows at most; every third shows none."""
SIDE, CELLS = 256, 64
"""Pixels and cells on each side of a face image: of fewer cells it would be a plain one, in which no face is found."""


def portraits(found: EmulatedObject, most: int) -> Iterator[bytes]:
    """Yield the face images of up to ``most`` strangers that an object shows, as PNG."""
    count = int(fraction(found.digest, "strangers") * (MOST + 1))
    for number in range(min(count, most)):
        yield _portrait(f"{found.digest} stranger {number}")


def expect(state: EmulatorState, room: EmulatedWorkspace, analysis: Analysis, faces: list[bytes]) -> None:
    """Have the strangers registered when the analysis completes, if it does."""
    if faces:
        heappush(room.arriving, (analysis.job.ends, state.new_id(), analysis, faces))


def register_unknown(state: EmulatorState, name: str | None) -> None:
    """Register the strangers of the analyses that have completed since the last request to a workspace."""
    room, now = state.workspaces.get(name or ""), state.now()
    while name is not None and room is not None and room.arriving and room.arriving[0][0] <= now:
        _, _, analysis, faces = heappop(room.arriving)
        if analysis.job.phase(now) is Phase.COMPLETED:
            for face in faces:
                _show(analysis, _registered(state, name, room, face, analysis.source))


def _registered(state: EmulatorState, name: str, room: EmulatedWorkspace, face: bytes, source: str) -> int:
    """Return the ID of the person who has this face, registered now if there is none."""
    md5 = hashlib.md5(face, usedforsecurity=False).hexdigest()
    known = room.faces.get(md5)
    if known is not None:
        return known
    now = state.now()
    upload = state.add_upload(name, f"face-{md5[:12]}.png")
    upload.stored = upload.ready = now
    upload.format, upload.size, upload.md5, upload.content_type = "png", len(face), md5, "image/png"
    upload.content = face if state.settings.keep_bytes else None
    person = EmulatedPerson(state.new_id(), None, None, source=source)
    person.primary = state.new_id()
    person.thumbnails[person.primary] = upload.key
    room.persons[person.id] = person
    room.faces[md5] = person.id
    return person.id


def _show(analysis: Analysis, person_id: int) -> None:
    """Show a person in the first scene, which shows everybody, and in about every second other one."""
    for number, scene in enumerate(analysis.index.scenes):
        if person_id not in scene.person_ids and (not number or fraction(person_id, scene.id) < 1 / 2):
            scene.person_ids.append(person_id)


def _portrait(seed: str) -> bytes:
    """Return a pattern that is the same on both sides, as faces are."""
    dice = random.Random(seed)
    rows = bytearray()
    for _ in range(CELLS):
        half = [dice.randrange(256) for _ in range(CELLS // 2)]
        row = b"".join(bytes([shade]) * (SIDE // CELLS) for shade in (*half, *reversed(half)))
        rows += (b"\0" + row) * (SIDE // CELLS)
    return grey_image(bytes(rows), SIDE)
