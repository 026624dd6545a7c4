"""``upload-thumbnail``: more images for a person, with progress on stderr and the person on stdout.

Invariant: every image is read and checked before the session makes its first request.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, cast

from attrs import frozen
from cyclopts import Parameter

from mi_async._core.concurrency import each
from mi_async.argument_checks import check_id
from mi_async.argument_types import IfThumbnailExists, Progress
from mi_async.bulk.images.image_converter import image_loader
from mi_async.cli import event_loop
from mi_async.cli.connection import NO_WORKSPACE, InWorkspace
from mi_async.cli.enroll import print_changes
from mi_async.cli.output import show
from mi_async.cli.sources import Fit, Sources, read_sources, refuse_directories, refuse_unknown_options
from mi_async.cli.streams import drawable, notes
from mi_async.display.uploads import upload_display
from mi_async.errors import InvalidArgumentError, MIError, NotFoundError
from mi_async.media.image_check import Image
from mi_async.media.image_source import Source
from mi_async.workflows.upload import Upload
from mi_async.workspace import Workspace

PARALLEL = 8
"""Images of one command that are uploaded at once."""
IF_EXISTS = "Treatment of an image that the person has already: duplicate adds it once more, reuse uploads nothing."


def upload_thumbnail(
    person_id: int,
    /,
    *sources: Sources,
    primary: Annotated[bool, Parameter(negative=())] = False,
    if_exists: Annotated[IfThumbnailExists, Parameter(help=IF_EXISTS)] = "duplicate",
    fit: Fit = False,
    service: InWorkspace,
) -> None:
    """Give a person more images.

    Args:
        person_id: ID of the person.
        primary: Make the first image the person's primary thumbnail.
    """
    check_id("PERSON_ID", person_id)
    refuse_unknown_options(sources, upload_thumbnail, "upload-thumbnail")
    refuse_directories(sources, "upload-many")
    if not sources:
        message = "SOURCE is missing; see mi-async upload-thumbnail --help"
        raise InvalidArgumentError(message)
    options = _Options(primary, if_exists)
    event_loop.run(_upload(person_id, read_sources(sources, fit=fit), service, options, fit=fit))


@frozen
class _Options:
    primary: bool
    if_exists: IfThumbnailExists


async def _upload(
    person_id: int, sources: Sequence[Source], service: InWorkspace, options: _Options, *, fit: bool
) -> None:
    async with image_loader(fit=fit) as load:
        images = await each(load, sources, PARALLEL)
    print_changes({image.name: image.note for image in images})
    async with service.session() as session:
        workspace = session.workspace(service.workspace)
        await _require_person(workspace, person_id)
        with upload_display(drawable(notes()), plain=service.verbose > 0) as display:
            await _attach(workspace, person_id, images, display.step, options)
        # Several calls added them; the person as it is now shows what all of them made of it.
        person = await workspace.persons.get(person_id)
        show(person, service.output, changed=True)  # before the session is closed: a signal may come while it is


async def _attach(
    workspace: Workspace, person_id: int, images: Sequence[Image], progress: Progress, options: _Options
) -> None:
    """Upload all images; a failure names what all of them left behind."""
    done: list[Upload] = []
    created: dict[str, Any] = {}

    async def upload(number: int) -> None:
        # A checked image passes every loader as it is; as bytes it would lose the MD5 of a source that was made to fit,
        # by which later calls know it.
        source = cast("Source", images[number])
        primary = options.primary and number == 0
        try:
            done.append(
                await workspace.upload_thumbnail(
                    person_id, source, primary=primary, if_exists=options.if_exists, progress=progress
                )
            )
        except (MIError, asyncio.CancelledError) as error:
            _merge(created, getattr(error, "created", {}))
            raise

    try:
        await each(upload, range(len(images)), PARALLEL)
    except (MIError, asyncio.CancelledError) as error:
        _merge(created, {"attached": [upload.image.name for upload in done]} if done else {})
        vars(error)["created"] = created
        raise


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


def _merge(whole: dict[str, Any], part: Mapping[str, Any]) -> None:
    """Add what one of several uploads left behind."""
    for name, value in part.items():
        whole[name] = [*whole.get(name, ()), *value] if isinstance(value, list) else value
