"""When something is asked about again: intervals that grow geometrically with its age.

Invariant: pure; the one schedule of completion checks and of jobs.
"""

from attrs import frozen

from mi_async._core.values import Value
from mi_async.errors import ConfigError


@frozen(eq=False, repr=False)
class Polling(Value):
    """Schedule of checks, geometric in the age of what is checked.

    Args:
        first: seconds from the beginning to the first check.
        factor: the age at the next check is the age at this one times this.
        longest: seconds; checks are never further apart.
        timeout: seconds after which the wait ends: an upload that is still not there has failed.
    """

    first: float = 0.3
    factor: float = 1.4
    longest: float = 15.0
    timeout: float = 180.0

    def __attrs_post_init__(self) -> None:
        """Refuse what cannot work."""
        if not (self.first > 0 and self.factor > 1 and self.longest > 0 and self.timeout > 0):
            message = f"polling needs first, longest and timeout above 0 and a factor above 1: {self}"
            raise ConfigError(message)

    def delay(self, age: float) -> float:
        """Return the seconds until the next check of something of this age."""
        return self.first if age < self.first else min(self.longest, age * (self.factor - 1))
