"""Meaning of a failure for a bulk run, by operation and code.

Invariant: what concerns one item ends that item. The run stops at once only for what no item can get past, and for what
the items of a workspace share (a capacity, a project, a bucket) only after several different items have met it.
"""

from collections.abc import Mapping
from enum import Enum, auto

from mi_async.errors import (
    APIError,
    AuthenticationError,
    BulkError,
    CapacityError,
    ConfigError,
    CredentialsError,
    DeadlineExceededError,
    JournalError,
    MIError,
    NotFoundError,
    PermissionDeniedError,
    QuotaError,
    QuotaStoreError,
    QuotaWaitError,
    ResourceError,
    ServerError,
    SessionError,
    TransportError,
    UploadFailedError,
)


class FailureKind(Enum):
    """Meaning of a failure for the run."""

    SYSTEMIC = auto()
    """No item can get past it: the run stops."""
    SHARED = auto()
    """It may concern one item or all: the item is parked, and the run stops once several items have met it."""
    TRANSIENT = auto()
    """Another try may succeed: the item is tried again, then parked."""
    PERMANENT = auto()
    """It concerns this item alone: the item ends."""


STORAGE = "storage"
"""Operation of the errors of Object Storage."""
ABOUT_ONE_PERSON = ("persons.set_thumbnails", "persons.update", "persons.add_tags")
"""Operations on one person that exists: a limit that they meet is a limit of that person."""

CODES: Mapping[str, FailureKind] = {
    # the workspace, or the bucket of a run over media files, does not exist
    "10030": FailureKind.SYSTEMIC,
    "NoSuchBucket": FailureKind.SYSTEMIC,
    # the keys; the engine asks whether they are good for anything else before it stops
    "200": FailureKind.SYSTEMIC,
    "210": FailureKind.SYSTEMIC,
    "10003": FailureKind.SYSTEMIC,
    # what the items of a workspace or project have in common
    "10016": FailureKind.SHARED,
    "10025": FailureKind.SHARED,
    "10041": FailureKind.SHARED,
    "10045": FailureKind.SHARED,
    "10046": FailureKind.SHARED,
    "10068": FailureKind.SHARED,
    # the gateway knows no such path
    "300": FailureKind.SHARED,
    # the request, and so the item
    **dict.fromkeys(("10001", "100", "430"), FailureKind.PERMANENT),
    **dict.fromkeys(("10010", "10014", "10017", "10023", "10038", "10048", "40002", "50003"), FailureKind.PERMANENT),
    **dict.fromkeys(("10026", "10027", "10033", "10049", "10062", "20012", "50005"), FailureKind.PERMANENT),
    **dict.fromkeys(("10075", "10076", "10077", "10069", "10072", "10073", "10074"), FailureKind.PERMANENT),
    **dict.fromkeys(("50010", "50011", "50012", "50013"), FailureKind.PERMANENT),
    # the moment
    **dict.fromkeys(("99999", "400", "410", "420", "500", "510", "900"), FailureKind.TRANSIENT),
}
"""Every documented code, whatever the operation; ``EXCEPTIONS`` win. HTTP 5xx and 429 are always transient."""

EXCEPTIONS: Mapping[tuple[str, str], FailureKind] = {
    (name, "10068"): FailureKind.PERMANENT for name in ABOUT_ONE_PERSON
}
"""Codes that mean something else for one operation: a person that is full is no workspace that is full."""

KINDS: tuple[tuple[type[MIError], FailureKind], ...] = (
    (CredentialsError, FailureKind.SYSTEMIC),
    (ConfigError, FailureKind.SYSTEMIC),
    (SessionError, FailureKind.SYSTEMIC),
    (JournalError, FailureKind.SYSTEMIC),
    (BulkError, FailureKind.SYSTEMIC),
    (AuthenticationError, FailureKind.SYSTEMIC),
    (PermissionDeniedError, FailureKind.SYSTEMIC),
    (CapacityError, FailureKind.SHARED),
    (QuotaError, FailureKind.TRANSIENT),
    (QuotaStoreError, FailureKind.TRANSIENT),
    (QuotaWaitError, FailureKind.TRANSIENT),
    (ServerError, FailureKind.TRANSIENT),
    (TransportError, FailureKind.TRANSIENT),
    (DeadlineExceededError, FailureKind.TRANSIENT),
    (ResourceError, FailureKind.TRANSIENT),
)
"""The first that fits, for what has no documented code; anything else is permanent."""

ABOUT_KEYS = (AuthenticationError, PermissionDeniedError)
"""Refusals that stop a run, unless the service accepts the same keys for something else."""


def kind(error: MIError) -> FailureKind:
    """Return what a failure means; pure."""
    if isinstance(error, TransportError | QuotaStoreError) and error.permanent:
        # An untrusted certificate, a proxy's password, a redirect: of every item. An answer that is too large: of one.
        return FailureKind.PERMANENT if error.ambiguous else FailureKind.SYSTEMIC
    if isinstance(error, UploadFailedError):
        return FailureKind.TRANSIENT if error.transient else FailureKind.PERMANENT
    by_class = next((meaning for family, meaning in KINDS if isinstance(error, family)), FailureKind.PERMANENT)
    if isinstance(error, APIError) and by_class is not FailureKind.TRANSIENT:
        return _kind_of_answer(error, by_class)
    return by_class


def _kind_of_answer(error: APIError, by_class: FailureKind) -> FailureKind:
    """Return what a refusal means, by its operation and code."""
    operation = error.operation or ""
    if operation == STORAGE:
        # One object may be forbidden, by a policy or a legal hold, and one key may be signed wrongly.
        return FailureKind.SHARED if isinstance(error, ABOUT_KEYS) else CODES.get(error.code, by_class)
    if isinstance(error, NotFoundError) and not error.code:
        return FailureKind.SHARED  # no answer of the service, but of something in between that knows no such path
    return EXCEPTIONS.get((operation, error.code)) or CODES.get(error.code, by_class)
