"""Ends are noticed soon, on virtual time: of many at five a second, of few no later than alone."""

import asyncio
import math
from bisect import bisect_right
from collections.abc import Callable, Iterator
from heapq import heapreplace
from itertools import pairwise
from random import Random
from statistics import mean

import pytest
from attrs import define, field

from mi_async import Clock
from mi_async.workflows.jobs.durations import Durations, EndRates, LastLook
from mi_async.workflows.jobs.kinds import INDEX, LONG
from mi_async.workflows.jobs.poll_order import FAIR
from mi_async.workflows.jobs.poll_queue import REST
from mi_async.workflows.jobs.polled_job import JobAnswer, Question
from mi_async.workflows.jobs.poller import Poller
from tests.support.virtual import run

QUEUED = 30.0
"""Seconds for which an analysis waits before it runs, where the test says nothing else."""
MEDIAN, SIGMA = 600.0, math.log(2.5) / 1.645
"""Of the seconds of an analysis: one in twenty takes 2.5 times as long."""


@define(eq=False)
class Analysis:
    """An analysis that waits, runs and ends at times that nobody knows before; remembers when it was asked about."""

    requested: float
    runs: float
    ends: float
    size: int | None = None
    asked: list[float] = field(factory=list)
    noticed: float = math.inf

    async def ask(self) -> JobAnswer:
        now = asyncio.get_running_loop().time()
        self.asked.append(now)
        if now < self.ends:
            return JobAnswer("going on", waiting=now < self.runs)
        return JobAnswer("over", ended=True, calls=2)

    @property
    def late(self) -> float:
        return self.noticed - self.ends

    def alone(self) -> list[float]:
        """Moments at which a poller that has the service for itself asks, by the same schedule."""
        moments = [self.requested]
        while moments[-1] < self.ends:
            moments.append(moments[-1] + INDEX.polling.delay(moments[-1] - self.requested))
        return moments[1:]

    def late_alone(self) -> float:
        return self.alone()[-1] - self.ends

    def asked_alone(self) -> int:
        return len(self.alone())


def together(dice: Random, lasts: Callable[[], float]) -> Iterator[Analysis]:
    while True:
        requested = dice.uniform(0.0, 40.0)
        yield Analysis(requested, requested + QUEUED, requested + QUEUED + lasts())


def constant(dice: Random) -> Iterator[Analysis]:
    return together(dice, lambda: MEDIAN)


def lognormal(dice: Random) -> Iterator[Analysis]:
    return together(dice, lambda: MEDIAN * dice.lognormvariate(0.0, SIGMA))


def bimodal(dice: Random) -> Iterator[Analysis]:
    return together(dice, lambda: dice.gauss(120.0, 20.0) if dice.random() < 0.5 else dice.gauss(1200.0, 150.0))


def some_never_end(dice: Random) -> Iterator[Analysis]:
    return together(dice, lambda: math.inf if dice.random() < 0.01 else MEDIAN * dice.lognormvariate(0.0, SIGMA))


def by_size(dice: Random) -> Iterator[Analysis]:
    """Analyses that take a time that follows the size of the file within 15 %."""
    for analysis in together(dice, lambda: 0.0):
        length = MEDIAN * dice.lognormvariate(0.0, SIGMA)
        analysis.size = int(length * 1e6)
        analysis.ends += length * dice.lognormvariate(0.0, 0.15)
        yield analysis


def one_after_another(dice: Random) -> Iterator[Analysis]:
    """Analyses that come within an hour."""
    for analysis in lognormal(dice):
        comes = dice.uniform(0.0, 3600.0)
        yield Analysis(analysis.requested + comes, analysis.runs + comes, analysis.ends + comes)


def twenty_at_once(dice: Random) -> Iterator[Analysis]:
    """Analyses of a minute, of which the service runs twenty at once, in the order of the requests."""
    free, requested = [0.0] * 20, 0.0
    while True:
        requested += dice.uniform(0.0, 0.1)
        runs = max(requested, free[0])
        ends = runs + 60.0 * dice.lognormvariate(0.0, 0.5)
        heapreplace(free, ends)
        yield Analysis(requested, runs, ends)


def watch(analyses: list[Analysis]) -> None:
    """Wait for all that end, and some time for those that do not."""

    async def one(analysis: Analysis, poller: Poller) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(analysis.requested - loop.time())
        now = loop.time()
        question = Question(
            str(id(analysis)),
            LONG,
            INDEX.polling,
            analysis.ask,
            since=now,
            due=now + INDEX.polling.first,
            seen=LastLook(now, now),
            size=analysis.size,
            durations=poller.durations("index"),
        )
        with poller.watching(question, lambda _: None) as answer:
            if analysis.ends < math.inf:
                await answer
                analysis.noticed = loop.time()
            else:
                await asyncio.wait((answer,), timeout=5000.0)

    async def main() -> None:
        poller = Poller(Clock())
        await asyncio.gather(*(one(analysis, poller) for analysis in analyses))
        await poller.aclose()

    run(main())


def some(kind: Callable[[Random], Iterator[Analysis]], count: int, seed: int = 1) -> list[Analysis]:
    stream = kind(Random(seed))  # noqa: S311  not cryptography
    return [next(stream) for _ in range(count)]


def ended(analyses: list[Analysis]) -> list[Analysis]:
    return [analysis for analysis in analyses if analysis.ends < math.inf]


def most_late(analyses: list[Analysis]) -> float:
    """Seconds of the longest time between two looks at an analysis that goes on."""
    return max(later - earlier for each in analyses for earlier, later in pairwise([each.requested, *each.asked]))


MANY = [
    # what is known of them tells little before the first ends: then rounds of all are the best there is
    pytest.param(constant, 300, 4.0, marks=pytest.mark.slow),
    pytest.param(bimodal, 300, 1.5, marks=pytest.mark.slow),
    pytest.param(lognormal, 300, 1.0),
    pytest.param(some_never_end, 300, 1.0, marks=pytest.mark.slow),
    # the size, the phase, or what ended before tells who is nearly done
    pytest.param(by_size, 300, 0.5, marks=pytest.mark.slow),
    pytest.param(twenty_at_once, 300, 0.5),
    pytest.param(one_after_another, 300, 0.8, marks=pytest.mark.slow),
    # of more of them one kind is tried here: the others take three times as long and say what they say of 300
    pytest.param(by_size, 1000, 1.5, marks=pytest.mark.slow),
    pytest.param(twenty_at_once, 1000, 1.5, marks=pytest.mark.soak),
    pytest.param(one_after_another, 1000, 0.8, marks=pytest.mark.soak),
]


@pytest.mark.parametrize(("kind", "count", "most"), MANY)
@pytest.mark.no_cover
def test_many_ends_are_noticed_within_one_rate_nearly_as_soon_as_alone(
    kind: Callable[[Random], Iterator[Analysis]], count: int, most: float
) -> None:
    analyses = some(kind, count)
    watch(analyses)
    assert mean(each.late for each in ended(analyses)) < most * mean(each.late_alone() for each in ended(analyses))
    asked = sorted(moment for each in analyses for moment in each.asked)
    for number, moment in enumerate(asked):
        assert bisect_right(asked, moment + 10.0) - number <= LONG.rate * (10.0 + REST) + 1
    # None starves: passed over for no more than the fair rounds, and then by no more than all others.
    assert most_late(analyses) < INDEX.polling.longest + (FAIR + 2.0) * count / LONG.rate


@pytest.mark.parametrize("count", [1, 10])
@pytest.mark.parametrize("kind", [constant, lognormal, bimodal, by_size, one_after_another, twenty_at_once])
@pytest.mark.no_cover
def test_few_ends_are_noticed_no_later_and_cost_no_more_than_alone(
    kind: Callable[[Random], Iterator[Analysis]], count: int
) -> None:
    late: list[float] = []
    for seed in range(40 // count):
        analyses = some(kind, count, seed)
        watch(analyses)
        late += [each.late for each in analyses]
        assert most_late(analyses) < INDEX.polling.longest + 2.0 * count / LONG.rate
        assert (
            sum(len(each.asked) for each in analyses) < 1.1 * sum(each.asked_alone() for each in analyses) + 5 * count
        )
    assert mean(late) < INDEX.polling.longest / 2 + 1.0


def test_before_an_end_was_seen_the_schedule_alone_decides() -> None:
    alone = Analysis(0.0, 0.0, 3000.0)
    watch([alone])
    expected = [INDEX.polling.first]
    while expected[-1] < alone.ends:
        expected.append(expected[-1] + INDEX.polling.delay(expected[-1]))
    assert alone.asked == pytest.approx(expected, abs=0.01)


def test_a_rate_of_ends_follows_what_is_seen() -> None:
    rates = EndRates()
    for _ in range(100):
        rates.learn(0.0, 500.0, ended=False)
    for _ in range(50):
        rates.learn(500.0, 600.0, ended=True)
        rates.learn(500.0, 600.0, ended=False)
    assert rates.expected(0.0, 450.0) < 0.05
    assert 0.3 < rates.expected(510.0, 590.0) < -math.log(0.5)  # some of a step were looked at before its end
    for _ in range(1000):  # the service has become slower
        rates.learn(500.0, 600.0, ended=False)
    assert rates.expected(510.0, 590.0) < 0.1


def test_what_was_seen_long_ago_counts_less() -> None:
    once, often = EndRates(), EndRates()
    for _ in range(400):
        once.learn(90.0, 100.0, ended=True)
    for _ in range(4000):
        often.learn(90.0, 100.0, ended=True)
    assert often.expected(90.0, 100.0) == pytest.approx(once.expected(90.0, 100.0), rel=0.1)


@pytest.mark.parametrize(("begin", "end"), [(0.0, 0.0), (5.0, 5.0), (1e12, 1e13), (0.0, 1e15)])
def test_no_age_is_too_small_or_too_large(begin: float, end: float) -> None:
    rates = EndRates()
    rates.learn(begin, end, ended=True)
    rates.learn(begin, end, ended=False)
    assert 0.0 < rates.expected(begin, end) < math.inf


def test_a_job_that_somebody_else_began_teaches_nothing() -> None:
    durations = Durations()
    durations.learn(LastLook(0.0, 0.0, exact=False), None, 10.0, ended=True)
    assert not durations.known
    assert not LastLook.after(None, 5.0, waiting=False).exact
    assert LastLook.after(None, 5.0, waiting=True).exact  # since it waits, it cannot have run before


def test_a_size_is_used_only_where_it_tells_more_than_the_age() -> None:
    follows, ignores = Durations(), Durations()
    dice = Random(1)  # noqa: S311  not cryptography
    for _ in range(100):
        size = dice.randrange(10**8, 10**9)
        for durations, lasts in ((follows, size / 1e6), (ignores, dice.uniform(300.0, 320.0))):
            for moment in range(0, 1000, 20):
                over = moment + 20.0 >= lasts
                durations.learn(LastLook(float(moment), 0.0), size, moment + 20.0, ended=over)
                if over:
                    break
    look = LastLook(290.0, 0.0)
    assert follows.lateness(look, 3 * 10**8, 310.0) > 10 * follows.lateness(look, 9 * 10**8, 310.0)
    assert ignores.lateness(look, 3 * 10**8, 310.0) == ignores.lateness(look, 9 * 10**8, 310.0) > 1.0
