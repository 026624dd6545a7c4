"""Durations of the jobs of one kind in this session, as the rate at which they end, by age.

Invariant: pure, and of bounded size however many jobs there are. A job that goes on counts as much as one that has
ended: the quick ones are seen first, and must not stand for all.
"""

import math
from bisect import bisect_right
from itertools import accumulate, pairwise
from typing import Self

from attrs import define, field, frozen

YOUNGEST = 0.01
"""The least age that is told from others, in seconds or in seconds for each ``UNIT`` of size."""
STEPS = 100
AGES = [YOUNGEST * 1.25**step for step in range(STEPS + 1)]
"""Ages between which the rate of ends is constant."""
WIDTHS = [end - begin for begin, end in pairwise(AGES)]
OLDEST = AGES[STEPS] * 0.999
UNIT = 1e8
"""Bytes by which ages are divided where the duration follows the size."""
PRIOR = 0.2
"""Ends expected while the age grows by its own length, of a job of which nothing is known."""
MEMORY = 500.0
"""Ends after which the older half of what was seen counts half: a service may become faster."""
SCORE = 0.999
"""Part of a score that is left after one more look."""


@frozen
class LastLook:
    """The last look at a job, which found it going on.

    Attributes:
        at: when it was, on the clock.
        began: since when the job runs, as far as looks tell; the look itself if it was waiting then.
        waiting: True if it had not begun to run.
        exact: False if the job may have begun long before: it was started by somebody else.
    """

    at: float
    began: float
    waiting: bool = False
    exact: bool = True

    @classmethod
    def resumed(cls, at: float, begun: float | None, *, waiting: bool) -> Self:
        """Return the last look of an earlier wait, at a job that we began, or that somebody else did."""
        begin = at if begun is None or waiting else begun
        return cls(at, begin, waiting=waiting, exact=waiting or begun is not None)

    @classmethod
    def after(cls, earlier: "LastLook | None", now: float, *, waiting: bool) -> Self:
        """Return the look at this moment."""
        if waiting:
            return cls(now, now, waiting=True)
        return cls(now, now, exact=False) if earlier is None else cls(now, earlier.began, exact=earlier.exact)


@define(eq=False)
class EndRates:
    """Ends in a unit of time, by age: a survival curve of constant rates between ages that grow geometrically."""

    _ends: list[float] = field(init=False, factory=lambda: [0.0] * STEPS)
    _times: list[float] = field(init=False, factory=lambda: [0.0] * STEPS)
    _curve: list[float] = field(init=False, factory=list)  # ends expected up to each age; empty after learning
    _total: float = field(init=False, default=0.0)

    def expected(self, begin: float, end: float) -> float:
        """Return the ends expected of one job between two ages; its chance to end is 1 - exp(-this)."""
        if not self._curve:
            rates = (self._rate(step) * width for step, width in enumerate(WIDTHS))
            self._curve = list(accumulate(rates, initial=0.0))
        begin, end = _reached(begin, end)
        return self._up_to(end) - self._up_to(begin)

    def learn(self, begin: float, end: float, *, ended: bool) -> None:
        """Take note that a job reached an age, or ended at an unknown moment before it."""
        begin, end = _reached(begin, end)
        for step in range(_step(begin), _step(end) + 1):
            time = min(end, AGES[step + 1]) - max(begin, AGES[step])
            self._times[step] += time / 2 if ended else time
            self._ends[step] += time / (end - begin) if ended else 0.0
        self._curve.clear()
        self._total += ended
        if self._total > MEMORY:
            self._total /= 2
            self._ends, self._times = ([each / 2 for each in table] for table in (self._ends, self._times))

    def _rate(self, step: int) -> float:
        width = WIDTHS[step]
        return (self._ends[step] + PRIOR * width / AGES[step]) / (self._times[step] + width)

    def _up_to(self, age: float) -> float:
        step = _step(age)
        return self._curve[step] + (age - AGES[step]) * self._rate(step)


@define(eq=False)
class Durations:
    """Durations of one kind of job, learned from every look at one.

    Three curves: by the age since it runs; by that age for each unit of its size, which is asked instead once it has
    foretold better; and by the time since a look that found the job waiting.
    """

    _by_age: EndRates = field(init=False, factory=EndRates)
    _by_size: EndRates = field(init=False, factory=EndRates)
    _waiting: EndRates = field(init=False, factory=EndRates)
    _score: float = field(init=False, default=0.0)  # log likelihood by size above that by age
    known: bool = field(init=False, default=False)  # True once an end was seen; before it a schedule knows as much

    def lateness(self, seen: LastLook, size: int | None, now: float) -> float:
        """Return the seconds by which an end would be noticed late in the mean, were the job asked about now.

        A job that goes on counts as not late.
        """
        elapsed = now - seen.at
        if elapsed <= 0.0:
            return 0.0
        if seen.waiting:
            ends = self._waiting.expected(0.0, elapsed)
        elif size and self._score > 0.0:
            ends = self._by_size.expected(*_ages(seen, now, size / UNIT))
        else:
            ends = self._by_age.expected(*_ages(seen, now))
        return elapsed * (1.0 + math.expm1(-ends) / ends)

    def learn(self, seen: LastLook, size: int | None, now: float, *, ended: bool) -> None:
        """Learn from a look that follows another one."""
        if now <= seen.at or not seen.exact:
            return
        self.known |= ended
        if seen.waiting:
            self._waiting.learn(0.0, now - seen.at, ended=ended)
            return
        ages = _ages(seen, now)
        if size:
            relative = _ages(seen, now, size / UNIT)
            likelier = _likelihood(self._by_size.expected(*relative), ended=ended)
            likelier -= _likelihood(self._by_age.expected(*ages), ended=ended)
            self._score = SCORE * self._score + likelier
            self._by_size.learn(*relative, ended=ended)
        self._by_age.learn(*ages, ended=ended)


def _ages(seen: LastLook, now: float, unit: float = 1.0) -> tuple[float, float]:
    return (seen.at - seen.began) / unit, (now - seen.began) / unit


def _likelihood(ends: float, *, ended: bool) -> float:
    return math.log(-math.expm1(-ends)) if ended else -ends


def _reached(begin: float, end: float) -> tuple[float, float]:
    """Return two ages within the table; no look is without any time."""
    begin = min(max(begin, YOUNGEST), OLDEST / 2)
    return begin, min(max(end, begin * 1.0001), OLDEST)


def _step(age: float) -> int:
    return bisect_right(AGES, age, hi=STEPS) - 1
