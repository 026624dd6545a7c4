"""People for backups, made in the emulator's state: a thousand uploads would take longer than their backup."""

import hashlib
import subprocess
from pathlib import Path

from mi_async.emulator import Server, example_image
from mi_async.emulator.state import EmulatedUpload
from mi_async.emulator.workspace import EmulatedPerson

ROOM = "newsroom"


def add_person(
    server: Server,
    name: str | None,
    *images: bytes,
    tags: tuple[int, ...] = (),
    description: str | None = None,
    room: str = ROOM,
) -> EmulatedPerson:
    """Add a person with images, the first being the primary one."""
    state, persons = server.state, server.state.workspaces[room]
    person = EmulatedPerson(state.new_id(), name, description, dict.fromkeys(tags))
    for content in images:
        number = state.new_id()
        person.thumbnails[number] = add_image(server, content, room)
        person.primary = person.primary or number
    persons.persons[person.id] = person
    if name is not None:
        persons.names[name] = person.id
    return person


def add_image(server: Server, content: bytes, room: str = ROOM) -> str:
    """Store an image; returns its key."""
    state = server.state
    key = f"{room}/{len(state.uploads)}/face.png"
    upload = state.uploads[key] = EmulatedUpload(key, room, 0.0)
    upload.stored = upload.ready = 0.0
    upload.size, upload.md5 = len(content), hashlib.md5(content, usedforsecurity=False).hexdigest()
    upload.format, upload.content, upload.content_type = "png", content, "image/png"
    return key


def add_people(server: Server, count: int, *, images: int = 1, unnamed: int = 3) -> list[EmulatedPerson]:
    """Add people with images of their own; of so many, one has no name."""
    return [
        add_person(
            server,
            None if number % unnamed == 0 else f"홍길동 {number}",
            *[example_image(number * images + place) for place in range(images)],
        )
        for number in range(count)
    ]


def files(folder: Path) -> dict[str, bytes]:
    """Return the files of a backup by name, hidden ones left out."""
    found = (path for path in folder.rglob("*") if path.is_file())
    named = {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}
    return {name: content for name, content in named.items() if not name.startswith(".")}


def downloads(server: Server) -> int:
    """Return how often the storage was asked for an image."""
    return server.log.count("storage.get")


def sha256sum(folder: Path) -> "subprocess.CompletedProcess[str]":
    """Check the sums of a backup as people do."""
    return subprocess.run(
        ["sha256sum", "--check", "--quiet", "SHA256SUMS"],  # noqa: S607  of the system
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
