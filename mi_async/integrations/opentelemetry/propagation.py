"""Trace context beside the token of a job: where a job was started, for a process that waits for it later.

Invariant: W3C's ``traceparent`` alone. Baggage, which may hold what a user has typed, and ``tracestate`` are neither
written nor read.
"""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from opentelemetry import context, trace
from opentelemetry.trace import Link
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

TRACEPARENT: Final = "traceparent"
_W3C: Final = TraceContextTextMapPropagator()
_STARTED: Final = context.create_key("mi-async-started")


def inject(headers: dict[str, str]) -> None:
    """Add the current span to the headers of a request."""
    if (current := traceparent()) is not None:
        headers[TRACEPARENT] = current


def traceparent() -> str | None:
    """Return the current span as a W3C ``traceparent``, to be kept beside ``str(job)``; None outside any trace."""
    carrier: dict[str, str] = {}
    _W3C.inject(carrier)  # the state of a trace, which vendors write, stays here too
    return carrier.get(TRACEPARENT)


@contextmanager
def linked(started: str | None) -> Generator[None]:
    """Link the waits for jobs within the block to the span in which they were started.

    Args:
        started: what ``traceparent()`` gave there; None, or what is no ``traceparent``, links to nothing.
    """
    span = trace.get_current_span(_W3C.extract({TRACEPARENT: started or ""}, context.Context())).get_span_context()
    token = context.attach(context.set_value(_STARTED, span))
    try:
        yield
    finally:
        context.detach(token)


def span_links() -> tuple[Link, ...]:
    """Return the links of a wait that begins now."""
    started = context.get_value(_STARTED)
    return (Link(started),) if isinstance(started, trace.SpanContext) and started.is_valid else ()
