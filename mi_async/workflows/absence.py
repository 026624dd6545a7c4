"""Absence of an object of the service, as its refusals tell it.

Invariant: changes nothing. Which code says that a person or an asset does not exist is not documented, so those are
known that say something else: of a proxy, or of what the object would be in.
"""

from mi_async.api.persons import Person
from mi_async.errors import InvalidRequestError, MIError, NotFoundError
from mi_async.workflows.context import Context

ELSEWHERE = frozenset({"", "300", "10025", "10030"})
"""Codes of a 404 of a proxy, of no such path, project or workspace: none says anything of what is in it."""
INVALID_REQUEST = "10001"
"""Code with which the service refuses the ID of nobody; it has none of its own. Source: common response codes."""


def tells_absence(error: MIError) -> bool:
    """Return True if a refusal says that the very object that was asked for does not exist."""
    return isinstance(error, NotFoundError) and error.code not in ELSEWHERE


async def person_of(context: Context, person_id: int) -> Person | None:
    """Return the person of an ID, None if there is none.

    Raises:
        MIError: the service does not say; a workspace or a path that does not exist is no such answer.
    """
    try:
        person = await context.groups.persons.get(person_id)
    except (NotFoundError, InvalidRequestError) as error:
        if error.code != INVALID_REQUEST and not tells_absence(error):
            raise
        return None
    return person if person.id == person_id else None
