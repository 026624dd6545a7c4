"""Open an answer: the result inside the service's envelope, or the error that it stands for.

Invariant: pure. Two envelopes are known (flat ``code`` and ``message``; the gateway's ``error.errorCode``) and anything
may come from a proxy: parsed leniently, matched on status and code, never on text.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from mi_async._core import convert
from mi_async._core.http_messages import Response
from mi_async.errors import APIError, ResponseError, error_class
from mi_async.text import escaped

SUCCESS = "0"
FIRST_ERROR_STATUS = 400
FIRST_REDIRECT_STATUS = 300
REQUEST_ID = "x-ncp-request-id"
"""Header by which the gateway names a request."""
EXCERPT = 200
"""Characters of a foreign answer that an error message quotes."""
QUERY = re.compile(r"""\?[^\s"'<>]+""")
MOST_SECONDS = 1e12
"""Longest wait that a header can ask for: enough for any date, and a number that can be reckoned with."""


def open_envelope(response: Response, operation: str, beside: Sequence[str] = ()) -> convert.Json:
    """Return the ``result`` member, None when the envelope has none.

    Args:
        response: the answer.
        operation: id, for messages.
        beside: members of the result that may come beside it instead.

    Raises:
        APIError: the answer is an error, by its status or by its code.
        ResponseError: the answer is not the documented JSON.
    """
    if response.status >= FIRST_ERROR_STATUS:
        raise _api_error(response, operation)
    try:
        envelope = convert.loads(response.body)
    except ResponseError as error:
        message = f"{operation}: the answer is {error}: {excerpt(response)}"
        raise ResponseError(message, status=response.status) from None
    if envelope.__class__ is not dict or "code" not in envelope or response.status >= FIRST_REDIRECT_STATUS:
        message = f"{operation}: HTTP {response.status} without the service's envelope: {excerpt(response)}"
        del envelope  # may hold a presigned URL, and reports of errors show local variables
        raise ResponseError(message, status=response.status)
    if envelope["code"] not in (SUCCESS, int(SUCCESS)):
        raise _api_error(response, operation)
    result = envelope.get("result")
    if beside and result.__class__ is dict:
        return {name: envelope[name] for name in beside if name in envelope} | result
    return result


def _api_error(response: Response, operation: str) -> APIError:
    code, text, details = _described(response)
    return error_class(response.status, code)(
        response.status,
        code,
        text,
        request_id=response.headers.get(REQUEST_ID),
        operation=operation,
        retry_after=retry_after_seconds(response),
        details=details,
    )


def _described(response: Response) -> tuple[str, str, str]:
    """Code, message and details of an answer that is an error, whichever envelope it has."""
    try:
        body: Any = convert.loads(response.body)
    except ResponseError:
        return "", excerpt(response), ""
    flat = body if isinstance(body, Mapping) else {}
    gateway = flat.get("error")
    members = gateway if isinstance(gateway, Mapping) else flat
    code, text, details = members.get("errorCode", members.get("code")), members.get("message"), members.get("details")
    return (
        str(code) if isinstance(code, str | int) else "",
        text if isinstance(text, str) else excerpt(response),
        details if isinstance(details, str) else "",
    )


def excerpt(response: Response) -> str:
    """Start of a foreign answer, on one line; without the queries of URLs in it, which may be presigned."""
    kind = escaped(response.headers.get("Content-Type", "no content type"), 100)
    text = " ".join(response.body[: 4 * EXCERPT].decode("utf-8", "replace").split())
    text = QUERY.sub("?...", text)
    return f"{kind}, {len(response.body)} bytes, {text[:EXCERPT]!r}"


def retry_after_seconds(response: Response) -> float | None:
    """Seconds of ``Retry-After``: a number, or a date relative to the answer's own ``Date`` if it has one.

    None for anything else; never raises, whatever the header holds.
    """
    value = response.headers.get("Retry-After")
    if value is None:
        return None
    if value.strip().isdecimal():
        return min(float(value), MOST_SECONDS)  # 400 digits are infinity
    until, now = _date(value), date(response.headers)
    return None if until is None else max(0.0, until - (now or datetime.now(UTC).timestamp()))


def date(headers: Mapping[str, str]) -> float | None:
    """Seconds since the epoch of an answer's ``Date`` header, None when it has none that can be read."""
    return _date(headers.get("Date", ""))


def _date(value: str) -> float | None:
    try:
        moment = parsedate_to_datetime(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
