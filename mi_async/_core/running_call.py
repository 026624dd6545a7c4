"""A running call: what all attempts of one call share.

Invariant: made once for each call; what differs between attempts is their number, which goes beside it.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from attrs import define

from mi_async._core.http_messages import Request, Response
from mi_async._core.inflight import InFlightCall
from mi_async._core.limits import Limiter
from mi_async._core.operation import Operation
from mi_async._core.retry import Waiting
from mi_async.errors import DeadlineExceededError, MIError, QuotaStoreError, QuotaWaitError

if TYPE_CHECKING:
    from mi_async._core.hook_chain import CallWatch

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
    """

    operation: Operation
    request: Request
    limiter: Limiter | None
    max_wait: float | None
    guard: Guard | None
    in_flight: InFlightCall
    watch: "CallWatch | None" = None
    refused: Response | None = None

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
