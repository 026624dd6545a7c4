"""The limiter on virtual time: exact at the server, fast, first come first served, and nothing leaks."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

import pytest
from attrs import define
from hypothesis import given
from hypothesis import strategies as st

from mi_async._core.clock import Clock
from mi_async._core.limits import TRANSIT, LeaseLimiter, QuotaState, burst
from mi_async._core.operation import Quota
from mi_async.errors import QuotaWaitError
from tests.support.network import Network, most_in_a_window, share_of_ceiling
from tests.support.scripted import seeded
from tests.support.virtual import run

PER_SECOND, PER_MINUTE = Quota(50, 1.0), Quota(1000, 60.0)
JITTER = 0.15
"""Seconds that a call's way to the server may take, and again its way back: 0 to 300 ms together."""


def limiter(quota: Quota = PER_SECOND, speed: float = 1.0) -> LeaseLimiter:
    return LeaseLimiter("things.do", quota, Clock(speed))


async def taken(line: LeaseLimiter, calls: int) -> None:
    for _ in range(calls):
        await line.acquire()


async def settled() -> None:
    """Let every task that can go on do so, in no time."""
    for _ in range(10):
        await asyncio.sleep(0)


# ---- exact at the server, and fast


@pytest.mark.parametrize(
    ("quota", "calls", "orderings"),
    [(PER_SECOND, 240, range(200)), (PER_MINUTE, 1100, range(200, 300))],
    ids=["second", "minute"],
)
def test_no_window_at_the_server_holds_more_than_the_quota(quota: Quota, calls: int, orderings: range) -> None:
    fullest = 0
    for seed in orderings:
        random = seeded(seed)
        line = limiter(quota)
        network = Network(line, random, JITTER, trouble=random.choice([0.0, 0.1, 0.2]))
        arrivals = run(network.storm(calls, random.choice([50, 90]), cancelled=random.choice([0.0, 0.1])))
        most = most_in_a_window(arrivals, quota)
        assert most <= quota.calls, f"seed {seed}: {most} arrivals in one window"
        assert (line._in_flight, line._waiting) == (0, 0)
        fullest = max(fullest, most)
    assert fullest == quota.calls  # the storm did press against the wall


@pytest.mark.parametrize(
    ("quota", "calls", "floor"), [(PER_SECOND, 2000, 0.93), (PER_MINUTE, 6000, 0.97)], ids=["second", "minute"]
)
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
        last = asyncio.get_running_loop().time()
        await line.acquire()
        first_sent = last - 45 / 50  # a burst of five, then at the pace
        assert asyncio.get_running_loop().time() - first_sent == pytest.approx(1.0 + TRANSIT, abs=0.01)

    run(main())


def test_an_answered_call_frees_its_slot_before_one_that_was_given_up() -> None:
    async def main() -> None:
        line = limiter(Quota(2, 1.0))
        await taken(line, 2)
        line.release(answered=False)
        line.release()
        start = asyncio.get_running_loop().time()
        await line.acquire()
        assert asyncio.get_running_loop().time() - start == pytest.approx(1.0, abs=0.001)

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


# ---- how long a caller may wait


def at_once(waiting: Coroutine[Any, Any, None]) -> Coroutine[Any, Any, QuotaWaitError]:
    async def refused() -> QuotaWaitError:
        start = asyncio.get_running_loop().time()
        with pytest.raises(QuotaWaitError) as caught:
            await waiting
        assert asyncio.get_running_loop().time() - start < 0.001
        return caught.value

    return refused()


def test_max_wait_fails_at_once_when_the_pace_says_so() -> None:
    async def main() -> None:
        line = limiter()
        await taken(line, 5)  # the burst
        error = await at_once(line.acquire(0.01))
        assert error.operation == "things.do"
        assert error.wait == pytest.approx(0.02)
        assert "50 per 1 s" in str(error)
        assert "0.02 s away" in str(error)
        await line.acquire(0.03)

    run(main())


def test_max_wait_of_nothing_takes_what_is_free() -> None:
    async def main() -> None:
        line = limiter()
        await line.acquire(0)
        assert line.state().used == 1

    run(main())


def test_max_wait_counts_those_ahead() -> None:
    async def main() -> None:
        line = limiter()
        await taken(line, 5)
        ahead = [asyncio.create_task(line.acquire()) for _ in range(20)]
        await settled()
        assert (await at_once(line.acquire(0.3))).wait == pytest.approx(21 / 50)
        await asyncio.gather(*ahead)

    run(main())


def test_max_wait_counts_slots_that_cool() -> None:
    async def main() -> None:
        line = limiter(Quota(2, 10.0))
        await taken(line, 2)
        line.release()
        await asyncio.sleep(4)
        line.release()
        await asyncio.sleep(1)
        assert (await at_once(line.acquire(4.9))).wait == pytest.approx(5, abs=0.001)
        waiting = asyncio.create_task(line.acquire(5.1))
        await settled()
        assert line.state().next_free == pytest.approx(10.0, abs=0.001)  # two paces of five seconds
        assert (await at_once(line.acquire(8.9))).wait > 9
        await waiting

    run(main())


def test_max_wait_knows_that_a_call_in_flight_holds_its_slot_for_a_period_more() -> None:
    async def main() -> None:
        line = limiter(Quota(2, 10.0))
        await taken(line, 2)
        await asyncio.sleep(100)
        assert (await at_once(line.acquire(9.9))).wait == 10

    run(main())


def test_max_wait_ends_a_wait_that_was_estimated_shorter() -> None:
    async def main() -> None:
        line, loop = limiter(Quota(2, 10.0)), asyncio.get_running_loop()
        await taken(line, 2)  # and never answered
        await asyncio.sleep(100)
        start = loop.time()
        with pytest.raises(QuotaWaitError):
            await line.acquire(12)
        assert loop.time() - start == pytest.approx(12, abs=0.001)
        assert line.state().waiting == 0

    run(main())


def test_max_wait_runs_in_the_clocks_seconds() -> None:
    async def main() -> None:
        line, loop = limiter(Quota(1, 60.0), speed=60.0), asyncio.get_running_loop()
        await line.acquire()
        line.release()
        start = loop.time()
        await line.acquire(61)
        assert loop.time() - start == pytest.approx(1.0, abs=0.001)

    run(main())


# ---- 429, slots in flight, live state


def test_a_pause_holds_everybody(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        line, loop = limiter(), asyncio.get_running_loop()
        await taken(line, 5)
        in_line = asyncio.create_task(line.acquire())
        await settled()
        start = loop.time()
        with caplog.at_level(logging.WARNING):
            line.pause(3)
        line.pause(1)  # the longer one holds
        assert "things.do: refused with 429, pausing 3.0 s" in caplog.text
        newcomer = asyncio.create_task(line.acquire())
        await asyncio.sleep(2.9)
        assert not in_line.done()
        assert not newcomer.done()
        assert line.state().paused == pytest.approx(0.1, abs=0.001)
        assert (await at_once(line.acquire(0.05))).wait == pytest.approx(0.1, abs=0.1)
        await asyncio.gather(in_line, newcomer)
        assert loop.time() - start == pytest.approx(3.0, abs=0.05)
        assert line.state().refused == 2

    run(main())


def test_a_pause_holds_who_comes_first() -> None:
    async def main() -> None:
        line = limiter()
        line.pause(2)
        assert (await at_once(line.acquire(1.9))).wait == pytest.approx(2, abs=0.001)
        await line.acquire(2.1)

    run(main())


def test_when_every_slot_is_in_flight_only_an_answer_opens_the_gate() -> None:
    async def main() -> None:
        line = limiter(Quota(2, 1.0))
        await taken(line, 2)
        waiting = asyncio.create_task(line.acquire())
        await asyncio.sleep(1000)
        assert not waiting.done()
        assert line.state() == QuotaState("things.do", 2, 1.0, 2, 1, 0.0, 1.0, 0)
        line.release()
        await asyncio.sleep(0.99)
        assert not waiting.done()
        await asyncio.sleep(0.02)
        assert waiting.done()

    run(main())


def test_state_follows_a_call() -> None:
    async def main() -> None:
        line = limiter(Quota(2, 1.0))
        assert line.state() == QuotaState("things.do", 2, 1.0, 0, 0, 0.0, 0.0, 0)
        await line.acquire()
        assert line.state().used == 1
        line.release()
        await asyncio.sleep(0.5)
        assert line.state().used == 1
        await asyncio.sleep(0.6)
        assert line.state().used == 0

    run(main())


def test_each_loop_has_its_own() -> None:
    async def main() -> float:
        line = limiter()
        await asyncio.gather(*(line.acquire() for _ in range(50)))
        return asyncio.get_running_loop().time()

    assert run(main()) == pytest.approx(0.9, abs=0.01)
    assert run(main()) == pytest.approx(0.9, abs=0.01)
