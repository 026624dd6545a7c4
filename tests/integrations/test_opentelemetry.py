"""Spans and metrics of calls: one span of each call, by the real SDK with its in-memory exporters."""

import asyncio
from collections.abc import Iterator

import aiohttp
import pytest
from opentelemetry import trace
from opentelemetry.instrumentation.aiohttp_client import AioHttpClientInstrumentor
from opentelemetry.instrumentation.utils import (
    is_http_instrumentation_enabled,
    suppress_http_instrumentation,
    suppress_instrumentation,
)
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, StatusCode, TraceFlags, TraceState

import mi_async
from mi_async import Credentials, Quota, RetryPolicy
from mi_async.emulator import Fault
from mi_async.integrations.opentelemetry import OpenTelemetryHooks
from tests.support.canned import SILENCE, http
from tests.support.newsroom import newsroom
from tests.support.talking import WORKSPACE, asked, talking
from tests.support.telemetry import Telemetry, events

AGAIN = RetryPolicy(base=0.01, cap=0.02)
GET = {"mi_async.operation": "workspaces.get"}


async def test_a_call_is_one_client_span_under_that_of_the_caller() -> None:
    told = Telemetry()
    async with newsroom(hooks=told.hooks) as news:
        with told.tracer.start_as_current_span("request"):
            await news.workspace.persons.list(page_num=1)
        host, port = news.server.url.removeprefix("http://").split(":")
    span = told.one("persons.list")
    assert told.parent(span) == "request"
    assert span.kind is SpanKind.CLIENT
    assert span.status.status_code is StatusCode.UNSET
    attributes = dict(span.attributes or {})
    assert attributes.pop("mi_async.request_id")
    assert attributes == {
        "mi_async.operation": "persons.list",
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "server.address": host,
        "server.port": int(port),
        "url.full": f"http://{host}:{port}/api/v1/workspaces/newsroom/persons",
        "url.template": "/api/v1/workspaces/{workspace_name}/persons",
    }
    assert events(span) == []
    scope = span.instrumentation_scope
    assert scope is not None
    assert (scope.name, scope.version) == ("mi_async", mi_async.__version__)


async def test_a_retry_is_an_event_and_not_a_span() -> None:
    told = Telemetry()
    async with newsroom(hooks=told.hooks, retry=AGAIN, speed=1) as news:
        news.server.faults.next("workspaces.get", Fault.UNAVAILABLE, times=2)
        await news.session.workspaces.get("newsroom")
    (span,) = told.spans
    attributes = span.attributes or {}
    assert (attributes["http.request.resend_count"], attributes["http.response.status_code"]) == (2, 200)
    assert span.status.status_code is StatusCode.UNSET
    names, found = zip(*events(span), strict=True)
    assert names == ("mi_async.retry",) * 2
    assert [one["attempt"] for one in found] == [1, 2]
    assert all(0 <= one["again_in"] <= 0.02 for one in found)
    assert all((one["http.response.status_code"], one["error.type"]) == (503, "ServerError") for one in found)
    assert found[0]["mi_async.request_id"] != attributes["mi_async.request_id"]

    ((labels, calls),) = told.points("mi_async.call.duration")
    assert labels == GET | {"mi_async.outcome": "ok"}
    assert calls.count == 1
    attempts = told.points("http.client.request.duration")
    requests = {labels["http.response.status_code"]: point for labels, point in attempts}
    assert {status: point.count for status, point in requests.items()} == {503: 2, 200: 1}
    assert calls.sum >= sum(point.sum for point in requests.values())
    ((labels, retries),) = told.points("mi_async.retries")
    assert (labels, retries.value) == (GET | {"error.type": "ServerError"}, 2)
    ((labels, received),) = told.points("mi_async.received")
    assert labels == GET
    assert received.value > 0
    assert not told.points("mi_async.throttled")


async def test_an_exemplar_names_the_span_of_its_call() -> None:
    told = Telemetry()
    async with newsroom(hooks=told.hooks) as news:
        await news.session.workspaces.get("newsroom")
    (span,) = told.spans
    named = {metric: [one.span_id for one in point.exemplars] for metric, point in told.all_points()}
    assert named["http.client.request.duration"] == [span.context.span_id]
    assert named["mi_async.call.duration"] == [span.context.span_id]


async def test_a_wait_for_quota_is_an_attribute_an_event_and_a_histogram() -> None:
    told = Telemetry()
    async with newsroom(hooks=told.hooks, quotas={"workspaces.get": Quota(1, 0.5)}, speed=1) as news:
        for _ in range(2):
            await news.session.workspaces.get("newsroom")
    first, second = told.spans
    assert "mi_async.quota.wait" not in (first.attributes or {})
    waited = (second.attributes or {})["mi_async.quota.wait"]
    assert isinstance(waited, float)
    assert waited > 0
    assert events(second) == [("mi_async.quota.wait", {"mi_async.quota.wait": waited, "attempt": 1})]
    ((labels, waits),) = told.points("mi_async.quota.wait")
    assert (labels, waits.count, waits.sum) == (GET, 1, waited)


async def test_a_429_is_counted() -> None:
    told = Telemetry()
    async with newsroom(hooks=told.hooks, retry=AGAIN) as news:
        news.server.faults.next("thumbnails.presign", Fault.RATE_LIMITED)
        await news.workspace.thumbnails.presign("a.jpg")
    (span,) = told.spans
    assert [name for name, _ in events(span)][:1] == ["mi_async.retry"]
    ((labels, throttled),) = told.points("mi_async.throttled")
    assert (labels, throttled.value) == ({"mi_async.operation": "thumbnails.presign"}, 1)


async def test_a_refusal_says_class_and_code_and_nothing_that_the_service_wrote() -> None:
    told = Telemetry()
    async with newsroom(hooks=told.hooks) as news:
        await news.workspace.person_tags.create("Gildong")
        with pytest.raises(mi_async.ConflictError) as caught:
            await news.workspace.person_tags.create("Gildong")
    span = told.spans[1]
    attributes = span.attributes or {}
    assert (attributes["error.type"], attributes["mi_async.error.code"]) == ("ConflictError", caught.value.code)
    assert attributes["http.response.status_code"] == 409
    assert "mi_async.ambiguous" not in attributes
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description is None
    assert not span.events
    outcomes = {labels["mi_async.outcome"]: labels for labels, _ in told.points("mi_async.call.duration")}
    assert outcomes["error"]["error.type"] == "ConflictError"


async def test_a_call_that_was_never_sent_has_a_span() -> None:
    told = Telemetry()
    quotas = {"workspaces.get": Quota(1, 60)}
    async with newsroom(hooks=told.hooks, quotas=quotas, max_wait=0.0, speed=1) as news:
        await news.session.workspaces.get("newsroom")
        with pytest.raises(mi_async.QuotaWaitError):
            await news.session.workspaces.get("newsroom")
    attributes = told.spans[1].attributes or {}
    assert attributes["error.type"] == "QuotaWaitError"
    assert "http.response.status_code" not in attributes


async def test_a_cancellation_is_no_error() -> None:
    told = Telemetry()
    async with talking(SILENCE, hooks=told.hooks) as (session, server):
        call = asyncio.create_task(asked(session))
        await server.arrived.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        server.enough.set()
    (span,) = told.spans
    assert span.status.status_code is StatusCode.UNSET
    assert (span.attributes or {})["error.type"] == "CancelledError"
    ((labels, _),) = told.points("mi_async.call.duration")
    assert labels["mi_async.outcome"] == "cancelled"


async def test_calls_at_once_have_the_parents_of_their_callers() -> None:
    told = Telemetry()

    async def handle(number: int) -> None:
        with told.tracer.start_as_current_span(f"request {number}"):
            await news.session.workspaces.get("newsroom")
            assert trace.get_current_span().get_span_context().is_valid
        assert not trace.get_current_span().get_span_context().is_valid

    async with newsroom(hooks=told.hooks) as news:
        await asyncio.gather(*(handle(number) for number in range(8)))
    assert {told.parent(span) for span in told.of("workspaces.get")} == {f"request {number}" for number in range(8)}


@pytest.fixture
def instrumented() -> Iterator[Telemetry]:
    """Instrument aiohttp's client, as a service does."""
    told = Telemetry()
    AioHttpClientInstrumentor().instrument(tracer_provider=told.tracers, meter_provider=told.meters)
    yield told
    AioHttpClientInstrumentor().uninstrument()


class Vault:
    """Fetches keys over HTTP."""

    def __init__(self, url: str, keys: Credentials) -> None:
        self.url, self.keys = url, keys

    async def credentials(self) -> Credentials:
        async with aiohttp.ClientSession() as client, client.get(f"{self.url}/openapi.json") as answer:
            assert answer.status == 200
        return self.keys


async def test_aiohttp_makes_no_second_span_of_our_requests(instrumented: Telemetry) -> None:
    told = instrumented
    async with (
        newsroom() as news,
        mi_async.connect(
            Vault(news.server.url, news.server.credentials), base_url=news.server.url, hooks=told.hooks
        ) as session,
    ):
        await session.workspaces.get("newsroom")
        async with aiohttp.ClientSession() as client, client.get(f"{news.server.url}/openapi.json"):
            pass
    assert [(span.name, told.parent(span)) for span in told.spans] == [
        ("workspaces.get", None),
        ("GET", "workspaces.get"),  # of the provider of keys: it is not ours
        ("GET", None),
    ]
    ((_, ours),) = [one for one in told.points("http.client.request.duration") if "mi_async.operation" in one[0]]
    assert ours.count == 1


async def test_without_our_hooks_aiohttp_makes_a_span_of_each_request(instrumented: Telemetry) -> None:
    async with newsroom() as news:
        await news.session.workspaces.get("newsroom")
    assert [span.name for span in instrumented.spans] == ["GET"]


@pytest.mark.parametrize("suppress", [suppress_instrumentation, suppress_http_instrumentation])
async def test_who_suppresses_telemetry_has_none(suppress: "type[object]", instrumented: Telemetry) -> None:
    told = instrumented
    async with newsroom(hooks=told.hooks) as news:
        with suppress():  # type: ignore[attr-defined]
            await news.session.workspaces.get("newsroom")
            await (await news.workspace.start_search(mi_async.SearchQuery("goal")))
        assert told.spans == []
        assert not list(told.all_points())
        await news.session.workspaces.get("newsroom")
    assert [span.name for span in told.spans] == ["workspaces.get"]


async def test_http_is_suppressed_while_an_attempt_is_sent_and_at_no_other_time() -> None:
    told, seen = Telemetry(), list[bool]()

    def look(*_told: object) -> None:
        seen.append(is_http_instrumentation_enabled())

    around = mi_async.Hooks(before=[look], after=[look], call_started=[look], call_ended=[look])
    within = mi_async.Hooks(before=[look])
    async with newsroom(hooks=[around, told.hooks, within]) as news:
        await news.session.workspaces.get("newsroom")
    assert seen == [True, True, False, True, True]  # the last of those in order is the sending


async def test_a_code_that_is_text_is_left_out() -> None:
    told = Telemetry()
    refusal = http('{"code": "Gildong exists", "message": "no"}', status="409 Conflict")
    async with talking(refusal, hooks=told.hooks) as (session, _):
        with pytest.raises(mi_async.ConflictError):
            await asked(session)
    assert not [text for text in told.texts() if "Gildong" in text]


@pytest.mark.parametrize("propagate", [False, True])
async def test_traceparent_goes_to_the_service_only_where_asked(propagate: bool) -> None:
    told = Telemetry({"propagate": propagate})
    async with talking(WORKSPACE, hooks=told.hooks) as (session, server):
        await asked(session)
        sent = server.header("traceparent")
    context = told.spans[0].context
    expected = f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
    assert sent == (expected if propagate else None)


async def test_the_state_of_a_trace_stays_here() -> None:
    told = Telemetry({"propagate": True})
    parent = SpanContext(1, 2, is_remote=True, trace_flags=TraceFlags(1), trace_state=TraceState([("vendor", "words")]))
    async with talking(WORKSPACE, hooks=told.hooks) as (session, server):
        with trace.use_span(NonRecordingSpan(parent)):
            await asked(session)
        assert server.header("traceparent")
        assert server.header("tracestate") is None


async def test_the_signature_does_not_mind_a_traceparent() -> None:
    async with newsroom(hooks=Telemetry({"propagate": True}).hooks) as news:
        assert (await news.session.workspaces.get("newsroom")).workspace_name == "newsroom"


async def test_without_an_sdk_nothing_happens() -> None:
    async with newsroom(hooks=OpenTelemetryHooks()) as news:
        await news.session.workspaces.get("newsroom")
        assert not trace.get_current_span().get_span_context().is_valid


async def test_a_trace_that_is_not_sampled_has_metrics(instrumented: Telemetry) -> None:
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.sampling import ALWAYS_OFF  # noqa: PLC0415

    told = instrumented
    hooks = OpenTelemetryHooks(
        tracer_provider=TracerProvider(ALWAYS_OFF, shutdown_on_exit=False), meter_provider=told.meters
    )
    async with newsroom(hooks=hooks) as news:
        await news.session.workspaces.get("newsroom")
    assert told.spans == []  # neither by aiohttp
    assert told.points("mi_async.call.duration")


class Broken(SpanProcessor):
    """Fails whenever it is asked."""

    def on_start(self, span: Span, parent_context: object = None) -> None:  # noqa: ARG002
        raise LookupError(span.name)

    def on_end(self, span: ReadableSpan) -> None:
        raise LookupError(span.name)


async def test_telemetry_that_fails_breaks_no_call() -> None:
    told = Telemetry()
    told.tracers.add_span_processor(Broken())
    async with newsroom(hooks=told.hooks) as news:
        for _ in range(3):
            assert await news.session.workspaces.get("newsroom")
        assert not trace.get_current_span().get_span_context().is_valid
