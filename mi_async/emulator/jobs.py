"""Work that takes time: waiting, running, over.

Invariant: a job is where the clock says it is; nothing has to run for it to go on, so a server of a million jobs is
idle.
"""

from enum import Enum, auto

from attrs import define


class Phase(Enum):
    """Phase of a job."""

    WAITING = auto()
    RUNNING = auto()
    COMPLETED = auto()
    FAILED = auto()
    CANCELLED = auto()


ACTIVE = frozenset({Phase.WAITING, Phase.RUNNING})
"""Phases that a job leaves by itself, and in which it can be cancelled."""


@define(eq=False)
class EmulatedJob:
    """One piece of work. Times are seconds of the server's clock.

    Attributes:
        starts: when it stops waiting.
        ends: when it is over.
        fails: whether it then has failed.
        cancelled: whether it was cancelled before.
    """

    starts: float
    ends: float
    fails: bool = False
    cancelled: bool = False

    def phase(self, now: float) -> Phase:
        """Return the phase at ``now``."""
        if self.cancelled:
            return Phase.CANCELLED
        if now < self.ends:
            return Phase.WAITING if now < self.starts else Phase.RUNNING
        return Phase.FAILED if self.fails else Phase.COMPLETED

    def active(self, now: float) -> bool:
        """Return True if it is neither over nor cancelled at ``now``."""
        return self.phase(now) in ACTIVE
