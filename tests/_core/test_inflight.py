"""Deadlines and closing, on virtual time over a scripted network."""

import asyncio
import builtins

import pytest

from mi_async._core.clock import Clock
from mi_async._core.hooks import Attempt, Hooks, Outcome
from mi_async._core.inflight import InFlightCall, InFlightCalls, was_cancelled
from mi_async._core.shared_limiter import SharedLimiter
from mi_async.errors import (
    ConnectError,
    DeadlineExceededError,
    QuotaStoreError,
    QuotaWaitError,
    ResponseError,
    ServerError,
    SessionError,
    TimeoutError,  # noqa: A004  ours
)
from tests.support.lua_store import LuaStore
from tests.support.scripted import EPOCH, FOREVER, QUOTA, Stage, Step, answer, now, policy, refusal, stage
from tests.support.virtual import run

# ---- deadlines and quotas


def test_silence_ends_with_the_deadline() -> None:
    async def main() -> None:
        async with stage([FOREVER], total=7) as play:
            with pytest.raises(DeadlineExceededError):
                await play.things.check("x")
            assert now() == pytest.approx(7, abs=0.01)

    run(main())


def test_a_deadline_that_passes_during_a_retry_names_the_last_failure() -> None:
    async def main() -> None:
        async with stage([refusal(503), refusal(502), FOREVER], total=7) as play:
            with pytest.raises(DeadlineExceededError, match=r"in flight; the last failure: things\.check: ") as caught:
                await play.things.check("x")
            assert isinstance(caught.value.__cause__, ServerError)
            assert caught.value.__cause__.status == 502
            assert now() == pytest.approx(7, abs=0.01)

    run(main())


def test_each_call_has_its_own_deadline() -> None:
    async def one(play: Stage, start: float) -> float:
        await asyncio.sleep(start)
        with pytest.raises(DeadlineExceededError):
            await play.things.tag("x")
        return now()

    async def main() -> None:
        async with stage([FOREVER] * 4, total=7) as play:
            ends = await asyncio.gather(*(one(play, start) for start in (0, 1, 1, 8)))
            assert ends == pytest.approx([7, 8, 8, 15], abs=0.01)

    run(main())


def test_a_call_that_has_ended_is_not_postponed() -> None:
    async def main() -> None:
        others = InFlightCalls(Clock())
        call = InFlightCall(others, deadline=float("inf"))
        with call:
            call.postpone(1)
            assert list(others.calls) == [call]
        call.postpone(1)
        assert not others.calls
        others.stop()

    run(main())


def test_a_deadline_in_the_clean_up_of_a_cancelled_task_is_an_error_as_always() -> None:
    async def work(play: Stage) -> str:
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            with pytest.raises(DeadlineExceededError) as caught:
                await play.things.tag("x")
            return str(caught.value)
        return ""

    async def main() -> None:
        async with stage([FOREVER], total=7) as play:
            working = asyncio.create_task(work(play))
            await asyncio.sleep(0)
            working.cancel()
            assert "deadline of the call passed" in await working

    run(main())


def test_an_upload_keeps_its_own_time_and_hides_no_deadline() -> None:
    async def main() -> None:
        async with stage([FOREVER, FOREVER], total=7) as play:
            upload = asyncio.create_task(play.calls.put("http://bucket.example/x", b"x", "image/png"))
            await asyncio.sleep(1)
            with pytest.raises(DeadlineExceededError):
                await play.things.tag("x")
            assert now() == pytest.approx(8, abs=0.01)
            assert not upload.done()
            await play.calls.aclose(0)
            with pytest.raises(SessionError):
                await upload

    run(main())


def test_a_quota_beyond_the_deadline_is_a_deadline_error_at_once() -> None:
    async def main() -> None:
        async with stage(total=2) as play:
            play.calls.limiters["things.check"].pause(30)
            with pytest.raises(DeadlineExceededError, match="while it waits for quota") as caught:
                await play.things.check("x")
            assert isinstance(caught.value.__cause__, QuotaWaitError)
            assert now() < 0.1

    run(main())


def test_a_deadline_that_strikes_in_the_line_says_that_nothing_was_sent() -> None:
    async def main() -> None:
        async with stage(total=7) as play:
            limiter = play.calls.limiters["things.check"]
            for _ in range(50):
                await limiter.acquire(None)  # and not answered, so that nobody knows when a slot comes free
            with pytest.raises(DeadlineExceededError, match="while it waits for quota") as caught:
                await play.things.check("x")
            assert not caught.value.ambiguous
            assert isinstance(caught.value.__cause__, QuotaWaitError)
            assert caught.value.__cause__.wait > 0
            assert not play.script.sent
            for _ in range(50):
                limiter.release()

    run(main())


def test_a_deadline_in_the_line_after_an_attempt_that_may_have_acted_is_ambiguous() -> None:
    async def main() -> None:
        async def pause(_attempt: Attempt, _outcome: Outcome) -> None:
            play.calls.limiters["things.check"].pause(30)

        async with stage([refusal(503)], total=7, hooks=Hooks(after=[pause])) as play:
            with pytest.raises(DeadlineExceededError, match="while it waits for quota") as caught:
                await play.things.check("x")
            assert caught.value.ambiguous

    run(main())


@pytest.mark.parametrize("total", [0.05, 6.0])  # the limiter looks at the store for 0.1 s at least
def test_a_store_that_is_away_until_the_deadline_is_the_error(total: float) -> None:
    async def main() -> None:
        async with stage(total=total) as play:
            line = SharedLimiter("things.check", QUOTA, Clock(), LuaStore(away=True).exchange)
            play.calls.limiters = {"things.check": line}
            with pytest.raises(QuotaStoreError, match="does not answer") as caught:
                await play.things.check("x")
            assert not caught.value.ambiguous
            assert now() == pytest.approx(total, abs=0.01)
            assert not play.script.sent
            await line.aclose()

    run(main())


def test_max_wait_is_a_quota_error_at_once() -> None:
    async def main() -> None:
        async with stage(max_wait=1) as play:
            play.calls.limiters["things.check"].pause(30)
            with pytest.raises(
                QuotaWaitError, match=r"things\.check: the next call within 50 per 1 s is 30\.00 s away"
            ):
                await play.things.check("x")
            assert not play.script.sent

    run(main())


def test_without_any_limit_a_call_waits() -> None:
    async def main() -> None:
        async with stage(total=None) as play:
            play.calls.limiters["things.check"].pause(5000)
            assert await play.things.check("x") == "done"

    run(main())


@pytest.mark.parametrize(
    ("step", "held"),
    [(refusal(500), 1.0), (TimeoutError("late"), 2.0), (ResponseError("torn"), 2.0), (ConnectError("nobody"), 1.0)],
)
def test_a_slot_is_held_longer_when_no_answer_was_seen(step: Step, held: float) -> None:
    async def main() -> None:
        async with stage([step], retry=policy(max_attempts=1)) as play:
            await asyncio.gather(play.things.check("x"), return_exceptions=True)
            limiter = play.calls.limiters["things.check"]
            await asyncio.sleep(held - 0.01)
            assert limiter.state().used == 1
            await asyncio.sleep(0.02)
            assert limiter.state().used == 0

    run(main())


# ---- closing


def test_a_closed_session_refuses() -> None:
    async def main() -> None:
        async with stage() as play:
            await play.calls.aclose(5)
            await play.calls.aclose(5)
            with pytest.raises(SessionError, match="closed"):
                await play.things.tag("x")
            with pytest.raises(SessionError, match="closed"):
                await play.calls.put("http://127.0.0.1/", b"", "image/png")

    run(main())


def test_another_loop_is_refused() -> None:
    kept: list[Stage] = []

    async def first() -> None:
        async with stage() as play:
            kept.append(play)
            await asyncio.to_thread(run, second())

    async def second() -> None:
        with pytest.raises(SessionError, match="another event loop"):
            await kept[0].things.tag("x")

    run(first())


def test_grace_lets_a_call_finish() -> None:
    async def main() -> None:
        async with stage([3.0, answer("late")]) as play:
            call = asyncio.create_task(play.things.tag("x"))
            await asyncio.sleep(1)
            await play.calls.aclose(5)
            assert await call == "late"
            assert now() == pytest.approx(3, abs=0.01)

    run(main())


def test_grace_of_less_than_a_second_is_given_after_other_calls_have_ended() -> None:
    async def main() -> None:
        async with stage([answer("first"), 0.4, answer("late")]) as play:
            assert await play.things.tag("x") == "first"
            call = asyncio.create_task(play.things.tag("y"))
            await asyncio.sleep(0.1)
            await play.calls.aclose(0.5)
            assert await call == "late"
            assert now() == pytest.approx(0.4, abs=0.01)

    run(main())


def test_nothing_in_flight_needs_no_grace() -> None:
    async def main() -> None:
        async with stage() as play:
            await play.calls.aclose(5)
            assert now() == pytest.approx(0, abs=0.01)

    run(main())


async def test_a_task_knows_whether_it_was_cancelled_itself() -> None:
    seen: list[bool] = []

    async def work() -> None:
        seen.append(was_cancelled())
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            seen.append(was_cancelled())
            raise

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    asyncio.get_running_loop().call_soon(lambda: seen.append(was_cancelled()))  # in no task at all
    await asyncio.sleep(0)
    assert seen == [False, True, True]


@pytest.mark.parametrize(("grace", "end"), [(0.0, 1.0), (5.0, 6.0)])
@pytest.mark.parametrize("method", ["tag", "check"])
def test_what_is_left_ends_with_a_session_error(grace: float, end: float, method: str) -> None:
    async def main() -> None:
        async with stage([FOREVER] * 60) as play:
            calls = [asyncio.create_task(getattr(play.things, method)("x")) for _ in range(60)]
            await asyncio.sleep(1)
            await play.calls.aclose(grace)
            ends = await asyncio.gather(*calls, return_exceptions=True)
            assert {type(one) for one in ends} == {SessionError}
            assert not any(call.cancelled() or call.cancelling() for call in calls)
            assert now() == pytest.approx(end, abs=0.01)

    run(main())


def test_a_cancellation_of_the_users_stays_one() -> None:
    async def main() -> None:
        async with stage([FOREVER]) as play:
            call = asyncio.create_task(play.things.tag("x"))
            await asyncio.sleep(1)
            call.cancel()
            await play.calls.aclose(0)
            with pytest.raises(asyncio.CancelledError):
                await call

    run(main())


def test_a_timeout_of_the_users_stays_one() -> None:
    async def main() -> None:
        async with stage([FOREVER]) as play:
            with pytest.raises(builtins.TimeoutError):
                async with asyncio.timeout(2):
                    await play.things.tag("x")

    run(main())


def test_a_call_that_swallows_its_end_is_not_waited_for() -> None:
    async def stubborn(_attempt: Attempt) -> None:
        try:
            await asyncio.sleep(FOREVER)
        except asyncio.CancelledError:
            await asyncio.sleep(10)

    async def main() -> None:
        async with stage(hooks=Hooks(before=[stubborn])) as play:
            call = asyncio.create_task(play.things.tag("x"))
            await asyncio.sleep(1)
            await play.calls.aclose(0)
            assert now() == pytest.approx(2, abs=0.01)
            with pytest.raises(SessionError):  # what the hook has swallowed is raised once it is over
                await call

    run(main())


def test_closing_from_within_a_call_ends_the_others_only() -> None:
    async def main() -> None:
        async def close(attempt: Attempt) -> None:
            if attempt.operation == "things.create":
                await play.calls.aclose(0)

        async with stage([FOREVER], hooks=Hooks(before=[close])) as play:
            other = asyncio.create_task(play.things.tag("x"))
            await asyncio.sleep(1)
            assert await play.things.create("x") == "done"  # the script has no socket to lose
            with pytest.raises(SessionError):
                await other

    run(main())


def test_a_clock_may_run_fast() -> None:
    async def main() -> None:
        async with stage([FOREVER], total=600, clock=Clock(speed=60)) as play:
            with pytest.raises(DeadlineExceededError):
                await play.things.tag("x")
            assert now() == pytest.approx(10, abs=0.01)
            before = play.calls.clock.monotonic()
            await play.calls.clock.sleep(30)
            assert play.calls.clock.monotonic() - before == pytest.approx(30, abs=0.01)
            assert play.calls.clock.wall() > EPOCH

    run(main())
