"""``enroll`` and ``upload-thumbnail``: the workflows on files, with progress on stderr and the result on stdout.

Law: every picture is read and checked before the session makes its first request.
"""

import asyncio
import io
import sys
from collections.abc import Mapping, Sequence
from contextlib import aclosing, suppress
from typing import Annotated, Any

from cyclopts import Parameter

from mi_async._core.concurrency import each
from mi_async._core.names import clean_name
from mi_async.api.persons import NameType
from mi_async.bulk.images.resizer import MOST_BYTES, image_loader
from mi_async.cli import event_loop
from mi_async.cli.output import show
from mi_async.cli.progress import board
from mi_async.cli.service import NO_WORKSPACE, InWorkspace
from mi_async.cli.streams import console, stderr
from mi_async.cli.unknown_option import refuse_directories, refuse_unknown_options
from mi_async.errors import ConflictError, InvalidArgumentError, MIError, NotFoundError
from mi_async.media.image import MAX_BYTES
from mi_async.media.image_source import Source
from mi_async.text import one_line
from mi_async.workflows.upload import Upload
from mi_async.workspace import Workspace

NAME_TAKEN = "50005"
"""The service's code for a name that another person has. Source: maiu-create-persons."""
PARALLEL = 8
"""Pictures of one command that are under way at once."""

Sources = Annotated[
    str,
    Parameter(
        name="SOURCE",
        help="Images: jpg, png or webp, up to 5 MB, at least 256 px; - is stdin.",
        allow_leading_hyphen=True,
    ),
]

Fit = Annotated[
    bool,
    Parameter(
        negative=(),
        show_default=False,
        help="Convert HEIC, AVIF, TIFF, BMP and GIF images, and make smaller what is only too big.",
    ),
]


class Named(io.BytesIO):
    """Bytes with a name for messages."""

    def __init__(self, content: bytes, name: str) -> None:
        super().__init__(content)
        self.name = name


def enroll(
    name: str,
    /,
    *sources: Sources,
    tag: Annotated[
        list[str] | None, Parameter(help="Tag of the person, created if missing; may be given several times.")
    ] = None,
    description: str | None = None,
    fit: Fit = False,
    one_by_one: Annotated[bool, Parameter(negative=())] = False,
    service: InWorkspace,
) -> None:
    """Create a person with images, the first being the primary one, and tags.

    Args:
        name: 1 to 50 characters, unique in the workspace.
        description: 1 to 700 characters.
        one_by_one: Add each image after the first in a request of its own, to learn which one the service refuses.
    """
    refuse_unknown_options(sources, enroll, "enroll")
    refuse_directories(sources, "enroll-many")
    wish = {"tags": tag or [], "description": description, "fit": fit, "one_by_one": one_by_one}
    event_loop.run(_enroll(name, read(sources, fit=fit), wish, service))


def upload_thumbnail(
    person_id: int,
    /,
    *sources: Sources,
    primary: Annotated[bool, Parameter(negative=())] = False,
    fit: Fit = False,
    service: InWorkspace,
) -> None:
    """Give a person more pictures.

    Args:
        person_id: Number of the person.
        primary: Make the first of them the person's main picture.
    """
    refuse_unknown_options(sources, upload_thumbnail, "upload-thumbnail")
    refuse_directories(sources, "upload-thumbnails")
    if not sources:
        message = "SOURCE is missing; see mi-async upload-thumbnail --help"
        raise InvalidArgumentError(message)
    event_loop.run(_upload(person_id, read(sources, fit=fit), service, primary=primary, fit=fit))


def read(sources: Sequence[str], *, fit: bool = False) -> list[Source]:
    """Sources as the workflows take them; stdin is read here, where Ctrl-C still ends the process at once."""
    if sources.count("-") > 1:
        message = "- is stdin, which can be read only once"
        raise InvalidArgumentError(message)
    most = MOST_BYTES if fit else MAX_BYTES
    return [Named(sys.stdin.buffer.read(most + 1), "<stdin>") if s == "-" else s for s in sources]


async def _enroll(name: str, sources: Sequence[Source], wish: Mapping[str, Any], service: InWorkspace) -> None:
    notes = dict[str, str]()
    async with service.session() as session:
        workspace = session.workspace(service.workspace)
        with board(console(stderr()), plain=service.verbose > 0) as progress:

            def step(upload: Upload) -> None:
                notes[upload.image.name] = upload.image.note
                progress.step(upload)

            try:
                person = await workspace.enroll_person(name, sources, **wish, progress=step)
            except ConflictError as error:
                if error.code == NAME_TAKEN:
                    error.add_note(await _more_for(workspace, name))
                raise
        _tell(notes)
        show(person, service.output, changed=True)  # before the session is closed: a signal may come while it is


async def _more_for(workspace: Workspace, name: str) -> str:
    """Return how to give more images to the person who has this name; with the ID, if it can be found."""
    number: int | None = None
    with suppress(MIError):  # a name that cannot be searched for, or no permission to search
        async with aclosing(workspace.persons.search_all(name=name, name_type=NameType.NAMED)) as persons:
            async for person in persons:
                if person.name is not None and clean_name(person.name) == clean_name(name):
                    number = person.id
                    break
    if number is None:
        return "to give that person more images: mi-async upload-thumbnail PERSON_ID FILE..."
    return f"to give that person more images: mi-async upload-thumbnail {number} FILE..."


def _tell(notes: Mapping[str, str]) -> None:
    """Print the changes that made images fit."""
    for name, note in notes.items():
        if note:
            stderr().write(f"{one_line(name)}: {note}\n")


async def _upload(person_id: int, sources: Sequence[Source], service: InWorkspace, *, primary: bool, fit: bool) -> None:
    done: list[Upload] = []
    left: dict[str, Any] = {}
    async with image_loader(fit=fit) as load:
        images = await each(load, sources, PARALLEL)
    _tell({image.name: image.note for image in images})
    async with service.session() as session:
        workspace = session.workspace(service.workspace)
        await _require_person(workspace, person_id)
        with board(console(stderr()), plain=service.verbose > 0) as progress:

            async def bring(number: int) -> None:
                image = images[number]
                source = Named(image.content, image.name)
                try:
                    done.append(
                        await workspace.upload_thumbnail(
                            person_id, source, primary=primary and number == 0, progress=progress.step
                        )
                    )
                except (MIError, asyncio.CancelledError) as error:
                    _gather(left, getattr(error, "created", {}))
                    raise

            try:
                await each(bring, range(len(images)), PARALLEL)
            except (MIError, asyncio.CancelledError) as error:
                _gather(left, {"attached": [upload.image.name for upload in done]} if done else {})
                vars(error)["created"] = left
                raise
        # Several calls added them; the person as it is now shows what all of them made of it.
        person = await workspace.persons.get(person_id)
        show(person, service.output, changed=True)  # as above


async def _require_person(workspace: Workspace, person_id: int) -> None:
    """Refuse an unknown person before images are uploaded for nobody.

    Raises:
        NotFoundError: there is no such person or workspace.
    """
    try:
        await workspace.persons.get(person_id)
    except NotFoundError as error:
        if error.code != NO_WORKSPACE:
            error.args = (f"person {person_id} does not exist; to find a person: mi-async persons search --name NAME",)
        raise


def _gather(whole: dict[str, Any], part: Mapping[str, Any]) -> None:
    """Add what one of several uploads left behind."""
    for name, value in part.items():
        whole[name] = [*whole.get(name, ()), *value] if isinstance(value, list) else value
