"""A shared quota on virtual time: how long a caller waits, cancellation, a store that is away, and the live state."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self, cast

import pytest

from mi_async._core.clock import Clock
from mi_async._core.operation import Quota
from mi_async._core.quota_store import Exchange, Granted, QuotaStore
from mi_async._core.session_quotas import SessionQuotas, account_tag
from mi_async._core.shared_limiter import AGAIN, ANSWER, LAPSE, LOOK, SharedLimiter
from mi_async._core.store_outage import AWAY
from mi_async.errors import QuotaStoreError, QuotaWaitError
from tests.support.interruption import CancelAt
from tests.support.limiters import PER_SECOND, kill, settled
from tests.support.lua_store import LuaStore
from tests.support.scripted import now
from tests.support.virtual import VirtualLoop, run

WARM = 3.0
"""Seconds after which a new store has all slots of a quota of a second free."""


@asynccontextmanager
async def limiters(
    store: LuaStore, count: int = 1, quota: Quota = PER_SECOND, *, on_loss: str = "wait", speed: float = 1.0
) -> AsyncIterator[list[SharedLimiter]]:
    """Limiters of processes that share a quota, with a store that has been there for a while."""
    store.run(Exchange("warm", 1, quota.calls, quota.period / speed, 1, 5.0, 1.0, 0, 0, 0.0, (), ()).arguments())
    await asyncio.sleep(WARM)
    made = [
        SharedLimiter("things.do", quota, Clock(speed), store.exchange, "share" if on_loss == "share" else "wait")
        for _ in range(count)
    ]
    try:
        yield made
    finally:
        for each in made:
            await each.aclose()


async def taken(limiter: SharedLimiter, calls: int) -> None:
    await asyncio.gather(*(limiter.acquire() for _ in range(calls)))


# ---- how long a caller waits


def test_a_free_slot_takes_one_round_trip() -> None:
    async def main() -> None:
        store = LuaStore(delay=0.001)
        async with limiters(store) as [line]:
            before, begin = store.exchanges, now()
            assert not line.take()
            await line.acquire(0)
            assert store.exchanges == before + 1
            assert now() - begin <= 0.002 + 1e-4

    run(main())


def test_max_wait_fails_after_a_look_at_the_store() -> None:
    async def main() -> None:
        async with limiters(LuaStore(), 2) as [line, other]:
            await taken(other, 50)
            begin = now()
            with pytest.raises(QuotaWaitError, match="50 per 1 s") as caught:
                await line.acquire(0.5)
            assert now() - begin < 0.01
            assert caught.value.wait > 0.5
            assert caught.value.operation == "things.do"
            assert line.state().waiting == 0

    run(main())


def test_max_wait_counts_those_ahead_without_asking_the_store() -> None:
    async def main() -> None:
        store = LuaStore()
        async with limiters(store) as [line]:
            ahead = [asyncio.create_task(line.acquire()) for _ in range(40)]
            await asyncio.sleep(0.01)
            before = store.exchanges
            with pytest.raises(QuotaWaitError) as caught:
                await line.acquire(0.3)
            assert store.exchanges == before
            assert caught.value.wait == pytest.approx(0.72, abs=0.1)
            await line.acquire(1.0)
            await asyncio.gather(*ahead)

    run(main())


def test_max_wait_ends_a_wait_that_turns_out_longer() -> None:
    async def main() -> None:
        async with limiters(LuaStore(), 2, Quota(2, 1.0)) as [line, other]:
            await taken(other, 2)  # and never answered
            begin = now()
            with pytest.raises(QuotaWaitError) as caught:
                await line.acquire(2.0)
            assert caught.value.wait >= 0.5  # a call of the quota at least, never nothing
            assert now() - begin == pytest.approx(1.0, abs=0.1)  # a call in flight holds its slot for a period more

    run(main())


def test_a_pause_of_one_holds_all() -> None:
    async def main() -> None:
        async with limiters(LuaStore(), 2) as [line, other]:
            await line.acquire()
            line.pause(3.0)
            await asyncio.sleep(0.01)
            begin = now()
            with pytest.raises(QuotaWaitError):
                await other.acquire(1.0)
            assert other.state().paused == pytest.approx(3.0, abs=0.1)
            assert other.state().refused == 1
            await other.acquire()
            assert now() - begin == pytest.approx(3.0, abs=0.1)

    run(main())


def test_periods_run_in_the_clocks_seconds() -> None:
    async def main() -> None:
        async with limiters(LuaStore(), 1, Quota(1, 60.0), speed=60.0) as [line]:
            await line.acquire()
            line.release()
            begin = now()
            with pytest.raises(QuotaWaitError) as caught:
                await line.acquire(10)
            assert caught.value.wait == pytest.approx(60, abs=1)
            await line.acquire(61 + 60 * LOOK)
            assert now() - begin == pytest.approx(1.0, abs=0.02)
            line.release()

    run(main())


def test_strictly_first_in_first_out_and_one_task_while_there_is_something_to_do() -> None:
    async def main() -> None:
        store, passed = LuaStore(), list[int]()
        async with limiters(store, 1, Quota(10, 1.0)) as [line]:

            async def call(number: int) -> None:
                await line.acquire()
                passed.append(number)
                await asyncio.sleep(0.05)
                line.release()

            await asyncio.gather(*(call(number) for number in range(40)))
            assert passed == sorted(passed)
            assert line._task is not None
            await asyncio.sleep(LAPSE)
            assert line._task.done()
            before = store.exchanges
            await asyncio.sleep(1000)
            assert store.exchanges == before

    run(main())


# ---- cancellation, and processes that stand still


@pytest.mark.parametrize("late", [False, True])
def test_cancelled_at_any_await_it_leaves_nothing(*, late: bool) -> None:
    async def main() -> None:
        for suspension in range(1, 4):
            async with limiters(LuaStore(), 2, Quota(4, 1.0)) as [line, other]:

                async def call(line: SharedLimiter = line) -> None:
                    await line.acquire()
                    line.release()

                interrupted = CancelAt(line.acquire(), suspension, late)
                task = asyncio.create_task(_waited(interrupted))
                await asyncio.wait([task])
                if not task.cancelled():
                    assert interrupted.seen < suspension
                    line.release()
                await asyncio.sleep(1.3)
                begin = now()
                await asyncio.gather(*(other.acquire() for _ in range(4)))
                assert now() - begin < 0.6  # every slot is free: two at once, then at the pace
                assert (line.state().waiting, line.in_use) == (0, 0)

    run(main())


async def _waited(interrupted: CancelAt) -> None:
    await interrupted


def test_a_grant_that_nobody_waits_for_any_more_is_given_back_at_once() -> None:
    async def main() -> None:
        store = LuaStore(delay=0.2)
        async with limiters(store, 2, Quota(2, 100.0)) as [line, other]:
            await asyncio.sleep(200)
            waiting = [asyncio.create_task(line.acquire()) for _ in range(2)]
            await asyncio.sleep(0.001)  # it has asked, and is not answered
            for task in waiting:
                task.cancel()
            await asyncio.sleep(1.0)
            await asyncio.wait_for(taken(other, 2), 52.0)

    run(main())


def test_a_permit_that_comes_too_late_begins_no_call() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        async with limiters(LuaStore(delay=0.0)) as [line]:
            waiting = asyncio.create_task(line.acquire())
            for _ in range(100):
                await asyncio.sleep(0)
                if line.in_use:
                    break
            loop.block(LAPSE)
            begin = now()
            await waiting
            assert now() > begin  # it asked for another one
            line.release()
            await asyncio.sleep(1.5)
            assert (line.in_use, line.state().used) == (0, 0)

    run(main())


def test_what_a_dead_process_held_cools_down_for_a_period() -> None:
    async def main() -> None:
        async with limiters(LuaStore(), 2, Quota(2, 1.0)) as [dead, line]:
            await taken(dead, 2)
            died = now()
            kill(dead)
            await line.acquire()
            assert now() - died == pytest.approx(LAPSE + 1.0, abs=0.2)
            dead._sequence = 0

    run(main())


def test_a_sign_of_life_keeps_what_is_in_flight() -> None:
    async def main() -> None:
        async with limiters(LuaStore(), 2, Quota(1, 1.0)) as [line, other]:
            await line.acquire()
            waiting = asyncio.create_task(other.acquire())
            await asyncio.sleep(20 * LAPSE)
            assert not waiting.done()
            line.release(answered=False)
            ended = now()
            await waiting
            assert now() - ended == pytest.approx(2.0, abs=0.3)  # a period, and a second on the way

    run(main())


# ---- the store is away


def test_callers_wait_for_a_store_that_comes_back() -> None:
    async def main() -> None:
        store = LuaStore()
        async with limiters(store) as [line]:
            store.away = True
            begin = now()
            waiting = asyncio.create_task(line.acquire())
            with pytest.raises(QuotaStoreError, match="does not answer"):
                await line.acquire(1.0)
            assert now() - begin == pytest.approx(1.0, abs=0.01)
            assert (line.state().next_free, line.state().away, line.state().alone) == (0.0, True, False)
            await asyncio.sleep(59)
            store.away = False
            await waiting
            assert now() - begin == pytest.approx(60, abs=2 * AGAIN)

    run(main())


def test_what_can_only_fail_again_fails_at_once(caplog: pytest.LogCaptureFixture) -> None:
    async def refuse(_exchange: Exchange) -> Granted:
        message = "wrong password"
        raise QuotaStoreError(message, permanent=True)

    async def main() -> None:
        line = SharedLimiter("things.do", PER_SECOND, Clock(), refuse, "share")
        with pytest.raises(QuotaStoreError, match="wrong password") as caught:
            await line.acquire()
        assert caught.value.permanent
        assert now() < 0.01
        await asyncio.sleep(AGAIN)
        await line.aclose()

    run(main())
    assert [record.getMessage() for record in caplog.records] == ["things.do: wrong password"]


def test_what_a_store_of_somebody_elses_raises_is_an_error_in_words() -> None:
    async def broken(_exchange: Exchange) -> Granted:
        raise ZeroDivisionError

    async def main() -> None:
        line = SharedLimiter("things.do", PER_SECOND, Clock(), broken)
        with pytest.raises(QuotaStoreError, match="the quota store failed: ZeroDivisionError") as caught:
            await line.acquire(1.0)
        assert isinstance(caught.value.__cause__, ZeroDivisionError)
        await line.aclose()

    run(main())


class SilentStore:
    """A store, and the connection to it, that never answers."""

    account, on_loss = None, "wait"

    def open(self, _tag: str) -> Self:
        return self

    async def exchange(self, _quota: str, _exchange: Exchange) -> Granted:
        await asyncio.Event().wait()
        raise AssertionError

    async def present(self, _pace: str, _holder: str, _seconds: float) -> int:
        await asyncio.Event().wait()
        raise AssertionError

    async def aclose(self) -> None:
        """Have nothing to close."""


def test_a_store_that_says_nothing_is_an_error_in_words() -> None:
    async def main() -> None:
        quotas = SessionQuotas({"things.do": PER_SECOND}, Clock())
        await quotas.check_store()
        quotas.keep_in(cast("QuotaStore", SilentStore()), "tag")
        with pytest.raises(QuotaStoreError, match="did not answer in 2 s"):
            await quotas.check_store()
        assert now() == pytest.approx(ANSWER, abs=0.01)
        with pytest.raises(QuotaStoreError, match="did not answer in time"):
            await quotas.limiters["things.do"].acquire(3.0)
        await quotas.aclose()

    run(main())


def test_quotas_in_a_store_are_checked_shown_and_closed_with_it() -> None:
    class Answering(SilentStore):
        closed = False

        async def present(self, _pace: str, _holder: str, _seconds: float) -> int:
            return 1

        async def aclose(self) -> None:
            self.closed = True

    async def main() -> None:
        store, tag = Answering(), account_tag("https://mi.example", "key")
        quotas = SessionQuotas({"things.do": PER_SECOND}, Clock())
        quotas.keep_in(cast("QuotaStore", store), tag)
        assert (len(tag), "key" in tag) == (12, False)
        await quotas.check_store()
        assert quotas.states()["things.do"].shared
        assert quotas.pace("jobs").connection is store
        await quotas.aclose()
        assert store.closed

    run(main())


def test_quotas_of_this_process_have_no_store_to_ask() -> None:
    async def main() -> None:
        quotas = SessionQuotas({"things.do": PER_SECOND}, Clock(), 0.5)
        quotas.keep_here()
        await quotas.check_store()
        assert not quotas.states()["things.do"].shared
        assert (quotas.pace("jobs").connection, quotas.pace("jobs").part) == (None, 0.5)
        await quotas.aclose()

    run(main())


def test_an_answer_that_is_lost_is_made_good() -> None:
    async def main() -> None:
        store = LuaStore()
        async with limiters(store, 2, Quota(4, 1.0)) as [line, other]:
            store.deaf = True
            waiting = asyncio.create_task(line.acquire())
            await asyncio.sleep(0.1)
            store.deaf = False
            await waiting
            line.release()
            await asyncio.sleep(1.3)
            begin = now()
            await taken(other, 4)
            assert now() - begin < 0.6

    run(main())


def test_with_a_share_it_goes_on_alone_until_the_store_is_back(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        store = LuaStore()
        async with limiters(store, 2, Quota(20, 1.0), on_loss="share") as [line, other]:
            await taken(line, 2)
            await taken(other, 2)
            for each in (line, line, other, other):
                each.release()
            await line.acquire()
            store.away = True
            begin = now()
            await line.acquire()
            assert now() - begin == pytest.approx(AWAY, abs=2 * AGAIN)
            line.pause(0.5)
            begin = now()
            for _ in range(8):  # at 5 a second: a quarter of the quota, as there are two holders
                await line.acquire()
                line.release()
            assert 1.5 < now() - begin < 4.0
            with pytest.raises(QuotaWaitError):
                await line.acquire(0.001)
            state = line.state()
            assert (state.used, state.away, state.alone) == (1 + 5, True, True)  # one of the store, and the whole share
            assert state.next_free > 0
            store.away = False
            await asyncio.sleep(2 * AGAIN)
            assert (line.state().away, line.state().alone) == (False, False)
            line.release()
            assert line.in_use == 1  # the oldest was of the share
            line.release()
            await asyncio.sleep(2.0)
            await taken(line, 2)
            assert line.in_use == 2

    run(main())
    said = [record.getMessage() for record in caplog.records if "alone" in record.getMessage()]
    assert said == [
        "things.do: the quota store is away, going on alone with 5 of 20 calls in 1 s",
        "things.do: the quota store answers again, this process goes on alone no longer",
    ]


def test_who_waits_for_a_share_when_the_store_is_back_gives_back_what_it_gets() -> None:
    async def main() -> None:
        store = LuaStore()
        async with limiters(store, 1, Quota(2, 1.0), on_loss="share", speed=0.1) as [line]:
            await line.acquire()
            line.release()
            store.away = True
            await line.acquire()
            waiting = asyncio.create_task(line.acquire())
            await asyncio.sleep(0.1)
            line.release()  # one call in 10 s is the share: the other waits until its slot is free again
            store.away = False
            await asyncio.sleep(4 * AGAIN)
            assert not waiting.done()
            await waiting
            line.release()
            assert line.state().waiting == 0
            await line.acquire()
            line.release()

    run(main())


def test_who_has_never_seen_the_store_has_no_share() -> None:
    async def main() -> None:
        line = SharedLimiter("things.do", PER_SECOND, Clock(), LuaStore(away=True).exchange, "share")
        with pytest.raises(QuotaStoreError):
            await line.acquire()
        assert now() == pytest.approx(AWAY, abs=2 * AGAIN)
        await line.aclose()

    run(main())


def test_a_new_store_begins_as_if_the_period_before_had_been_full() -> None:
    async def main() -> None:
        store = LuaStore()
        line = SharedLimiter("things.do", PER_SECOND, Clock(), store.exchange)
        moments = []
        for _ in range(50):
            await line.acquire()
            moments.append(now())
        assert moments[0] >= 1.1  # what was on its way, and a burst
        assert moments[-1] >= 2.0
        await settled()
        await line.aclose()

    run(main())


def test_a_limiter_that_nobody_used_has_nothing_to_give_back() -> None:
    async def main() -> None:
        store = LuaStore()
        async with limiters(store):
            before = store.exchanges
        assert store.exchanges == before

    run(main())


def test_a_clock_that_is_set_back_stops_nobody() -> None:
    async def main() -> None:
        store = LuaStore()
        async with limiters(store) as [line]:
            await taken(line, 5)
            store.skew -= 3600
            begin = now()
            await taken(line, 20)
            assert now() - begin < 1.0

    run(main())


def test_state_counts_what_is_in_use_here() -> None:
    async def main() -> None:
        async with limiters(LuaStore(), 2) as [line, other]:
            assert (line.state().shared, line.state().holders, line.state().used) == (True, 1, 0)
            await taken(other, 3)
            await taken(line, 2)
            state = line.state()
            assert (state.used, state.holders, state.waiting, state.refused) == (5, 2, 0, 0)
            await asyncio.sleep(100)
            assert line.state().used >= 2

    run(main())
