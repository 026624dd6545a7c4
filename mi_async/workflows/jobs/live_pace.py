"""Pace of a queue as it is at the moment: the part of this session of what all ask at together."""

from attrs import frozen

from mi_async._core.shared_pace import SharedPace


@frozen
class LivePace:
    """Pace of a queue of the poller.

    Attributes:
        name: of the queue.
        whole: requests a second, of all sessions that share the pace.
        shared: the part of this session.
    """

    name: str
    whole: float
    shared: SharedPace

    @property
    def rate(self) -> float:
        """Requests a second of this session."""
        return self.whole * self.shared.part
