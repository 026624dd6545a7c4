"""Give uploaded images to a person, looking before any retry.

Invariant: adding is not documented as harmless to repeat, so after an ambiguous failure the person's thumbnails are
read and only what is missing is added again.
"""

from collections.abc import Sequence
from typing import TypeGuard

from mi_async.api.persons import PersonThumbnail, ThumbnailInput
from mi_async.errors import APIError, DeadlineExceededError, MIError
from mi_async.workflows.context import Context
from mi_async.workflows.thumbnail_names import shows


async def add_thumbnails(
    context: Context, person_id: int, wanted: Sequence[ThumbnailInput], *, look: bool = False
) -> tuple[PersonThumbnail, ...]:
    """Add thumbnails to a person, each once; return all that the person then has.

    Args:
        context: the workspace.
        person_id: ID of the person.
        wanted: what to add.
        look: True if some may be there already: look before the first attempt too.

    Raises:
        MIError: the last failure, when the attempts are used up.
    """

    async def add() -> tuple[PersonThumbnail, ...]:
        return (await context.groups.persons.set_thumbnails(person_id, thumbnails=wanted)).thumbnail_list

    async def find() -> tuple[PersonThumbnail, ...] | None:
        nonlocal wanted
        thumbnails = (await context.groups.persons.get(person_id)).thumbnails
        wanted = [item for item in wanted if not any(shows(t, item.thumbnail_key) for t in thumbnails)]
        return None if wanted else thumbnails

    if look and (found := await find()) is not None:
        return found
    # What surely did not arrive was retried by the call itself.
    return await context.retries.look_first(
        add, find, name="persons.set_thumbnails", again=may_be_sent_again, least=context.polling.first
    )


def may_be_sent_again(failure: MIError) -> bool:
    """Return True if a call, retried by itself where that is safe, may be sent again once it was looked at."""
    return failure.ambiguous and not isinstance(failure, DeadlineExceededError)


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
