"""What one of the vendor's pages says of an operation, as a value; see ``contract`` for the table.

Invariant: data only. Examples are the pages' own, with ``my-workspace`` for the workspace name; where a page has no
example of an answer, the answer is made from its table of members. Source: api.ncloud-docs.com, Media Intelligence.
"""

from collections.abc import Mapping
from typing import Any

from attrs import frozen

PREFIX = "/api/v1/workspaces"
ROOM = f"{PREFIX}/my-workspace"


@frozen
class Documented:
    """One operation as its page has it.

    Attributes:
        id: what we call it.
        route: method and path template.
        slug: of the page.
        repeat: name of the repeat class that follows from the page's words.
        call: arguments that make the example; JSON where they are objects.
        target: path and query of the example.
        body: JSON body of the example.
        result: ``result`` of a documented answer, None where there is none.
        quota: calls and seconds.
        successor: what to use instead, for an operation that the vendor is going to remove.
    """

    id: str
    route: str
    slug: str
    repeat: str
    call: Mapping[str, Any]
    target: str
    body: Any = None
    result: Any = None
    quota: tuple[int, float] | None = None
    successor: str | None = None
