"""Circuit breaker: stops asking a service that does not answer, and stops the run when that lasts too long.

Invariant: while the breaker is open, no item is blamed for a failure.
"""

import logging
import math
from collections.abc import Awaitable, Callable

from attrs import define, field, frozen

from mi_async._core.clock import Clock
from mi_async.errors import BulkError, MIError, ServerError, UploadFailedError

_log = logging.getLogger(__name__)

MANY = 10
"""Transient failures in a row, without a success among them, that open the breaker."""
FIRST, LONGEST = 1.0, 60.0
"""First and longest pause in seconds between tries while it is open."""
ALONE = 600.0
"""Seconds of refusals by one call after which the service is asked whether it answers others."""
SURE = 3
"""Pauses in a row in which it did: once may be the very end of an outage."""


@frozen
class Words:
    """Log messages of a breaker: while it is open, when it closes, and when it has been open for too long."""

    away: str
    over: str
    late: str


SERVICE = Words("the service does not answer", "the service answers again", "the service has not answered")
DISK = Words("files cannot be read", "files can be read again", "files could not be read")
MACHINE = Words("this machine is out of a resource", "this machine has it again", "this machine was out of a resource")


@define(eq=False)
class CircuitBreaker:
    """Count of failures in a row; while it is open, items wait instead of failing one after the other.

    Attributes:
        clock: the time.
        patience: seconds for which an outage is waited out; then the run stops.
        answers: asks the service something harmless; True if it answers.
        many: transient failures in a row that open the breaker.
        words: its log messages.
        failures: transient failures in a row.
        since: time of the first of them.
        back: end of the last outage; minus infinity before the first.
        alone: True iff the service refuses this call and answers others: the fault of the items then, and no outage.
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
    _refused: bool = field(init=False, default=False)  # True iff the last failure was an answer, and no silence
    _asked: float = field(init=False, default=-math.inf)  # the pause, by its end, in which others were last asked for
    _answered: int = field(init=False, default=0)  # pauses in a row in which the service answered others
    _until: float = field(init=False, default=-math.inf)  # end of the current pause
    _pause: float = field(init=False, default=FIRST)

    @property
    def on(self) -> bool:
        """True while the breaker is open."""
        return self.failures >= self.many and not self.alone

    @property
    def seconds(self) -> float:
        """Seconds for which it has been open; 0 while it is closed."""
        return self.clock.monotonic() - self.since if self.on else 0.0

    async def pass_by(self) -> None:
        """Wait while there is no point in trying."""
        if self.on and (left := self._until - self.clock.monotonic()) > 0:
            await self.clock.sleep(left)
        if self.seconds > ALONE and self._refused and self._asked != self._until:
            self._asked = self._until
            await self._ask()

    async def _ask(self) -> None:
        """Ask, once in a pause, whether the service answers others; if so in several, the call itself is refused."""
        if self.answers is None or not await self.answers():
            self._answered = 0
            return
        self._answered += 1
        if self._answered >= SURE and not self.alone:
            _log.warning("one call has failed for %.0f s while the service answers others", self.seconds)
            self.alone = True

    def success(self) -> None:
        """Record a success: close the breaker."""
        if self.failures:
            if self.on:
                _log.warning("%s, after %.0f s", self.words.over, self.seconds)
                self.back = self.clock.monotonic()
            self.failures, self._pause, self.alone, self._answered = 0, FIRST, False, 0

    def failure(self, error: MIError) -> bool:
        """Record a failure; return True if it belongs to an outage, and not to the item.

        Raises:
            BulkError: the outage has lasted longer than the run is patient.
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
            level = logging.WARNING if self._pause == FIRST else logging.INFO  # one warning for an outage
            _log.log(level, "%s; trying again in %.0f s: %s", self.words.away, self._pause, error)
            self._until = now + self._pause
            self._pause = min(LONGEST, self._pause * 2)
        return True


def was_refused(error: MIError) -> bool:
    """Return True if the call was answered; a storage that is away answers with errors, too, but not with 403."""
    forbidden = isinstance(error, UploadFailedError) and error.reason == "HTTP_403"
    return forbidden or isinstance(error, ServerError)
