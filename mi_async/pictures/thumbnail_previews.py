"""Previews of the thumbnails of persons, downloaded from the storage and embedded.

Invariant: bounded in downloads at once, bytes and seconds; an image that cannot be had is a reason and no exception,
and nothing is embedded that is not an image by its content.
"""

import asyncio
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from attrs import define, field, frozen

from mi_async._core.concurrency import each
from mi_async._core.extras import missing_of
from mi_async.api.person_models import Person, PersonThumbnail
from mi_async.errors import APIError, MIError, NotFoundError, ResponseError, SessionError
from mi_async.media.image import CONTENT_TYPES, sniff
from mi_async.pictures.image_previews import ImagePreview, PreviewMaker, embedded
from mi_async.workflows.thumbnail_urls import ThumbnailURLs
from mi_async.workspace import Workspace

AT_ONCE = 6
"""Persons whose images are downloaded at once: at most 30 MB are held."""
SECONDS = 20.0
"""Time that a download may take."""
ROOM = 16 * 2**20
"""Characters of all embedded images together; a notebook of more is slow to open."""
FIRST_REFUSAL, NOT_FOUND, FIRST_FAILURE = 400, 404, 500
AGAIN = frozenset({"expired", "storage", "unreachable"})
"""Reasons that a second try may not meet."""


@frozen
class PersonPreviews:
    """A person and its first thumbnails, the primary one before all others.

    Attributes:
        person: as it was given.
        previews: by thumbnail.
    """

    person: Person
    previews: Sequence[tuple[PersonThumbnail, ImagePreview]]


async def thumbnail_previews(
    workspace: Workspace, persons: Iterable[Person], *, images: int, seconds: float, room: int = ROOM
) -> list[PersonPreviews]:
    """Download and embed the first thumbnails of persons; a URL that has expired is asked for anew, once.

    Args:
        workspace: that the persons are in.
        persons: whose thumbnails.
        images: most of each person.
        seconds: for all of them; what is not there by then is left out.
        room: characters of all embedded images.
    """
    loop = asyncio.get_running_loop()
    downloads = _Downloads(workspace, images, loop.time() + seconds, room)
    try:
        return await each(downloads.of, persons, AT_ONCE)
    finally:
        await downloads.aclose()


@define(eq=False)
class _Downloads:
    """Downloads of one picture."""

    workspace: Workspace
    images: int
    until: float
    room: int
    _maker: PreviewMaker | None = field(init=False, factory=lambda: None if missing_of("images") else PreviewMaker())
    # One thread: the end of the process, which is asked for last, comes after the preview that is being made.
    _thread: ThreadPoolExecutor = field(init=False, factory=lambda: ThreadPoolExecutor(1, "previews"))

    async def of(self, person: Person) -> PersonPreviews:
        """Return the previews of a person."""
        wanted = sorted(person.thumbnails, key=lambda thumbnail: not thumbnail.is_primary_thumbnail)[: self.images]
        urls = ThumbnailURLs(self.workspace.persons, person)
        return PersonPreviews(person, [(thumbnail, await self._preview(thumbnail.id, urls)) for thumbnail in wanted])

    async def aclose(self) -> None:
        """End the process that makes previews."""
        maker = self._maker
        ended = None if maker is None else asyncio.get_running_loop().run_in_executor(self._thread, maker.end)
        self._thread.shutdown(wait=False)
        if ended is not None:
            await ended

    async def _preview(self, number: int, urls: ThumbnailURLs) -> ImagePreview:
        if self.room <= 0:
            return ImagePreview(reason="full")
        try:
            async with asyncio.timeout_at(min(self.until, asyncio.get_running_loop().time() + SECONDS)):
                content, reason = await self._content(number, urls)
        except TimeoutError:
            return ImagePreview(reason="late")
        made = await self._embedded(content) if content else ImagePreview(reason=reason)
        self.room -= len(made.data)
        return made

    async def _content(self, number: int, urls: ThumbnailURLs) -> tuple[bytes, str]:
        """Return an image, or nothing and the reason."""
        reason = ""
        for renew in (False, True):
            try:
                url = await urls.of(number, renew=renew and reason == "expired")
                if url is None:
                    return b"", "gone"
                return await self.workspace.download_image(url), ""
            except SessionError:
                raise  # no image can be had
            except MIError as failure:
                reason = reason_of(failure)
            if reason not in AGAIN:
                break
        return b"", reason

    async def _embedded(self, content: bytes) -> ImagePreview:
        if self._maker is None:
            data = embedded(content, CONTENT_TYPES[sniff(content) or "jpg"])
            return ImagePreview(data) if len(data) <= self.room else ImagePreview(reason="full")
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._maker.made, content)


def reason_of(failure: MIError) -> str:
    """Return why there is no image, as a name in the words of a picture."""
    if isinstance(failure, APIError):  # of the question for a new URL
        return "gone" if isinstance(failure, NotFoundError) else "no_url"
    status = failure.status if isinstance(failure, ResponseError) else None
    if isinstance(failure, TimeoutError):
        return "late"
    if status is None:
        return "unreachable"
    if status < FIRST_REFUSAL:  # an answer that is no image, or a redirect, which is not followed
        return "no_image"
    if status == NOT_FOUND:
        return "gone"
    return "expired" if status < FIRST_FAILURE else "storage"
