"""Absence of an object of the service, as its refusals tell it.

Invariant: pure. Which code says that a person or an asset does not exist is not documented, so those are known that
say something else.
"""

from mi_async.errors import MIError, NotFoundError

ELSEWHERE = frozenset({"", "300", "10025", "10030"})
"""Codes of a 404 of a proxy, of no such path, project or workspace: none says anything of what is in it."""


def tells_absence(error: MIError) -> bool:
    """Return True if a refusal says that the very object that was asked for does not exist."""
    return isinstance(error, NotFoundError) and error.code not in ELSEWHERE
