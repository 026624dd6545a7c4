"""The limit: how its size follows the answers, and who gets its places."""

import asyncio

import pytest

from mi_async.bulk.enroll.adaptive_limit import AdaptiveLimit, LimitController
from tests.support import virtual


@pytest.mark.parametrize(
    ("size", "first", "short", "following"),
    [
        (100, 0.97, True, 100),
        (100, 0.98, True, 100),
        (100, 0.969, True, 105),  # half the growth as soon as too few answer done
        (100, 0.90, True, 109),  # all of it when a tenth comes too early
        (100, 0.0, True, 109),
        (2047, 0.5, True, 2048),
        (2048, 0.5, True, 2048),
        (100, 0.99, True, 99),
        (100, 0.5, False, 99),  # no check waits: the limit is not what holds things up
        (32, 0.99, True, 32),
        (32, 1.0, False, 32),
    ],
)
def test_the_size_a_second_later(size: int, first: float, short: bool, following: int) -> None:
    assert LimitController().next(size, first, short=short) == following


def test_first_come_first_served_and_never_more_than_the_size() -> None:
    async def main() -> None:
        limit, order = AdaptiveLimit(LimitController(start=2)), list[int]()

        async def one(number: int) -> None:
            await limit.acquire()
            order.append(number)
            assert limit.in_flight <= limit.size
            await asyncio.sleep(1.0)
            limit.release()

        await asyncio.gather(*[one(number) for number in range(9)])
        assert order == list(range(9))
        assert asyncio.get_running_loop().time() == pytest.approx(5.0, abs=0.01)
        assert limit.in_flight == 0

    virtual.run(main())


def test_a_newcomer_does_not_pass_those_who_wait() -> None:
    async def main() -> None:
        limit, order = AdaptiveLimit(LimitController(start=1, least=1)), list[str]()
        await limit.acquire()

        async def one(name: str) -> None:
            await limit.acquire()
            order.append(name)

        first = asyncio.create_task(one("first"))
        await asyncio.sleep(0.1)
        limit.release()
        second = asyncio.create_task(one("second"))
        await asyncio.sleep(0.1)
        assert order == ["first"]
        limit.release()
        await asyncio.gather(first, second)
        assert order == ["first", "second"]

    virtual.run(main())


@pytest.mark.parametrize("given", [False, True])
def test_who_is_cancelled_while_waiting_takes_no_place(given: bool) -> None:
    async def main() -> None:
        limit = AdaptiveLimit(LimitController(start=1))
        await limit.acquire()
        waiting = [asyncio.create_task(limit.acquire()) for _ in range(2)]
        await asyncio.sleep(0.1)
        if given:  # it has the place already, and does not know yet
            limit.release()
        waiting[0].cancel()
        await asyncio.wait(waiting[:1])
        assert waiting[0].cancelled()
        if not given:
            limit.release()
        await waiting[1]
        assert limit.in_flight == 1

    virtual.run(main())


def test_a_place_that_comes_free_in_the_moment_of_a_cancellation_goes_to_the_next() -> None:
    async def main() -> None:
        limit = AdaptiveLimit(LimitController(start=1))
        await limit.acquire()
        waiting = [asyncio.create_task(limit.acquire()) for _ in range(2)]
        await asyncio.sleep(0.1)
        waiting[0].cancel()
        limit.release()  # before the cancelled one has noticed
        await asyncio.wait(waiting)
        assert waiting[0].cancelled()
        assert waiting[1].result() is None
        assert limit.in_flight == 1

    virtual.run(main())


def test_all_who_wait_may_be_cancelled_at_once() -> None:
    async def main() -> None:
        limit = AdaptiveLimit(LimitController(start=1))
        await limit.acquire()
        waiting = [asyncio.create_task(limit.acquire()) for _ in range(5)]
        await asyncio.sleep(0.1)
        limit.release()
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)
        assert all(task.cancelled() for task in waiting)
        assert limit.in_flight == 0

    virtual.run(main())


def test_the_pool_grows_when_it_is_used_up_and_lets_those_in_who_wait() -> None:
    async def main() -> None:
        limit = AdaptiveLimit(LimitController(start=40))
        await asyncio.gather(*[limit.acquire() for _ in range(40)])
        late = asyncio.create_task(limit.acquire())
        for _ in range(50):
            limit.first_check(done=False)
        limit.adapt(short=True)
        assert limit.size == 44
        await late
        assert limit.in_flight == 41

    virtual.run(main())


def test_a_pool_that_is_not_used_up_does_not_grow_but_may_shrink() -> None:
    limit = AdaptiveLimit(LimitController(start=40))
    for _ in range(50):
        limit.first_check(done=False)
    limit.adapt(short=True)
    assert limit.size == 40
    limit.adapt(short=False)
    assert limit.size == 39
    for _ in range(500):
        limit.first_check(done=True)
    assert limit.first > 0.99
