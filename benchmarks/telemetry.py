"""Client CPU of a call with OpenTelemetry, against the same call without it.

Each variant is a session of its own, and their blocks take turns within one process; a figure is the median of the
ratios of neighbouring blocks. Off is a session without hooks, A/A another one. Hooks that do nothing are the cost of
being told; the API alone is what a program pays that has our hooks and no SDK. With the SDK each call makes a span and
its measurements, and the exporter forgets what it gets. In batches is what services do, in a thread whose CPU counts.
A trace that is not sampled has metrics all the same.
"""

import asyncio
import itertools
import json
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import calls
from harness import CLIENT_CORE, Series, options, pin, process, ratio, scaled, server, take_turns
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from results import Table, finish

import mi_async
from mi_async.integrations.opentelemetry import OpenTelemetryHooks

CONCURRENCY = scaled(32)
EACH = scaled(8)
"""Calls of each task in a block."""
TURNS = scaled(20, 2)
OFF, AGAIN, NOTHING = "off", "again", "nothing"
VARIANTS: Mapping[str, str] = {
    OFF: "no hooks",
    AGAIN: "no hooks again (A/A: noise)",
    NOTHING: "hooks that do nothing",
    "api": "the API alone, no SDK",
    "unsampled": "SDK, not sampled",
    "each": "SDK, each span exported when it ends",
    "batch": "SDK, spans exported in batches",
}


class Sink(SpanExporter):
    """Takes spans and forgets them: what an exporter costs is not ours."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:  # noqa: ARG002
        """Forget the spans."""
        return SpanExportResult.SUCCESS


def nothing(*_told: object) -> None:
    """Do nothing."""


def sdk(variant: str) -> mi_async.Hooks | None:
    """Return the hooks of a variant."""
    if variant in {OFF, AGAIN}:
        return None
    if variant == NOTHING:
        return mi_async.Hooks(before=[nothing], after=[nothing], call_started=[nothing], call_ended=[nothing])
    if variant == "api":
        return OpenTelemetryHooks()
    tracers = TracerProvider(sampler=ALWAYS_OFF) if variant == "unsampled" else TracerProvider()
    processor = SimpleSpanProcessor if variant == "each" else BatchSpanProcessor
    tracers.add_span_processor(processor(Sink()))
    meters = MeterProvider([InMemoryMetricReader()])
    return OpenTelemetryHooks(tracer_provider=tracers, meter_provider=meters)


@asynccontextmanager
async def caller(variant: str, url: str) -> AsyncIterator[Callable[[int], Awaitable[object]]]:
    """Open the session of a variant."""
    async with mi_async.connect(calls.KEYS, base_url=url, hooks=sdk(variant)) as session:
        yield session.workspace("newsroom").persons.get


async def block(call: Callable[[int], Awaitable[object]], numbers: "itertools.count[int]") -> float:
    """Return CPU microseconds of a call."""

    async def one() -> None:
        for _ in range(EACH):
            await call(next(numbers))

    before = time.process_time()
    await asyncio.gather(*(one() for _ in range(CONCURRENCY)))
    return (time.process_time() - before) / (EACH * CONCURRENCY) * 1e6


async def measure(url: str) -> Series:
    """Measure all variants in turn."""
    async with AsyncExitStack() as stack:
        blocks = {}
        for number, variant in enumerate(VARIANTS, 1):
            call = await stack.enter_async_context(caller(variant, url))
            blocks[variant] = partial(block, call, itertools.count(10_000_000 * number))
            await blocks[variant]()  # opens the connections
        return await take_turns(blocks, TURNS)


def main() -> None:
    given = options(__doc__, repetitions=3).parse_args()
    if given.client:
        pin(CLIENT_CORE)
        print(json.dumps(asyncio.run(measure(given.url))))
        return
    found: Series = {variant: [] for variant in VARIANTS}
    with server("api") as port:
        for _ in range(given.reps):
            told: Series = json.loads(process([__file__, "--url", f"http://127.0.0.1:{port}", "--client", "all"]))
            for variant, figures in told.items():
                found[variant] += figures
    rows = [
        [label, f"{statistics.median(found[variant]):.0f}", str(ratio(found, variant, OFF))]
        for variant, label in VARIANTS.items()
    ]
    ratios = {variant: ratio(found, variant, OFF).median for variant in VARIANTS if variant != OFF}
    finish(given.json, ratios, Table("GET person with telemetry, C=32", ["", "us", "x off (quartiles)"], rows))


if __name__ == "__main__":
    main()
