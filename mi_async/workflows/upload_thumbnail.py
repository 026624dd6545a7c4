"""An image from its source to a thumbnail that a person has, in one call.

Invariant: bytes are in memory no longer than until they are stored; what an earlier call has stored is not sent again,
and what it has attached not attached again.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from attrs import evolve

from mi_async.api.persons import PersonThumbnail
from mi_async.argument_types import Progress
from mi_async.errors import UploadFailedError
from mi_async.media.image_check import Image
from mi_async.media.image_source import Source, check_image, load_image
from mi_async.text import escaped
from mi_async.workflows.context import Context, refuse_async
from mi_async.workflows.effects import Resumed, effects_of
from mi_async.workflows.thumbnail_names import shows
from mi_async.workflows.upload import State, Upload, check, confirm, walk

_log = logging.getLogger(__name__)

ImageLoader = Callable[[Source | Image], Awaitable[Image]]
"""Reads and checks a source."""
TAKEN_UP = 10.0
"""Seconds for which the service may still take over what an earlier call has stored; then it is uploaded again."""


async def upload_thumbnail(
    context: Context,
    person_id: int,
    source: Source,
    *,
    primary: bool = False,
    resume: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
    load: ImageLoader = load_image,
) -> Upload:
    """Give a person one more image; see ``Workspace.upload_thumbnail``."""
    refuse_async(progress)
    begun = Resumed.of(resume).by_digest
    with effects_of("upload_thumbnail", f"person {person_id}") as effects:

        def follow(upload: Upload) -> None:
            if upload.state is State.CONFIRMED:
                effects.in_doubt = "the person may have the image"
            if progress is not None:
                progress(upload)

        key: str | None = None
        given: Source | Image = source
        if begun:
            async with context.held:
                checked = await check_image(source, load)
            key, given = next(iter(begun.get(checked.image.digest, [])), None), checked.source
            if key is not None and (found := await _attached(context, person_id, key)):
                done = Upload(checked.image, person_id, primary, State.ATTACHED, key, thumbnails=found)
                follow(done)
                return done
        return await bring(
            context,
            given,
            State.ATTACHED,
            person_id=person_id,
            primary=primary,
            progress=follow,
            load=load,
            key=key,
        )


async def _attached(context: Context, person_id: int, key: str) -> tuple[PersonThumbnail, ...]:
    """Return the thumbnails of a person who has the image of this key; none where it is not among them."""
    thumbnails = (await context.groups.persons.get(person_id)).thumbnails
    return thumbnails if any(shows(thumbnail, key) for thumbnail in thumbnails) else ()


async def bring(
    context: Context,
    source: Source | Image,
    until: State,
    *,
    person_id: int | None = None,
    primary: bool = False,
    progress: Progress | None = None,
    load: ImageLoader = load_image,
    key: str | None = None,
) -> Upload:
    """Take an image from its source to a state, holding it in memory no longer than until it is stored.

    Args:
        context: the workspace.
        source: the image.
        until: where it ends.
        person_id: who it is for, None for a person who does not exist yet.
        primary: make it the primary thumbnail.
        progress: called after each step.
        load: reads the source.
        key: of an earlier upload of the same image, which is used if it has arrived.
    """
    refuse_async(progress)
    async with context.held:
        upload = Upload(await load(source), person_id, primary)
        taken = None if key is None else await _taken_up(context, upload, key)
        upload = await walk(context, taken or upload, State.STORED, progress)
    if taken is not None and progress is not None:
        progress(taken)
    return await walk(context, upload, until, progress)


async def _taken_up(context: Context, upload: Upload, key: str) -> Upload | None:
    """Return the upload as an earlier call has left it, CONFIRMED; None if that is of no use."""
    stored = evolve(upload, state=State.STORED, key=key, image=upload.image.let_go())
    polling = evolve(context.polling, timeout=min(context.polling.timeout, TAKEN_UP))
    try:
        checked = await check(context, stored)
        return (
            checked
            if checked.state is State.CONFIRMED
            else await confirm(evolve(context, polling=polling), stored, _as_it_is)
        )
    except UploadFailedError as error:
        _log.info("%s is uploaded again: %s", escaped(upload.image.name), error)
        return None


async def _as_it_is(upload: Upload) -> Upload:
    return upload
