"""Give uploaded pictures to a person, looking before any repeat.

Law: adding is not documented as harmless to repeat, so after an ambiguous failure the person's thumbnails are read and
only what is missing is added again.
"""

from collections.abc import Sequence
from typing import TypeGuard
from urllib.parse import unquote, urlsplit

from mi_async.api.persons import PersonThumbnail, ThumbnailInput
from mi_async.errors import APIError, DeadlineExceededError, MIError
from mi_async.workflows.context import Context, known


async def add_thumbnails(
    context: Context, person_id: int, wanted: Sequence[ThumbnailInput], *, look: bool = False
) -> tuple[PersonThumbnail, ...]:
    """Add thumbnails to a person, each once; returns all that the person then has.

    Args:
        context: the workspace.
        person_id: number of the person.
        wanted: what to add.
        look: some may be there already: look before the first try too.

    Raises:
        MIError: the last failure, when the tries are used up.
    """
    failure: MIError | None = None
    for attempt in range(context.attempts):
        if attempt:
            await context.clock.sleep(context.polling.first * 2.0 ** (attempt - 1))
        if attempt or look:
            thumbnails = (await context.groups.persons.get(person_id)).thumbnails
            wanted = [item for item in wanted if not any(shows(t, item.thumbnail_key) for t in thumbnails)]
            if not wanted:
                return thumbnails
        try:
            answer = await context.groups.persons.set_thumbnails(person_id, thumbnails=wanted)
        except MIError as error:
            if not error.ambiguous or isinstance(error, DeadlineExceededError):
                raise
            failure = error
        else:
            return answer.thumbnail_list
    raise known(failure)


IMAGE_CODES = frozenset({"10069", "10072", "10073", "10074"})
"""Codes by which the service refuses an image: no face, format, crop, cover. Of several it does not say which."""


def refuses_image(error: BaseException) -> TypeGuard[APIError]:
    """Return True if the service refused one of the images of a request."""
    return isinstance(error, APIError) and error.code in IMAGE_CODES


async def add_one_by_one(
    context: Context, person_id: int, wanted: Sequence[ThumbnailInput], *, look: bool = False
) -> dict[str, APIError]:
    """Add thumbnails to a person in a request each, so that a refusal is of one image; return refusals by key.

    Args:
        context: the workspace.
        person_id: ID of the person.
        wanted: what to add; one that is refused does not keep the others back.
        look: some may be there already: look before each.

    Raises:
        MIError: a failure that is not about an image; what was added before it stays.
    """
    refused: dict[str, APIError] = {}
    for item in wanted:
        try:
            await add_thumbnails(context, person_id, [item], look=look)
        except MIError as error:
            if not refuses_image(error):
                raise
            refused[item.thumbnail_key] = error
    return refused


def shows(thumbnail: PersonThumbnail, key: str) -> bool:
    """Whether a person's thumbnail is the picture of this key, by the file that its URL names: the name is unique."""
    return unquote(urlsplit(thumbnail.url).path).endswith("/" + key.rpartition("/")[2])
