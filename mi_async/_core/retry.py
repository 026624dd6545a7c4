"""Retries: which failed attempts are sent again, when, and how often; the one place for calls, uploads and workflows.

Invariant: the only tenacity import; tenacity is entered after a first failure only (it costs a fifth of a raw call),
and none of its types leave this file. Time, sleep and randomness are arguments.
"""

import importlib
import logging
import math
import random
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

from attrs import define, field, frozen

from mi_async._core.clock import Clock
from mi_async._core.failed_attempt import retry_line, retryable, too_late, wait_asked
from mi_async._core.operation import Repeat
from mi_async._core.values import Value
from mi_async.errors import AuthenticationError, ConfigError, ConflictError, MIError, NotFoundError, QuotaError

if TYPE_CHECKING:
    from tenacity import RetryCallState

_log = logging.getLogger(__name__)
T = TypeVar("T")

THROTTLED = 429

Waiting: TypeAlias = Callable[[float], Awaitable[None]]
"""Is told, before each further attempt, of the seconds until it."""


@frozen(eq=False, repr=False)
class RetryPolicy(Value):
    """Limits and back-off of retries.

    Args:
        max_attempts: sends at most, from 1; 1 means that nothing is ever sent again. A 429 on an operation with a
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
    """Tokens that retries cost and success earns, so that a service in trouble does not meet a storm of retries.

    A retry that succeeds gives back what it cost; a first attempt that succeeds earns one token.
    """

    capacity: float = 500.0
    cost: float = 5.0
    tokens: float = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Start full."""
        self.tokens = self.capacity

    def spend(self) -> bool:
        """Take the price of one retry; return False if there is not enough."""
        if self.tokens < self.cost:
            return False
        self.tokens -= self.cost
        return True

    def earn(self, tokens: float = 1.0) -> None:
        """Give back after a success."""
        if self.tokens < self.capacity:
            self.tokens = min(self.capacity, self.tokens + tokens)


def prepare_retries() -> None:
    """Import what the first failure needs: out of file descriptors, an import fails with a bare OSError."""
    importlib.import_module("tenacity")  # a tenth of our import, and only a session needs it


@define(eq=False)
class _Attempts:
    """The retries of one call or step, from its first failure on.

    Attributes:
        retries: what the session shares.
        name: ID of the operation, or what the step is called.
        again: returns True if a failure is worth another attempt.
        deadline: on the clock; infinity for none.
        paced: True if the operation has a quota, whose pause after a 429 the limiter keeps.
        least: seconds; no wait is shorter, not even one that an answer asks for.
        waiting: is told of the wait before each further attempt; None where nobody wants to know.
    """

    retries: "Retries"
    name: str
    again: Callable[[MIError], bool]
    deadline: float = math.inf
    paced: bool = False
    least: float = 0.0
    waiting: Waiting | None = None
    failures: int = field(init=False, default=0)
    ambiguous: bool = field(init=False, default=False)  # one of the failures was
    _left: float | None = field(init=False, default=None)  # of the time, when another attempt would have been too late
    _line: str = field(init=False, default="")  # to be logged before the next attempt

    async def run(self, first: MIError, attempt: Callable[[int], Awaitable[T]]) -> T:
        """Call ``attempt(number)``, from 2, until it succeeds or the policy says stop; the last error is raised."""
        number, begun_with = 1, [first]
        # An error and a frame of its traceback that names it would keep each other, and the body that was sent.
        del first

        async def once() -> T:
            nonlocal number
            if begun_with:
                raise begun_with.pop()
            number += 1
            result = await attempt(number)
            self.retries.budget.earn(self.retries.budget.cost)
            return result

        from tenacity import AsyncRetrying  # noqa: PLC0415  see prepare_retries

        retrying = AsyncRetrying(retry=self._again, wait=self._wait, stop=self._stop, sleep=self._sleep, reraise=True)
        try:
            return await retrying(once)
        except MIError as error:
            if self._left is None:
                raise
            raise too_late(error, self._left, number) from error

    async def _sleep(self, seconds: float) -> None:
        if self._line:
            _log.info("%s", self._line)
        if self.waiting is not None:
            await self.waiting(seconds)
        await self.retries.clock.sleep(seconds)

    def _wait(self, state: "RetryCallState") -> float:
        error, self._line = cast("MIError", _error(state)), ""  # no other is worth another attempt
        if isinstance(error, AuthenticationError):
            return 0.0  # the correction of a clock is logged where it is made
        if self._waits_in_limiter(error):
            self._line = retry_line(self.name, state.attempt_number, 0, error, None)
            return 0.0  # the limiter waits
        asked = wait_asked(error)
        seconds = max(self.least, self.retries.policy.backoff(self.failures) if asked is None else asked)
        self._line = retry_line(self.name, self.failures, self.retries.policy.max_attempts, error, seconds)
        return seconds

    def _again(self, state: "RetryCallState") -> bool:
        error = _error(state)
        if not isinstance(error, MIError) or not self.again(error):
            return False
        self.ambiguous = self.ambiguous or error.ambiguous
        self.failures += not self._waits_in_limiter(error)
        return True

    def _stop(self, state: "RetryCallState") -> bool:
        error, policy = _error(state), self.retries.policy
        if self.failures >= policy.max_attempts or policy.max_attempts == 1:
            return True
        if (wait_asked(error) or 0.0) > policy.retry_after_ceiling:
            return True
        left = self.deadline - self.retries.clock.monotonic()
        if state.upcoming_sleep >= left:
            self._left = max(left, 0.0)
            return True
        return not (self._waits_in_limiter(error) or self.retries.budget.spend())

    def _waits_in_limiter(self, error: Any) -> bool:
        return self.paced and isinstance(error, QuotaError) and error.status == THROTTLED


def _error(state: "RetryCallState") -> BaseException | None:
    return None if state.outcome is None else state.outcome.exception()


@frozen(eq=False, repr=False)
class Retries(Value):
    """The retries of a session: one policy, one budget, one clock.

    Attributes:
        policy: the limits.
        clock: for waiting and for deadlines.
        budget: shared by all calls and steps.
    """

    policy: RetryPolicy
    clock: Clock
    budget: RetryBudget = field(factory=RetryBudget)

    async def call(
        self,
        first: MIError,
        attempt: Callable[[int], Awaitable[T]],
        *,
        name: str,
        repeat: Repeat,
        deadline: float,
        paced: bool,
        waiting: Waiting | None = None,
    ) -> T:
        """Retry a call whose first attempt has failed; the last error is raised.

        Args:
            first: the failure.
            attempt: one more, given its number, from 2.
            name: ID of the operation.
            repeat: what the operation declares.
            deadline: on the clock; infinity for none.
            paced: True if the operation has a quota, whose pause after a 429 the limiter keeps.
            waiting: is told of the wait before each further attempt.
        """
        attempts = _Attempts(self, name, partial(retryable, repeat=repeat), deadline, paced, waiting=waiting)
        try:
            return await attempts.run(first, attempt)
        except ConflictError as error:
            error.possibly_created = attempts.ambiguous
            raise
        except NotFoundError as error:
            error.possibly_deleted = attempts.ambiguous
            raise

    async def look_first(
        self,
        attempt: Callable[[], Awaitable[T]],
        look: Callable[[], Awaitable[T | None]],
        *,
        name: str,
        again: Callable[[MIError], bool],
        renew: Callable[[MIError], Awaitable[None]] | None = None,
        least: float = 0.0,
    ) -> T:
        """Take a step that must not have its effect twice: after each ambiguous failure, look before another attempt.

        The last ambiguous failure is looked into as well. What ``look`` and ``renew`` raise ends the step: they are
        calls, with retries of their own.

        Args:
            attempt: one attempt.
            look: asks the service whether the failed attempt had its effect; returns the result, None for no effect.
            name: of the step, for the log.
            again: returns True if a failure is worth another attempt.
            renew: gets ready for another attempt after a failure; a failure of its own leads to none.
            least: seconds to wait at least before the service is asked: an effect may take a moment to show.
        """
        try:
            return await attempt()
        except MIError as error:
            latest = [error]

        async def next_attempt(_number: int) -> T:
            failure = latest[0]
            if failure.ambiguous and (found := await look()) is not None:
                return found
            if renew is not None:
                await renew(failure)
            try:
                return await attempt()
            except MIError as error:
                latest[0] = error
                raise

        attempts = _Attempts(self, name, lambda error: error is latest[0] and again(error), least=least)
        try:
            try:
                return await attempts.run(latest[0], next_attempt)
            except MIError as error:
                if error is not latest[0] or not error.ambiguous:
                    raise
            await self.clock.sleep(max(least, self.policy.backoff(attempts.failures)))
            if (found := await look()) is not None:
                return found
            raise latest[0]
        finally:
            latest.clear()
