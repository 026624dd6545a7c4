"""Settings of calls: what a call may be told, as one frozen value."""

from attrs import frozen

from mi_async._core.hooks import Hooks
from mi_async._core.retry import RetryPolicy
from mi_async._core.transport import Timeout
from mi_async._core.values import Value


@frozen(eq=False, repr=False)
class CallSettings(Value):
    """What a call may be told.

    Args:
        timeout: ``total`` is the deadline of a call.
        retry: when failed attempts are retried.
        hooks: run around each attempt.
        max_wait: seconds that a call may wait for quota; None for as long as its deadline.
    """

    timeout: Timeout
    retry: RetryPolicy
    hooks: Hooks
    max_wait: float | None
