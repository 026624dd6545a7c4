"""Order of the questions about jobs: when each is due, and which of those that are due goes first.

Invariant: pure. A job is due no later than its schedule says; of those that are due, the one goes first whose end would
otherwise be noticed latest, and none is passed over for longer than ``FAIR`` rounds of all.
"""

from collections.abc import Collection
from heapq import nsmallest

from mi_async.workflows.jobs.polled_job import PolledJob

WORTH = 1 / 60
"""Expected lateness at which a job is due before its schedule says, as a part of the longest interval: of an hour's
analysis, that is one second, and 2 questions more in the mean."""
CLOSER = 1.2
"""Ratio of the delays that are tried."""
FAIR = 4.0
"""Rounds of questions about all jobs of a queue for which one that is due may be passed over."""
PLANNED = 200
"""Jobs that are compared for each question, at most: a thousand that are due are compared every five questions."""


def delay(job: PolledJob, now: float) -> float:
    """Return the seconds until the job is due again."""
    question, seen = job.question, job.seen
    longest = question.polling.delay(now - question.since)
    if seen is None or job.trouble is not None or not question.durations.known:
        return longest
    worth, tried = question.polling.longest * WORTH, question.polling.first
    while tried < longest and question.durations.lateness(seen, question.size, now + tried) < worth:
        tried *= CLOSER
    return min(tried, longest)


def first_ones(due: Collection[PolledJob], now: float, round_of_all: float) -> list[PolledJob]:
    """Return those of the jobs that are due that are asked about next, the very next one last."""
    late = now - FAIR * round_of_all

    def rank(job: PolledJob) -> tuple[float, ...]:
        if job.urgent or job.seen is None or job.due < late:
            return 0.0, job.due
        return 1.0, -job.question.durations.lateness(job.seen, job.question.size, now), job.due

    return nsmallest(max(1, len(due) // PLANNED), due, rank)[::-1]
