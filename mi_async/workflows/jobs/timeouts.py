"""Errors of waits for jobs that took too long: of one job, and of several.

Invariant: the jobs go on; each message names one, so that it can be found again.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mi_async.errors import JobTimeoutError, MIError
from mi_async.workflows.jobs.kinds import JobPhase

if TYPE_CHECKING:
    from mi_async.workflows.jobs.job import Job

SHOWN = 3
"""Jobs that a message names."""


def wait_timeout(job: "Job[Any]", seconds: float, trouble: MIError | None) -> JobTimeoutError:
    """Return the error of a wait for a job.

    Args:
        job: that is waited for.
        seconds: for which it was.
        trouble: how the last question about it failed, None if it was answered.
    """
    seen = "has not been seen yet" if job.state is None else f"is {job.state}"
    over = job.phase is not None and not job.phase.is_active
    goes = "its result has not come" if over else "it goes on"
    if job.phase is JobPhase.UNKNOWN:
        goes = "this version does not know that state; it may go on"
    if trouble is not None:
        goes = f"asking failed last ({trouble}); it may go on"
    brief = f"{job}: {seen} after {seconds:g} s of waiting; {goes}"
    message = f"{brief}, and session.job({job.id!r}) finds it"
    state = None if job.state is None else str(job.state)
    return JobTimeoutError(message, job=job.id, state=state, brief=brief)


def all_too_late(left: Sequence["Job[Any]"], trouble: MIError | None) -> JobTimeoutError:
    """Return the error of a wait for several jobs, of which these have not ended."""
    named = ", ".join(map(str, left[:SHOWN])) + (", ..." if len(left) > SHOWN else "")
    why = "" if trouble is None else f"; asking failed last: {trouble}"
    return JobTimeoutError(f"{len(left)} of the jobs have not ended in time and go on: {named}{why}", job=left[0].id)
