"""Several jobs, in the order in which they end.

Law: nothing is started for it: each job has a place in the poller, and its end goes into one queue.
"""

import asyncio
import math
from collections.abc import AsyncGenerator, Iterable
from contextlib import ExitStack
from typing import Any

from mi_async.errors import JobTimeoutError
from mi_async.workflows.jobs import Job, T
from mi_async.workflows.lane import Answer

SHOWN = 3
"""Jobs that a message names."""


async def as_completed(jobs: Iterable[Job[T]], *, timeout: float | None = None) -> AsyncGenerator[Job[T]]:  # noqa: ASYNC109  as long as a caller likes
    """Iterate over jobs as they end, well or not: ``await job`` then returns the result or raises at once.

    Args:
        jobs: of one session or of several; each is given once.
        timeout: seconds for all of them; by default the longest of their own.

    Raises:
        JobTimeoutError: some have not ended in time; they go on at the service.
    """
    listed = list(dict.fromkeys(jobs))
    limits = [job._limit(timeout) for job in listed]  # noqa: SLF001  the two belong together
    loop = asyncio.get_running_loop()
    deadline = loop.time() + max(math.inf if limit is None else limit for limit in (*limits, 0.0))
    ended: asyncio.Queue[Job[T]] = asyncio.Queue()
    left = dict.fromkeys(listed)
    with ExitStack() as watched:
        for job in listed:
            _follow(job, ended, watched)
        while left:
            remaining = None if deadline == math.inf else max(deadline - loop.time(), 0.0)
            try:
                job = await asyncio.wait_for(ended.get(), remaining)
            except TimeoutError:
                raise _too_late(list(left)) from None
            del left[job]
            yield job


def _follow(job: Job[T], ended: asyncio.Queue[Job[T]], watched: ExitStack) -> None:
    """Put the job into the queue at its end."""

    def settle(answer: asyncio.Future[Answer]) -> None:
        if not answer.cancelled():
            job._settle(answer)  # noqa: SLF001  the two belong together
            ended.put_nowait(job)

    if job.ended:
        ended.put_nowait(job)
    else:
        watched.enter_context(job._watching(None)).add_done_callback(settle)  # noqa: SLF001  the two belong together


def _too_late(left: list[Job[Any]]) -> JobTimeoutError:
    named = ", ".join(map(str, left[:SHOWN])) + (", ..." if len(left) > SHOWN else "")
    return JobTimeoutError(f"{len(left)} of the jobs have not ended in time and go on: {named}", job=left[0].id)
