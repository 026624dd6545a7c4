"""Quota stores: what a session needs of the place where many processes keep one quota.

Invariant: imports no client of any store; what is said to a store and what it answers are numbers.
"""

import math
import os
import platform
import secrets
from collections.abc import Sequence
from typing import Literal, Protocol, Self, runtime_checkable

from attrs import frozen

OnLoss = Literal["wait", "share"]
"""Behaviour while a store does not answer: wait for it, or go on with a careful share of the quota."""

MICRO = 1_000_000


def new_holder() -> str:
    """Return a name that no other limiter has; it begins with machine and process, for people who look into a store."""
    return f"{platform.node()[:40]}:{os.getpid()}:{secrets.token_hex(6)}"


@frozen
class Exchange:
    """One exchange with a store: all that a process gives back, uses and wants of one quota; real seconds.

    Attributes:
        holder: name of the limiter, unlike any other.
        sequence: number of the exchange, from 1; a store passes over one that comes late or twice.
        calls: of the quota, in ``period`` seconds.
        period: see calls.
        burst: calls that may go at once.
        lapse: after as many seconds of silence the holder counts as dead.
        transit: after as many seconds a request that was given up cannot arrive any more.
        in_use: permits that the holder knows of; those beyond are given back.
        wanted: callers that wait.
        pause: seconds for which a 429 holds everybody back, 0 for none.
        ended: of each call that ended: its age, and for how long it had its permit; the oldest first.
        tickets: of earlier exchanges.
    """

    holder: str
    sequence: int
    calls: int
    period: float
    burst: int
    lapse: float
    transit: float
    in_use: int
    wanted: int
    pause: float
    ended: Sequence[tuple[float, float]]
    tickets: Sequence[int]

    def arguments(self) -> list[str | int]:
        """Return the arguments of the script, times in microseconds."""
        times = [_micro(seconds) for pair in self.ended for seconds in pair]
        return [
            self.holder,
            self.sequence,
            self.calls,
            _micro(self.period),
            self.burst,
            _micro(self.lapse),
            _micro(self.transit),
            self.in_use,
            self.wanted,
            _micro(self.pause),
            len(self.ended),
            *times,
            *self.tickets,
        ]


def _micro(seconds: float) -> int:
    return round(seconds * MICRO)


@frozen
class Granted:
    """Answer of a store; real seconds.

    Attributes:
        permits: calls that may go now.
        retry: seconds until asking again is worth it, None where nobody of this holder waits any more.
        first: seconds until the first ticket may be granted, by estimate.
        holders: processes that use the quota or wait for it.
        free: slots that nobody holds.
        refused: how many 429 were met, by all.
        paused: seconds for which everybody is held back.
        now: time of the store in microseconds, to read the tickets by.
        tickets: times of the store, in microseconds, at which further calls have their turn.
    """

    permits: int
    retry: float | None
    first: float
    holders: int
    free: int
    refused: int
    paused: float
    now: int
    tickets: Sequence[int]

    @classmethod
    def read(cls, answer: Sequence[int | bytes | str]) -> Self:
        """Read the answer of the script."""
        permits, retry, first, holders, free, refused, paused, now, *tickets = map(int, answer)
        wait = None if retry < 0 else retry / MICRO
        return cls(permits, wait, first / MICRO, max(1, holders), free, refused, paused / MICRO, now, tickets)

    def turn(self, place: int, step: float) -> float:
        """Return the seconds from the answer to the turn of a place in the line of this process.

        Args:
            place: from 0.
            step: seconds of the quota for a call.

        Returns:
            minus infinity where no ticket tells.
        """
        if not self.tickets:
            return -math.inf
        known = min(place, len(self.tickets) - 1)
        beyond = (place - known) * step * self.holders  # the store goes round the processes
        return max((self.tickets[known] - self.now) / MICRO, self.first, self.paused) + beyond


class StoreConnection(Protocol):
    """A connection to a quota store, of one session in one event loop."""

    async def exchange(self, quota: str, exchange: Exchange) -> Granted:
        """Make one exchange with a quota.

        Raises:
            QuotaStoreError: the store did not answer, or with an error; the exchange may have had its effect.
        """
        ...

    async def present(self, pace: str, holder: str, seconds: float) -> int:
        """Register a holder at a shared pace for some seconds, 0 to leave; return the number of holders.

        Raises:
            QuotaStoreError: the store did not answer, or with an error.
        """
        ...

    async def aclose(self) -> None:
        """Close what was opened; must not raise."""
        ...


@runtime_checkable
class QuotaStore(Protocol):
    """A place where many processes keep one quota, as :func:`mi_async.connect` takes it.

    Attributes:
        account: name of the account whose quotas these are; None for that of the access key.
        on_loss: behaviour while the store does not answer.
    """

    @property
    def account(self) -> str | None:
        """Name of the account whose quotas these are; None for that of the access key."""
        ...

    @property
    def on_loss(self) -> OnLoss:
        """Behaviour while the store does not answer."""
        ...

    def open(self, tag: str) -> StoreConnection:
        """Make a connection for a session; nothing is sent yet.

        Args:
            tag: tells accounts and services apart; part of the name of a quota.
        """
        ...
