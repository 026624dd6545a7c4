"""Whether and when to repeat a failed attempt.

Invariant: the only tenacity import; tenacity is entered after a first failure only (it costs a fifth of a raw call),
and none of its types leave this file. Time, sleep and randomness are arguments.
"""

import importlib
import random
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define, field, frozen

from mi_async._core.clock import Clock
from mi_async._core.operation import Repeat
from mi_async.errors import (
    APIError,
    AuthenticationError,
    ConfigError,
    ConflictError,
    ConnectError,
    DeadlineExceededError,
    MIError,
    NotFoundError,
    QuotaError,
    ResponseError,
    TransportError,
)

if TYPE_CHECKING:
    from tenacity import RetryCallState

T = TypeVar("T")

THROTTLED = 429


@frozen
class RetryPolicy:
    """How failed attempts are repeated.

    Args:
        max_attempts: sends at most, from 1; 1 means that nothing is ever repeated. A 429 on an operation with a
            quota is a wait and not an attempt.
        base: seconds; the first back-off is between 0 and this, each further one up to twice as long.
        cap: seconds; no back-off is longer.
        retry_after_ceiling: seconds; an answer that asks for a longer wait fails at once.
        random: source of jitter, uniform in [0, 1).
    """

    max_attempts: int = 5
    base: float = 0.25
    cap: float = 20.0
    retry_after_ceiling: float = 120.0
    random: Callable[[], float] = field(default=random.random, repr=False)

    def __attrs_post_init__(self) -> None:
        """Refuse what cannot work."""
        if self.max_attempts < 1 or self.base < 0 or self.cap < 0 or self.retry_after_ceiling < 0:
            message = f"a retry policy needs max_attempts >= 1 and no negative time: {self}"
            raise ConfigError(message)

    def backoff(self, failures: int) -> float:
        """Seconds to wait after the n-th failure: exponential with full jitter."""
        return self.random() * min(self.cap, self.base * 2.0 ** min(failures - 1, 60))


@define(eq=False)
class RetryBudget:
    """Stops a storm: a repeat costs tokens, and only success earns them back.

    A repeat that succeeds gives back what it cost; a first attempt that succeeds earns one token.
    """

    capacity: float = 500.0
    cost: float = 5.0
    tokens: float = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Start full."""
        self.tokens = self.capacity

    def spend(self) -> bool:
        """Take the price of one repeat; False when there is not enough."""
        if self.tokens < self.cost:
            return False
        self.tokens -= self.cost
        return True

    def earn(self, tokens: float = 1.0) -> None:
        """Give back after a success."""
        if self.tokens < self.capacity:
            self.tokens = min(self.capacity, self.tokens + tokens)


def retryable(error: BaseException, repeat: Repeat) -> bool:
    """Whether a repeat can help and cannot harm; pure.

    What surely did not reach the service (connect, 429) is repeated always. What may have had its effect is repeated
    where that is harmless (SAFE) or refused (CONFLICTS). An authentication failure is repeated once, after the
    clock offset that explains it was learnt. Nothing else is.
    """
    match error:
        case TransportError(permanent=True) | ResponseError(path=str()):
            return False  # the latter arrived whole, and would only arrive the same again
        case ConnectError():
            return True
        case APIError(status=429):
            return True
        case AuthenticationError(clock_corrected=True):
            return True
        case MIError(ambiguous=True):
            return repeat is not Repeat.DUPLICATES and not isinstance(error, DeadlineExceededError)
        case _:
            return False


def prepare_retries() -> None:
    """Import what the first failure needs: out of file descriptors, an import fails with a bare OSError."""
    importlib.import_module("tenacity")  # a tenth of our import, and only a session needs it


@define(eq=False)
class Persistence:
    """The repeats of one call, from its first failure on.

    Args:
        policy: the limits.
        repeat: what the operation declares.
        budget: the session's.
        clock: for sleeping and the deadline.
        deadline: on the clock, infinity for none.
        paced: whether the operation has a quota, whose pause after a 429 the limiter keeps.
    """

    policy: RetryPolicy
    repeat: Repeat
    budget: RetryBudget
    clock: Clock
    deadline: float
    paced: bool
    _failures: int = field(init=False, default=0)
    _ambiguous: bool = field(init=False, default=False)
    _out_of_time: bool = field(init=False, default=False)

    async def run(self, first: MIError, attempt: Callable[[int], Awaitable[T]]) -> T:
        """Repeat ``attempt(number)`` until it succeeds or the policy says stop; the last error is raised as it is."""
        number = 0

        async def once() -> T:
            nonlocal number
            number += 1
            if number == 1:
                raise first
            try:
                result = await attempt(number)
            except ConflictError as error:
                error.possibly_created = self._ambiguous
                raise
            except NotFoundError as error:
                error.possibly_deleted = self._ambiguous
                raise
            self.budget.earn(self.budget.cost)
            return result

        from tenacity import AsyncRetrying  # noqa: PLC0415  see prepare_retries

        retrying = AsyncRetrying(
            retry=self._again, wait=self._wait, stop=self._stop, sleep=self.clock.sleep, reraise=True
        )
        try:
            return await retrying(once)
        except MIError as error:
            if self._out_of_time:
                message = f"no success before the deadline, after {number} attempts; the last failure: {error}"
                raise DeadlineExceededError(message) from error
            raise

    def _again(self, state: "RetryCallState") -> bool:
        error = _error(state)
        if error is None or not retryable(error, self.repeat):
            return False
        self._ambiguous = self._ambiguous or getattr(error, "ambiguous", False)
        self._failures += not self._waits_in_limiter(error)
        return True

    def _wait(self, state: "RetryCallState") -> float:
        error = _error(state)
        if self._waits_in_limiter(error) or isinstance(error, AuthenticationError):
            return 0.0
        asked = error.retry_after if isinstance(error, APIError) else None
        return self.policy.backoff(self._failures) if asked is None else asked

    def _stop(self, state: "RetryCallState") -> bool:
        error = _error(state)
        if self._failures >= self.policy.max_attempts or self.policy.max_attempts == 1:
            return True
        if isinstance(error, APIError) and (error.retry_after or 0.0) > self.policy.retry_after_ceiling:
            return True
        self._out_of_time = self.clock.monotonic() + state.upcoming_sleep >= self.deadline
        return self._out_of_time or not (self._waits_in_limiter(error) or self.budget.spend())

    def _waits_in_limiter(self, error: Any) -> bool:
        return self.paced and isinstance(error, QuotaError) and error.status == THROTTLED


def _error(state: "RetryCallState") -> BaseException | None:
    return None if state.outcome is None else state.outcome.exception()
