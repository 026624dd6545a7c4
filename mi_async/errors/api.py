"""Refusals and failures of the service, and the table from its codes to classes.

Source of the table: the common response codes of the service and the error handling page of the API gateway.
"""

from collections.abc import Sequence
from typing import Any

from mi_async.errors.mi_error import MIError
from mi_async.text import clock_difference, escaped

KEPT = 4000
"""Characters of the service's text that ``APIError.message`` keeps."""
DOCTOR = "to find out: mi-async doctor"
DIAGNOSE = "to find out: await mi_async.diagnose(...) with the arguments of connect()"
SHOWN = 3
"""Names that a message lists."""


class APIError(MIError):
    """The service or its gateway answered with an error.

    Attributes:
        status: HTTP status.
        code: the service's or gateway's code as a string, '' when the answer had none.
        message: the service's text as it came, at most 4,000 characters; it varies between editions, so never match
            on it, and escape it before it is shown. ``str(error)`` holds its beginning, escaped.
        request_id: the gateway's request id where it sent one.
        operation: id of the operation, for example ``persons.get``.
        retry_after: seconds that the answer asked to wait, None when it did not.
        details: what the gateway says beside its message, '' when it says nothing.
        images: names of the images that were refused, where a workflow knows which: paths, and ``image 2 of 3``
            for the second of three sources where that has no name.
        key: the access key and the place it came from, all but its last 4 characters hidden, where the refusal is about
            the key (401, 403); '' otherwise.
        likely_cause: of such a refusal, with what to do; '' otherwise.
    """

    images: tuple[str, ...] = ()
    key: str = ""
    likely_cause: str = ""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        request_id: str | None = None,
        operation: str | None = None,
        retry_after: float | None = None,
        details: str = "",
    ) -> None:
        self.status = status
        self.code: str = code[:KEPT]
        self.message: str = message[:KEPT]
        self.request_id = request_id
        self.operation = operation
        self.retry_after = retry_after
        self.details: str = details[:KEPT]
        named = f"{operation}: " if operation else ""
        traced = f" [request {escaped(request_id, 100)}]" if request_id else ""
        coded = f", code {escaped(code, 50)}" if code else ""
        repeated = not details or details in message
        said = (
            ": ".join([escaped(text, 500) for text in (message, "" if repeated else details) if text]) or "no message"
        )
        super().__init__(f"{named}{said} (HTTP {status}{coded}){traced}")

    def name_images(self, names: Sequence[str]) -> None:
        """Name the refused images in the message."""
        self.images = tuple(names)
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        shown = ", ".join(map(escaped, names[:SHOWN])) + more
        self.args: tuple[Any, ...] = (f"{shown}: {self.args[0]}",)

    def name_key(self, key: str, cause: str, advice: str = DOCTOR) -> None:
        """Name the refused key, the likely cause, where one is known, and how to find out, in the message."""
        self.key, self.likely_cause = key, cause
        self.args = ("; ".join([str(self.args[0]), f"{key}: {cause}" if cause else key, advice]),)


class AuthenticationError(APIError):
    """The gateway did not accept the access key, the signature or the timestamp.

    Attributes:
        clock_offset: seconds by which the service's clock was ahead of ours when that is the likely cause, else None.
        clock_corrected: True when the session learnt the offset from this very answer.
    """

    clock_offset: float | None = None
    clock_corrected: bool = False

    def name_offset(self, offset: float) -> None:
        """Name the difference of the clocks in the message."""
        self.clock_offset = offset
        self.args: tuple[Any, ...] = (f"{self.args[0]}; {clock_difference(offset)}",)


class PermissionDeniedError(APIError):
    """The key is known but may not do this (gateway 210, service 10003; Object Storage AccessDenied).

    Attributes:
        stored_object: the one object of Object Storage that this is about, as ``s3://bucket/key``; None where it is
            about more than that.
    """

    stored_object: str | None = None


class NotFoundError(APIError):
    """The named thing does not exist.

    Attributes:
        possibly_deleted: True when an earlier attempt of the same call failed ambiguously, so that the
            thing may be gone because of that attempt.
    """

    possibly_deleted: bool = False


class ConflictError(APIError):
    """The state forbids it: a name in use, a job that is running.

    Attributes:
        possibly_created: True when an earlier attempt of the same call failed ambiguously, so that the
            thing in the way may be the one which that attempt made.
        existing: ID of the person who has the name, where ``enroll_person`` has found it; empty otherwise.
    """

    possibly_created: bool = False
    existing: tuple[int, ...] = ()


class InvalidRequestError(APIError):
    """The service refused the content of the request."""


class QuotaError(APIError):
    """A rate or an amount is used up."""


class CapacityError(QuotaError):
    """A fixed allowance is full (items per workspace, registrations): waiting does not help."""


class ServerError(APIError):
    """The service failed (5xx or code 99999): it may have acted."""

    ambiguous = True


_BY_CODE: dict[tuple[int, str], type[APIError]] = {
    (400, "10048"): NotFoundError,
    (400, "50003"): NotFoundError,
    (401, "200"): AuthenticationError,
    (401, "210"): PermissionDeniedError,
    (401, "10003"): PermissionDeniedError,
    (404, "10038"): ConflictError,
    (409, "10045"): CapacityError,
    (409, "10049"): InvalidRequestError,
    (409, "10068"): CapacityError,
    (409, "10076"): InvalidRequestError,
    (422, "10017"): ConflictError,
}

_BY_STATUS: dict[int, type[APIError]] = {
    400: InvalidRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    413: InvalidRequestError,
    422: InvalidRequestError,
    429: QuotaError,
}

UNEXPECTED = "99999"
"""The service's one code for "an error has occurred", whatever the status."""


def error_class(status: int, code: str) -> type[APIError]:
    """Return the class for an HTTP status and a code of the service or gateway: both together, else by the status."""
    if status >= 500 or code == UNEXPECTED:  # noqa: PLR2004  the HTTP class of server errors
        return ServerError
    return _BY_CODE.get((status, code)) or _BY_STATUS.get(status, APIError)
