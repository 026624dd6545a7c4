"""Schedule of the completion checks of an upload.

Invariant: a value. The time between two checks is that of the single call and grows with the age of the upload, so that
one that never finishes costs a handful of checks. While there are permits to spare, checks may be eager: as many as
completed uploads have earned, so that a small run costs what the single calls cost.
"""

import math

from attrs import frozen

from mi_async._core.polling import Polling


@frozen
class Schedule(Polling):
    """Schedule of completion checks.

    Args:
        first: seconds from the end of the PUT to the first check.
        factor: the age at the next check is the age at this one times this.
        longest: seconds; checks are never further apart.
        timeout: seconds after which an upload that is still not there is parked.
        least: seconds; checks of one upload are never closer together.
        eager: the factor, at least, while there are permits to spare.
        earned: eager checks that a completed upload allows.
        saved: earned checks that are kept at most.
    """

    longest: float = math.inf
    timeout: float = 600.0
    least: float = 0.04
    eager: float = 1.02
    earned: int = 8
    saved: int = 100

    def eager_delay(self, age: float, turn: float) -> float:
        """Return the seconds from a check at this age (0 for the end of the PUT) to the next, permits being to spare.

        Args:
            age: seconds since the end of the PUT.
            turn: seconds in which the quota has a permit for each upload that waits.
        """
        return min(self.delay(age), max(self.least, age * (self.eager - 1.0), turn))
