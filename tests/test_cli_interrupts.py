"""Ctrl-C as a cancellation: counted, told, and in the end as it ever was."""

import asyncio
import signal
import threading

import pytest

from mi_async.cli.interrupts import cancelled_by_ctrl_c


async def test_each_ctrl_c_cancels_the_task_and_is_told() -> None:
    told: list[int] = []
    caught: list[int] = []
    before = signal.getsignal(signal.SIGINT)
    with cancelled_by_ctrl_c(told.append):
        for number in (1, 2):
            try:
                signal.raise_signal(signal.SIGINT)
                await asyncio.sleep(10)
            except asyncio.CancelledError:
                caught.append(number)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert told == caught == [1, 2]
    assert signal.getsignal(signal.SIGINT) is before


async def test_one_that_comes_when_the_task_has_ended_cancels_nobody() -> None:
    told: list[int] = []

    async def quick() -> None:
        with cancelled_by_ctrl_c(told.append):
            signal.raise_signal(signal.SIGINT)

    await asyncio.create_task(quick())
    await asyncio.sleep(0)
    assert told == []


async def test_in_another_thread_signals_are_left_alone() -> None:
    before = signal.getsignal(signal.SIGINT)
    seen: list[object] = []

    async def main() -> None:
        with cancelled_by_ctrl_c(lambda _: None):
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=lambda: asyncio.run(main()))
    thread.start()
    await asyncio.to_thread(thread.join)
    assert seen == [before]


async def test_a_second_one_that_comes_while_the_first_is_told_is_a_second_cancellation() -> None:
    caught: list[int] = []

    def told(number: int) -> None:
        if number == 1:
            signal.raise_signal(signal.SIGINT)

    with cancelled_by_ctrl_c(told):
        signal.raise_signal(signal.SIGINT)
        for number in (1, 2):
            try:
                await asyncio.sleep(10)
            except asyncio.CancelledError:
                caught.append(number)
    assert caught == [1, 2]
