"""Enroll a person: pictures up, tags there, the person created with all of it, once.

Law: everything that can be refused without a request is refused before the first one; an ambiguous create is settled by
looking the name up; an error says what exists already.
Source of the bounds: maiu-create-persons, maiu-create-person-tags.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from os import PathLike
from typing import Any

from mi_async.api.persons import Person, ThumbnailInput
from mi_async.errors import ConflictError, InvalidArgumentError, MIError
from mi_async.workflows.attach import add_thumbnails, shows
from mi_async.workflows.context import Context, known
from mi_async.workflows.parallel import each
from mi_async.workflows.source import Image, Source, check_image
from mi_async.workflows.tags import ensure_tags
from mi_async.workflows.upload import Progress, State, bring

MAX_PER_CREATE = 100
NAME_LENGTH = range(1, 51)
DESCRIPTION_LENGTH = range(1, 701)
TAG_LENGTH = range(1, 31)
FILTER_LENGTH = range(2, 51)
"""Lengths, in characters, of a name that the person list can be filtered by."""
NOT_IN_FILTER = frozenset(";|`")


async def enroll_person(
    context: Context,
    name: str,
    sources: Iterable[Source],
    *,
    description: str | None = None,
    tags: Iterable[str] = (),
    progress: Progress | None = None,
) -> Person:
    """Create a person with pictures, the first being the main one, and tags; see ``Workspace.enroll_person``."""
    name, tag_names, listed = _checked(name, description, tags, sources)
    done: dict[str, Any] = {}

    async def check(source: Source) -> Source | Image:
        async with context.held:
            return await check_image(source)

    async def upload(numbered: tuple[int, Source | Image]) -> ThumbnailInput:
        number, source = numbered
        arrived = await bring(context, source, State.CONFIRMED, progress=progress)
        done.setdefault("thumbnail_keys", []).append(arrived.key)
        return ThumbnailInput(known(arrived.key), number == 0)

    pictures = await each(check, listed, context.parallel)

    try:
        done["tag_ids"] = tag_ids = await ensure_tags(context, tag_names)
        inputs = await each(upload, enumerate(pictures), context.parallel)
        done["person_id"] = person_id = await _create(context, name, description, inputs[:MAX_PER_CREATE])
        for start in range(MAX_PER_CREATE, len(inputs), MAX_PER_CREATE):
            await add_thumbnails(context, person_id, inputs[start : start + MAX_PER_CREATE])
        if tag_ids:
            await context.groups.persons.add_tags(person_id, tag_ids=list(tag_ids.values()))
        return await context.groups.persons.get(person_id)
    except MIError as error:
        error.created = {**error.created, **done}
        raise


async def find_person(context: Context, name: str) -> Person | None:
    """Look a person up by exact name; None when there is none."""
    filterable = len(name) in FILTER_LENGTH and not NOT_IN_FILTER & set(name)
    async for person in context.groups.persons.all(name=name if filterable else None):
        if person.name is not None and unicodedata.normalize("NFC", person.name) == name:
            return person
    return None


async def _create(context: Context, name: str, description: str | None, inputs: Sequence[ThumbnailInput]) -> int:
    """Number of the created person; an ambiguous failure is settled by looking for one that has our pictures."""
    persons = context.groups.persons
    try:
        return (await persons.create(name, thumbnails=inputs, description=description)).id
    except MIError as error:
        if not (error.ambiguous or (isinstance(error, ConflictError) and error.possibly_created)):
            raise
        found = await find_person(context, name)
        if found is None:
            raise
        # A namesake who was there before is not ours: only our own pictures tell.
        thumbnails = (await persons.get(found.id)).thumbnails
        if not all(any(shows(t, item.thumbnail_key) for t in thumbnails) for item in inputs):
            raise
        return found.id


def _checked(
    name: str, description: str | None, tags: Iterable[str], sources: Iterable[Source]
) -> tuple[str, list[str], list[Source]]:
    """Arguments in the form that is sent, refused when the service would refuse them."""
    if isinstance(sources, str | bytes | bytearray | PathLike) or not isinstance(sources, Iterable):
        message = "sources is a list of pictures, not one picture: write [picture]"
        raise InvalidArgumentError(message)
    if isinstance(tags, str):
        message = "tags is a list of names, not one name: write [tag]"
        raise InvalidArgumentError(message)
    listed: list[Source] = list(sources)
    if not listed:
        message = "a person needs at least one picture"
        raise InvalidArgumentError(message)
    if description is not None:
        _within("description", description, DESCRIPTION_LENGTH)
    names = [_within("tag", tag, TAG_LENGTH) for tag in tags]
    return _within("name", name, NAME_LENGTH), list(dict.fromkeys(names)), listed


def _within(what: str, text: str, length: range) -> str:
    """The text in Unicode NFC, so that a name typed on one system is found on another."""
    text = unicodedata.normalize("NFC", text)
    if len(text) not in length or not text.strip():
        message = f"{what} needs {length.start} to {length.stop - 1} characters, not blank: {text!r} has {len(text)}"
        raise InvalidArgumentError(message)
    return text
