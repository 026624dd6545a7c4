"""What a failure means for a bulk run, and what to do when the service does not answer at all.

Law: a table. A failure of the item ends the item, a passing one is tried again, and one that every item would meet
stops the run.
"""

import logging
import math
from collections.abc import Awaitable, Callable
from enum import Enum, auto

from attrs import define, field

from mi_async._core.clock import Clock
from mi_async.errors import (
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
    ServerError,
    SessionError,
    TransportError,
    UploadFailedError,
)
from mi_async.workflows.context import Context

_log = logging.getLogger(__name__)


class Kind(Enum):
    """What a failure means."""

    SYSTEMIC = auto()
    """Every item would meet it: the run stops."""
    TRANSIENT = auto()
    """It may go better another time."""
    PERMANENT = auto()
    """It ends the item."""


NOWHERE = frozenset({"10030", "NoSuchBucket"})
"""Codes of what is missing for every item: the workspace, and the bucket of a run over files."""
BUSY = frozenset({"ETAG_MISMATCH", "HTTP_408", "HTTP_429"})
"""Reasons of uploads that may go better another time, beside the ambiguous ones."""

KINDS: tuple[tuple[type[MIError], Kind], ...] = (
    (CredentialsError, Kind.SYSTEMIC),
    (ConfigError, Kind.SYSTEMIC),
    (SessionError, Kind.SYSTEMIC),
    (JournalError, Kind.SYSTEMIC),
    (BulkError, Kind.SYSTEMIC),
    (AuthenticationError, Kind.SYSTEMIC),
    (PermissionDeniedError, Kind.SYSTEMIC),
    (CapacityError, Kind.SYSTEMIC),
    (QuotaError, Kind.TRANSIENT),
    (QuotaWaitError, Kind.TRANSIENT),
    (ServerError, Kind.TRANSIENT),
    (TransportError, Kind.TRANSIENT),
    (DeadlineExceededError, Kind.TRANSIENT),
)
"""The first that fits; anything else is permanent."""


def kind(error: MIError) -> Kind:
    """What a failure means; pure."""
    if isinstance(error, NotFoundError) and error.code in NOWHERE:
        return Kind.SYSTEMIC
    if isinstance(error, TransportError) and error.permanent:
        # An untrusted certificate, a proxy's password, a redirect: of every item. An answer that is too large: of one.
        return Kind.PERMANENT if error.ambiguous else Kind.SYSTEMIC
    if isinstance(error, UploadFailedError):
        return Kind.TRANSIENT if error.ambiguous or error.reason in BUSY else Kind.PERMANENT
    return next((meaning for family, meaning in KINDS if isinstance(error, family)), Kind.PERMANENT)


async def answers(context: Context) -> bool:
    """Whether the service answers a question that changes nothing."""
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


@define(eq=False)
class Outage:
    """Whether the service answers at all. While it does not, items wait instead of failing one after the other.

    Attributes:
        clock: the time.
        patience: seconds for which an outage is waited out; then the run stops.
        answers: asks the service something harmless, and tells whether it answers.
        failures: passing failures in a row.
        since: when the first of them came.
        back: when the last outage ended; minus infinity before the first.
        alone: whether it is this call alone that the service refuses, while it answers others: no outage then, but
            the fault of the items.
    """

    clock: Clock
    patience: float
    answers: Callable[[], Awaitable[bool]] | None = None
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
        return self.failures >= MANY and not self.alone

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
                _log.warning("the service answers again, after %.0f s", self.seconds)
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
            message = f"the service has not answered for {now - self.since:.0f} s; the last failure: {error}"
            raise BulkError(message) from error
        if now >= self._until:
            level = logging.WARNING if self._pause == FIRST else logging.INFO  # one line for an outage
            _log.log(level, "the service does not answer; trying again in %.0f s: %s", self._pause, error)
            self._until = now + self._pause
            self._pause = min(LONGEST, self._pause * 2)
        return True
