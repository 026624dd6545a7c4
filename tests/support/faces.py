"""Persons of an emulator with images that say whose face they show, put into its state at once."""

import hashlib

from mi_async.emulator import Server, example_image
from mi_async.emulator.workspace import EmulatedPerson


def person_with_face(
    server: Server, face: str, number: int = 0, *, name: str | None = None, workspace: str = "newsroom"
) -> int:
    """Add a person, without a name if none is given, with one image of a face; return the ID.

    Args:
        server: the emulator.
        face: images of one face look alike.
        number: another number is another image.
        name: of the person.
        workspace: that the person is in.
    """
    state, room = server.state, server.state.workspaces[workspace]
    image = example_image(number, face=face)
    md5 = hashlib.md5(image, usedforsecurity=False).hexdigest()
    upload = state.add_upload(workspace, f"{face}-{number}.png")
    upload.stored = upload.ready = state.now()
    upload.format, upload.size, upload.md5, upload.content_type = "png", len(image), md5, "image/png"
    upload.face, upload.content = face, image if state.settings.keep_bytes else None
    person = EmulatedPerson(state.new_id(), name, None)
    person.primary = state.new_id()
    person.thumbnails[person.primary] = upload.key
    room.persons[person.id] = person
    if name is not None:
        room.names[name] = person.id
    return person.id
