"""HTTP messages: a request and a response.

Invariant: frozen values; no behaviour that needs anything else.
"""

from collections.abc import Mapping
from typing import Generic, TypeVar

from attrs import field, frozen

from mi_async._core.drafts import maker
from mi_async._core.values import Value

T = TypeVar("T")


@frozen(eq=False, repr=False, weakref_slot=False)  # else no draft has its layout
class Request(Value):
    """A request before it is signed.

    Attributes:
        method: GET, POST, ...
        target: percent-encoded path and query, exactly as it is signed and sent.
        body: JSON bytes, None when there is no body.
    """

    method: str
    target: str
    body: bytes | None = field(default=None, repr=False)


@frozen(eq=False, repr=False, weakref_slot=False)  # as above
class Response(Value):
    """A response, read to its end.

    Attributes:
        status: HTTP status.
        headers: case-insensitive mapping.
        body: the bytes after content decoding.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


make_request, make_response = maker(Request), maker(Response)  # for each call; elsewhere the classes do


@frozen(eq=False, repr=False)
class Raw(Value, Generic[T]):
    """A response and what was read from it.

    Attributes:
        status: HTTP status.
        headers: case-insensitive mapping.
        body: the bytes after content decoding, envelope and all.
        parsed: the result, as without ``raw``.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    parsed: T
