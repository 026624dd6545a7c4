"""Request log of a server: arrivals, answers and refusals per operation, and the last requests as they were sent.

Invariant: eight bytes per request and ``KEPT`` requests, so that a run of a million can be asserted about.
"""

from array import array
from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from typing import TypeAlias
from urllib.parse import parse_qs, unquote

from attrs import Factory, define, frozen

from mi_async._core import convert
from mi_async.emulator.request_body import decompressed
from mi_async.emulator.rules import Refused
from mi_async.errors import ResponseError
from mi_async.models import Json

KEPT = 1000
"""Requests that are kept with what they sent."""

Received: TypeAlias = tuple[str, str, str, bytes, str]
"""Operation, method, target and body of a request, and the encoding of the body."""


def _times() -> "array[float]":
    return array("d")


@frozen
class LoggedRequest:
    """A request as it was sent; an upload and a download come without the query of their URL, which is a signature.

    Attributes:
        operation: ID of the operation, ``storage.put`` or ``storage.get``.
        method: of HTTP.
        path: percent-decoded.
        query: values by name.
        body: what the JSON says; None without a body, or where it is no JSON.
    """

    operation: str
    method: str
    path: str
    query: Mapping[str, Sequence[str]]
    body: Json


@define(eq=False)
class RequestLog:
    """The requests that a server saw; an operation is named by its ID, uploads are ``storage.put``,
    downloads ``storage.get``.

    Attributes:
        arrivals: arrival times of every request, in seconds of the server's clock.
        answers: how often each HTTP status was decided on, by operation and status; a fault may have eaten the answer.
        throttled: requests refused because a quota was used up (injected 429s are not among them).
        received: the last requests that the gateway let pass; ``requests()`` reads them.
    """

    arrivals: "defaultdict[str, array[float]]" = Factory(lambda: defaultdict(_times))
    answers: Counter[tuple[str, int]] = Factory(Counter)
    throttled: Counter[str] = Factory(Counter)
    received: deque[Received] = Factory(lambda: deque(maxlen=KEPT))

    def count(self, operation: str) -> int:
        """Count the requests of an operation, the refused ones included."""
        return len(self.arrivals[operation])

    def peak(self, operation: str, period: float) -> int:
        """Return the most arrivals of an operation in any window of ``period`` seconds."""
        times, start, most = self.arrivals[operation], 0, 0
        for end, time in enumerate(times):
            while time >= times[start] + period:
                start += 1
            most = max(most, end - start + 1)
        return most

    def requests(self, operation: str | None = None) -> list[LoggedRequest]:
        """Return the last 1,000 requests that the gateway let pass, the oldest first.

        Args:
            operation: only those of this operation.
        """
        return [_read(one) for one in list(self.received) if operation in {None, one[0]}]

    def clear(self) -> None:
        """Forget everything."""
        for kept in (self.arrivals, self.answers, self.throttled, self.received):
            kept.clear()


def _read(received: Received) -> LoggedRequest:
    operation, method, target, body, encoding = received
    path, _, query = target.partition("?")
    return LoggedRequest(
        operation, method, unquote(path), parse_qs(query, keep_blank_values=True), _json(body, encoding)
    )


def _json(body: bytes, encoding: str) -> Json:
    try:
        return convert.loads(decompressed(body, encoding)) if body else None
    except (Refused, ResponseError):  # it was answered so
        return None
