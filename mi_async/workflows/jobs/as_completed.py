"""Several jobs, in the order in which they end.

Invariant: nothing is started for it: each job has a place in the poller, and its end goes into one queue.
"""

import asyncio
import math
from collections.abc import AsyncGenerator, Iterable
from contextlib import ExitStack, suppress

from mi_async._core.own_context import OwnContext
from mi_async.errors import InvalidArgumentError
from mi_async.workflows.jobs.job import Job, T
from mi_async.workflows.jobs.polled_job import JobAnswer
from mi_async.workflows.jobs.timeouts import all_too_late


async def as_completed(jobs: Iterable[Job[T]], *, timeout: float | None = None) -> AsyncGenerator[Job[T]]:  # noqa: ASYNC109  as long as a caller likes
    """Iterate over jobs as they end, well or not: ``await job`` then returns the result or raises at once.

    A job about which asking failed for good is given too: ``await job`` then raises that, once, and ``job.ended`` is
    False.

    Args:
        jobs: of one session or of several; each is given once.
        timeout: seconds for all of them; by default the longest of their own. What has ended when they are over is
            still given.

    Raises:
        InvalidArgumentError: something else than a job.
        JobTimeoutError: some have not ended in time; they go on at the service. Its cause is how a question about one
            of them failed last, if one did.
        SessionError: the session of one of them is closed already.
    """
    listed = list(dict.fromkeys(jobs))
    other: object = next((job for job in listed if not isinstance(job, Job)), None)
    if other is not None:
        message = f"as_completed takes jobs, not {other!r}; session.job(token) makes one of a token"
        raise InvalidArgumentError(message)
    limits = [job._limit(timeout) for job in listed]  # noqa: SLF001  the two belong together
    loop = asyncio.get_running_loop()
    deadline = loop.time() + max(math.inf if limit is None else limit for limit in (*limits, 0.0))
    ended: asyncio.Queue[Job[T]] = asyncio.Queue()
    left = dict.fromkeys(listed)
    with ExitStack() as watched:
        for job in listed:
            _follow(job, ended, watched)
        while left:
            given = await _next(ended, deadline)
            if given is None:
                trouble = next((job._trouble for job in left if job._trouble is not None), None)  # noqa: SLF001  as above
                raise all_too_late(list(left), trouble) from trouble
            del left[given]
            yield given


async def _next(ended: asyncio.Queue[Job[T]], deadline: float) -> Job[T] | None:
    """Return the next one that has ended; None if time is up and none has."""
    if ended.empty():
        with suppress(TimeoutError):
            async with asyncio.timeout_at(None if deadline == math.inf else deadline):
                return await ended.get()
    with suppress(asyncio.QueueEmpty):  # one may have ended as time ran out
        return ended.get_nowait()
    return None


def _follow(job: Job[T], ended: asyncio.Queue[Job[T]], watched: ExitStack) -> None:
    """Put the job into the queue at its end."""
    # Each wait has its own context: hooks are told of them as they end, in any order, and never of one within another.
    own = OwnContext(job._workflow())  # noqa: SLF001  the two belong together

    def settle(answer: asyncio.Future[JobAnswer]) -> None:
        if not answer.cancelled():
            job._settle(answer)  # noqa: SLF001  as above
            result.update(job._told)  # noqa: SLF001  as above
            error = answer.exception() or job._error  # noqa: SLF001  as above
            try:
                if error is None:
                    wait.close()
                else:
                    wait.__exit__(type(error), error, error.__traceback__)
            finally:  # a strict hook may have raised
                ended.put_nowait(job)

    if job.ended:
        ended.put_nowait(job)
        return
    job._missed = None  # noqa: SLF001  as above; it is asked about anew
    wait = watched.enter_context(ExitStack())
    result = wait.enter_context(own)
    answer = own.context.run(watched.enter_context, job._watching(None))  # noqa: SLF001  as above
    answer.add_done_callback(settle)
