"""A running call: what all attempts of one call share.

Invariant: made once for each call; what differs between attempts is their number, which goes beside it.
"""

import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from attrs import define

from mi_async._core.clock import Clock
from mi_async._core.http_messages import Request, Response
from mi_async._core.inflight import InFlightCall
from mi_async._core.limits import Limiter
from mi_async._core.operation import Operation
from mi_async._core.retry import Retries, Waiting
from mi_async.errors import DeadlineExceededError, MIError, QuotaStoreError, QuotaWaitError

if TYPE_CHECKING:
    from mi_async._core.hook_chain import CallWatch

_log = logging.getLogger(__name__)
T = TypeVar("T")

SLOW = 1.0
"""Seconds of a call, or of the wait for an upload to be ready, from which on it is logged."""

Guard: TypeAlias = Callable[[Operation], Awaitable[None]]
"""Called before each attempt of an operation; it raises an error where the request must not be sent."""


@define(eq=False)
class RunningCall:
    """One call from its first attempt to its last.

    Attributes:
        operation: what is called.
        request: sent by each attempt, signed afresh.
        limiter: of the operation's quota; None without one.
        max_wait: seconds that an attempt may wait for quota; None for as long as the deadline.
        guard: waited for before each attempt, once it has its permit; what it raises ends the call.
        in_flight: its deadline, and how its attempts have failed so far.
        watch: tells hooks of it; None without hooks.
        refused: the last answer that was none to be used.
        attempts: number of the latest one.
        waited: seconds for which its attempts waited for their quota.
        backed_off: seconds between a failed attempt and the next one.
        failed_at: time of the latest failure.
    """

    operation: Operation
    request: Request
    limiter: Limiter | None
    max_wait: float | None
    guard: Guard | None
    in_flight: InFlightCall
    watch: "CallWatch | None" = None
    refused: Response | None = None
    attempts: int = 1
    waited: float = 0.0
    backed_off: float = 0.0
    failed_at: float = 0.0

    def fail(self, error: MIError, now: float) -> None:
        """Record the failure of an attempt."""
        self.in_flight.fail(error)
        self.failed_at = now

    def begin_again(self, number: int, now: float) -> None:
        """Record that another attempt begins."""
        self.attempts = number
        self.backed_off += now - self.failed_at

    def retry(
        self, retries: Retries, first: MIError, attempt: Callable[[int], Awaitable[T]]
    ) -> Coroutine[object, object, T]:
        """Make further attempts after a first failure, as ``Retries.call`` does."""
        return retries.call(
            first,
            attempt,
            name=self.operation.id,
            repeat=self.operation.repeat,
            deadline=self.in_flight.deadline,
            paced=self.limiter is not None,
            waiting=self.waiting,
        )

    def end(self, begun: float, clock: Clock) -> None:
        """Log what took the time of a call that succeeded, if that was long."""
        if _log.isEnabledFor(logging.DEBUG) and (took := clock.monotonic() - begun) >= SLOW:
            rest = took - self.waited - self.backed_off
            attempts = "1 attempt" if self.attempts == 1 else f"{self.attempts} attempts"
            line = "%s: took %.1f s: quota %.1f, back-off %.1f, service %.1f; %s"
            _log.debug(line, self.operation.id, took, self.waited, self.backed_off, rest, attempts)

    def take_refused(self) -> Sequence[Response]:
        """Return the last answer that was none to be used, if there is one, and forget it."""
        refused, self.refused = self.refused, None
        return () if refused is None else (refused,)

    @property
    def waiting(self) -> Waiting | None:
        """Function that tells hooks of the wait before another attempt; None without hooks."""
        return None if self.watch is None else partial(self._tell, self.watch)

    async def _tell(self, watch: "CallWatch", seconds: float) -> None:
        # After a 429 the limiter waits, not we: for the end of its pause, and then for a slot.
        slot = 0.0 if self.limiter is None else self.limiter.state().next_free
        await watch.tell(max(seconds, slot))

    def unsent(self, error: MIError) -> MIError:
        """Return the error of an attempt that was not sent, since the deadline passes before it has its quota."""
        may_have_acted = self.in_flight.may_have_acted
        if isinstance(error, QuotaStoreError) and (error.permanent or not may_have_acted):
            return error
        message = f"the deadline of the call would pass while it waits for quota: {error}"
        late = DeadlineExceededError(message)
        late.ambiguous = may_have_acted
        late.retry_after = error.wait if isinstance(error, QuotaWaitError) else None
        late.__cause__ = error
        return late
