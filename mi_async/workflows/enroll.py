"""Enroll a person: images uploaded, tags ensured, the person created with all of it, once.

Invariant: everything that can be refused without a request is refused before the first one; an ambiguous create is
settled by looking the name up; an error says what exists already.
"""

from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping, Sequence
from contextlib import aclosing, contextmanager
from os import PathLike
from typing import Any

from attrs import define, evolve, field

from mi_async._core.concurrency import each
from mi_async._core.names import clean_name
from mi_async.api.persons import (
    NAME_FILTER,
    PLAIN,
    NameType,
    Person,
    SortColumn,
    SortType,
    ThumbnailInput,
)
from mi_async.errors import APIError, ConflictError, InvalidArgumentError, MIError
from mi_async.media.image_check import Image
from mi_async.media.image_source import Source, check_image, load_image, loading_as
from mi_async.workflows.attach import add_one_by_one, add_thumbnails, refuses_image, shows
from mi_async.workflows.context import Context, known, refuse_async, tell_created
from mi_async.workflows.person_texts import person_fault
from mi_async.workflows.tags import ensure_tags
from mi_async.workflows.upload import Progress, State, Upload, bring

MAX_PER_CREATE = 100
ImageLoader = Callable[[Source | Image], Awaitable[Image]]
LOOKUP_PAGE = 50
"""Persons in a page of a search: the most that the service allows."""


async def enroll_person(
    context: Context,
    name: str,
    sources: Iterable[Source],
    *,
    description: str | None = None,
    tags: Iterable[str] = (),
    progress: Progress | None = None,
    load: ImageLoader = load_image,
    one_by_one: bool = False,
) -> Person:
    """Create a person with images, the first being the primary one, and tags; see ``Workspace.enroll_person``."""
    name, tag_names, listed = _checked(name, description, tags, sources, validate=context.validate)
    refuse_async(progress)
    follow, done = _Follower(progress), dict[str, Any]()
    loads = [loading_as(load, number, source) for number, source in enumerate(listed)]

    async def upload(number: int) -> Upload:
        source, primary = checked[number], number == 0
        return await bring(context, source, State.CONFIRMED, primary=primary, progress=follow, load=loads[number])

    checked = await _check_all(context, listed, loads)
    size = 1 if one_by_one else MAX_PER_CREATE
    try:
        done["tag_ids"] = tag_ids = await ensure_tags(context, tag_names)
        uploads = await each(upload, range(len(checked)), context.parallel)
        with _naming(uploads[:size]):
            done["person_id"] = person_id = await create_person(context, name, description, _inputs(uploads[:size]))
        refused = await _add(context, person_id, uploads[size:], size)
        if tag_ids:
            await context.groups.persons.add_tags(person_id, tag_ids=list(tag_ids.values()))
        person = await context.groups.persons.get(person_id)
    except BaseException as error:
        tell_created(error, thumbnail_keys=list(follow.stored), **done)
        raise
    follow.attached([upload for upload in uploads if upload.key not in refused], person)
    if not refused:
        return person
    refusal = _named(refused, uploads)
    tell_created(refusal, thumbnail_keys=list(follow.stored), **done)
    raise refusal


async def _check_all(context: Context, listed: Sequence[Source], loads: Sequence[ImageLoader]) -> list[Source | Image]:
    """Refuse bad images before any request; return those that can be read only once with their content."""

    async def check(number: int) -> Source | Image:
        async with context.held:
            return await check_image(listed[number], loads[number])

    return await each(check, range(len(listed)), context.parallel)


async def _add(context: Context, person_id: int, uploads: Sequence[Upload], size: int) -> dict[str, APIError]:
    """Add images to a person in requests of so many; of single ones return the refusals by thumbnail key."""
    inputs = _inputs(uploads)
    if size == 1:
        return await add_one_by_one(context, person_id, inputs)
    for start in range(0, len(inputs), size):
        with _naming(uploads[start : start + size]):
            await add_thumbnails(context, person_id, inputs[start : start + size])
    return {}


def _inputs(uploads: Iterable[Upload]) -> list[ThumbnailInput]:
    return [ThumbnailInput(known(upload.key), upload.primary) for upload in uploads]


@contextmanager
def _naming(uploads: Sequence[Upload]) -> Generator[None]:
    """Say of a refusal which image it is about, or how to learn it where it is about one of several."""
    try:
        yield
    except MIError as error:
        if refuses_image(error) and len(uploads) == 1:
            error.name_images([uploads[0].image.name])
        elif refuses_image(error):
            which = f"it may be about one or several of {len(uploads)} images; one_by_one=True says which"
            error.args = (f"{error.args[0]}; {which}",)
        raise


def _named(refused: Mapping[str, APIError], uploads: Iterable[Upload]) -> APIError:
    """Return the first refusal, with the names of all refused images; the person has the others."""
    error = next(iter(refused.values()))
    error.name_images([upload.image.name for upload in uploads if upload.key in refused])
    return error


@define
class _Follower:
    """Hands progress on, and remembers the keys of what is stored."""

    progress: Progress | None
    stored: dict[str | None, None] = field(init=False, factory=dict)

    def __call__(self, upload: Upload) -> None:
        if upload.state.reached(State.STORED):
            self.stored[upload.key] = None
        if self.progress is not None:
            self.progress(upload)

    def attached(self, uploads: Iterable[Upload], person: Person) -> None:
        for upload in uploads:
            self(evolve(upload, state=State.ATTACHED, person_id=person.id, thumbnails=person.thumbnails))


async def find_person(context: Context, name: str) -> Person | None:
    """Look a person up by name among those who have one; None when there is none.

    A name that looks the same in print (``clean_name``) is the same one, and an exact one comes first. Every analysis
    adds persons without a name: they are left out. By ID, so that no analysis changes the order.
    """
    alike: Person | None = None
    filterable = all(bound.fault(name) is None for bound in (NAME_FILTER, PLAIN))
    found = context.groups.persons.search_all(
        page_size=LOOKUP_PAGE,
        name=name if filterable else None,
        name_type=NameType.NAMED,
        sort_column=SortColumn.PERSON_ID,
        sort_type=SortType.ASC,
    )
    async with aclosing(found) as persons:
        async for person in persons:
            if person.name == name:
                return person
            if alike is None and person.name is not None and clean_name(person.name) == name:
                alike = person
    return alike


async def create_person(
    context: Context, name: str, description: str | None, inputs: Sequence[ThumbnailInput], *, look: bool = False
) -> int:
    """Create a person once, and return the ID; settle an ambiguous failure by looking for our images.

    Args:
        context: the workspace.
        name: of the person.
        description: of the person.
        inputs: its images, at most MAX_PER_CREATE.
        look: it may have been created already: look before the create too.

    Raises:
        ConflictError: somebody else has the name.
        MIError: the create failed.
    """
    # An answer may be lost after the person was created. A second create would be refused because the name is taken, by
    # our own person: so the name is looked up, and the unique file names of the thumbnails say whose it is.
    keys = [item.thumbnail_key for item in inputs]
    if look and (ours := await find_ours(context, name, keys)) is not None:
        return ours.id
    try:
        return (await context.groups.persons.create(name, thumbnails=inputs, description=description)).id
    except MIError as error:
        if not (error.ambiguous or (isinstance(error, ConflictError) and error.possibly_created)):
            raise
        ours = await find_ours(context, name, keys)
        if ours is None:
            raise
        return ours.id


async def find_ours(context: Context, name: str, keys: Sequence[str]) -> Person | None:
    """Look for a person of this name that has one of our images: a namesake who was there before has none."""
    found = await find_person(context, name)
    if found is None:
        return None
    person = await context.groups.persons.get(found.id)
    return person if any(shows(thumbnail, key) for thumbnail in person.thumbnails for key in keys) else None


def _checked(
    name: str, description: str | None, tags: Iterable[str], sources: Iterable[Source], *, validate: bool
) -> tuple[str, list[str], list[Source]]:
    """Return arguments in the form that is sent; refuse what the service would refuse."""
    if isinstance(sources, str | bytes | bytearray | PathLike) or not isinstance(sources, Iterable):
        message = "sources is a list of images, not one image: write [image]"
        raise InvalidArgumentError(message)
    if isinstance(tags, str):
        message = "tags is a list of names, not one name: write [tag]"
        raise InvalidArgumentError(message)
    listed: list[Source] = list(sources)
    if not listed:
        message = "a person needs at least one image"
        raise InvalidArgumentError(message)
    name, *names = [clean_name(text) for text in (name, *tags)]
    if (fault := person_fault(name, description, names, validate=validate)) is not None:
        raise InvalidArgumentError(fault)
    return name, list(dict.fromkeys(names)), listed
