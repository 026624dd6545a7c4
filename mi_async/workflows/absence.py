"""Absence of an object of the service, as its refusals tell it.

Invariant: changes nothing. A 404 means "gone" only with the documented code; where none is documented, as for a person,
those are known that say something else: of a proxy, or of what the object would be in. All other refusals are failures.
"""

from mi_async.api.assets import Asset
from mi_async.api.persons import Person
from mi_async.errors import ConflictError, InvalidRequestError, MIError, NotFoundError
from mi_async.workflows.context import Context

NO_ASSET, NO_PROJECT = "10010", "10025"
"""The service's codes for an asset and a project that do not exist. Source: common response codes."""
ELSEWHERE = frozenset({"", "300", NO_PROJECT, "10030"})
"""Codes of a 404 of a proxy, of no such path, project or workspace: none says anything of what is in it."""
INVALID_REQUEST = "10001"
"""Code with which the service refuses the ID of nobody; it has none of its own. Source: common response codes."""


def is_elsewhere(error: MIError) -> bool:
    """Return True if a 404 says nothing of the very object that was asked for."""
    return isinstance(error, NotFoundError) and error.code in ELSEWHERE


def tells_no_person(error: MIError) -> bool:
    """Return True if a refusal says that the very person that was asked for does not exist."""
    if isinstance(error, InvalidRequestError):
        return error.code == INVALID_REQUEST
    return isinstance(error, NotFoundError) and not is_elsewhere(error)


def tells_no_asset(error: MIError) -> bool:
    """Return True if a refusal says that the asset does not exist."""
    return isinstance(error, NotFoundError) and error.code == NO_ASSET


def tells_no_project(error: MIError) -> bool:
    """Return True if a refusal says that the project does not exist."""
    return isinstance(error, NotFoundError) and error.code == NO_PROJECT


def tells_no_result(error: MIError) -> bool:
    """Return True if a refusal says that an asset has no index or scene summary, or none that is complete.

    For an index 50003 is documented, for a summary a 404 without its code, and for one that is not complete nothing.
    """
    if isinstance(error, NotFoundError):
        return not is_elsewhere(error) and not tells_no_asset(error)
    return isinstance(error, ConflictError)


async def person_of(context: Context, person_id: int) -> Person | None:
    """Return the person of an ID, None if there is none.

    Raises:
        MIError: the service does not say; a workspace or a path that does not exist is no such answer.
    """
    try:
        person = await context.groups.persons.get(person_id)
    except (NotFoundError, InvalidRequestError) as error:
        if not tells_no_person(error):
            raise
        return None
    return person if person.id == person_id else None


async def asset_of(context: Context, project_id: int, asset_id: int) -> Asset | None:
    """Return an asset of a project, None if there is none.

    Raises:
        MIError: the service does not say; a project or a path that does not exist is no such answer.
    """
    try:
        return await context.groups.assets.get(project_id, asset_id)
    except NotFoundError as error:
        if not tells_no_asset(error):
            raise
        return None
