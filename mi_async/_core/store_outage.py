"""Outage of a quota store, as one limiter sees it.

Invariant: decides only by the last failure, the time of the first, and whether the store was ever seen.
"""

import logging

from attrs import define, field

from mi_async._core.operation import Quota
from mi_async._core.quota_store import OnLoss
from mi_async.errors import QuotaStoreError

_log = logging.getLogger(__name__)

AWAY = 5.0
"""Real seconds after which ``on_loss="share"`` goes on without the store."""


def _in_words(error: Exception) -> str:
    if isinstance(error, QuotaStoreError):
        return str(error)
    if isinstance(error, TimeoutError):
        return "the quota store did not answer in time"
    return f"the quota store failed: {type(error).__name__}"


@define(eq=False)
class StoreOutage:
    """The outage that lasts, or none; times are in real seconds.

    Args:
        operation: ID of the operation, for the log.
        on_loss: behaviour while the store does not answer.
    """

    operation: str
    on_loss: OnLoss
    _error: QuotaStoreError | None = field(init=False, default=None)  # None iff the last exchange was answered
    _since: float = field(init=False, default=0.0)
    _alone: bool = field(init=False, default=False)  # True once it was logged that this process goes on alone

    def __bool__(self) -> bool:
        """Return True while the store is away."""
        return self._error is not None

    def begin(self, error: Exception, now: float) -> None:
        """Record a failure of an exchange."""
        words = _in_words(error)
        if self._error is None:
            self._since = now
            _log.warning("%s: %s", self.operation, words)
        if not isinstance(error, QuotaStoreError):
            cause, error = error, QuotaStoreError(words)
            error.__cause__ = cause
        self._error = error

    def end(self) -> None:
        """Record an answer."""
        if self._error is not None:
            over = ", this process goes on alone no longer" if self._alone else ""
            _log.warning("%s: the quota store answers again%s", self.operation, over)
            self._error, self._alone = None, False

    def go_alone(self, share: Quota, quota: Quota) -> None:
        """Log, once in an outage, that this process goes on with a share of the quota."""
        if not self._alone:
            self._alone = True
            words = f"{share.calls} of {quota.calls} calls in {quota.period:g} s"
            _log.warning("%s: the quota store is away, going on alone with %s", self.operation, words)

    @property
    def retries_idle(self) -> bool:
        """True if the store is tried again though nobody waits: to end the use of a share soon."""
        return self.on_loss == "share" and not self._permanent

    def goes_alone(self, now: float, *, seen: bool) -> bool:
        """Return True if this process goes on with a share; one that has never ``seen`` the store has none."""
        return seen and self._lasts_for_share(now) and not self._permanent

    def is_hopeless(self, now: float, *, seen: bool) -> bool:
        """Return True if waiting callers are to fail at once."""
        return self._permanent or (not seen and self._lasts_for_share(now))

    def _lasts_for_share(self, now: float) -> bool:
        return self.on_loss == "share" and self._error is not None and now - self._since >= AWAY

    @property
    def _permanent(self) -> bool:
        return self._error is not None and self._error.permanent

    def failure(self) -> QuotaStoreError | None:
        """Return the error for one caller, None while the store is there: each has a traceback of its own."""
        if self._error is None:
            return None
        error = QuotaStoreError(str(self._error), permanent=self._error.permanent)
        error.__cause__ = self._error.__cause__
        return error
