"""``jobs``: show jobs of the service, wait for them, cancel them; by the tokens that other commands print.

Invariant: one row per job on stdout, whatever becomes of it; the first failure among them is how the command ends.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any

from cyclopts import App, Parameter
from cyclopts.validators import Number

from mi_async._core.concurrency import each
from mi_async.cli import event_loop
from mi_async.cli.connection import Account
from mi_async.cli.output import show
from mi_async.cli.streams import drawable, notes
from mi_async.display.jobs import job_display
from mi_async.errors import InvalidArgumentError, JobTimeoutError, MIError
from mi_async.session import Session
from mi_async.workflows.jobs.job import Job

PARALLEL = 8
"""Jobs that are asked about, or cancelled, at once."""

Tokens = Annotated[
    str, Parameter(name="TOKEN", help="Jobs, such as index:newsroom:101:1002: kind, workspace and numbers.")
]


def jobs_app(name: str) -> App:
    """Return the commands under this name."""
    app = App(name=name, help_epilogue="")
    for verb, command in {"show": show_jobs, "wait": wait_for_jobs, "cancel": cancel_jobs}.items():
        app.command(command, name=verb, usage=f"Usage: mi-async jobs {verb} TOKEN... [OPTIONS]")
    return app


def _require(tokens: Sequence[str], command: str) -> None:
    if not tokens:
        message = f"TOKEN is missing; see mi-async jobs {command} --help"
        raise InvalidArgumentError(message)


AT_MOST = (
    "Seconds to wait; without it an hour for an import, 12 hours for an analysis, 6 for a scene summary and 5 minutes "
    "for a search."
)


def show_jobs(*tokens: Tokens, service: Account | None = None) -> None:
    """Show the present state of jobs."""
    _require(tokens, "show")
    event_loop.run(_work(tokens, service or Account(), Job[Any].refresh))


def wait_for_jobs(
    *tokens: Tokens,
    at_most: Annotated[float | None, Parameter(validator=Number(gte=0), help=AT_MOST)] = None,
    service: Account | None = None,
) -> None:
    """Wait until jobs are over, and show how they ended. Ctrl-C ends the wait and leaves them running."""
    _require(tokens, "wait")
    event_loop.run(_wait(tokens, service or Account(), at_most))


def cancel_jobs(*tokens: Tokens, service: Account | None = None) -> None:
    """Cancel analyses and scene summaries at the service, and show their new state; other jobs cannot be cancelled."""

    async def cancel(job: Job[Any]) -> None:
        await job.cancel()
        await job.refresh()

    _require(tokens, "cancel")
    event_loop.run(_work(tokens, service or Account(), cancel, cancelling=True))


async def _work(
    tokens: Sequence[str], service: Account, work: Callable[[Job[Any]], Awaitable[object]], *, cancelling: bool = False
) -> None:
    """Do something with each job, a few at a time."""
    async with service.session() as session:
        jobs = _jobs(session, tokens)
        for job in jobs if cancelling else ():
            if not job.is_cancellable:
                await job.cancel()  # says why not, before anything is cancelled

        async def tried(job: Job[Any]) -> MIError | None:
            try:
                await work(job)
            except MIError as error:
                return error
            return None

        _show(jobs, await each(tried, jobs, PARALLEL), service, changed=cancelling)


async def _wait(tokens: Sequence[str], service: Account, at_most: float | None) -> None:
    async with service.session() as session:
        jobs = _jobs(session, tokens)
        try:
            with job_display(drawable(notes()), jobs, plain=service.verbose > 0) as display:
                waits = [job.wait(timeout=at_most, progress=display.step) for job in jobs]
                ended = await asyncio.gather(*waits, return_exceptions=True)
        except asyncio.CancelledError:
            notes().write("the jobs go on at the service; the same command waits for them again\n")
            raise
    errors = [outcome for outcome in ended if isinstance(outcome, BaseException)]
    if (bug := next((error for error in errors if not isinstance(error, MIError)), None)) is not None:
        raise bug
    _show(jobs, [outcome if isinstance(outcome, MIError) else None for outcome in ended], service)


def _jobs(session: Session, tokens: Sequence[str]) -> list[Job[Any]]:
    return list({job.id: job for job in map(session.job, tokens)}.values())


def _said(job: Job[Any], error: MIError) -> str:
    """Return the message of an error, for a row that names the job already."""
    text = error.brief if isinstance(error, JobTimeoutError) else str(error)
    return text.removeprefix(f"{job}: ")


def _show(
    jobs: Sequence[Job[Any]], errors: Sequence[MIError | None], service: Account, *, changed: bool = False
) -> None:
    """Write the rows, then fail as the first that failed."""
    rows = [
        {
            "job": job.id,
            "kind": job.kind,
            "state": job.state,
            "phase": job.phase,
            "reason": job.reason,
            "error": None if error is None else _said(job, error),
        }
        for job, error in zip(jobs, errors, strict=True)
    ]
    show(rows, service.output, changed=changed)
    for error in filter(None, errors):
        raise error
