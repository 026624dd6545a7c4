"""Write the trace of docs/observability.md from a real run; with --check, compare all of it but times and order.

A person with two images is enrolled at an emulator that refuses the first create, under a quota of one presigned URL in
a second. Spans are drawn in the order in which they began, with their start, their length and their events.
"""

import asyncio
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import mi_async
from mi_async import emulator
from mi_async._core.modules import load_modules
from mi_async.emulator import Fault, Latency, Settings
from mi_async.integrations.opentelemetry import OpenTelemetryHooks
from mi_async.workspace import WORKFLOWS

PAGE = Path(__file__).with_name("observability.md")
START, END = "<!-- trace: written by `python docs/trace.py` -->\n", "<!-- end of trace -->\n"
PICTURES = Path(mi_async.__file__).parent / "cli" / "pictures"
IMAGES = [PICTURES / "hong-gildong-1.jpg", PICTURES / "hong-gildong-2.png"]
TIMES = re.compile(r" *\d+\.\d\d s|\d+ polls?")
"""Parts of a drawing that another run may have otherwise."""
SHOWN = {
    "http.response.status_code": "HTTP {}",
    "http.request.resend_count": "{} retry",
    "error.type": "{}",
    "mi_async.polls": "{} polls",
}
"""Attributes that are drawn behind the name of a span."""
EVENTS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "mi_async.quota.wait": lambda told: f"waited {told['mi_async.quota.wait']:.2f} s for its quota",
    "mi_async.retry": lambda told: (
        f"attempt {told['attempt']}: HTTP {told['http.response.status_code']}, again in {told['again_in']:.2f} s"
    ),
}
"""Events that are drawn, in words; those of polls are only counted."""


async def record() -> list[ReadableSpan]:
    """Enroll the person, and return the spans in the order of their start."""
    load_modules(WORKFLOWS)  # not in the first span
    exporter = InMemorySpanExporter()
    tracers = TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    hooks = OpenTelemetryHooks(tracer_provider=tracers)
    quotas = {"thumbnails.presign": mi_async.Quota(1, 1.0)}
    async with (
        emulator.serve(settings=Settings(latency=Latency.constant(0.2))) as server,
        mi_async.connect(server.credentials, base_url=server.url, hooks=hooks, quotas=quotas) as session,
    ):
        server.faults.next("persons.create", Fault.UNAVAILABLE)
        with tracers.get_tracer("service").start_as_current_span("POST /people"):
            await session.workspace("newsroom").enroll_person("Gildong Hong", IMAGES, tags=["Anchor"])
    return sorted(exporter.get_finished_spans(), key=lambda span: span.start_time or 0)


def drawn(spans: list[ReadableSpan]) -> Iterator[str]:
    """Yield a line for each span and each of its events."""
    began = spans[0].start_time or 0
    indents: dict[int, str] = {}
    yield " start   length"
    for span in spans:
        indent = "" if span.parent is None else indents[span.parent.span_id] + "  "
        indents[span.context.span_id] = indent
        attributes, start = span.attributes or {}, span.start_time or 0
        told = ", ".join(text.format(attributes[name]) for name, text in SHOWN.items() if name in attributes)
        length = (span.end_time or 0) - start
        yield f"{_seconds(start - began)}  {_seconds(length)}  {indent}{span.name}{f' ({told})' if told else ''}"
        yield from (
            f"{_seconds(event.timestamp - began)}          {indent}  - {EVENTS[event.name](event.attributes or {})}"
            for event in span.events
            if event.name in EVENTS
        )


def _seconds(nanoseconds: int) -> str:
    return f"{nanoseconds / 1e9:4.2f} s"


def main() -> None:
    """Write the trace, or fail if a run draws another one."""
    lines = "\n".join(["```", *drawn(asyncio.run(record())), "```", ""])
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(START)
    kept, _, after = rest.partition(END)
    if "--check" not in sys.argv:
        PAGE.write_text(before + START + lines + END + after, encoding="utf-8")
    elif sorted(TIMES.sub("", kept).splitlines()) != sorted(TIMES.sub("", lines).splitlines()):
        message = f"the trace in docs/observability.md is not current, run python docs/trace.py:\n{lines}"
        raise SystemExit(message)


if __name__ == "__main__":
    main()
