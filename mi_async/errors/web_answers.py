"""Answers of a web service to its own clients, by error: a status, and when to come again.

Invariant: a status says whose fault it is. Keys that the vendor refuses, and rights that they lack, are a fault of the
web service: its client never gets the 401 or 403.
"""

import builtins
import math

from mi_async.errors.api import (
    APIError,
    AuthenticationError,
    CapacityError,
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
    QuotaError,
)
from mi_async.errors.local import (
    AlreadyExistsError,
    ImageRejectedError,
    InvalidArgumentError,
    MediaRejectedError,
    PlanNotConfirmedError,
    ResourceError,
    SessionError,
)
from mi_async.errors.mi_error import MIError
from mi_async.errors.transport import TimeoutError, TransportError  # noqa: A004  the field's name
from mi_async.errors.workflows import (
    DeadlineExceededError,
    JobError,
    JobStateError,
    JobTimeoutError,
    PersonKnownError,
    QuotaStoreError,
    QuotaWaitError,
    UploadFailedError,
)

MOMENT = 5
"""Seconds after which a client may come again where nobody knows better."""
LONGEST = 86_400
"""Seconds: no client is sent away for longer; an answer may ask for the year 9999."""

STATUSES: dict[type[BaseException], int] = {
    AlreadyExistsError: 409,
    ConflictError: 409,
    ImageRejectedError: 422,
    InvalidArgumentError: 422,
    InvalidRequestError: 422,
    JobStateError: 404,
    MediaRejectedError: 422,
    PersonKnownError: 409,
    PlanNotConfirmedError: 409,  # what it was made from has changed, or nobody has looked at it yet
    NotFoundError: 404,
    CapacityError: 507,  # waiting does not help: something must be deleted, or an allowance raised
    AuthenticationError: 500,  # the web service's own keys: its client has no part in them
    PermissionDeniedError: 500,
    APIError: 502,
    TransportError: 502,
    UploadFailedError: 502,
    JobError: 502,
    DeadlineExceededError: 503,
    QuotaError: 503,
    QuotaStoreError: 503,
    QuotaWaitError: 503,
    ResourceError: 503,
    SessionError: 503,  # it is being closed: another worker, or the next one, is there
    JobTimeoutError: 504,
    TimeoutError: 504,
    builtins.TimeoutError: 504,  # of asyncio.timeout around a call
    BaseException: 500,  # ConfigError, CredentialsError, JournalError, BulkError, and a fault of the program
}
"""Statuses by class; an error has that of the first of its classes."""

BY_REASON = {
    "format": 415,
    "size": 413,
    "OVER_SIZE_LIMIT": 413,
    "RESOLUTION_NOT_SUPPORT": 422,
}
"""Statuses of rejected images and media files, by the reason that the error names."""

MOMENTARY = frozenset({502, 503, 504})
"""Statuses of failures that may pass."""


def http_status(error: BaseException) -> int:
    """Return the HTTP status with which a web service answers its own client after an error.

    404, 409, 413, 415, 422: the client's request; 503, 504, 502: this moment, the network or the vendor's service, see
    :func:`retry_after`; 507: an allowance is full; 500: keys, rights or settings of the web service.

    Args:
        error: of this package; a ``TimeoutError`` of Python is 504, any other exception 500. A group, as a
            ``TaskGroup`` raises it, has the status that all its errors share, else 500.
    """
    if isinstance(error, BaseExceptionGroup):
        statuses = {http_status(each) for each in error.exceptions}
        return statuses.pop() if len(statuses) == 1 else 500
    status = next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)
    if status in MOMENTARY and getattr(error, "permanent", False):
        return 500  # fails again until a setting is changed
    if isinstance(error, UploadFailedError) and error.transient:
        return 503
    if isinstance(error, ImageRejectedError | MediaRejectedError | UploadFailedError):
        return BY_REASON.get(error.reason, status)
    return status


def retry_after(error: BaseException) -> int | None:
    """Return the seconds for the header ``Retry-After``: what is known, else 5 for a 503; None where it says nothing.

    Args:
        error: as for :func:`http_status`.
    """
    status = http_status(error)
    if status not in MOMENTARY:
        return None
    if isinstance(error, BaseExceptionGroup):
        return max(filter(None, map(retry_after, error.exceptions)), default=None)
    names = ("wait", "retry_after") if isinstance(error, MIError) else ()  # elsewhere they may mean anything
    told: list[float | None] = [getattr(error, name, None) for name in names]
    if known := next(filter(None, told), None):
        return math.ceil(min(known, LONGEST))
    return MOMENT if status == 503 else None  # noqa: PLR2004  Service Unavailable
