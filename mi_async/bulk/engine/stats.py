"""Statistics of a run: ends of items, first and latest problems, completion checks, rates.

Invariant: of bounded size, whatever the length of the run.
"""

from collections import Counter, deque

from attrs import define, field

from mi_async._core.clock import Clock
from mi_async.bulk.engine.outcome import MOST_PROBLEMS, WELL, BulkOutcome, Status

LAST = 5
"""Items with problems that a live display shows."""
MINUTE = 60.0
SHORT = 10.0
"""Minimum elapsed seconds when computing rates; avoids a spike at the start."""


@define(eq=False)
class LastMinute:
    """Amounts of the last minute, by second."""

    _seconds: deque[list[int]] = field(init=False, factory=deque)  # the second and its amount

    def add(self, amount: int, elapsed: float) -> None:
        """Add an amount."""
        second = int(elapsed)
        if not self._seconds or self._seconds[-1][0] != second:
            self._seconds.append([second, 0])
            self._forget(elapsed)
        self._seconds[-1][1] += amount

    def rate(self, elapsed: float) -> float:
        """Return the amount per minute: of the last minute, or of a shorter run so far."""
        self._forget(elapsed)
        return sum(amount for _, amount in self._seconds) * MINUTE / min(MINUTE, max(SHORT, elapsed))

    def _forget(self, elapsed: float) -> None:
        while self._seconds and self._seconds[0][0] < elapsed - MINUTE:
            self._seconds.popleft()


@define(eq=False)
class RunStats:
    """Counts; made when the run begins.

    Attributes:
        clock: the session's.
        counts: items that have ended, by status.
        problems: the first items that did not go well, for the report.
        latest: the last ones, for displays.
        checks: completion checks.
        pictures: those of them that answered done.
        abandoned: uploads that were started over.
        sent: bytes of media files that have been stored.
        taken: True once a name was refused because somebody has it.
    """

    clock: Clock
    counts: Counter[Status] = field(init=False, factory=Counter)
    problems: list[BulkOutcome] = field(init=False, factory=list)
    latest: deque[BulkOutcome] = field(init=False, factory=lambda: deque(maxlen=LAST))
    checks: int = field(init=False, default=0)
    pictures: int = field(init=False, default=0)
    abandoned: int = field(init=False, default=0)
    taken: bool = field(init=False, default=False)
    _started: float = field(init=False)
    _last: float = field(init=False)  # when an item ended that had anything to do
    sent: int = field(init=False, default=0)
    _pictures: LastMinute = field(init=False, factory=LastMinute)
    _bytes: LastMinute = field(init=False, factory=LastMinute)

    def __attrs_post_init__(self) -> None:
        """Start the clock."""
        self._started = self._last = self.clock.monotonic()

    def outcome(self, outcome: BulkOutcome) -> None:
        """Count an item that has ended."""
        self.counts[outcome.status] += 1
        if outcome.status is not Status.SKIPPED:
            self._last = self.clock.monotonic()
        if outcome.status in WELL:
            return
        self.latest.append(outcome)
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(outcome)

    def check(self, *, done: bool) -> None:
        """Count a completion check."""
        self.checks += 1
        if not done:
            return
        self.pictures += 1
        self._pictures.add(1, self.elapsed)

    def landed(self, count: int) -> None:
        """Count bytes."""
        self.sent += count
        self._bytes.add(count, self.elapsed)

    @property
    def failures(self) -> int:
        """Items that ended badly."""
        return sum(number for status, number in self.counts.items() if status not in WELL)

    @property
    def elapsed(self) -> float:
        """Seconds since the run began."""
        return self.clock.monotonic() - self._started

    @property
    def quiet(self) -> float:
        """Seconds since the last item ended that had anything to do."""
        return self.clock.monotonic() - self._last

    def rate(self) -> float:
        """Return the images per minute: of the last minute, or of a shorter run so far."""
        return self._pictures.rate(self.elapsed)

    def bandwidth(self) -> float:
        """Return the bytes per second, likewise."""
        return self._bytes.rate(self.elapsed) / MINUTE
