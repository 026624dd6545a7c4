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
