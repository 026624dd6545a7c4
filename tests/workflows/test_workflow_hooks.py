"""Hooks around workflows: one start and one end each, the calls in between in their context, and nothing outside it."""

import asyncio
import re
from collections.abc import Callable
from contextlib import aclosing
from contextvars import ContextVar
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from attrs import define, evolve, field

import mi_async
from mi_async import (
    Attempt,
    CallEnd,
    Hooks,
    ImageRejectedError,
    Job,
    JobTimeoutError,
    NotFoundError,
    Outcome,
    SearchQuery,
    ServiceCall,
    Storage,
    Workflow,
    WorkflowEnd,
)
from mi_async.emulator import Fault, Latency, Settings
from mi_async.errors import MIError
from tests.support.bulk import people
from tests.support.films import film
from tests.support.newsroom import Newsroom, newsroom
from tests.support.pictures import picture
from tests.support.storage import BUCKET, Bucket

pytestmark = pytest.mark.usefixtures("leaves_nothing")

QUICK = Settings(
    latency=Latency.constant(0.2),
    importing=Latency.constant(1.0),
    queueing=Latency.constant(0.5),
    analysing=Latency.constant(5.0),
)
SPAN: ContextVar[str] = ContextVar("SPAN", default="")
BUSY = ("503 Slow Down", "SlowDown")
WHO: ContextVar[str] = ContextVar("WHO", default="nobody")


@define(eq=False)
class Tracing:
    """Hooks that keep spans as a tracer does: in a context variable that is set at each start and reset at each end."""

    calls: list[tuple[str, str]] = field(factory=list)
    workflows: list[tuple[Workflow, WorkflowEnd]] = field(factory=list)
    ends: list[tuple[ServiceCall, CallEnd]] = field(factory=list)
    outcomes: list[tuple[Attempt, Outcome]] = field(factory=list)

    def _start(self, work: Workflow | ServiceCall, name: str) -> None:
        work.state[self] = SPAN.set(f"{SPAN.get()}/{name}")

    def started(self, workflow: Workflow) -> None:
        assert workflow.parent is None or self in workflow.parent.state
        self._start(workflow, workflow.kind)

    def ended(self, workflow: Workflow, end: WorkflowEnd) -> None:
        SPAN.reset(workflow.state.pop(self))
        self.workflows.append((workflow, end))

    def call_started(self, call: ServiceCall) -> None:
        inside = "" if call.workflow is None else call.workflow.kind
        self.calls.append((call.operation, SPAN.get()))
        assert inside in SPAN.get()
        self._start(call, call.operation)

    def call_ended(self, call: ServiceCall, end: CallEnd) -> None:
        SPAN.reset(call.state.pop(self))
        self.ends.append((call, end))

    def after(self, attempt: Attempt, outcome: Outcome) -> None:
        assert SPAN.get().endswith(f"/{attempt.operation}")
        self.outcomes.append((attempt, outcome))

    @property
    def hooks(self) -> Hooks:
        return Hooks(
            after=[self.after],
            call_started=[self.call_started],
            call_ended=[self.call_ended],
            workflow_started=[self.started],
            workflow_ended=[self.ended],
            strict=True,
        )

    def spans(self, operation: str) -> set[str]:
        """Spans in which an operation was called."""
        return {span for name, span in self.calls if name == operation}

    def told(self) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
        return [(workflow.kind, dict(workflow.subject), dict(end.result)) for workflow, end in self.workflows]


async def until(happened: Callable[[], bool]) -> None:
    """Wait until something has happened."""
    async with asyncio.timeout(30):
        while not happened():  # noqa: ASYNC110  hooks are plain functions
            await asyncio.sleep(0.001)


async def test_an_enrolment_and_an_upload_are_workflows_and_a_put_is_a_call() -> None:
    tracing = Tracing()
    async with newsroom(QUICK, hooks=tracing.hooks) as news:
        SPAN.set("request")
        images = [picture("jpg", seed=1), picture("jpg", seed=2)]
        person = await news.workspace.enroll_person("Gildong Hong", images, tags=["Anchor"])
        upload = await news.workspace.upload_thumbnail(person.id, picture("png", seed=3))
        assert SPAN.get() == "request"
    assert tracing.told() == [
        ("enroll_person", {"name": "Gildong Hong"}, {"person_id": person.id}),
        ("upload_thumbnail", {"person_id": person.id}, {"thumbnail_key": upload.key}),
    ]
    assert {workflow.workspace for workflow, _ in tracing.workflows} == {"newsroom"}
    assert tracing.spans("thumbnails.put") == {"request/enroll_person", "request/upload_thumbnail"}
    assert tracing.spans("persons.create") == {"request/enroll_person"}
    sent = sorted(outcome.sent for attempt, outcome in tracing.outcomes if attempt.operation == "thumbnails.put")
    assert sent == sorted(map(len, [*images, picture("png", seed=3)]))
    assert "X-Amz" not in repr([attempt for attempt, _ in tracing.outcomes if attempt.operation == "thumbnails.put"])


async def test_a_workflow_that_fails_or_is_cancelled_ends_with_that_error() -> None:
    tracing = Tracing()
    async with newsroom(QUICK, hooks=tracing.hooks) as news:
        with pytest.raises(ImageRejectedError) as caught:
            await news.workspace.enroll_person("Hong", [b"no image"])
        task = asyncio.create_task(news.workspace.upload_thumbnail(1, picture("jpg")))
        await until(lambda: bool(tracing.calls))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    (_, refused), (_, cancelled) = tracing.workflows
    assert refused.error is caught.value
    assert isinstance(cancelled.error, asyncio.CancelledError)
    assert [type(end.error) for _, end in tracing.ends] == [asyncio.CancelledError]


async def test_a_put_that_is_tried_again_is_another_call(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "mi_async")
    tracing = Tracing()
    async with newsroom(QUICK, hooks=tracing.hooks) as news:
        news.server.faults.next("storage.put", Fault.UNAVAILABLE)
        await news.workspace.enroll_person("Hong", [picture("jpg")])
    puts = [(call.id, end.attempts, end.outcome) for call, end in tracing.ends if call.operation == "thumbnails.put"]
    assert [(attempts, outcome and outcome.response and outcome.response.status) for _, attempts, outcome in puts] == [
        (1, 503),
        (1, 200),
    ]
    assert len({number for number, _, _ in puts}) == 2
    (line,) = [record.getMessage() for record in caplog.records if record.name == "mi_async._core.retry"]
    assert re.fullmatch(r"PUT of image 1 of 1: attempt 1 of 5 failed \(HTTP_503\), again in \d+\.\d s", line)


async def test_a_search_is_a_workflow_up_to_its_first_page() -> None:
    tracing = Tracing()
    async with newsroom(QUICK, hooks=tracing.hooks) as news:
        await indexed(news)
        tracing.calls.clear()
        tracing.workflows.clear()
        SPAN.set("request")
        async with aclosing(news.workspace.search_scenes(image=picture("jpg"))) as scenes:
            async for _ in scenes:
                assert SPAN.get() == "request"
    assert [kind for kind, _, _ in tracing.told()] == ["job", "search_scenes"]
    (job, ended), (search, found) = tracing.workflows
    assert job.parent is search
    assert (job.subject["kind"], ended.result) == ("search", {"state": "COMPLETED", "phase": "completed"})
    assert found.result.keys() == {"search_id", "total_count"}
    assert tracing.spans("query_assets.put") == {"request/search_scenes"}
    assert tracing.spans("search.request") == {"request/search_scenes"}
    assert "request/search_scenes/job" in tracing.spans("search.get")


async def indexed(news: Newsroom) -> Job[Any]:
    """An analysis that has ended."""
    project = (await news.workspace.projects.list()).projects[0].project_id
    asset = await (await news.workspace.import_asset(project, key="a.mp4", bucket_name=BUCKET))
    job = await news.workspace.analyze(project, asset.asset_id)
    await job
    return job


async def test_a_job_is_polled_in_the_context_of_its_caller() -> None:
    tracing, lookers = Tracing(), list[tuple[str, str]]()

    def look(attempt: Attempt) -> None:
        if attempt.operation == "search.get":
            lookers.append((attempt.request.target.split("/search/")[-1].partition("?")[0], WHO.get()))

    async def search(news: Newsroom, number: int) -> str:
        WHO.set(f"caller {number}")
        job = await news.workspace.start_search(SearchQuery(text_query=f"goal {number}"))
        await job
        return job.id.rpartition(":")[2]

    slow = evolve(QUICK, searching=Latency.constant(3.0))
    async with newsroom(slow, hooks=[tracing.hooks, Hooks(before=[look])]) as news:
        callers = await asyncio.gather(*(asyncio.create_task(search(news, number)) for number in range(8)))
    expected = {search_id: f"caller {number}" for number, search_id in enumerate(callers)}
    assert {(unquote(polled), who) for polled, who in lookers} == {(unquote(key), who) for key, who in expected.items()}
    assert tracing.spans("search.get") == {"/job"}


async def test_jobs_as_completed_end_each_in_its_own_context() -> None:
    tracing = Tracing()
    async with newsroom(QUICK, hooks=tracing.hooks) as news:
        done = await indexed(news)
        tracing.workflows.clear()
        tracing.calls.clear()
        SPAN.set("request")
        jobs = [await news.workspace.start_search(SearchQuery(text_query=text)) for text in ("goal", "kick")]
        gone = news.workspace.job("search:newsroom:none")
        seen = [(job, SPAN.get()) async for job in mi_async.as_completed([*jobs, gone, done])]
        assert len(seen) == 4
        assert {span for _, span in seen} == {"request"}
        late = await news.workspace.start_search(SearchQuery(text_query="late"))
        with pytest.raises(JobTimeoutError):
            [job async for job in mi_async.as_completed([late], timeout=0)]
    ends = {str(workflow.subject["job"]): end for workflow, end in tracing.workflows}
    assert ends.keys() == {str(job) for job in (*jobs, gone, late)}
    assert all(workflow.parent is None for workflow, _ in tracing.workflows)
    assert [type(ends[str(job)].error) for job in (*jobs, gone, late)] == [
        *(type(None), type(None)),
        *(NotFoundError, JobTimeoutError),
    ]
    assert tracing.spans("search.get") == {"request/job"}


async def test_a_strict_hook_that_fails_does_not_keep_back_a_job_that_has_ended() -> None:
    def refuse(workflow: Workflow, _end: WorkflowEnd) -> None:
        raise LookupError(workflow.kind)

    async with newsroom(QUICK, hooks=Hooks(workflow_ended=[refuse], strict=True)) as news:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, told: seen.append(told["exception"]))
        seen: list[object] = []
        job = await news.workspace.start_search(SearchQuery(text_query="goal"))
        async with asyncio.timeout(60):
            assert [each async for each in mi_async.as_completed([job])] == [job]
    assert [type(error) for error in seen] == [LookupError]


async def test_a_failed_job_is_the_error_of_its_wait() -> None:
    tracing = Tracing()
    async with newsroom(QUICK, hooks=tracing.hooks) as news:
        project = (await news.workspace.projects.list()).projects[0].project_id
        job = await news.workspace.import_asset(project, key="gone/missing.mp4", bucket_name=BUCKET)
        news.server.state.workspace("newsroom").project(project).assets.pop(int(str(job).rpartition(":")[2]))
        with pytest.raises(MIError) as caught:
            await job
    ((workflow, end),) = tracing.workflows
    assert (workflow.kind, end.error) == ("job", caught.value)


async def test_an_ingestion_tells_of_its_requests_to_the_storage(s3: Bucket, tmp_path: Path) -> None:
    tracing = Tracing()
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(film(size=100_000))
    refused = ["once"]
    s3.refuse = lambda kind, _: BUSY if kind == "object PUT" and refused and refused.pop() else None
    s3.dress = lambda kind, headers: [*headers, ("x-amz-request-id", f"{kind} 1")]
    settings = evolve(QUICK, objects=s3.look)
    async with newsroom(settings, speed=200.0, storage=Storage(s3.url), hooks=tracing.hooks) as news:
        SPAN.set("request")
        done = await news.workspace.ingest_asset(clip, bucket=BUCKET, key="뉴스/a b.mp4")
    (*jobs, (workflow, end)) = tracing.workflows
    assert [job.subject["kind"] for job, _ in jobs] == ["import", "index"]
    assert {job.parent for job, _ in jobs} == {workflow}
    assert (workflow.kind, workflow.subject) == ("ingest_asset", {"source": str(clip)})
    assert end.result == {"asset_id": done.asset.asset_id, "object": f"s3://{BUCKET}/뉴스/a b.mp4"}
    storage = [(call, ended) for call, ended in tracing.ends if call.service == "storage"]
    assert tracing.spans("storage.put_object") == {"request/ingest_asset"}
    assert "request/ingest_asset/storage.put_object" in tracing.spans("storage.head_object")
    ((call, ended),) = [each for each in storage if each[0].operation == "storage.put_object"]
    assert (call.method, call.server, call.template, call.max_attempts) == ("PUT", s3.url, "/{bucket}/{key}", 5)
    assert (ended.attempts, ended.error) == (2, None)
    first, second = [each for each in tracing.outcomes if each[0].call is call]
    assert first[0].request.target == f"{s3.url}/{BUCKET}/%EB%89%B4%EC%8A%A4/a%20b.mp4"
    assert (first[1].sent, first[1].response and first[1].response.status) == (100_000, 503)
    assert isinstance(first[1].error, MIError)
    assert first[1].again_in is not None
    assert (second[0].number, second[1].again_in, second[1].error) == (2, None, None)
    assert second[1].request_id == "object PUT 1"
    assert "AWS4" not in repr(tracing.outcomes)


async def test_a_bulk_run_is_a_workflow_in_a_context_of_its_own(tmp_path: Path) -> None:
    tracing = Tracing()
    async with newsroom(QUICK, hooks=tracing.hooks) as news:
        SPAN.set("request")
        async for _ in news.workspace.enroll_many(people(3), journal=tmp_path / "j"):
            assert SPAN.get() == "request"
        async with news.workspace.enroll_many(people(5), journal=tmp_path / "k") as run:
            async for _ in run:
                break  # and leave it
        with pytest.raises(MIError) as stopped:
            await news.workspace.enroll_many(people(1), journal=tmp_path / "none" / "j")
    (whole, ended), (_, left), (_, failed) = tracing.workflows
    assert (whole.kind, whole.subject) == ("enroll_many", {"journal": str(tmp_path / "j")})
    assert (ended.error, ended.result) == (None, {"run": 1, "ending": "", "statuses": {"done": 3}})
    assert isinstance(left.error, GeneratorExit)
    assert failed.error is stopped.value
    assert {span for operation, span in tracing.calls if operation.startswith("persons.")} == {"request/enroll_many"}
    assert tracing.spans("thumbnails.put") == {"request/enroll_many"}
