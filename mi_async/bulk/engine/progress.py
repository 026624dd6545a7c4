"""Progress of a bulk run, as one frozen value.

Invariant: values only; seconds and minutes are those of the session's clock.
"""

from collections import Counter
from collections.abc import Mapping

from attrs import field, frozen

from mi_async.bulk.engine.outcome import Status
from mi_async.models import Serializable

QUIET = 10.0
"""Seconds without an end of an item, after which the rate so far says nothing about the rest."""
UNUSUAL = 3.0
"""The same in times of the usual seconds from one end to the next."""


def counter(counts: Mapping[Status, int]) -> Mapping[Status, int]:
    """Return counts that are 0 for a status without any."""
    return counts if isinstance(counts, Counter) else Counter(counts)


@frozen
class OldestUpload(Serializable):
    """The upload that has waited longest for the service to take it over.

    Attributes:
        image: its name in messages.
        key: the person's name or ID.
        age: seconds since it was stored.
        limit: seconds after which it is parked.
    """

    image: str
    key: str
    age: float
    limit: float


@frozen(kw_only=True)
class BulkProgress(Serializable):
    """A moment of a bulk run.

    Attributes:
        counts: items that have ended, by status; 0 for a status without any.
        open: items in flight.
        total: items of the input, None if unknown.
        pictures: images that the service has taken over; once the run has ended, as in its report.
        confirmed: completion checks that answered done: images that an earlier run had uploaded are among them.
        rate: the same per minute, over the last minute.
        ceiling: what the quota of the completion check allows per minute, None without a quota.
        checks: completion checks so far.
        pool: adaptive limit on uploads in flight; it follows the processing time.
        pending: uploads that wait for their completion, or media files that the service works at.
        sent: bytes of media files that this run has stored; None for a run over persons.
        bandwidth: the same per second, over the last minute.
        first: share of first checks that answered done, as a moving average.
        stages: waiting items by stage, in order.
        paused: seconds for which a 429 still holds the checks back.
        refused: 429 answers that the session has met.
        outage: seconds for which the service has not answered at all; 0 while it does.
        machine: seconds for which this machine has been out of a resource, such as file descriptors; 0 while it is not.
        elapsed: seconds since the start.
        quiet: seconds since the last item ended that had anything to do.
        oldest: the upload that has waited longest for its completion, None while none waits.
        waiting: parts of the input that other processes hold, while this one has nothing left to do; 0 otherwise.
        shared: True once others have taken parts of the input: ``total`` is theirs, too, and the rest is too.
        stopping: True once nothing more is admitted: the time that the rest would take is unknown then.
    """

    counts: Mapping[Status, int] = field(factory=Counter, converter=counter)
    open: int = 0
    total: int | None = None
    pictures: int = 0
    confirmed: int = 0
    rate: float = 0.0
    ceiling: float | None = None
    checks: int = 0
    pool: int = 0
    pending: int = 0
    first: float = 1.0
    stages: Mapping[str, int] = field(factory=dict)
    paused: float = 0.0
    refused: int = 0
    outage: float = 0.0
    machine: float = 0.0
    elapsed: float = 0.0
    quiet: float = 0.0
    oldest: OldestUpload | None = None
    waiting: int = 0
    shared: bool = False
    stopping: bool = False
    sent: int | None = None
    bandwidth: float = 0.0

    @property
    def ended(self) -> int:
        """Items that have ended."""
        return sum(self.counts.values())

    @property
    def useful(self) -> float:
        """Share of the completion checks that answered done; 1 before the first."""
        return self.confirmed / self.checks if self.checks else 1.0

    @property
    def is_quiet(self) -> bool:
        """True while no item has ended for unusually long; media files take hours, so the first sets the measure."""
        worked = self._worked
        if not worked and self.sent is not None:
            return False
        return self.quiet > max(QUIET, UNUSUAL * self.elapsed / worked if worked else 0.0)

    @property
    def eta(self) -> float | None:
        """Seconds until the end at the pace so far, None while that cannot be told, as while nothing ends."""
        worked = self._worked
        if self.total is None or not worked or self.shared or self.stopping or self.is_quiet:
            return None
        return max(0, self.total - self.ended) * self.elapsed / worked

    @property
    def _worked(self) -> int:
        return self.ended - self.counts.get(Status.SKIPPED, 0)
