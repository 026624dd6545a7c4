"""The limiter on virtual time: how long a caller may wait, pauses, and the live state."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

import pytest

from mi_async._core.limits import CALM, QuotaState
from mi_async._core.operation import Quota
from mi_async.errors import QuotaWaitError
from tests.support.limiters import limiter, settled, taken
from tests.support.scripted import now
from tests.support.virtual import run

# ---- how long a caller may wait


def at_once(waiting: Coroutine[Any, Any, None]) -> Coroutine[Any, Any, QuotaWaitError]:
    async def refused() -> QuotaWaitError:
        start = now()
        with pytest.raises(QuotaWaitError) as caught:
            await waiting
        assert now() - start < 0.001
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
        assert (await at_once(line.acquire(0.3))).wait == pytest.approx(21 / 50, abs=0.001)
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
        assert line.state().next_free == pytest.approx(9, abs=0.001)  # the first in line takes the first slot
        assert (await at_once(line.acquire(8.9))).wait == pytest.approx(9, abs=0.001)
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
        return now()

    assert run(main()) == pytest.approx(0.9, abs=0.01)
    assert run(main()) == pytest.approx(0.9, abs=0.01)


def test_a_congestion_is_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        line = limiter()
        for _ in range(300):
            line.pause(0.05)
            await asyncio.sleep(0.05)
        await asyncio.sleep(CALM + 1)
        line.pause(3)

    with caplog.at_level(logging.INFO):
        run(main())
    warned = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert warned == [f"things.do: refused with 429, pausing {seconds} s" for seconds in ("0.1", "3.0")]
    assert len(caplog.records) == 301
