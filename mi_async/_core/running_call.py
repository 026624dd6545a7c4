"""A running call: what all attempts of one call share.

Invariant: made once for each call; what differs between attempts is their number, which goes beside it.
"""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from attrs import define

from mi_async._core.http_messages import Request
from mi_async._core.inflight import InFlightCall
from mi_async._core.limits import Limiter
from mi_async._core.operation import Operation
from mi_async.errors import DeadlineExceededError, MIError, QuotaStoreError

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
    """

    operation: Operation
    request: Request
    limiter: Limiter | None
    max_wait: float | None
    guard: Guard | None
    in_flight: InFlightCall

    def unsent(self, error: MIError) -> MIError:
        """Return the error of an attempt that was not sent, since the deadline passes before it has its quota."""
        may_have_acted = self.in_flight.may_have_acted
        if isinstance(error, QuotaStoreError) and (error.permanent or not may_have_acted):
            return error
        message = f"the deadline of the call would pass while it waits for quota: {error}"
        late = DeadlineExceededError(message)
        late.ambiguous = may_have_acted
        late.__cause__ = error
        return late
