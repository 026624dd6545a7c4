"""Metrics of one worker in the text format of Prometheus, from the hooks of its session and the state of its quotas."""

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping

import mi_async

Labels = tuple[tuple[str, str], ...]


class Metrics:
    """Counts attempts by operation and status, and the seconds that they took and waited for quota."""

    def __init__(self) -> None:
        self._attempts = defaultdict[Labels, float](float)
        self._seconds = defaultdict[Labels, float](float)
        self._waited = defaultdict[Labels, float](float)
        self.hooks = mi_async.Hooks(after=[self._count])

    def _count(self, attempt: mi_async.Attempt, outcome: mi_async.Outcome) -> None:
        operation = ("operation", attempt.operation)
        status = str(outcome.response.status) if outcome.response else type(outcome.error).__name__
        self._attempts[operation, ("status", status)] += 1
        self._seconds[(operation,)] += outcome.seconds
        self._waited[(operation,)] += attempt.waited

    def text(self, quotas: Mapping[str, mi_async.QuotaState]) -> str:
        """Write down all metrics."""
        states: dict[Labels, mi_async.QuotaState] = {(("operation", name),): state for name, state in quotas.items()}
        used = {labels: state.used for labels, state in states.items()}
        waiting = {labels: state.waiting for labels, state in states.items()}
        refused = {labels: state.refused for labels, state in states.items()}
        lines = [
            *_lines("mi_attempts_total", "counter", "Requests to Media Intelligence.", self._attempts),
            *_lines("mi_attempt_seconds_total", "counter", "Seconds from request to answer.", self._seconds),
            *_lines("mi_quota_wait_seconds_total", "counter", "Seconds of waiting for quota.", self._waited),
            *_lines("mi_quota_used", "gauge", "Slots of the quota that are taken.", used),
            *_lines("mi_quota_waiting", "gauge", "Callers in line for the quota.", waiting),
            *_lines("mi_quota_refused_total", "counter", "Answers 429.", refused),
        ]
        return "\n".join([*lines, ""])


def _lines(name: str, kind: str, description: str, values: Mapping[Labels, float]) -> Iterator[str]:
    """Yield a metric: with several workers each scrape meets one of them, so its process ID is a label."""
    yield f"# HELP {name} {description}"
    yield f"# TYPE {name} {kind}"
    for labels, value in values.items():
        shown = ",".join(f'{label}="{text}"' for label, text in (*labels, ("worker", str(os.getpid()))))
        yield f"{name}{{{shown}}} {value:.9g}"
