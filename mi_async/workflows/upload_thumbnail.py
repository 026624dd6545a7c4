"""An image from its source to a thumbnail that a person has, in one call.

Invariant: bytes are in memory no longer than until they are stored; what an earlier call has stored is not sent again,
and what it has attached not attached again. With ``reuse`` a person gets each content once, whoever uploads it.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from attrs import define, evolve

from mi_async.api.persons import PersonThumbnail
from mi_async.argument_types import IfThumbnailExists, Progress
from mi_async.errors import UploadFailedError
from mi_async.media.image_check import Image
from mi_async.media.image_source import CheckedSource, Source, check_image, load_image
from mi_async.text import escaped
from mi_async.workflows.context import Context, known
from mi_async.workflows.effects import Effects, Resumed, effects_of
from mi_async.workflows.enroll_decisions import doubled, thumbnail_of_content
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
    if_exists: IfThumbnailExists = "duplicate",
    resume: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
    load: ImageLoader = load_image,
) -> Upload:
    """Give a person one more image; see ``Workspace.upload_thumbnail``."""
    begun = Resumed.of(resume).by_digest
    with effects_of("upload_thumbnail", f"person {person_id}") as effects:

        def follow(upload: Upload) -> None:
            if upload.state is State.CONFIRMED:
                effects.in_doubt = "the person may have the image"
            if progress is not None:
                progress(upload)

        gift = _Gift(context, person_id, primary, follow, load, effects)
        if not begun and if_exists == "duplicate":
            return await gift.send(source)
        async with context.held:
            checked = await check_image(source, load)
        key = next(iter(begun.get(checked.image.digest, [])), None)
        if if_exists == "duplicate":
            return await gift.resume(checked, key)
        # Of two calls for one image the second one looks when the first has ended, and finds what that has added.
        async with context.image_locks.lock((context.groups.name, person_id, checked.image.digest)):
            return await gift.give_once(checked, key)


@define(eq=False)
class _Gift:
    """One image for one person."""

    context: Context
    person_id: int
    primary: bool
    follow: Progress
    load: ImageLoader
    effects: Effects

    async def send(self, source: Source | Image, key: str | None = None) -> Upload:
        return await bring(
            self.context,
            source,
            State.ATTACHED,
            person_id=self.person_id,
            primary=self.primary,
            progress=self.follow,
            load=self.load,
            key=key,
        )

    async def resume(self, checked: CheckedSource, key: str | None) -> Upload:
        """Send the image, unless the person has the upload of this key."""
        if key is not None:
            thumbnails = await self._thumbnails()
            if any(shows(thumbnail, key) for thumbnail in thumbnails):
                return self._done(Upload(checked.image, self.person_id, self.primary, key=key, thumbnails=thumbnails))
        return await self.send(checked.source, key)

    async def give_once(self, checked: CheckedSource, key: str | None) -> Upload:
        """Send the image, unless the person has one of its content."""
        # Thumbnails of unknown content do not keep it back, unlike those of a person who is completed: the caller has
        # named this image, and once it is there under our name every later call knows it.
        digest, sent = checked.image.digest, None
        thumbnails = await self._thumbnails()
        if thumbnail_of_content(digest, thumbnails) is None:
            sent = await self.send(checked.source, key)
            key, thumbnails = known(sent.key), sent.thumbnails
            self.effects.created["thumbnail_keys"] = [key]
        # Another process may have been first with the same image: no request can say "unless it is there".
        twice = doubled([] if key is None else [key], thumbnails)
        if sent is not None and not twice:
            return sent
        existing = known(thumbnail_of_content(digest, thumbnails))
        if twice:
            thumbnails = await self._without(twice)
        if self.primary and not existing.is_primary_thumbnail:
            thumbnails = await self._with_primary(existing)
        existing = thumbnail_of_content(digest, thumbnails) or existing
        upload = sent or Upload(checked.image, self.person_id, self.primary)
        return self._done(evolve(upload, key=None, thumbnails=thumbnails, existing=existing))

    async def _thumbnails(self) -> tuple[PersonThumbnail, ...]:
        return (await self.context.groups.persons.get(self.person_id)).thumbnails

    async def _without(self, numbers: list[int]) -> tuple[PersonThumbnail, ...]:
        persons = self.context.groups.persons
        return (await persons.remove_thumbnails(self.person_id, thumbnail_ids=numbers)).thumbnail_list

    async def _with_primary(self, thumbnail: PersonThumbnail) -> tuple[PersonThumbnail, ...]:
        persons = self.context.groups.persons
        return (await persons.update(self.person_id, primary_thumbnail_id=thumbnail.id)).thumbnails

    def _done(self, upload: Upload) -> Upload:
        done = evolve(upload, state=State.ATTACHED)
        self.follow(done)
        return done


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
