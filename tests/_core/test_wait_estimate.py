"""The estimate of a wait for a quota against the wait itself, on virtual time."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mi_async._core.operation import Quota
from mi_async._core.wait_estimate import expected_wait, level_of, longest_wait
from tests.support.limiters import limiter
from tests.support.scripted import now
from tests.support.virtual import run

quotas = st.builds(Quota, st.integers(1, 6), st.sampled_from([1.0, 4.0, 30.0]))
shares = st.floats(0, 1.2)
calls = st.lists(st.tuples(shares, st.sampled_from([0.0, 0.0, 0.1, 0.7])), max_size=20)


def told_and_seen(
    quota: Quota, planned: list[tuple[float, float]], at: float, paused: float = 0.0
) -> tuple[float, float]:
    """Return the estimate for a newcomer and its wait; times are shares of the period."""

    line = limiter(quota)

    async def one(begins: float, lasts: float) -> None:
        await asyncio.sleep(begins * quota.period)
        if not line.take():
            await line.acquire()
        await asyncio.sleep(lasts * quota.period)
        line.release()

    async def main() -> tuple[float, float]:
        others = [asyncio.create_task(one(*plan)) for plan in planned]
        await asyncio.sleep(at * quota.period)
        if paused:
            line.pause(paused * quota.period)
        told, asked = line.next_free(), now()
        await line.acquire()
        line.release()
        seen = now() - asked
        await asyncio.gather(*others)
        return told, seen

    return run(main())


@settings(max_examples=50)
@given(quotas, calls, shares, st.sampled_from([0.0, 0.0, 0.3, 1.5]))
def test_no_wait_is_shorter_than_its_estimate_and_calls_that_take_no_time_are_exact(
    quota: Quota, planned: list[tuple[float, float]], at: float, paused: float
) -> None:
    told, seen = told_and_seen(quota, planned, at, paused)
    assert seen >= told - 0.001 * quota.period
    told, seen = told_and_seen(quota, [(begins, 0.0) for begins, _ in planned], at, paused)
    assert seen == pytest.approx(told, abs=0.001 * quota.period)


@given(quotas, st.tuples(shares, st.integers(0, 40), st.booleans(), st.floats(0, 90)), st.lists(shares, max_size=6))
def test_no_estimate_is_above_the_longest_wait(
    quota: Quota, line: tuple[float, int, bool, float], taken: list[float]
) -> None:
    level, ahead, paid, paused = line
    slots = [share * quota.period for share in taken[: quota.calls]]
    told = expected_wait(quota, 1, min(level, 1.0), ahead=ahead, paid=paid and ahead > 0, paused=paused, slots=slots)
    assert told <= longest_wait(quota, ahead=ahead, paused=paused, held=max(slots, default=0.0)) * (1 + 1e-9)


@pytest.mark.parametrize("at", [0.1, 0.5, 0.9])
def test_the_last_of_three_calls_has_the_second_slot(at: float) -> None:
    told, seen = told_and_seen(Quota(2, 4.0), [(0.0, 0.0)] * 3, at)
    assert told == pytest.approx(4.0 * (1 - at), abs=0.001)
    assert seen == pytest.approx(told, abs=0.001)


@given(st.integers(1, 20), st.floats(0, 1))
def test_the_level_of_a_bucket_is_found_by_what_has_room(burst: int, share: float) -> None:
    level = share * burst
    assert level_of(burst, lambda amount: level + amount <= burst) == pytest.approx(level, abs=1e-5)


def test_a_line_of_many_periods_moves_by_a_quota_each() -> None:
    quota = Quota(5, 10.0)
    waits = [expected_wait(quota, 2, 0.0, ahead=ahead, paid=False, paused=0.0, slots=[3.0, 4.0]) for ahead in range(60)]
    assert waits == sorted(waits)
    assert waits[59] - waits[9] == pytest.approx(100.0)
