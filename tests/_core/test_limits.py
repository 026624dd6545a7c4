"""The limiter on virtual time: exact at the server, fast, first come first served, and nothing leaks."""

import asyncio

import pytest
from attrs import define
from hypothesis import given
from hypothesis import strategies as st

from mi_async._core.limits import LeaseLimiter, burst
from mi_async._core.operation import Quota
from tests.support.limiters import PER_MINUTE, PER_SECOND, limiter, settled, taken
from tests.support.network import Network, most_in_a_window, share_of_ceiling
from tests.support.scripted import now, seeded
from tests.support.virtual import VirtualLoop, run

JITTER = 0.15
"""Seconds that a call's way to the server may take, and again its way back: 0 to 300 ms together."""


# ---- exact at the server, and fast


@pytest.mark.parametrize(
    ("quota", "calls", "orderings"),
    [
        pytest.param(PER_SECOND, 240, range(40), id="second"),
        pytest.param(PER_MINUTE, 1100, range(200, 225), id="minute"),
        pytest.param(PER_SECOND, 240, range(40, 200), id="more seconds", marks=pytest.mark.soak),
        pytest.param(PER_MINUTE, 1100, range(225, 400), id="more minutes", marks=pytest.mark.soak),
    ],
)
@pytest.mark.no_cover
def test_no_window_at_the_server_holds_more_than_the_quota(quota: Quota, calls: int, orderings: range) -> None:
    async def storm(network: Network, workers: int, cancelled: float) -> tuple[list[float], int]:
        return await network.storm(calls, workers, cancelled=cancelled), network.limiter.state().waiting

    fullest = 0
    for seed in orderings:
        random = seeded(seed)
        line = limiter(quota)
        network = Network(line, random, JITTER, trouble=random.choice([0.0, 0.1, 0.2]))
        arrivals, waiting = run(storm(network, random.choice([50, 90]), random.choice([0.0, 0.1])))
        most = most_in_a_window(arrivals, quota)
        assert most <= quota.calls, f"seed {seed}: {most} arrivals in one window"
        assert (line._in_flight, waiting) == (0, 0)
        fullest = max(fullest, most)
    assert fullest == quota.calls  # the storm did press against the wall


@pytest.mark.parametrize(
    ("quota", "calls", "floor"), [(PER_SECOND, 2000, 0.93), (PER_MINUTE, 6000, 0.97)], ids=["second", "minute"]
)
@pytest.mark.no_cover
def test_the_quota_is_nearly_used_up(quota: Quota, calls: int, floor: float) -> None:
    arrivals = run(Network(limiter(quota), seeded(1), 0.025, fixed=True).storm(calls, 100))
    assert most_in_a_window(arrivals, quota) <= quota.calls
    assert floor <= share_of_ceiling(arrivals, quota) < 1.01


def test_a_call_that_was_given_up_may_still_arrive() -> None:
    """Fifty are sent and given up on at once but take long; nothing else may arrive within a second of them."""

    async def main() -> None:
        line = limiter()
        for _ in range(50):
            await line.acquire()
            line.release(answered=False)
        last = now()
        await line.acquire()
        first_sent = last - 45 / 50  # a burst of five, then at the pace
        assert now() - first_sent == pytest.approx(2.0, abs=0.01)  # a period, and a second on the way

    run(main())


def test_an_answered_call_frees_its_slot_before_one_that_was_given_up() -> None:
    async def main() -> None:
        line = limiter(Quota(2, 1.0))
        await taken(line, 2)
        line.release(answered=False)
        line.release()
        start = now()
        await line.acquire()
        assert now() - start == pytest.approx(1.0, abs=0.001)

    run(main())


@pytest.mark.parametrize(
    ("quota", "size"),
    [(Quota(1, 1), 1), (Quota(2, 1), 2), (Quota(10, 1), 2), (PER_SECOND, 5), (Quota(200, 1), 5), (PER_MINUTE, 20)],
)
def test_burst_is_a_fiftieth_to_a_tenth(quota: Quota, size: int) -> None:
    assert burst(quota) == size


# ---- first come, first served; nothing leaks


def test_strictly_first_in_first_out() -> None:
    async def main() -> list[int]:
        line, passed = limiter(Quota(10, 1.0)), list[int]()

        async def call(number: int) -> None:
            await line.acquire()
            passed.append(number)
            await asyncio.sleep(random.uniform(0, 0.1))
            line.release()

        random, calls = seeded(3), list[asyncio.Task[None]]()
        for number in range(60):
            calls.append(asyncio.create_task(call(number)))
            await asyncio.sleep(random.uniform(0, 0.05))
        await asyncio.gather(*calls)
        return passed

    assert run(main()) == list(range(60))


def test_a_newcomer_does_not_overtake_on_a_busy_loop() -> None:
    async def main() -> list[str]:
        line, passed, loop = limiter(), list[str](), asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)

        async def call(name: str) -> None:
            await line.acquire()
            passed.append(name)

        line.pause(1)
        first = asyncio.create_task(call("first"))
        await settled()
        loop.block(2)  # the gate is open, but nobody has told the first in line
        await call("newcomer")
        await first
        return passed

    assert run(main()) == ["first", "newcomer"]


@define
class Plan:
    """One caller of the property below: when it comes, how long it stays, whether and when it is cancelled."""

    at: float
    lasts: float
    cancelled: float | None


moments = st.floats(0, 3)
plans = st.lists(st.builds(Plan, moments, st.floats(0, 0.5), st.none() | moments), max_size=25)


@given(plans, st.lists(st.tuples(moments, st.floats(0, 1)), max_size=2), st.integers(1, 6))
def test_whoever_is_cancelled_whenever_no_slot_leaks(
    callers: list[Plan], pauses: list[tuple[float, float]], calls: int
) -> None:
    async def one(line: LeaseLimiter, plan: Plan) -> None:
        await asyncio.sleep(plan.at)
        await line.acquire()
        try:
            await asyncio.sleep(plan.lasts)
        finally:
            line.release()

    async def main() -> None:
        line, loop = limiter(Quota(calls, 1.0)), asyncio.get_running_loop()
        tasks = [asyncio.create_task(one(line, plan)) for plan in callers]
        for task, plan in zip(tasks, callers, strict=True):
            if plan.cancelled is not None:
                loop.call_later(plan.cancelled, task.cancel)
        for at, seconds in pauses:
            loop.call_later(at, line.pause, seconds)
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(5)
        state = line.state()
        assert (state.used, state.waiting, state.paused, state.next_free) == (0, 0, 0, 0)
        await asyncio.wait_for(taken(line, calls), 1.001)  # every slot is there, at the pace
        assert line.state().used == calls

    run(main())
