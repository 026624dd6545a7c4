"""Spans of workflows, jobs and bulk runs, and that nothing which names a person gets out."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode

import mi_async
from mi_async import PersonInput, Quota, RetryPolicy, SearchQuery, Storage
from mi_async.emulator import Fault, Latency, Rejection, Settings
from mi_async.integrations.opentelemetry import linked, traceparent
from tests.support.films import film
from tests.support.footage import footage, keywords
from tests.support.newsroom import newsroom
from tests.support.pictures import picture
from tests.support.storage import BUCKET, Bucket
from tests.support.telemetry import Telemetry, events

INSTANT = Latency.none()
SEARCHED = Settings(latency=INSTANT, importing=INSTANT, queueing=INSTANT, analysing=INSTANT, searching=INSTANT)
QUERY = SearchQuery("goal celebration")
AGAIN = RetryPolicy(base=0.01, cap=0.02)
NAMES = ("Gildong", "홍길동", "%ED%99%8D", "Anchor", "hong", "portrait", "a secret note", "goal celebration")
SECRETS = ("X-Amz", "Signature", "emulator-secret", "EMULATOR-ACCESS", "?")


def polls(span: ReadableSpan) -> object:
    return (span.attributes or {}).get("mi_async.polls")


async def test_a_lost_create_that_its_workflow_settles_is_told_apart() -> None:
    told = Telemetry()
    async with newsroom(hooks=told.hooks, retry=AGAIN) as news:
        news.server.faults.next("persons.create", Fault.DROP_AFTER)
        await news.workspace.enroll_person("Gildong Hong", [picture(seed=1)])
    create = told.one("persons.create")
    assert create.status.status_code is StatusCode.ERROR
    assert (create.attributes or {})["mi_async.ambiguous"] is True
    assert told.one("enroll_person").status.status_code is StatusCode.UNSET


async def test_enroll_person_is_the_parent_of_its_calls() -> None:
    told = Telemetry()
    async with newsroom(hooks=told.hooks, retry=AGAIN) as news:
        news.server.faults.next("persons.create", Fault.UNAVAILABLE)
        with told.tracer.start_as_current_span("POST /persons"):
            images = [picture(seed=1), picture(seed=2)]
            person = await news.workspace.enroll_person("Gildong Hong", images, tags=["Anchor"])
    span = told.one("enroll_person")
    assert (span.kind, told.parent(span)) == (SpanKind.INTERNAL, "POST /persons")
    attributes = span.attributes or {}
    assert attributes["mi_async.person_id"] == person.id
    assert attributes["mi_async.workspace"] == "newsroom"
    calls = [one for one in told.spans if one.name not in {"enroll_person", "POST /persons"}]
    assert {told.parent(one) for one in calls} == {"enroll_person"}
    assert Counter(one.name for one in calls) == {
        "persons.search": 1,  # is the name free?
        "person_tags.list": 1,
        "person_tags.create": 1,
        "thumbnails.presign": 2,
        "thumbnails.put": 2,
        "persons.create": 1,
        "persons.add_tags": 1,
        "persons.get": 1,
    }
    assert [name for name, _ in events(told.one("persons.create"))] == ["mi_async.retry"]
    found = polls(span)
    assert isinstance(found, int)
    assert found >= 2
    assert [one["mi_async.operation"] for name, one in events(span) if name == "mi_async.poll"] == [
        "thumbnails.complete"
    ] * min(found, 32)
    put = told.of("thumbnails.put")[0]
    assert put.kind is SpanKind.CLIENT
    assert not {"url.full", "url.template"} & set(put.attributes or {})
    ((labels, _),) = told.points("mi_async.workflow.duration")
    assert labels == {"mi_async.workflow": "enroll_person", "mi_async.outcome": "ok"}
    sent = {labels["mi_async.operation"]: point.value for labels, point in told.points("mi_async.sent")}
    assert sent["thumbnails.put"] == len(picture(seed=1)) + len(picture(seed=2))


async def test_no_name_and_no_secret_is_exported(tmp_path: Path) -> None:
    told = Telemetry()
    image = tmp_path / "hong-portrait.jpg"
    image.write_bytes(picture(seed=1))
    async with newsroom(hooks=told.hooks) as news:
        room = news.workspace
        person = await room.enroll_person("홍길동", [image], tags=["Anchor"], description="a secret note")
        with pytest.raises(mi_async.ConflictError):
            await room.enroll_person("홍길동", [image])
        await room.upload_thumbnail(person.id, image)
        await room.persons.list(name="Gildong")
        for query in ({"text": "goal celebration"}, {"image": image}):
            async for _ in room.search_scenes(**query):
                break
        people = [PersonInput("Gildong", [image]), PersonInput("홍길동", [image])]
        async for _ in room.enroll_many(people, journal=tmp_path / "hong.journal"):
            pass
    texts = list(told.texts())
    assert {"persons.create", "search_scenes", "upload_thumbnail", "enroll_many", "search.wait"} <= set(texts)
    for forbidden in NAMES + SECRETS:
        assert not [text for text in texts if forbidden in text], forbidden


async def test_metrics_have_neither_names_nor_ids() -> None:
    told = Telemetry()
    async with newsroom(hooks=told.hooks) as news:
        for number in range(4):
            await news.session.workspaces.create(f"room-{number}")
            await news.session.workspace(f"room-{number}").enroll_person(f"Person {number}", [picture(seed=number)])
    assert all(len(told.points(name)) <= 12 for name in {name for name, _ in told.all_points()})
    texts = [str(text) for _, point in told.all_points() for text in point.attributes.values()]
    assert not [text for text in texts if "room-" in text or "Person" in text]


async def test_a_failed_workflow_says_what_exists() -> None:
    told = Telemetry()
    async with newsroom(hooks=told.hooks) as news:
        news.server.faults.next("persons.add_tags", Rejection(10001))
        with pytest.raises(mi_async.MIError) as caught:
            await news.workspace.enroll_person("Gildong", [picture()], tags=["Anchor"])
    span = told.one("enroll_person")
    assert span.status.status_code is StatusCode.ERROR
    assert (span.attributes or {})["error.type"] == type(caught.value).__name__
    assert (span.attributes or {})["mi_async.person_id"] == caught.value.created["person_id"]


async def test_an_error_of_others_may_have_an_attribute_of_that_name(caplog: pytest.LogCaptureFixture) -> None:
    class Refused(Exception):  # noqa: N818  somebody else's
        created = 1_700_000_000

    def refuse(_job: object) -> None:
        raise Refused

    told = Telemetry()
    async with newsroom(SEARCHED, hooks=told.hooks) as news:
        job = await news.workspace.start_search(QUERY)
        with pytest.raises(Refused):
            await job.wait(progress=refuse)
        assert not trace.get_current_span().get_span_context().is_valid
    assert str((told.one("search.wait").attributes or {})["error.type"]).endswith("Refused")
    assert not caplog.records


async def test_a_wait_for_a_job_is_one_span_whatever_is_asked_meanwhile() -> None:
    told = Telemetry()
    settings = Settings(searching=Latency.constant(20))
    async with newsroom(settings, hooks=told.hooks) as news:
        job = await news.workspace.start_search(QUERY)
        await job
    span = told.one("search.wait")
    attributes = span.attributes or {}
    assert attributes["mi_async.job.id"] == str(job)
    assert attributes["mi_async.job.phase"] == "completed"
    assert polls(span) == len(news.server.log.arrivals["search.get"])
    assert not told.of("search.get")
    assert {one["mi_async.operation"] for name, one in events(span) if name == "mi_async.poll"} == {"search.get"}
    ((labels, waits),) = told.points("mi_async.job.wait")
    assert labels == {"mi_async.job.kind": "search", "mi_async.job.phase": "completed", "mi_async.outcome": "ok"}
    assert waits.count == 1


async def test_polls_are_spans_where_asked() -> None:
    told = Telemetry({"poll_spans": True})
    async with newsroom(hooks=told.hooks) as news:
        await (await news.workspace.start_search(QUERY))
        await news.workspace.enroll_person("Gildong", [picture()])
    assert {told.parent(span) for span in told.of("search.get")} == {"search.wait"}
    assert {told.parent(span) for span in told.of("thumbnails.complete")} == {"enroll_person"}
    assert polls(told.one("search.wait")) is None


async def test_a_wait_in_another_process_is_linked_to_where_the_job_was_started() -> None:
    told, elsewhere = Telemetry(), Telemetry()
    async with newsroom(hooks=told.hooks) as news:
        with told.tracer.start_as_current_span("POST /searches") as request:
            token, started = str(await news.workspace.start_search(QUERY)), traceparent()
        other = mi_async.connect(
            news.server.credentials, base_url=news.server.url, hooks=elsewhere.hooks, clock=news.server.clock
        )
        async with other as session:
            with linked(started):
                await session.job(token)
            with linked(None):
                await session.job(token)
            with linked(started), linked("garbage"):
                await session.job(token)
    first, *others = elsewhere.of("search.wait")
    assert [link.context.span_id for link in first.links] == [request.get_span_context().span_id]
    assert first.context.trace_id != request.get_span_context().trace_id
    assert len(others) == 2
    assert not any(span.links for span in others)


def test_outside_any_trace_there_is_no_traceparent() -> None:
    assert traceparent() is None


async def test_who_stops_waiting_leaves_the_events_to_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """A wait that has ended takes no events any more, while its session asks on for another."""
    told = Telemetry()
    async with newsroom(Settings(searching=Latency.constant(30)), hooks=told.hooks) as news:
        job = await news.workspace.start_search(QUERY)
        first = asyncio.create_task(job.wait())
        await asyncio.sleep(0.05)
        second = asyncio.create_task(news.session.job(str(job)).wait())
        await asyncio.sleep(0.05)
        first.cancel()
        await second
    phases = [(span.attributes or {}).get("error.type") for span in told.of("search.wait")]
    assert phases == ["CancelledError", None]
    assert not [record for record in caplog.records if record.name.startswith("opentelemetry")]


@pytest.mark.parametrize("poll_spans", [False, True])
async def test_what_a_bulk_run_does_is_traced_apart_and_linked(poll_spans: bool, tmp_path: Path) -> None:
    told = Telemetry({"poll_spans": poll_spans})
    async with newsroom(hooks=told.hooks) as news:
        with told.tracer.start_as_current_span("nightly"):
            run = news.workspace.enroll_many(
                [PersonInput(f"Person {number}", [picture(seed=number)]) for number in range(3)],
                journal=tmp_path / "run.journal",
            )
            async for _ in run:
                pass
    span = told.one("enroll_many")
    assert told.parent(span) == "nightly"
    attributes = span.attributes or {}
    assert attributes["mi_async.bulk.done"] == 3
    creates = told.of("persons.create")
    assert len(creates) == 3
    assert {one.parent for one in creates} == {None}
    assert len({one.context.trace_id for one in [*creates, span]}) == 4
    assert all(one.links[0].context.span_id == span.context.span_id for one in creates)
    assert not [name for name, _ in events(span) if name == "mi_async.poll"]
    assert bool(told.of("thumbnails.complete")) is poll_spans
    assert bool(polls(span)) is not poll_spans
    ((labels, items),) = told.points("mi_async.bulk.items")
    assert labels == {"mi_async.workflow": "enroll_many", "mi_async.bulk.status": "done"}
    assert items.value == 3


async def test_a_quota_that_makes_polls_wait_is_told_on_the_wait() -> None:
    told = Telemetry()
    async with newsroom(hooks=told.hooks, quotas={"search.get": Quota(100, 1.0)}) as news:
        job = await news.workspace.start_search(QUERY)
        news.session._quotas.limiters["search.get"].pause(30.0)
        await job
    assert told.points("mi_async.quota.wait")
    assert "mi_async.quota.wait" in [name for name, _ in events(told.one("search.wait"))]


@pytest.mark.slow  # a server of Object Storage is started
async def test_requests_to_object_storage_are_spans_without_bucket_and_key(s3: Bucket, tmp_path: Path) -> None:
    told = Telemetry()
    clip = tmp_path / "goal celebration.mp4"
    clip.write_bytes(film(size=50_000))
    async with newsroom(Settings(objects=s3.look), hooks=told.hooks, storage=Storage(s3.url)) as news:
        await news.session.workspaces.create("studio", bucket_name=BUCKET)
        ingested = await news.session.workspace("studio").ingest_asset(clip, analyze=False)
    span = told.one("ingest_asset")
    assert (span.attributes or {})["mi_async.asset_id"] == ingested.asset.asset_id
    put = told.one("storage.put_object")
    assert (put.kind, told.parent(put)) == (SpanKind.CLIENT, "ingest_asset")
    assert {told.parent(one) for one in told.of("storage.head_object")} <= {"ingest_asset", "storage.put_object"}
    sent = {labels["mi_async.operation"]: point.value for labels, point in told.points("mi_async.sent")}
    assert sent["storage.put_object"] == 50_000
    for forbidden in (*NAMES, *SECRETS, BUCKET):
        assert not [text for text in told.texts() if forbidden in text], forbidden


async def test_whoever_stops_half_way_has_the_context_of_before(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """OpenTelemetry logs it as an error where a context is given back in another one than it was taken in."""
    told = Telemetry()
    async with newsroom(SEARCHED, hooks=told.hooks) as news:
        room = news.workspace
        (asset,) = await footage(room, "evening.mp4")
        word = (await keywords(room, asset))[0]
        with told.tracer.start_as_current_span("request") as request:
            async for _ in room.search_scenes(word):
                assert trace.get_current_span() is request
                break
            async for _ in mi_async.as_completed([await room.start_search(QUERY) for _ in range(2)]):
                assert trace.get_current_span() is request
                break
            people = [PersonInput(f"Person {number}", [picture(seed=number)]) for number in range(3)]
            async with room.enroll_many(people, journal=tmp_path / "run.journal") as run:
                async for _ in run:
                    assert trace.get_current_span() is request
                    break
            scenes = room.search_scenes(word)
            await anext(scenes)
            await asyncio.create_task(scenes.aclose())
            assert trace.get_current_span() is request
        names = Counter(span.name for span in told.spans)
    assert [names[name] for name in ("search_scenes", "enroll_many", "request")] == [2, 1, 1]
    assert not [record for record in caplog.records if record.name.startswith("opentelemetry")]
