"""When an upload is checked for completion.

Law: a value. The time between two checks grows with the age of the upload, so that one that never finishes costs a
handful of checks; while there are permits to spare they are shared out, so that what is done is soon known to be.
"""

from attrs import frozen


@frozen
class Schedule:
    """When an upload is checked.

    Args:
        first: seconds from the end of the PUT to the first check.
        factor: the age at the next check is the age at this one times this.
        timeout: seconds after which an upload that is still not there is parked.
        least: seconds; checks of one upload are never closer together.
        eager: the factor, at least, while there are permits to spare.
    """

    first: float = 0.3
    factor: float = 1.4
    timeout: float = 600.0
    least: float = 0.04
    eager: float = 1.02

    def delay(self, age: float, turn: float) -> float:
        """Seconds from a check at this age (0 for the end of the PUT) to the next.

        Args:
            age: seconds since the end of the PUT.
            turn: seconds in which the quota has a permit for each upload that waits; infinity for none to spare.
        """
        spare = max(self.least, age * (self.eager - 1.0), turn)
        return min(max(self.first, age * (self.factor - 1.0)), spare)
