"""The real SDK of OpenTelemetry with its in-memory exporters, and what it exported as plain values."""

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import Factory, define, field
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Tracer

from mi_async.integrations.opentelemetry import OpenTelemetryHooks


@define(eq=False)
class Telemetry:
    """Providers of spans and metrics, and hooks that use them."""

    options: Mapping[str, Any] = field(factory=dict)
    exporter: InMemorySpanExporter = field(init=False, factory=InMemorySpanExporter)
    reader: InMemoryMetricReader = field(init=False, factory=InMemoryMetricReader)
    tracers: TracerProvider = field(init=False, factory=lambda: TracerProvider(shutdown_on_exit=False))
    meters: MeterProvider = field(
        init=False, default=Factory(lambda self: MeterProvider([self.reader], shutdown_on_exit=False), takes_self=True)
    )
    hooks: OpenTelemetryHooks = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.hooks = OpenTelemetryHooks(tracer_provider=self.tracers, meter_provider=self.meters, **self.options)

    @property
    def tracer(self) -> Tracer:
        """The caller's own."""
        return self.tracers.get_tracer("caller")

    @property
    def spans(self) -> list[ReadableSpan]:
        """All that have ended, in the order of their start."""
        return sorted(self.exporter.get_finished_spans(), key=lambda span: span.start_time or 0)

    def of(self, name: str) -> list[ReadableSpan]:
        """Those of a name."""
        return [span for span in self.spans if span.name == name]

    def one(self, name: str) -> ReadableSpan:
        """The only one of a name."""
        (span,) = self.of(name)
        return span

    def parent(self, span: ReadableSpan) -> str | None:
        """Name of the span that it is a child of."""
        if span.parent is None:
            return None
        return next(other.name for other in self.spans if other.context.span_id == span.parent.span_id)

    def points(self, name: str) -> list[tuple[dict[str, Any], Any]]:
        """Attributes and data points of a metric."""
        return [(dict(point.attributes), point) for metric, point in self.all_points() if metric == name]

    def all_points(self) -> Iterator[tuple[str, Any]]:
        """Every data point with the name of its metric."""
        data = self.reader.get_metrics_data()
        for resource in data.resource_metrics if data is not None else ():
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    for point in metric.data.data_points:
                        yield metric.name, point

    def texts(self) -> Iterator[str]:
        """Every text that was exported."""
        for span in self.spans:
            yield span.name
            yield span.status.description or ""
            for event in span.events:
                yield event.name
                yield from map(str, (event.attributes or {}).values())
            for link in span.links:
                yield from map(str, (link.attributes or {}).values())
            yield from map(str, (span.attributes or {}).values())
        for name, point in self.all_points():
            yield name
            yield from map(str, point.attributes.values())


def events(span: ReadableSpan) -> list[tuple[str, dict[str, Any]]]:
    """Names and attributes of the events of a span."""
    return [(event.name, dict(event.attributes or {})) for event in span.events]
