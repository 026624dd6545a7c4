"""Estimate of a wait for a quota: the line goes through the pace and the slots, one caller after the other.

Pure. Invariant: exact where no call is in flight and no other comes; a call in flight is taken to end now, since nobody
knows when it does, so that a wait that ends on it may be longer by what the service takes.
"""

from collections.abc import Callable, Iterable

from mi_async._core.operation import Quota

HALVINGS = 24
"""Steps by which the level of a pacer is found: to a ten millionth of its burst."""


def level_of(burst: int, has_room: Callable[[float], bool]) -> float:
    """Return the level of a leaky bucket, of which only is told whether an amount has room in it."""
    most, least = float(burst), 0.0
    for _ in range(HALVINGS):
        middle = (most + least) / 2
        if has_room(burst - middle):
            most = middle
        else:
            least = middle
    return most if most > burst / 2**HALVINGS else 0.0


def longest_wait(quota: Quota, *, ahead: int, paused: float, held: float) -> float:
    """Return seconds within which a newcomer surely has its turn: no shorter than ``expected_wait``, and at no cost.

    Nothing holds the line once the pause is over and every slot is free: it then moves by one caller a step.

    Args:
        quota: the limit.
        ahead: callers that wait already.
        paused: seconds for which no slot can be taken.
        held: seconds until the last slot that is taken now comes free.
    """
    return max(paused, held) + (ahead + 2) * quota.period / quota.calls


def expected_wait(
    quota: Quota, burst: int, level: float, *, ahead: int, paid: bool, paused: float, slots: Iterable[float]
) -> float:
    """Return the seconds until a newcomer has its turn.

    Args:
        quota: the limit.
        burst: calls that the pacer lets through at once.
        level: of the pacer, now.
        ahead: callers that wait already.
        paid: True if the first of them has passed the pacer and waits for its slot only.
        paused: seconds for which no slot can be taken.
        slots: seconds until each slot that is taken now comes free; the others are free.
    """
    step, now, checked = quota.period / quota.calls, 0.0, 0.0
    held = sorted(slots)
    turns = [0.0] * max(quota.calls - len(held), 0) + held  # when the n-th from now can take a slot
    # A line of several periods moves by a quota each period, once the first two have spread it out.
    whole = max(0, ahead // quota.calls - 1)
    for place in range(ahead - whole * quota.calls + 1):
        if place or not paid:
            level = max(0.0, level - (now - checked) / step)
            wait = max(0.0, level + 1 - burst) * step
            now, level = now + wait, level + 1 - wait / step
            checked = now
        now = max(now, paused, turns[place])
        turns.append(now + quota.period)
    return now + whole * quota.period
