"""Meaning of a failure for a bulk run, by operation and code; and a circuit breaker for a service that does not answer.

Invariant: what concerns one item ends that item. The run stops at once only for what no item can get past, and for what
the items of a workspace share (a capacity, a project, a bucket) only after several different items have met it.
"""

import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from enum import Enum, auto

from attrs import define, field, frozen

from mi_async._core.clock import Clock
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
    QuotaWaitError,
    ResourceError,
    ServerError,
    SessionError,
    TransportError,
    UploadFailedError,
)
from mi_async.workflows.attach import IMAGE_CODES
from mi_async.workflows.context import Context

_log = logging.getLogger(__name__)


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
    **dict.fromkeys(("10075", "10076", "10077", *IMAGE_CODES), FailureKind.PERMANENT),
    **dict.fromkeys(("50010", "50011", "50012", "50013"), FailureKind.PERMANENT),
    # the moment
    **dict.fromkeys(("99999", "400", "410", "420", "500", "510", "900"), FailureKind.TRANSIENT),
}
"""Every documented code, whatever the operation; ``EXCEPTIONS`` win. HTTP 5xx and 429 are always transient."""

EXCEPTIONS: Mapping[tuple[str, str], FailureKind] = {
    (name, "10068"): FailureKind.PERMANENT for name in ABOUT_ONE_PERSON
}
"""Codes that mean something else for one operation: a person that is full is no workspace that is full."""

BUSY = frozenset({"ETAG_MISMATCH", "HTTP_408", "HTTP_429"})
"""Reasons of uploads that may go better another time, beside the ambiguous ones."""

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
    if isinstance(error, TransportError) and error.permanent:
        # An untrusted certificate, a proxy's password, a redirect: of every item. An answer that is too large: of one.
        return FailureKind.PERMANENT if error.ambiguous else FailureKind.SYSTEMIC
    if isinstance(error, UploadFailedError):
        return FailureKind.TRANSIENT if error.ambiguous or error.reason in BUSY else FailureKind.PERMANENT
    by_class = next((meaning for family, meaning in KINDS if isinstance(error, family)), FailureKind.PERMANENT)
    if not isinstance(error, APIError) or by_class is FailureKind.TRANSIENT:
        return by_class
    operation = error.operation or ""
    if operation == STORAGE:
        # One object may be forbidden, by a policy or a legal hold, and one key may be signed wrongly.
        return FailureKind.SHARED if isinstance(error, ABOUT_KEYS) else CODES.get(error.code, by_class)
    if isinstance(error, NotFoundError) and not error.code:
        return FailureKind.SHARED  # no answer of the service, but of something in between that knows no such path
    return EXCEPTIONS.get((operation, error.code)) or CODES.get(error.code, by_class)


async def answers(context: Context) -> bool:
    """Return True if the service answers a question that changes nothing."""
    try:
        await context.groups.projects.list()
    except MIError:
        return False
    return True


def was_refused(error: MIError) -> bool:
    """Whether it was answered, though not as it should be; a storage that is away answers so, too, but not with 403."""
    forbidden = isinstance(error, UploadFailedError) and error.reason == "HTTP_403"
    return forbidden or isinstance(error, ServerError)


MANY = 10
"""Passing failures in a row, without a success among them, that make an outage."""
FIRST, LONGEST = 1.0, 60.0
"""Seconds for which an outage is left alone at first, and at most."""
ALONE = 600.0
"""Seconds of refusals by one call after which the service is asked whether it answers others."""
SURE = 3
"""Pauses in a row in which it did: once may be the very end of an outage."""


@frozen
class Words:
    """What is said of an outage: while it is there, when it is over, and when it has lasted too long."""

    away: str
    over: str
    late: str


SERVICE = Words("the service does not answer", "the service answers again", "the service has not answered")
DISK = Words("files cannot be read", "files can be read again", "files could not be read")
MACHINE = Words("this machine is out of a resource", "this machine has it again", "this machine was out of a resource")


@define(eq=False)
class CircuitBreaker:
    """Whether the service answers at all. While it does not, items wait instead of failing one after the other.

    Attributes:
        clock: the time.
        patience: seconds for which an outage is waited out; then the run stops.
        answers: asks the service something harmless, and tells whether it answers.
        many: passing failures in a row that make an outage.
        words: what is said of it.
        failures: passing failures in a row.
        since: when the first of them came.
        back: when the last outage ended; minus infinity before the first.
        alone: whether it is this call alone that the service refuses, while it answers others: no outage then, but
            the fault of the items.
    """

    clock: Clock
    patience: float
    answers: Callable[[], Awaitable[bool]] | None = None
    many: int = MANY
    words: Words = SERVICE
    failures: int = field(init=False, default=0)
    since: float = field(init=False, default=0.0)
    back: float = field(init=False, default=-math.inf)
    alone: bool = field(init=False, default=False)
    _refused: bool = field(init=False, default=False)
    _asked: float = field(init=False, default=-math.inf)
    _answered: int = field(init=False, default=0)
    _until: float = field(init=False, default=-math.inf)
    _pause: float = field(init=False, default=FIRST)

    @property
    def on(self) -> bool:
        """Whether there is one."""
        return self.failures >= self.many and not self.alone

    @property
    def seconds(self) -> float:
        """How long it has lasted; 0 while there is none."""
        return self.clock.monotonic() - self.since if self.on else 0.0

    async def pass_by(self) -> None:
        """Wait while there is no point in trying."""
        if self.on and (left := self._until - self.clock.monotonic()) > 0:
            await self.clock.sleep(left)
        if self.seconds > ALONE and self._refused and self._asked != self._until:
            self._asked = self._until
            await self._ask()

    async def _ask(self) -> None:
        """Once in a pause: does the service answer others? If it did in several, this call is what it refuses."""
        if self.answers is None or not await self.answers():
            self._answered = 0
            return
        self._answered += 1
        if self._answered >= SURE and not self.alone:
            _log.warning("one call has failed for %.0f s while the service answers others", self.seconds)
            self.alone = True

    def success(self) -> None:
        """Say that the service has answered."""
        if self.failures:
            if self.on:
                _log.warning("%s, after %.0f s", self.words.over, self.seconds)
                self.back = self.clock.monotonic()
            self.failures, self._pause, self.alone, self._answered = 0, FIRST, False, 0

    def failure(self, error: MIError) -> bool:
        """Say that it has not; returns whether that is an outage, and not the item's bad luck.

        Raises:
            BulkError: it has lasted longer than the run is patient.
        """
        now = self.clock.monotonic()
        self.since = self.since if self.failures else now
        self.failures += 1
        self._refused = was_refused(error)
        self.alone = self.alone and self._refused
        if not self.on:
            return False
        if now - self.since > self.patience:
            message = f"{self.words.late} for {now - self.since:.0f} s; the last failure: {error}"
            raise BulkError(message) from error
        if now >= self._until:
            level = logging.WARNING if self._pause == FIRST else logging.INFO  # one line for an outage
            _log.log(level, "%s; trying again in %.0f s: %s", self.words.away, self._pause, error)
            self._until = now + self._pause
            self._pause = min(LONGEST, self._pause * 2)
        return True
