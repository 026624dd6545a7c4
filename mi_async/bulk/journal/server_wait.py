"""Waiting for a server that does not answer: longer each time, until the patience is at its end.

Invariant: of one thread; another one may say that there is no time left.
"""

import logging
import threading

from attrs import define, field

from mi_async._core.clock import Clock

_log = logging.getLogger(__name__)

FIRST, FACTOR, LATEST = 0.1, 2.0, 5.0
"""Seconds before the first attempt to connect again, their growth, and the most between two attempts."""
SILENT = 60.0
"""Seconds for which a server may say nothing in the middle of a request, at least: it may wait for a lock."""
LONGEST_SILENCE = 600.0
"""Seconds for which it may say nothing outside of a run, as while it changes all rows of a journal at once."""
CLOSING = 5.0
"""Seconds to wait for the server when the run is ending."""


@define
class SilenceLimit:
    """Limit to the time for which a server may say nothing in the middle of a request.

    Attributes:
        clock: of the run.
        longest: real seconds.
        hurry: set when the run is ending: then it is a few seconds.
    """

    clock: Clock = field(factory=Clock)
    longest: float = LONGEST_SILENCE
    hurry: threading.Event = field(factory=threading.Event)

    def is_over(self, since: float) -> bool:
        """Return True if it has said nothing for too long, since a moment of the clock's steady time."""
        return self.clock.steady() - since > (min(CLOSING, self.longest) if self.hurry.is_set() else self.longest)


@define
class ServerWait:
    """One wait for a server.

    Attributes:
        clock: of the run.
        patience: seconds of the clock.
        hurry: set when the run is ending: then it takes a few seconds at most.
    """

    clock: Clock
    patience: float
    hurry: threading.Event
    _since: float = field(init=False)
    _delay: float = field(init=False, default=0.0)
    _ending: float | None = field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        """Begin."""
        self._since = self.clock.steady()

    def another(self, what: str) -> bool:
        """Wait, and return True for another attempt; False when the patience is at its end.

        Args:
            what: the failure, for the log.
        """
        if not self._delay:
            _log.warning("%s; waiting for it", what)
        self._delay = min(self._delay * FACTOR, LATEST) or FIRST
        now = self.clock.steady()
        if self.hurry.is_set() and self._ending is None:
            self._ending = now + CLOSING
        end = self._since + self.clock.real(self.patience)
        left = (end if self._ending is None else min(end, self._ending)) - now
        if left <= 0:
            return False
        # who hurries wakes this up once; after that it waits as long as it is told to
        (threading.Event() if self._ending is not None else self.hurry).wait(min(self._delay, left))
        return True
