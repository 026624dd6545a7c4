"""Failed attempts: which are worth another one, and the lines that are logged of them.

Invariant: pure.
"""

from mi_async._core.operation import Repeat
from mi_async.errors import (
    APIError,
    AuthenticationError,
    ConnectError,
    DeadlineExceededError,
    MIError,
    ResponseError,
    TransportError,
    UploadFailedError,
)
from mi_async.text import clock_difference, escaped


def retryable(error: BaseException, repeat: Repeat) -> bool:
    """Return True if a retry can help and cannot harm; pure.

    What surely did not reach the service (connect, 429) is always retried. What may have had its effect is retried
    where that is harmless (SAFE) or refused (CONFLICTS). An authentication failure is retried once, after the
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


def retry_line(name: str, number: int, attempts: int, error: MIError, seconds: float | None) -> str:
    """Return the line that is logged of a retry.

    Args:
        name: ID of the operation, or what the step is called.
        number: of the attempt that failed.
        attempts: that the policy allows; not shown where it goes on all the same.
        error: its failure.
        seconds: to the next attempt; None where the quota says when.
    """
    of = f" of {attempts}" if number < attempts else ""
    reason, traced = type(error).__name__, ""
    if isinstance(error, APIError):
        reason = str(error.status)
        traced = f", request ID {escaped(error.request_id, 100)}" if error.request_id else ""
    elif isinstance(error, UploadFailedError):
        reason = escaped(error.reason, 100)
    when = "when its quota allows" if seconds is None else f"in {seconds:.1f} s"
    return f"{name}: attempt {number}{of} failed ({reason}), again {when}{traced}"


def correction_line(offset: float) -> str:
    """Return the line that is logged when the clock of the service is learnt, seconds ahead of this machine's."""
    return f"{clock_difference(offset)}; requests are signed by the service's"


def wait_asked(error: BaseException | None) -> float | None:
    """Return the seconds that an answer asked to wait; None where it did not."""
    return error.retry_after if isinstance(error, APIError | UploadFailedError) else None


def too_late(error: MIError, left: float, attempts: int) -> DeadlineExceededError:
    """Return the error of a call whose next attempt would come after its deadline.

    Args:
        error: its last failure.
        left: seconds until the deadline.
        attempts: how many were made.
    """
    asked = wait_asked(error)
    why = "no success before the deadline"
    if asked is not None and asked >= left:
        why = f"the service asks to wait {asked:g} s, longer than the {left:.3g} s that are left"
    made = f"after {attempts} attempt{'' if attempts == 1 else 's'}"
    late = DeadlineExceededError(f"{why}, {made}; the last failure: {error}")
    late.retry_after = asked
    return late
