"""OpenTelemetry: spans and metrics of calls, their retries and waits, of workflows, jobs and bulk runs.

    telemetry = OpenTelemetryHooks()
    async with mi_async.connect(hooks=telemetry) as session: ...

Stands on the API of OpenTelemetry alone; without an SDK nothing is exported. ``docs/observability.md`` has the tables.
"""

from mi_async._core.extras import require

require("otel")

from mi_async.integrations.opentelemetry.propagation import linked, traceparent  # noqa: E402  after the guard
from mi_async.integrations.opentelemetry.telemetry import OpenTelemetryHooks  # noqa: E402  as above

__all__ = ["OpenTelemetryHooks", "linked", "traceparent"]
