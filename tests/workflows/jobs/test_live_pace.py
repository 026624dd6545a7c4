"""A poller that has a part of the pace asks at that part of the rate."""

import asyncio
from typing import Any

from mi_async import Clock, connect
from mi_async._core.polling import Polling
from mi_async._core.shared_pace import SharedPace
from mi_async.credentials import Credentials
from mi_async.workflows.jobs.polled_job import JobAnswer, PollPace, Question
from mi_async.workflows.jobs.poller import Poller
from tests.support.virtual import run

PACE = PollPace("test", 5.0)
POLLING = Polling(first=2.0, factor=1.5, longest=10.0)


def test_the_rate_is_the_part_of_this_session() -> None:
    async def main() -> int:
        asked = 0

        async def ask() -> JobAnswer:
            nonlocal asked
            asked += 1
            return JobAnswer("running")

        async def wait(poller: Poller, number: int) -> Any:
            question = Question(f"job {number}", PACE, POLLING, ask, since=0.0, due=0.0)
            with poller.watching(question, lambda _: None) as answer:
                return await answer

        poller = Poller(Clock(), lambda name: SharedPace(name, share=0.25))
        waiting = [asyncio.create_task(wait(poller, number)) for number in range(100)]
        await asyncio.sleep(100)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await poller.aclose()
        return asked

    assert 120 <= run(main()) <= 100 * 5 / 4 + 5


async def test_a_session_with_a_share_has_a_poller_with_it() -> None:
    keys = Credentials("access", "secret")
    async with connect(keys, base_url="http://127.0.0.1:9", quota_share=0.25) as session:
        assert session._parts()._poller.shared("pace:jobs").part == 0.25
