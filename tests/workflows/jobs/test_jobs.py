"""Jobs: awaited, looked at, cancelled, written down and picked up, whatever happens on the way."""

import asyncio
import math
import pickle
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from attrs import evolve

import mi_async
from mi_async import (
    AnalysisFailedError,
    AnalysisStatus,
    Clock,
    ConflictError,
    Hooks,
    ImportFailedError,
    InvalidArgumentError,
    Job,
    JobError,
    JobPhase,
    JobStateError,
    JobTimeoutError,
    NotFoundError,
    PermissionDeniedError,
    RetryPolicy,
    SceneRange,
    SearchFailedError,
    SearchQuery,
    ServerError,
    SessionError,
    TransportError,
)
from mi_async.emulator import Fault, Latency, Settings
from mi_async.workflows.jobs.handles import index_job, summary_job
from mi_async.workflows.jobs.kinds import IMPORT, INDEX, KINDS, SEARCH, SUMMARY, JobKind
from mi_async.workflows.jobs.tokens import Token
from tests.support import virtual
from tests.support.canned import DROP, http, success
from tests.support.interruption import CancelAt
from tests.support.newsroom import QUICK, Newsroom, context_of, newsroom
from tests.support.talking import talking
from tests.support.virtual import run

ROOM = "뉴스/룸 1"
SPEED = 600.0
SLOW = evolve(QUICK, workspaces=("newsroom", ROOM), analysing=Latency(120.0), summarizing=Latency(120.0))
STATUS = {"import": "assets.import_status", "index": "indexes.status", "summary": "scene_summaries.status"}
DENIED = http('{"code": "10003", "message": "Failed to check permissions."}', status="401 Unauthorized")
NOT_YET = JobStateError("not yet", job="", state="")
ANALYZED = success('{"status": "ANALYZE_COMPLETED"}')
RESULT = {"import": "assets.get", "index": "indexes.get", "summary": "scene_summaries.get", "search": "search.get"}


@asynccontextmanager
async def serving(settings: Settings = QUICK, **options: Any) -> AsyncIterator[Newsroom]:
    async with newsroom(evolve(settings, workspaces=("newsroom", ROOM)), SPEED, **options) as news:
        yield evolve(news, workspace=news.session.workspace(ROOM))


def project(news: Newsroom) -> int:
    return next(iter(news.server.state.workspaces[ROOM].projects))


async def imported(news: Newsroom) -> int:
    job = await news.workspace.import_asset(project(news), key="뉴스/evening news.mp4", bucket_name="footage")
    return (await job).asset_id


async def started(news: Newsroom, kind: str) -> Job[Any]:
    """A job of this kind that has just begun."""
    workspace, number = news.workspace, project(news)
    if kind == "import":
        return await workspace.import_asset(number, key="a/b.mp4", bucket_name="footage")
    if kind == "search":
        return await workspace.start_search(SearchQuery(text_query="goal"))
    asset = await imported(news)
    job: Job[Any] = await workspace.analyze(number, asset, scene_range=SceneRange.SHORT)
    if kind == "summary":
        await job
        job = await workspace.summarize(number, asset)
    return job


@pytest.mark.parametrize("kind", KINDS)
async def test_a_job_of_each_kind_is_awaited(kind: str) -> None:
    async with serving() as news:
        job = await started(news, kind)
        assert job.kind == kind
        assert (job.state, job.phase, job.ended) == (None, None, False)
        result = await job
        assert type(result).__name__ in {"Asset", "Index", "SceneSummary", "SearchResults"}
        assert job.phase is JobPhase.COMPLETED
        asked = sum(len(arrivals) for arrivals in news.server.log.arrivals.values())
        assert await job is result
        assert asked == sum(len(arrivals) for arrivals in news.server.log.arrivals.values())


def test_a_job_that_was_seen_to_be_over_is_asked_for_its_result_at_once() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        async with talking(ANALYZED, ANALYZED, success('{"indexId": 9}')) as (session, _):
            job = session.job("index:newsroom:101:1")
            await asyncio.sleep(86_400)
            assert await job.refresh() == AnalysisStatus.ANALYZE_COMPLETED
            seen = loop.time()
            assert (await job).index_id == 9
            return loop.time() - seen

    assert virtual.run(main()) < 0.5


@pytest.mark.parametrize("kind", KINDS)
async def test_a_job_is_picked_up_by_another_session(kind: str) -> None:
    async with serving() as news:
        token = str(await started(news, kind))
        assert token.isascii()
        assert not set(token) & set(" /&?'\"$")
        async with mi_async.connect(
            news.server.credentials, base_url=news.server.url, clock=news.server.state.clock
        ) as other:
            job = other.job(token)
            assert (job.id, job.kind) == (token, kind)
            assert await job is not None


def test_cancelling_the_wait_leaves_the_job_running() -> None:
    async def main() -> None:
        async with serving(SLOW) as news:
            job = await started(news, "index")
            waiting = asyncio.ensure_future(job.wait())
            await asyncio.sleep(0.02)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert await job.refresh() in {AnalysisStatus.WAIT_ANALYZE, AnalysisStatus.ANALYZING}
            assert (await news.session.job(str(job))).index_id

    run(main())


@pytest.mark.parametrize("late", [False, True])
async def test_a_wait_cancelled_at_any_await_leaves_nothing(late: bool) -> None:
    async with serving() as news:
        job = await started(news, "index")

        async def waiting() -> None:
            await CancelAt(job.wait(), 1, late)

        with pytest.raises(asyncio.CancelledError):
            await asyncio.ensure_future(waiting())
        assert context_of(news.workspace).poller.watched == 0
        assert (await job).index_id


async def test_many_waiters_share_one_question() -> None:
    async with serving() as news:
        job = await started(news, "index")
        handles = [news.session.job(str(job)) for _ in range(5)]
        results = await asyncio.gather(job, job.wait(), *handles)
        assert len({id(result) for result in results}) == 1
        assert {handle.phase for handle in [job, *handles]} == {JobPhase.COMPLETED}
        assert len(news.server.log.arrivals["indexes.get"]) == 1


def test_progress_is_told_of_each_state_once() -> None:
    async def main() -> None:
        seen: list[str] = []
        async with serving(SLOW) as news:
            job = await started(news, "index")
            await job.wait(progress=lambda job: seen.append(f"{job.phase.value if job.phase else None} {job.state}"))
        assert seen[-1] == "completed ANALYZE_COMPLETED"
        assert "running ANALYZING" in seen
        assert max(Counter(seen).values()) == 1

    run(main())


async def test_a_progress_function_that_raises_ends_the_wait_and_not_the_job() -> None:
    def broken(_job: Job[Any]) -> None:
        message = "no room on the screen"
        raise ValueError(message)

    async def later(_job: Job[Any]) -> None: ...

    async with serving() as news:
        job = await started(news, "index")
        with pytest.raises(ValueError, match="no room"):
            await job.wait(progress=broken)
        refused: Any = later
        with pytest.raises(InvalidArgumentError, match="plain function"):
            await job.wait(progress=refused)
        assert (await job).index_id


async def test_an_error_of_ours_in_a_progress_function_is_not_kept_either() -> None:
    def strict(_job: Job[Any]) -> None:
        raise NOT_YET

    async with serving() as news:
        job = await started(news, "index")
        with pytest.raises(JobStateError, match="not yet"):
            await job.wait(progress=strict)
        assert not job.ended
        assert (await job).index_id


async def test_a_failure_of_asking_is_not_the_end_of_the_job() -> None:
    plays = (DENIED, success('{"status": "ANALYZING"}'), DENIED, ANALYZED, success('{"indexId": 9}'))
    async with talking(*plays, clock=mi_async.Clock(speed=SPEED)) as (session, _):
        job = session.job("index:newsroom:101:7")
        with pytest.raises(PermissionDeniedError):
            await job
        assert await job.refresh() == AnalysisStatus.ANALYZING
        assert not job.ended
        with pytest.raises(PermissionDeniedError):
            await job
        assert (await job).index_id == 9
        assert job.ended


@pytest.mark.parametrize(
    ("kind", "failure", "said"),
    [
        ("index", AnalysisFailedError, "the analysis failed: ANALYZE_FAIL: The asset cannot be read."),
        ("search", SearchFailedError, "the search failed: FAILED"),
    ],
)
async def test_a_failed_job_raises_and_names_itself(kind: str, failure: type[JobError], said: str) -> None:
    async with serving(evolve(QUICK, failing_jobs=1.0)) as news:
        job = await started(news, kind)
        with pytest.raises(failure) as caught:
            await job
        assert str(caught.value) == f"{job}: {said}"
        assert caught.value.job == job.id
        with pytest.raises(failure) as again:
            await job
        assert again.value is caught.value
        assert vars(pickle.loads(pickle.dumps(caught.value))) == vars(caught.value)  # noqa: S301  our own bytes


@pytest.mark.parametrize(("key", "state"), [("missing.mp4", "FILE_NOT_EXIST"), ("text.txt", "INVALID_METADATA")])
async def test_a_failed_import(key: str, state: str) -> None:
    async with serving() as news:
        job = await news.workspace.import_asset(project(news), key=key, bucket_name="footage")
        with pytest.raises(ImportFailedError) as caught:
            await job
        assert caught.value.state == state


@pytest.mark.parametrize("kind", ["index", "summary"])
async def test_a_job_is_cancelled_at_the_service_and_whoever_waits_learns_it_soon(kind: str) -> None:
    async with serving(evolve(QUICK, analysing=Latency(5.0), summarizing=Latency(1e5))) as news:
        job = await started(news, kind)
        if kind == "index":
            await job
            news.server.state.settings = evolve(news.server.state.settings, analysing=Latency(1e5))
            number, asset = job._ids
            job = await news.workspace.analyze(int(number), int(asset))
        waiting = asyncio.ensure_future(job.wait())
        await asyncio.sleep(0.05)
        await job.cancel()
        with pytest.raises(AnalysisFailedError, match=r"was cancelled: .*_CANCEL"):
            await asyncio.wait_for(waiting, 60)
        assert job.phase is JobPhase.CANCELLED
        with pytest.raises(ConflictError):
            await job.cancel()


@pytest.mark.parametrize("fault", Fault)
def test_a_cancel_whose_answer_is_lost_is_settled_by_looking(fault: Fault) -> None:
    async def main() -> None:
        async with serving(SLOW) as news:
            job = await started(news, "index")
            news.server.faults.next("indexes.cancel", fault)
            await job.cancel()
            assert await job.refresh() == AnalysisStatus.ANALYZE_CANCEL

    run(main())


def test_a_cancel_that_failed_raises() -> None:
    async def main() -> None:
        async with serving(SLOW, retry=RetryPolicy(max_attempts=1)) as news:
            job = await started(news, "index")
            news.server.faults.next("indexes.cancel", Fault.ERROR_BEFORE)
            with pytest.raises(ServerError):
                await job.cancel()

    run(main())


@pytest.mark.parametrize("kind", ["import", "search"])
async def test_what_the_service_cannot_cancel_is_refused(kind: str) -> None:
    async with serving() as news:
        job = await started(news, kind)
        with pytest.raises(InvalidArgumentError, match=f"^{kind}:.*: the service has no call"):
            await job.cancel()


def test_a_wait_has_a_time_limit_and_the_job_goes_on() -> None:
    async def main() -> None:
        async with serving(SLOW) as news:
            job = await started(news, "index")
            with pytest.raises(JobTimeoutError) as caught:
                await job.wait(timeout=10.0)
            assert isinstance(caught.value, TimeoutError)
            assert caught.value.job == job.id
            assert f"session.job('{job.id}')" in str(caught.value)
            with pytest.raises(JobTimeoutError):
                await asyncio.wait_for(job.wait(timeout=0.0), 60)
            assert (await job.wait(timeout=math.inf)).index_id

    run(main())


def test_short_waits_one_after_another_see_the_end() -> None:
    async def main() -> None:
        async with serving(SLOW) as news:
            job = await started(news, "index")
            waits = 0
            while not job.ended:
                waits += 1
                with suppress(JobTimeoutError):
                    await job.wait(timeout=2.0)
            assert 1 < waits < 120  # fewer than 60 where the machine is busy, as each takes longer than it should
            assert len(news.server.log.arrivals["indexes.status"]) < 45

    run(main())


@pytest.mark.parametrize("seconds", [-1.0, math.nan])
async def test_a_time_limit_that_is_none_is_refused(seconds: float) -> None:
    async with serving() as news:
        with pytest.raises(InvalidArgumentError, match="timeout"):
            await news.session.job("index:newsroom:101:1").wait(timeout=seconds)


def test_every_kind_has_a_finite_time_limit_and_knows_every_state() -> None:
    states: dict[str, Any] = {
        "import": mi_async.ImportStatus,
        "index": AnalysisStatus,
        "summary": mi_async.SummaryStatus,
        "search": mi_async.SearchStatus,
    }
    for name, kind in KINDS.items():
        assert 0 < kind.polling.timeout < math.inf
        assert set(kind.phases) == set(states[name])
        for state, phase in kind.phases.items():
            assert phase.is_active is not (getattr(state, "is_terminal", False) or phase is JobPhase.ABSENT)


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("import", '{"assetId": 7, "uploadStatus": "THAWING"}'),
        ("index", '{"status": "THAWING"}'),
        ("summary", '{"status": "THAWING"}'),
        ("search", '{"searchId": "abc", "status": "THAWING"}'),
    ],
)
def test_an_unknown_state_goes_on_until_the_limit_and_is_told_once(
    kind: str, answer: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        token = "search:newsroom:abc" if kind == "search" else f"{kind}:newsroom:101:7"
        async with talking(success(answer), clock=Clock(SPEED)) as (session, server):
            job, other = session.job(token), session.job(token)
            said = "is THAWING after 40 s of waiting; this version does not know that state; it may go on"
            with pytest.raises(JobTimeoutError, match=said) as late:
                await job.wait(timeout=40)
            assert late.value.state == "THAWING"
            assert (job.phase, job.ended) == (JobPhase.UNKNOWN, False)
            assert await other.refresh() == "THAWING"
            assert len(server.received) >= 2
        told = [record.getMessage() for record in caplog.records if "does not know" in record.getMessage()]
        noun = KINDS[kind].noun
        text = "which this version does not know; it is taken for one that goes on"
        assert told == [f"{token}: the {noun} has the state THAWING, {text}"]

    run(main())


async def test_a_state_that_becomes_known_again_ends_the_wait() -> None:
    asset = success('{"assetId": 7, "fileName": "a.mp4", "projectId": 101}')
    states = [success(f'{{"assetId": 7, "uploadStatus": "{state}"}}') for state in ("THAWING", "COMPLETED")]
    async with talking(*states, asset, clock=Clock(SPEED)) as (session, _server):
        assert (await session.job("import:newsroom:101:7").wait()).asset_id == 7


@pytest.mark.parametrize("make", [index_job, summary_job])
def test_a_job_that_nobody_asked_for(make: Any) -> None:
    async def main() -> None:
        async with serving() as news:
            await started(news, "index")
            asset = await imported(news)
            await (await news.workspace.analyze(project(news), asset)) if make is summary_job else None
            job = make(context_of(news.workspace), project(news), asset, fresh=False)
            with pytest.raises(JobStateError, match=r"this (analysis|scene summary) was never requested"):
                await job
            # Right after our own request, the service may not have heard of it.
            job = make(context_of(news.workspace), project(news), asset, fresh=True)
            waiting = asyncio.ensure_future(job.wait())
            await asyncio.sleep(10 / SPEED)
            assert not waiting.done()
            with pytest.raises(JobStateError):
                await asyncio.wait_for(waiting, 60)

    run(main())


async def test_what_does_not_exist_ends_the_wait() -> None:
    async with serving() as news:
        job = news.session.job("index:newsroom:101:4711")
        with pytest.raises(NotFoundError):
            await asyncio.wait_for(job.wait(), 60)
        with pytest.raises(NotFoundError):
            await job.refresh()


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("kind", KINDS)
async def test_faults_while_waiting_are_survived(kind: str, fault: Fault) -> None:
    async with serving(retry=RetryPolicy(max_attempts=1)) as news:
        job = await started(news, kind)
        for place in {STATUS.get(kind, "search.get"), RESULT[kind]}:
            news.server.faults.next(place, fault, times=3)
        assert await job is not None


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("kind", ["index", "summary"])
def test_a_request_whose_answer_is_lost_is_found(kind: str, fault: Fault) -> None:
    async def main() -> None:
        once = fault in {Fault.UNAVAILABLE_AFTER, Fault.ERROR_AFTER, Fault.DROP_AFTER, Fault.PROXY_HTML}
        retry = RetryPolicy(max_attempts=1) if once else RetryPolicy()
        async with serving(SLOW, retry=retry) as news:
            if kind == "summary":
                news.server.state.settings = evolve(news.server.state.settings, analysing=Latency(1.0))
            asset = await imported(news)
            if kind == "summary":
                await (await news.workspace.analyze(project(news), asset))
            name = {"index": "indexes.request", "summary": "scene_summaries.request"}[kind]
            start: Any = {"index": news.workspace.analyze, "summary": news.workspace.summarize}[kind]
            news.server.faults.next(name, fault)
            job: Job[Any] = await start(project(news), asset)
            assert await job is not None

    run(main())


def test_a_request_that_surely_failed_or_comes_twice_raises() -> None:
    async def main() -> None:
        async with serving(SLOW, retry=RetryPolicy(max_attempts=1)) as news:
            asset = await imported(news)
            news.server.faults.next("indexes.request", Fault.ERROR_BEFORE)
            with pytest.raises(ServerError):
                await news.workspace.analyze(project(news), asset)
            news.server.faults.next("indexes.request", Fault.ERROR_BEFORE)
            news.server.faults.next("indexes.status", Fault.ERROR_BEFORE)
            with pytest.raises(ServerError) as caught:
                await news.workspace.analyze(project(news), asset)
            assert caught.value.operation == "indexes.request"
            await news.workspace.analyze(project(news), asset)
            with pytest.raises(ConflictError):
                await news.workspace.analyze(project(news), asset)

    run(main())


@pytest.mark.usefixtures("leaves_nothing")
def test_closing_the_session_ends_the_wait_and_names_the_job() -> None:
    async def main() -> None:
        async with serving(SLOW) as news:
            job = await started(news, "index")
            waiting = asyncio.ensure_future(job.wait())
            await asyncio.sleep(0.01)
            await news.session.aclose()
            with pytest.raises(SessionError, match=f"while {job} was waited for"):
                await waiting
            with pytest.raises(SessionError):
                await job.refresh()

    run(main())


async def test_as_completed_gives_jobs_as_they_end() -> None:
    async with serving(evolve(QUICK, importing=Latency.lognormal(median=20, p95=60))) as news:
        keys = [f"{n}.mp4" for n in range(8)] + ["missing.mp4"]
        jobs = [await news.workspace.import_asset(project(news), key=key, bucket_name="b") for key in keys]
        twice = [*jobs, *jobs]
        ended: list[Job[Any]] = []
        async for job in mi_async.as_completed(twice):
            assert job.ended
            ended.append(job)
        assert sorted(map(str, ended)) == sorted(map(str, jobs))
        results = await asyncio.gather(*jobs, return_exceptions=True)
        assert isinstance(results[-1], ImportFailedError)
        # A second time, all have ended; an empty list ends at once.
        assert [job async for job in mi_async.as_completed(jobs)] == jobs
        assert [job async for job in mi_async.as_completed(list[Job[Any]]())] == []


@pytest.mark.parametrize("error", [RuntimeError("a hook of the caller"), NotFoundError(404, "10010", "gone")])
async def test_as_completed_gives_a_job_about_which_asking_failed(error: Exception) -> None:
    broken = True

    async def before(attempt: Any) -> None:
        if broken and attempt.operation == "indexes.status":
            raise error

    async with serving(hooks=Hooks(before=[before], strict=True)) as news:
        index, importing = await started(news, "index"), await started(news, "import")
        given = [job async for job in mi_async.as_completed([index, importing])]
        assert set(given) == {index, importing}
        assert (index.ended, importing.ended) == (False, True)
        broken = False
        with pytest.raises(type(error), match=re.escape(str(error))):
            await index  # at once, as of any job that was given
        assert (await index).index_id
        broken, other = True, news.session.job(str(index))
        assert [job async for job in mi_async.as_completed([other])] == [other]
        broken = False
        assert [(job, job.ended) async for job in mi_async.as_completed([other])] == [(other, True)]
        assert (await other).index_id


def test_as_completed_gives_what_has_ended_however_late() -> None:
    async def main() -> None:
        async with serving(evolve(QUICK, importing=Latency(5.0))) as news:
            first, second = await started(news, "import"), await started(news, "import")
            jobs = mi_async.as_completed([first, second], timeout=30.0)
            ended = [await anext(jobs)]
            await second.wait()
            await asyncio.sleep(31 / SPEED)
            ended += [job async for job in jobs]
            assert set(ended) == {first, second}
            assert [job async for job in mi_async.as_completed(ended, timeout=0)] == ended
            other = await started(news, "index")
            jobs = mi_async.as_completed([other, first], timeout=0)
            assert await anext(jobs) is first
            with pytest.raises(JobTimeoutError, match="1 of the jobs"):
                await anext(jobs)

    run(main())


def test_as_completed_has_a_time_limit_and_names_what_is_left() -> None:
    async def main() -> None:
        async with serving(SLOW) as news:
            quick, slow = await started(news, "import"), await started(news, "index")
            jobs = mi_async.as_completed([slow, quick], timeout=30.0)
            assert await anext(jobs) is quick
            with pytest.raises(JobTimeoutError, match=f"1 of the jobs have not ended in time and go on: {slow}"):
                await anext(jobs)
            jobs = mi_async.as_completed([slow, quick], timeout=math.inf)
            assert await anext(jobs) is quick
            await jobs.aclose()  # who breaks off leaves nothing
            assert context_of(news.workspace).poller.watched == 0

    run(main())


@pytest.mark.parametrize(
    ("kind", "workspace", "ids", "text"),
    [
        (INDEX, "newsroom", (101, 1002), "index:newsroom:101:1002"),
        (IMPORT, "뉴스/룸", (1, 2), "import:%EB%89%B4%EC%8A%A4%2F%EB%A3%B8:1:2"),
        (SUMMARY, "a:b %", (1, 2), "summary:a%3Ab%20%25:1:2"),
        (SEARCH, "newsroom", ("7gKx/:?",), "search:newsroom:7gKx%2F%3A%3F"),
    ],
)
def test_tokens_there_and_back(kind: JobKind[Any], workspace: str, ids: tuple[Any, ...], text: str) -> None:
    token = Token(kind, workspace, ids)
    assert str(token) == text
    assert Token.parse(text) == token


@pytest.mark.parametrize(
    "text",
    [
        "",
        "index",
        "index:newsroom:101",
        "index:newsroom:101:1:2",
        "index::101:1",
        "index:newsroom:101:x",
        "index:newsroom:101:-1",
        "index:newsroom:101:\u0661",
        "index:newsroom:101:" + "9" * 5000,
        "index:%ff:101:1",
        "analysis:newsroom:101:1",
        "search:newsroom:",
        5,
        None,
    ],
)
async def test_what_is_no_token_is_refused(text: Any) -> None:
    async with serving() as news:
        with pytest.raises(InvalidArgumentError, match=r"no job is named|token must be text") as caught:
            news.session.job(text)
        assert len(str(caught.value)) < 250


async def test_a_url_that_was_pasted_by_mistake_is_not_shown_with_its_query() -> None:
    async with serving() as news:
        with pytest.raises(InvalidArgumentError) as caught:
            news.session.job("https://kr.example.com/x?X-Amz-Signature=s1gn4tur3")
        assert "s1gn" not in str(caught.value)


async def test_a_job_of_another_workspace_is_refused() -> None:
    async with serving() as news:
        with pytest.raises(InvalidArgumentError, match="a job of the workspace 'newsroom'"):
            news.workspace.job("index:newsroom:101:1")


async def test_a_handle_shows_itself_and_is_not_pickled() -> None:
    async with serving() as news:
        job = await started(news, "import")
        assert repr(job) == f"Job('{job}')"
        await job
        assert repr(job) == f"Job('{job}', COMPLETED)"
        job.reason = "<script>"
        html = job._repr_html_()
        assert job.id in html
        assert "completed" in html
        assert "&lt;script&gt;" in html
        with pytest.raises(InvalidArgumentError, match="send str"):
            pickle.dumps(job)


def test_one_fault_after_another_until_the_time_is_up() -> None:
    async def main() -> None:
        async with talking(DROP, clock=mi_async.Clock(speed=SPEED)) as (session, _):
            job = session.job("index:newsroom:101:7")
            with pytest.raises(JobTimeoutError, match="has not been seen yet after 60 s") as caught:
                await job.wait(timeout=60.0)
            assert isinstance(caught.value.__cause__, TransportError)
            assert f"asking failed last ({caught.value.__cause__}); it may go on" in str(caught.value)
            with pytest.raises(JobTimeoutError, match=f"1 of the jobs .*: {job}; asking failed last: ") as caught:
                await anext(mi_async.as_completed([job], timeout=60.0))
            assert isinstance(caught.value.__cause__, TransportError)

    run(main())


def test_a_failure_that_has_passed_is_no_cause_of_a_timeout() -> None:
    async def main() -> None:
        clock = mi_async.Clock(speed=SPEED)
        async with talking(DROP, success('{"status": "ANALYZING"}'), clock=clock) as (session, server):
            with pytest.raises(JobTimeoutError, match="is ANALYZING after 60 s of waiting; it goes on") as caught:
                await session.job("index:newsroom:101:7").wait(timeout=60.0)
            assert len(server.received) > 1
            assert caught.value.__cause__ is None

    run(main())


async def test_what_is_no_job_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match=r"session\.job\(token\) makes one"):
        await anext(mi_async.as_completed(["index:newsroom:101:7"]))  # type: ignore[arg-type]
