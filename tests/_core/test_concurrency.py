"""Concurrent work: whatever ends it, nothing of it is left."""

import asyncio

import pytest

from mi_async._core.concurrency import each


@pytest.mark.parametrize("failing", [False, True])
async def test_nothing_is_left_however_often_it_is_cancelled(failing: bool) -> None:
    """A second Ctrl-C, or a timeout around a cancelled call, does not cut the end of the others short."""
    begun, may_end = asyncio.Event(), asyncio.Event()
    ended: list[int] = []

    async def work(number: int) -> None:
        if failing and number == 2:
            raise ValueError
        try:
            await asyncio.Event().wait()
        finally:
            begun.set()
            await may_end.wait()
            ended.append(number)

    task = asyncio.create_task(each(work, [0, 1, 2], 3))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    if not failing:
        task.cancel()
    await begun.wait()
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sorted(ended) == ([0, 1] if failing else [0, 1, 2])


async def test_results_are_in_the_order_of_the_items_and_few_are_in_flight() -> None:
    in_flight, most = 0, 0

    async def work(number: int) -> int:
        nonlocal in_flight, most
        in_flight += 1
        most = max(most, in_flight)
        for _ in range(5 - number):  # the later ones end first
            await asyncio.sleep(0)
        in_flight -= 1
        return number

    assert await each(work, range(5), 2) == [0, 1, 2, 3, 4]
    assert most == 2


async def test_the_first_failure_ends_the_others_and_is_raised() -> None:
    ended: list[int] = []

    async def work(number: int) -> None:
        if number == 1:
            raise ValueError
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(number)

    with pytest.raises(ValueError, match=r"^$"):
        await each(work, [0, 1, 2], 2)
    assert ended == [0]
