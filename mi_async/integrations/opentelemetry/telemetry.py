"""Hooks that make spans and metrics.

Invariant: suppression is looked at once, when a call or a workflow begins, and holds to its end.
"""

from attrs import define
from opentelemetry.metrics import MeterProvider, get_meter
from opentelemetry.trace import TracerProvider, get_tracer

from mi_async._core.hooks import Attempt, CallEnd, Hooks, Outcome, ServiceCall, Workflow, WorkflowEnd
from mi_async.integrations.opentelemetry.metrics import Metrics
from mi_async.integrations.opentelemetry.tracing import OpenSpan, Tracing, is_suppressed
from mi_async.version import VERSION

SCOPE = "mi_async"
SCHEMA = "https://opentelemetry.io/schemas/1.37.0"
"""Version of the conventions whose names for HTTP are used."""


@define(eq=False)
class _Telemetry:
    """State that the hooks of one ``OpenTelemetryHooks`` share."""

    tracing: Tracing
    metrics: Metrics

    def call_started(self, call: ServiceCall) -> None:
        if not is_suppressed():
            call.state[self] = self.tracing.start_call(call, self._open(call.workflow))

    def before(self, attempt: Attempt) -> None:
        opened = attempt.call.state.get(self)
        if opened is not None:
            self.tracing.send(opened, attempt)

    def after(self, attempt: Attempt, outcome: Outcome) -> None:
        state = attempt.call.state
        if self in state:
            if (opened := state[self]) is not None:
                self.tracing.receive(opened, attempt, outcome)
            self.metrics.attempt_ended(attempt, outcome)

    def call_ended(self, call: ServiceCall, end: CallEnd) -> None:
        if self in call.state:
            try:
                self.metrics.call_ended(call, end)  # while its span is current, which exemplars name
            finally:
                if (opened := call.state[self]) is not None:
                    self.tracing.end_call(opened, call, end)

    def workflow_started(self, workflow: Workflow) -> None:
        if not is_suppressed():
            workflow.state[self] = self.tracing.start_workflow(workflow, self._open(workflow.parent))

    def workflow_ended(self, workflow: Workflow, end: WorkflowEnd) -> None:
        if self in workflow.state:
            try:
                self.metrics.workflow_ended(workflow, end)  # as above
            finally:
                if (opened := workflow.state[self]) is not None:
                    self.tracing.end_workflow(opened, end)

    def _open(self, workflow: Workflow | None) -> OpenSpan | None:
        found: OpenSpan | None = None if workflow is None else workflow.state.get(self)
        return found


class OpenTelemetryHooks(Hooks):
    """Hooks that make spans and metrics; give them to ``connect(hooks=...)``, the same to all sessions.

    Args:
        tracer_provider: makes the tracer; by default the global one, also if that is set later.
        meter_provider: makes the meter; likewise.
        poll_spans: True for a span of each poll of a job and of an upload's completion; by default they are events on
            the span of the wait, the first 32, and a count.
        propagate: True to send ``traceparent`` with each request to the API. The service does nothing with it, as far
            as is documented, and the signature does not cover it.

    Raises:
        ConfigError: ``opentelemetry-api`` is not installed.
    """

    def __init__(
        self,
        *,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        poll_spans: bool = False,
        propagate: bool = False,
    ) -> None:
        tracer = get_tracer(SCOPE, VERSION, tracer_provider, SCHEMA)
        meter = get_meter(SCOPE, VERSION, meter_provider, SCHEMA)
        telemetry = _Telemetry(Tracing(tracer, poll_spans, propagate), Metrics(meter))
        super().__init__(
            before=[telemetry.before],
            after=[telemetry.after],
            call_started=[telemetry.call_started],
            call_ended=[telemetry.call_ended],
            workflow_started=[telemetry.workflow_started],
            workflow_ended=[telemetry.workflow_ended],
        )
