"""Metrics: the instruments, and what is recorded in them.

Invariant: attributes come from tables (operations, workflows, outcomes, classes of errors, HTTP methods and statuses)
and from the hosts of a session: no name, no ID, so that the number of time series does not grow with what is done.
"""

from collections.abc import Sequence
from typing import Final

from attrs import define, field
from opentelemetry.metrics import Counter, Histogram, Meter

from mi_async._core.hooks import Attempt, CallEnd, Outcome, ServiceCall, Workflow, WorkflowEnd
from mi_async.integrations.opentelemetry.attributes import (
    ERROR_TYPE,
    ITEM_STATUS,
    JOB,
    JOB_KIND,
    JOB_PHASE,
    METHOD,
    OPERATION,
    OUTCOME,
    STATUS,
    WORKFLOW,
    items_of,
    outcome_word,
    server_of,
)

REQUEST_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""Seconds, as the conventions for HTTP have them."""
WAIT_BUCKETS: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
"""Seconds of calls and their waits: a call lasts at most ten minutes by default."""
WORK_BUCKETS: Final = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 10_800.0, 43_200.0)
"""Seconds of workflows and jobs: an analysis may take twelve hours."""

BUSY: Final = frozenset({("api", 429), ("upload", 429), ("upload", 503), ("storage", 429), ("storage", 503)})
"""Answers that ask for fewer requests; a storage says so with 503."""


@define(eq=False)
class Metrics:
    """The instruments of a session.

    Args:
        meter: makes them.
    """

    meter: Meter
    requests: Histogram = field(init=False)
    calls: Histogram = field(init=False)
    waits: Histogram = field(init=False)
    throttled: Counter = field(init=False)
    retries: Counter = field(init=False)
    sent: Counter = field(init=False)
    received: Counter = field(init=False)
    workflows: Histogram = field(init=False)
    jobs: Histogram = field(init=False)
    items: Counter = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Make the instruments."""
        self.requests = self._seconds("http.client.request.duration", "Duration of HTTP requests.", REQUEST_BUCKETS)
        self.calls = self._seconds("mi_async.call.duration", "Duration of calls with waits and retries.", WAIT_BUCKETS)
        self.waits = self._seconds("mi_async.quota.wait", "Waits of calls for their quota.", WAIT_BUCKETS)
        self.throttled = self._count("mi_async.throttled", "{response}", "Answers 429, and 503 of a busy storage.")
        self.retries = self._count("mi_async.retries", "{retry}", "Failed attempts that were made again.")
        self.sent = self._count("mi_async.sent", "By", "Bytes of the bodies of requests.")
        self.received = self._count("mi_async.received", "By", "Bytes of the bodies of answers.")
        self.workflows = self._seconds("mi_async.workflow.duration", "Duration of workflows.", WORK_BUCKETS)
        self.jobs = self._seconds("mi_async.job.wait", "Waits for the end of a job.", WORK_BUCKETS)
        self.items = self._count("mi_async.bulk.items", "{item}", "Items of bulk runs that ended.")

    def _seconds(self, name: str, description: str, buckets: Sequence[float]) -> Histogram:
        return self.meter.create_histogram(
            name, unit="s", description=description, explicit_bucket_boundaries_advisory=buckets
        )

    def _count(self, name: str, unit: str, description: str) -> Counter:
        return self.meter.create_counter(name, unit=unit, description=description)

    def attempt_ended(self, attempt: Attempt, outcome: Outcome) -> None:
        """Record an attempt."""
        call = attempt.call
        operation = {OPERATION: call.operation}
        address, port = server_of(call.server)
        labels: dict[str, str | int] = {
            OPERATION: call.operation,
            METHOD: call.method,
            "server.address": address,
            "server.port": port,
        }
        status = None if outcome.response is None else outcome.response.status
        if status is not None:
            labels[STATUS] = status
            if (call.service, status) in BUSY:
                self.throttled.add(1, operation)
        if outcome.error is not None:
            labels[ERROR_TYPE] = type(outcome.error).__qualname__
        self.requests.record(outcome.seconds, labels)
        if outcome.again_in is not None:
            self.retries.add(1, operation | _error_type(outcome.error))
        if outcome.sent:
            self.sent.add(outcome.sent, operation)
        if outcome.received:
            self.received.add(outcome.received, operation)

    def call_ended(self, call: ServiceCall, end: CallEnd) -> None:
        """Record a call."""
        labels = {OPERATION: call.operation, OUTCOME: outcome_word(end.error), **_error_type(end.error)}
        self.calls.record(end.seconds, labels)
        if end.waited > 0:
            self.waits.record(end.waited, {OPERATION: call.operation})

    def workflow_ended(self, workflow: Workflow, end: WorkflowEnd) -> None:
        """Record a workflow, a wait for a job or a bulk run."""
        outcome = {OUTCOME: outcome_word(end.error), **_error_type(end.error)}
        if workflow.kind == JOB:
            labels = {JOB_KIND: str(workflow.subject.get("kind", "")), JOB_PHASE: str(end.result.get("phase") or "")}
            self.jobs.record(end.seconds, labels | outcome)
            return
        self.workflows.record(end.seconds, {WORKFLOW: workflow.kind} | outcome)
        for status, count in items_of(end):
            if count:
                self.items.add(count, {WORKFLOW: workflow.kind, ITEM_STATUS: status})


def _error_type(error: BaseException | None) -> dict[str, str]:
    return {} if error is None else {ERROR_TYPE: type(error).__qualname__}
