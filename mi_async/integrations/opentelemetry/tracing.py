"""Spans: one of each call over all its attempts, one of each workflow, and the events on them.

Invariant: a span is current from the start to the end of what it stands for, in the context of whoever called, and
nowhere else. HTTP instrumentation is suppressed while an attempt is on the network, and at no other time: a span of
aiohttp's would stand for the same request, with the signature of a presigned URL in it.
"""

from collections.abc import Sequence
from contextvars import Token
from typing import Final

from attrs import define
from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, Link, Span, SpanKind, StatusCode, Tracer

from mi_async._core.hooks import Attempt, CallEnd, Outcome, ServiceCall, Workflow, WorkflowEnd
from mi_async.integrations.opentelemetry.attributes import (
    JOB,
    JOB_KIND,
    OPERATION,
    QUOTA_WAIT,
    Attributes,
    of_answer,
    of_call,
    of_call_end,
    of_error,
    of_workflow,
    of_workflow_end,
    outcome_word,
    url_of,
)
from mi_async.integrations.opentelemetry.propagation import inject, span_links

# The API has no public names for these two; every instrumentation of OpenTelemetry's own imports them.
SUPPRESSED: Final = context._SUPPRESS_INSTRUMENTATION_KEY  # noqa: SLF001
HTTP_SUPPRESSED: Final = context._SUPPRESS_HTTP_INSTRUMENTATION_KEY  # noqa: SLF001
OURS: Final = "mi_async"
"""Value of the second one while we send, which tells it from a wish of the caller's."""
BULK: Final = frozenset({"enroll_many", "upload_thumbnails", "ingest_many"})
CHECKS: Final = frozenset({"thumbnails.complete", "query_assets.complete"})
"""Operations that are asked again and again until an upload is complete."""
MOST_POLLS: Final = 32
"""Events for polls on one span; all are counted. The SDK keeps 128 events of a span and drops the oldest."""


@define(eq=False)
class OpenSpan:
    """A span that has not ended, with what gives the context back.

    Attributes:
        span: of OpenTelemetry; of a poll, that of the wait that it belongs to.
        wait: the wait; None for everything but a poll.
        attached: since the start.
        sending: since the running attempt began.
        polls: polls that were made.
    """

    span: Span
    wait: "OpenSpan | None" = None
    attached: Token[Context] | None = None
    sending: Token[Context] | None = None
    polls: int = 0


@define(eq=False)
class Tracing:
    """Makes the spans.

    Args:
        tracer: of a provider.
        poll_spans: True for a span of each poll.
        propagate: True to send ``traceparent`` with requests to the API.
    """

    tracer: Tracer
    poll_spans: bool
    propagate: bool

    def start_call(self, call: ServiceCall, within: OpenSpan | None) -> OpenSpan | None:
        """Start the span of a call; None where no SDK would export it.

        Args:
            call: of the session.
            within: the open span of its workflow.
        """
        if within is not None and not self.poll_spans and is_poll(call):
            within.polls += 1
            return OpenSpan(within.span, wait=within)
        kind = None if call.workflow is None else call.workflow.kind
        return self._start(call.operation, SpanKind.CLIENT, of_call(call), (), within if kind in BULK else None)

    def start_workflow(self, workflow: Workflow, within: OpenSpan | None) -> OpenSpan | None:
        """Start the span of a workflow; None where no SDK would export it."""
        attributes = of_workflow(workflow)
        kind = None if workflow.parent is None else workflow.parent.kind
        waits = workflow.kind == JOB
        name = f"{attributes.get(JOB_KIND, JOB)}.wait" if waits else workflow.kind
        run = within if kind in BULK else None
        return self._start(name, SpanKind.INTERNAL, attributes, span_links() if waits else (), run)

    def _start(
        self, name: str, kind: SpanKind, attributes: Attributes, linked: Sequence[Link], run: OpenSpan | None
    ) -> OpenSpan | None:
        """Start a span and make it current; what is done for a bulk run begins a trace of its own, linked to the run.

        A run may take hours and a million requests, and no backend shows a trace of that many spans.
        """
        parent = context.get_current()
        if run is not None:
            parent, linked = (
                trace.set_span_in_context(INVALID_SPAN, parent),
                [*linked, Link(run.span.get_span_context())],
            )
        span = self.tracer.start_span(name, parent, kind, attributes, linked)
        if not span.get_span_context().is_valid:
            return None
        return OpenSpan(span, attached=context.attach(trace.set_span_in_context(span)))

    def send(self, opened: OpenSpan, attempt: Attempt) -> None:
        """Take note of an attempt that is about to be sent."""
        if attempt.waited > 0:
            _event(opened, "mi_async.quota.wait", {QUOTA_WAIT: attempt.waited, "attempt": attempt.number}, attempt.call)
        if attempt.number == 1 and opened.wait is None and opened.span.is_recording() and (url := url_of(attempt)):
            opened.span.set_attribute("url.full", url)
        if self.propagate:
            inject(attempt.headers)
        opened.sending = context.attach(context.set_value(HTTP_SUPPRESSED, OURS))

    def receive(self, opened: OpenSpan, attempt: Attempt, outcome: Outcome) -> None:
        """Take note of the end of an attempt."""
        if opened.sending is not None:
            context.detach(opened.sending)
            opened.sending = None
        if outcome.again_in is not None:
            found = {"attempt": attempt.number, "again_in": outcome.again_in, **of_answer(outcome)}
            _event(opened, "mi_async.retry", {**found, **of_error(outcome.error)}, attempt.call)

    def end_call(self, opened: OpenSpan, call: ServiceCall, end: CallEnd) -> None:
        """End the span of a call, or add a poll to that of its wait."""
        if opened.wait is None:
            _end(opened, of_call_end(end) if opened.span.is_recording() else {}, end.error)
        elif opened.wait.polls <= MOST_POLLS:
            _event(opened, "mi_async.poll", of_call_end(end), call)

    def end_workflow(self, opened: OpenSpan, end: WorkflowEnd) -> None:
        """End the span of a workflow."""
        attributes = of_workflow_end(end)
        if opened.polls:
            attributes["mi_async.polls"] = opened.polls
        _end(opened, attributes, end.error)


def is_poll(call: ServiceCall) -> bool:
    """Return True for a call that is made again and again until something has ended."""
    return call.operation in CHECKS or (call.workflow is not None and call.workflow.kind == JOB)


def is_suppressed() -> bool:
    """Return True if the caller wants no telemetry of HTTP."""
    if context.get_value(SUPPRESSED):
        return True
    http = context.get_value(HTTP_SUPPRESSED)
    return bool(http) and http != OURS


def _event(opened: OpenSpan, name: str, attributes: Attributes, call: ServiceCall) -> None:
    if not opened.span.is_recording():  # not sampled; or a wait that has ended, while others still wait for its job
        return
    if opened.wait is None:
        opened.span.add_event(name, attributes)
    elif opened.wait.polls <= MOST_POLLS and (call.workflow is None or call.workflow.kind not in BULK):
        opened.span.add_event(name, {OPERATION: call.operation, **attributes})


def _end(opened: OpenSpan, attributes: Attributes, error: BaseException | None) -> None:
    if opened.attached is not None:
        context.detach(opened.attached)  # first: an exporter that fails must not leave its span current
    opened.span.set_attributes(attributes)
    if outcome_word(error) == "error":  # without a description: the text of the service may name a person
        opened.span.set_status(StatusCode.ERROR)
    opened.span.end()
