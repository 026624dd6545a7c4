"""Request log of a server: arrivals, answers and refusals per operation.

Invariant: eight bytes per request, so that a run of a million can be asserted about.
"""

from array import array
from collections import Counter, defaultdict

from attrs import Factory, define


def _times() -> "array[float]":
    return array("d")


@define(eq=False)
class RequestLog:
    """The requests that a server saw; an operation is named by its ID, uploads are ``storage.put``,
    downloads ``storage.get``.

    Attributes:
        arrivals: arrival times of every request, in seconds of the server's clock.
        answers: how often each HTTP status was decided on, by operation and status; a fault may have eaten the answer.
        throttled: requests refused because a quota was used up (injected 429s are not among them).
    """

    arrivals: "defaultdict[str, array[float]]" = Factory(lambda: defaultdict(_times))
    answers: Counter[tuple[str, int]] = Factory(Counter)
    throttled: Counter[str] = Factory(Counter)

    def count(self, operation: str) -> int:
        """Count the requests of an operation, the refused ones included."""
        return len(self.arrivals[operation])

    def peak(self, operation: str, period: float) -> int:
        """Return the most arrivals of an operation in any window of ``period`` seconds."""
        times, start, most = self.arrivals[operation], 0, 0
        for end, time in enumerate(times):
            while time >= times[start] + period:
                start += 1
            most = max(most, end - start + 1)
        return most
