"""The threads that read the images of a run."""

import asyncio
import gc
import threading
from collections.abc import Callable

import pytest

from mi_async.bulk.images.file_threads import MOST, FileThreads

CAP = 60.0
"""Real seconds after which a test has failed."""


def alive() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "mi_async files"]


def ended(threads: list[threading.Thread]) -> bool:
    for thread in threads:
        thread.join(CAP)
    return not any(thread.is_alive() for thread in threads)


async def at_least(files: FileThreads[int, bool], threads: int) -> None:
    async with asyncio.timeout(CAP):
        while files.threads < threads:  # noqa: ASYNC110  a count, which no event tells
            await asyncio.sleep(0.001)


def waiting(answers: threading.Event) -> Callable[[int], bool]:
    return lambda _: answers.wait(CAP)


def twice(number: int) -> int:
    if number < 0:
        message = f"{number} is below 0"
        raise ValueError(message)
    return 2 * number


async def test_one_thread_does_all_that_is_quick_and_tells_what_failed() -> None:
    before = len(alive())
    files = FileThreads(twice)
    assert len(alive()) == before  # none before there is work
    asked = [files(number) for number in (1, -1, 3)]
    assert (await asked[0], await asked[2]) == (2, 6)
    with pytest.raises(ValueError, match="-1 is below 0"):
        await asked[1]
    assert files.threads == 1
    files.close()


async def test_a_file_that_does_not_answer_holds_no_other() -> None:
    answers = threading.Event()

    def read(name: str) -> str:
        if name == "stuck":
            answers.wait(CAP)
        return name

    files = FileThreads(read, moment=0.01)
    stuck = files("stuck")
    async with asyncio.timeout(CAP):
        assert await asyncio.gather(*map(files, "abc")) == ["a", "b", "c"]
    assert not stuck.done()
    assert files.threads == 2
    answers.set()
    assert await stuck == "stuck"
    files.close()


async def test_there_are_never_too_many() -> None:
    answers = threading.Event()
    files = FileThreads(waiting(answers), moment=0.001)
    asked = [files(number) for number in range(3 * MOST)]
    await at_least(files, MOST)
    await asyncio.sleep(0.02)
    assert files.threads == MOST
    answers.set()
    assert all(await asyncio.gather(*asked))
    files.close()


async def test_whoever_was_cancelled_gets_nothing_and_the_next_one_does() -> None:
    answers = threading.Event()
    files = FileThreads(waiting(answers))
    first, second = files(1), files(2)
    first.cancel()
    answers.set()
    assert await second
    files.close()


async def test_all_threads_end_when_they_are_closed() -> None:
    earlier = alive()
    answers = threading.Event()
    files = FileThreads(waiting(answers), moment=0.001)
    asked = [files(number) for number in range(4)]
    await at_least(files, 3)
    ours = [thread for thread in alive() if thread not in earlier]
    files.close()
    answers.set()
    assert all(await asyncio.gather(*asked))
    assert len(ours) >= 3
    assert await asyncio.to_thread(ended, ours)


def test_the_threads_of_whoever_forgets_them_end() -> None:
    earlier = alive()

    async def forgets() -> int:
        return await FileThreads(twice)(4)

    assert asyncio.run(forgets()) == 8
    gc.collect()
    assert ended([thread for thread in alive() if thread not in earlier])


def test_what_is_done_after_the_loop_is_nobodys() -> None:
    earlier, answers = alive(), threading.Event()

    async def leaves() -> None:
        FileThreads(waiting(answers))(1)

    asyncio.run(leaves())
    gc.collect()
    answers.set()
    assert ended([thread for thread in alive() if thread not in earlier])
