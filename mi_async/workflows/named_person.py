"""Persons by name: found, and created once whatever the network does.

Invariant: an ambiguous create is settled by looking the name up; a person whom others have created is never taken for
ours.
"""

from collections.abc import Sequence
from contextlib import aclosing

from mi_async._core.names import clean_name
from mi_async.api.persons import NAME_FILTER, PLAIN, NameType, Person, SortColumn, SortType, ThumbnailInput
from mi_async.errors import ConflictError, MIError
from mi_async.workflows.context import Context
from mi_async.workflows.thumbnail_names import shows

NAME_TAKEN = "50005"
"""The service's code for a name that somebody has already. Source: maiu-create-persons."""
LOOKUP_PAGE = 50
"""Persons in a page of a search: the most that the service allows."""


def is_filter(name: str) -> bool:
    """Return True if persons can be searched by a name; by a shorter one, say, all who have a name are gone through."""
    return all(bound.fault(name) is None for bound in (NAME_FILTER, PLAIN))


def name_taken(person: Person) -> ConflictError:
    """Return the error of a name that was looked up and that somebody has; nothing was sent."""
    error = ConflictError(409, NAME_TAKEN, f"the name is in use by person {person.id}", operation="persons.create")
    error.existing = (person.id,)
    return error


async def find_person(context: Context, name: str) -> Person | None:
    """Look a person up by name among those who have one; None when there is none.

    A name that looks the same in print (``clean_name``) is the same one, and an exact one comes first. Every analysis
    adds persons without a name: they are left out. By ID, so that no analysis changes the order.
    """
    alike: Person | None = None
    found = context.groups.persons.search_all(
        page_size=LOOKUP_PAGE,
        name=name if is_filter(name) else None,
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
