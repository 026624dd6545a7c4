"""Retry window of an upload: how long it keeps trying a storage that is busy or does not answer.

Invariant: measured from the last success, so that an upload of hours outlives an outage of minutes, and a storage that
has never answered is given up after the policy's few attempts. One rule for a single upload and for a bulk run.
"""

import logging
import math
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from attrs import define, field

from mi_async._core.clock import Clock
from mi_async._core.failed_attempt import retry_line, retryable
from mi_async._core.operation import Repeat
from mi_async._core.retry import RetryPolicy
from mi_async.errors import MIError

if TYPE_CHECKING:
    from mi_async.storage.watched_requests import WatchedRequests

_log = logging.getLogger(__name__)
T = TypeVar("T")

PATIENCE = 600.0
"""Seconds since the last success of an upload for which it waits."""

Failed = Callable[[BaseException], None]
"""Is told of an attempt that has failed."""


@define(eq=False)
class RetryWindow:
    """Retries the calls of one upload, or of a session's other calls.

    Attributes:
        policy: how failed attempts are retried.
        clock: the time.
        seconds: that are waited from the last success on; 0 leaves it to the policy.
        watched: tells hooks of the calls; None without hooks.
    """

    policy: RetryPolicy
    clock: Clock
    seconds: float = 0.0
    watched: "WatchedRequests | None" = None
    _succeeded: float = field(init=False, default=-math.inf)  # on the clock

    async def persist(self, what: str, attempt: Callable[[int], Awaitable[T]], failed: Failed | None = None) -> T:
        """Try, and again after a failure that may mend itself; ``attempt`` is given the number of failures so far."""
        if self.watched is None:
            return await self._persist(what, attempt, failed, None)
        async with self.watched.call(what) as watch:
            return await self._persist(what, attempt, failed, watch.tell)

    async def _persist(
        self,
        what: str,
        attempt: Callable[[int], Awaitable[T]],
        failed: Failed | None,
        waiting: Callable[[float], Awaitable[None]] | None,
    ) -> T:
        failures = 0
        while True:
            try:
                result = await attempt(failures)
            except MIError as error:
                failures += 1
                if failed is not None:
                    failed(error)
                if not self._goes_on(error, failures):
                    raise
                seconds = self.policy.backoff(failures)
                self._log(what, failures, error, seconds)
                if waiting is not None:
                    await waiting(seconds)
                await self.clock.sleep(seconds)
            else:
                self._succeeded = self.clock.monotonic()
                return result

    def _goes_on(self, error: MIError, failures: int) -> bool:
        if self.policy.max_attempts == 1 or not retryable(error, Repeat.SAFE):
            return False
        waited = self.clock.monotonic() - self._succeeded
        return failures < self.policy.max_attempts or waited < self.seconds

    def _log(self, what: str, failures: int, error: MIError, seconds: float) -> None:
        """Log once aloud, and with the reason, that a storage is waited for, and each further attempt quietly."""
        line = retry_line(f"storage.{what}", failures, self.policy.max_attempts, error, seconds)
        if failures == self.policy.max_attempts:
            _log.warning("%s: %s", line, error)
        else:
            _log.info("%s", line)
