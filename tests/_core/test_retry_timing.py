"""Repeats: when, and until when; on virtual time over a scripted network."""

import asyncio
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mi_async import retry_after
from mi_async._core.clock import Clock
from mi_async._core.retry import RetryPolicy
from mi_async.errors import (
    ConfigError,
    DeadlineExceededError,
    QuotaError,
    ServerError,
)
from tests.support.scripted import now, policy, refusal, stage
from tests.support.virtual import run

# ---- when


def test_retry_after_in_seconds_wins_over_back_off() -> None:
    async def main() -> None:
        async with stage([refusal(503, Retry_After="11")]) as play:
            await play.things.tag("x")
            assert play.script.sent[1].at == pytest.approx(11, abs=0.001)

    run(main())


def test_retry_after_as_a_date_is_measured_by_the_service_s_clock() -> None:
    async def main() -> None:
        theirs = 2_000_000_000
        step = refusal(503, Retry_After=formatdate(theirs + 13, usegmt=True), Date=formatdate(theirs, usegmt=True))
        async with stage([step]) as play:
            await play.things.tag("x")
            assert play.script.sent[1].at == pytest.approx(13, abs=0.001)

    run(main())


@pytest.mark.parametrize(("status", "method"), [(503, "tag"), (429, "tag"), (429, "check")])
def test_retry_after_above_the_ceiling_fails_at_once(status: int, method: str) -> None:
    async def main() -> None:
        async with stage([refusal(status, Retry_After="121")]) as play:
            with pytest.raises((ServerError, QuotaError)) as caught:
                await getattr(play.things, method)("x")
            assert caught.value.retry_after == 121
            assert now() < 0.001
            assert len(play.script.sent) == 1

    run(main())


def test_retry_after_of_the_ceiling_is_waited_for() -> None:
    async def main() -> None:
        async with stage([refusal(503, Retry_After="120")]) as play:
            assert await play.things.tag("x") == "done"
            assert play.script.sent[1].at == pytest.approx(120, abs=0.001)

    run(main())


def test_a_faster_clock_waits_less() -> None:
    async def main() -> None:
        async with stage([refusal(503, Retry_After="120")], clock=Clock(speed=60)) as play:
            await play.things.tag("x")
            assert play.script.sent[1].at == pytest.approx(2, abs=0.001)

    run(main())


@given(st.integers(1, 2000), st.floats(0, 5), st.floats(0, 100), st.floats(0, 1, exclude_max=True))
def test_back_off_is_bounded(failures: int, base: float, cap: float, drawn: float) -> None:
    backoff = RetryPolicy(base=base, cap=cap, random=lambda: drawn).backoff(failures)
    assert 0 <= backoff <= min(cap, base * 2.0 ** min(failures - 1, 60))


def test_back_off_doubles_up_to_the_cap() -> None:
    steady = RetryPolicy(base=1, cap=10, random=lambda: 1.0)
    assert [steady.backoff(n) for n in range(1, 7)] == [1, 2, 4, 8, 10, 10]

    async def main() -> None:
        async with stage([refusal(500)] * 4, retry=steady) as play:
            await play.things.tag("x")
            assert [round(one.at) for one in play.script.sent] == [0, 1, 3, 7, 15]

    run(main())


@pytest.mark.parametrize("wrong", [{"max_attempts": 0}, {"base": -1}, {"cap": -1}, {"retry_after_ceiling": -1}])
def test_a_policy_that_cannot_work_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="max_attempts >= 1"):
        RetryPolicy(**wrong)  # type: ignore[arg-type]  # a number each


# ---- 429 within a quota


def test_429_within_a_quota_waits_in_the_limiter_and_holds_the_others() -> None:
    async def main() -> None:
        steps = [refusal(429, Retry_After="3")] + [refusal(429)] * 20
        async with stage(steps, retry=policy(max_attempts=2)) as play:
            first = asyncio.create_task(play.things.check("a"))
            await asyncio.sleep(0.1)
            state = play.calls.limiters["things.check"].state()
            assert (state.refused, round(state.paused)) == (1, 3)
            assert await play.things.check("b") == await first == "done"
            assert play.script.sent[1].at == pytest.approx(3, abs=0.001)
            assert len(play.script.sent) == 23
            gaps = [b.at - a.at for a, b in zip(play.script.sent[2:], play.script.sent[4:], strict=False)]
            assert min(gaps) >= 0.099  # a tenth of the window at the least

    run(main())


def test_429_within_a_quota_ends_with_the_deadline() -> None:
    async def main() -> None:
        async with stage([refusal(429, Retry_After="4")] * 100, total=10) as play:
            with pytest.raises(DeadlineExceededError) as caught:
                await play.things.check("x")
            assert now() <= 10
            assert len(play.script.sent) == 3
            assert caught.value.__cause__ is not None
            assert caught.value.retry_after == pytest.approx(4, abs=0.01)

    run(main())


@pytest.mark.parametrize("asked", ["86400", "Fri, 31 Dec 9999 23:59:59 GMT", "9" * 400])
def test_a_429_that_asks_for_ages_holds_the_others_no_longer_than_the_ceiling(asked: str) -> None:
    async def main() -> None:
        async with stage([refusal(429, Retry_After=asked)], retry=policy(retry_after_ceiling=7)) as play:
            with pytest.raises(QuotaError) as caught:
                await play.things.check("a")
            assert (caught.value.retry_after or 0) >= 86400
            assert round(play.calls.limiters["things.check"].state().paused) == 7
            assert await play.things.check("b") == "done"
            assert play.script.sent[1].at == pytest.approx(7, abs=0.001)

    run(main())


# ---- deadline across attempts


def test_the_deadline_spans_attempts() -> None:
    async def main() -> None:
        async with stage([refusal(503, Retry_After="4")] * 9, total=10) as play:
            with pytest.raises(
                DeadlineExceededError, match=r"after 3 attempts; the last failure: things\.tag: no"
            ) as caught:
                await play.things.tag("x")
            assert isinstance(caught.value.__cause__, ServerError)
            assert caught.value.retry_after == 4
            assert now() == pytest.approx(8, abs=0.001)  # it knows, so it does not wait

    run(main())


@pytest.mark.parametrize(
    ("headers", "asked", "answered", "why"),
    [
        ({"Retry_After": "50"}, 50, 50, "the service asks to wait 50 s, longer than the 30 s that are left"),
        ({}, None, 5, "no success before the deadline"),
    ],
)
def test_a_wait_beyond_the_deadline_is_told_and_not_begun(
    headers: dict[str, str], asked: float | None, answered: int, why: str
) -> None:
    async def main() -> None:
        late = policy(base=100, cap=100, random=lambda: 0.9)
        async with stage([refusal(429, **headers)], total=30, retry=late) as play:
            with pytest.raises(DeadlineExceededError) as caught:
                await play.things.tag("x")
            assert str(caught.value).startswith(f"{why}, after 1 attempt; the last failure: things.tag: no")
            assert (caught.value.retry_after, retry_after(caught.value)) == (asked, answered)
            assert now() == pytest.approx(0, abs=0.001)

    run(main())


def test_without_a_total_there_is_no_deadline() -> None:
    async def main() -> None:
        async with stage([refusal(503, Retry_After="100")] * 4, total=None) as play:
            assert await play.things.tag("x") == "done"

    run(main())
