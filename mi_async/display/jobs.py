"""Live display of jobs that are waited for: those that are not over on a terminal, a line for each change elsewhere.

Invariant: is told of jobs and asks nobody. Time is an argument.
"""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

from attrs import define, field

from mi_async.display.layout import Cell, Grid, Overflow, SpinnerText, StyledText
from mi_async.display.view import BackEnd
from mi_async.display.workflow_view import WorkflowView, view_displayed
from mi_async.text import one_line, quantity
from mi_async.workflows.jobs.job import Job
from mi_async.workflows.jobs.kinds import JobPhase

SHOWN = 12
"""Jobs for which there is room."""
STYLES = {JobPhase.COMPLETED: "green", JobPhase.WAITING: "dim", JobPhase.RUNNING: "cyan"}


@contextmanager
def job_display(file: TextIO | None, jobs: Sequence[Job[Any]], *, plain: bool = False) -> Generator["JobView"]:
    """Show jobs until the block ends; its ``step`` is the ``progress`` of their waits.

    Args:
        file: where.
        jobs: that are waited for.
        plain: lines even on a terminal, because something else writes there too.
    """
    with view_displayed(lambda where: JobView(where, jobs), file, plain=plain) as view:
        view.where.say(f"waiting for {quantity(len(jobs), 'job')}")
        yield view


@define(eq=False)
class JobView(WorkflowView):
    """Jobs over time.

    Args:
        where: told of each change.
        jobs: all of them.
        now: seconds of a steady clock.
    """

    where: BackEnd
    jobs: Sequence[Job[Any]]
    now: Callable[[], float] = time.monotonic
    _over: set[Job[Any]] = field(init=False, factory=set)

    def step(self, job: Job[Any]) -> None:
        """Note a new state, and report it; ``JobProgress`` of the workflows."""
        if job.phase is not None and not job.phase.is_active:
            self._over.add(job)
        self.where.say(f"{job}: {job.state} ({self._age})")

    @property
    def share(self) -> float | None:
        """Part of the jobs that is over."""
        return len(self._over) / len(self.jobs)

    def layout(self, width: int) -> Iterator[Grid | Cell]:  # noqa: ARG002  names give way
        """Yield the jobs that are not over, as many as have room, and how many are."""
        jobs = [job for job in self.jobs if job not in self._over] or self.jobs
        yield Grid(tuple((StyledText(one_line(str(job)), overflow=Overflow.CUT), _state(job)) for job in jobs[:SHOWN]))
        yield SpinnerText(self._text)

    @property
    def _text(self) -> str:
        return f"{len(self._over):,} of {quantity(len(self.jobs), 'job')} over, {self._age}"


def _state(job: Job[Any]) -> StyledText:
    style = STYLES.get(job.phase, "red") if job.phase is not None else "dim"
    return StyledText(str(job.state or "…"), style)
