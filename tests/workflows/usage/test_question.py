"""Usage of workspaces on an emulator: what is counted, what it costs, and what goes wrong on the way."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from attrs import define

import mi_async
from mi_async import (
    Clock,
    InvalidArgumentError,
    NotFoundError,
    PermissionDeniedError,
    RetryPolicy,
    ServerError,
    Session,
    UsageProgress,
    UsageReport,
    emulator,
)
from mi_async.emulator import Latency, Server, Settings
from mi_async.workflows.usage.question import MOST
from tests.support.footage import first_project, footage
from tests.support.other_software import person_of_other_software
from tests.support.sockets import sockets_closed

INSTANT = Latency.none()
SETTINGS = Settings(
    latency=INSTANT,
    importing=INSTANT,
    queueing=INSTANT,
    analysing=INSTANT,
    summarizing=INSTANT,
    workspaces=("newsroom", "sports"),
    register_strangers=False,
)
NOON = datetime(2026, 11, 20, 3, tzinfo=UTC).timestamp()
"""Noon in Seoul."""
DAY = 86_400
ONCE = RetryPolicy(max_attempts=1)


@define(eq=False)
class Calendar(Clock):
    """A clock whose wall time a test sets by hand."""

    moment: float = NOON

    def wall(self) -> float:
        return self.moment


@asynccontextmanager
async def archive(settings: Settings = SETTINGS) -> AsyncGenerator[tuple[Server, Session, Calendar]]:
    """Serve and connect, both by one calendar."""
    calendar = Calendar(speed=200)  # jobs are over at once, and asked about again soon
    async with (
        sockets_closed(),
        emulator.serve(settings=settings, clock=calendar) as server,
        mi_async.connect(server.credentials, base_url=server.url, clock=calendar, retry=ONCE) as session,
    ):
        yield server, session, calendar


def told(report: UsageReport) -> list[tuple[str, str, dict[str, Any]]]:
    """Return workspace, project, and the counts that are not 0."""
    return [
        (each.workspace, project.name, {name: count for name, count in project.counts.to_dict().items() if count})
        for each in report.workspaces
        for project in each.projects
    ]


async def test_a_month_is_counted_by_workspace_and_project() -> None:
    async with archive() as (_, session, calendar):
        newsroom = session.workspace("newsroom")
        evening = (await newsroom.projects.create("저녁")).project_id
        calendar.moment = NOON - 30 * DAY
        (before,) = await footage(newsroom, "october.mp4")
        calendar.moment = NOON
        await footage(newsroom, "a.mp4", "b.png")
        calendar.moment += 2 * DAY
        (late,) = await footage(newsroom, "c.mp4", project=evening)
        await (await newsroom.summarize(evening, late))
        await (await newsroom.import_asset(evening, key="never.mp4", bucket_name="footage"))
        lengths = {
            asset.file_name: asset.meta_data.duration_ms or 0
            for project in await newsroom.projects.list()
            async for asset in newsroom.assets.all(project.project_id)
            if asset.meta_data is not None
        }

        report = await session.usage()
        a, c = lengths["a.mp4"], lengths["c.mp4"]
        base = {"videos": 2, "images": 1, "media_ms": lengths["october.mp4"] + a}
        assert told(report) == [
            ("newsroom", "Base project", base | {"video_analyses": 1, "image_analyses": 1, "analyzed_ms": a}),
            (
                "newsroom",
                "저녁",
                {"videos": 2, "media_ms": c + lengths["never.mp4"], "video_analyses": 1, "analyzed_ms": c}
                | {"summaries": 1, "summarized_ms": c},
            ),
            ("sports", "Base project", {}),
        ]
        days = [(day.date, day.analyses, day.summaries) for each in report.workspaces[0].projects for day in each.days]
        assert days == [("2026-11-20", 2, 0), ("2026-11-22", 1, 1)]
        assert (report.month, report.timezone, report.counts.analyses, report.counts.assets) == (
            "2026-11",
            "Asia/Seoul",
            3,
            5,
        )
        assert "workspace newsroom: analyses of this month: 4 counted by the service, 3 visible" in report.notes

        await (await newsroom.analyze(await first_project(newsroom), before))  # a second one, which replaces the first
        october = await newsroom.usage(month="2026-10")
        assert (october.counts.analyses, october.workspaces[0].counted_by_service) == (0, None)
        assert (await newsroom.usage()).counts.analyses == 4
        assert UsageReport.from_dict(json.loads(json.dumps(report.to_dict()))) == report


async def test_persons_are_counted_by_their_names() -> None:
    async with archive() as (_, session, _calendar):
        newsroom = session.workspace("newsroom")
        await newsroom.enroll_person("홍길동", [emulator.example_image(1)])
        for number in (2, 3):
            await person_of_other_software(newsroom, None, emulator.example_image(number))
        usage = (await newsroom.usage()).workspaces[0]
        assert (usage.named_persons, usage.unnamed_persons) == (1, 2)
        assert (usage.counts.named_persons, usage.counts.unnamed_persons) == (1, 2)


async def test_it_costs_the_calls_that_it_says() -> None:
    calls: list[object] = []

    async def count(call: object) -> None:
        calls.append(call)

    async with archive() as (_, session, _calendar):
        newsroom = session.workspace("newsroom")
        await footage(newsroom, *[f"{number}.mp4" for number in range(5)])
        project = await first_project(newsroom)
        await (await newsroom.import_asset(project, key="never.mp4", bucket_name="footage"))
        watched = newsroom.with_options(hooks=mi_async.Hooks(before=[count]))
        report = await watched.usage(concurrency=3)
        # the workspace, its projects, named and unnamed persons; a page, 6 indexes, 5 summaries
        assert report.requests == len(calls) == 4 + 1 + 6 + 5
        fewer = await newsroom.usage(summaries=False)
        assert (fewer.requests, fewer.summaries) == (11, False)
        assert "scene summaries were not asked for" in fewer.notes


async def test_no_more_calls_are_in_flight_than_were_allowed() -> None:
    in_flight, most = 0, 0

    async def begin(_: object) -> None:
        nonlocal in_flight, most
        in_flight += 1
        most = max(most, in_flight)

    async def end(*_: object) -> None:
        nonlocal in_flight
        in_flight -= 1

    async with archive() as (_, session, _calendar):
        await footage(session.workspace("newsroom"), *[f"{number}.png" for number in range(12)])
        watched = session.with_options(hooks=mi_async.Hooks(before=[begin], after=[end]))
        await watched.usage(["newsroom"], concurrency=4)
        assert (in_flight, most) == (0, 4)


async def test_progress_is_told_of_each_asset() -> None:
    seen: list[UsageProgress] = []
    async with archive() as (_, session, _calendar):
        await footage(session.workspace("newsroom"), "a.png", "b.png", "c.png")
        await session.usage("newsroom", progress=seen.append, concurrency=1)
    assert [(each.workspace, each.project, each.assets, each.total) for each in seen] == [
        ("newsroom", "Base project", number, 3) for number in (1, 2, 3)
    ]
    assert [each.requests for each in seen] == sorted(each.requests for each in seen)


async def test_an_asset_that_the_service_cannot_send_does_not_cost_the_report() -> None:
    async with archive() as (server, session, _):
        newsroom = session.workspace("newsroom")
        await footage(newsroom, "a.mp4", "b.mp4")
        server.faults.next("indexes.get", "99999")
        report = await newsroom.usage()
        assert (report.counts.analyses, report.counts.unread, report.counts.videos) == (1, 1, 2)
        assert (
            "assets whose index or scene summary the service failed to send, counted as not analysed: 1" in report.notes
        )
        server.faults.next("indexes.get", "300", times=9)
        with pytest.raises(NotFoundError):  # nor with one of a proxy that knows no such path
            await newsroom.usage()
        server.faults.clear()
        server.faults.next("assets.list", "99999")
        with pytest.raises(ServerError):  # without the listing there is no report
            await newsroom.usage()


async def test_a_workspace_that_the_keys_may_not_see_is_named() -> None:
    async with archive() as (server, session, _):
        server.faults.next("workspaces.get", "10003")
        report = await session.usage()
        assert ([each.workspace for each in report.workspaces], report.left_out) == (["sports"], ("newsroom",))
        assert "workspace newsroom was left out: the keys may not see it" in report.notes
        server.faults.next("workspaces.get", "10003")
        with pytest.raises(PermissionDeniedError):  # one that was asked for by its name is none to leave out
            await session.usage(["newsroom", "sports"])
        with pytest.raises(NotFoundError):
            await session.usage(["nowhere"])


async def test_what_cannot_be_is_refused_before_any_call() -> None:
    async def later(_: UsageProgress) -> None: ...

    calls: list[object] = []

    async def count(call: object) -> None:
        calls.append(call)

    async with archive() as (_, session, _calendar):
        watched = session.with_options(hooks=mi_async.Hooks(before=[count]))
        newsroom = watched.workspace("newsroom")
        with pytest.raises(InvalidArgumentError, match="month must be"):
            await watched.usage(month="November")
        with pytest.raises(InvalidArgumentError, match="there is no time zone"):
            await newsroom.usage(timezone="Korea/Nowhere")
        for wrong in (0, MOST + 1, True, 2.0):
            with pytest.raises(InvalidArgumentError, match=r"concurrency must be (1 to 64|a whole number), got"):
                await newsroom.usage(concurrency=wrong)  # type: ignore[arg-type]
        with pytest.raises(InvalidArgumentError, match="plain function"):
            await newsroom.usage(progress=later)
        assert not calls


async def test_an_account_without_workspaces_has_used_nothing() -> None:
    async with archive() as (_, session, _calendar):
        for each in ("newsroom", "sports"):
            await session.workspaces.delete(each)
        report = await session.usage()
        assert (report.workspaces, report.counts.assets, report.month) == ((), 0, "2026-11")


async def test_a_question_that_is_cancelled_leaves_nothing_behind() -> None:
    async with archive() as (_, session, _calendar):
        await footage(session.workspace("newsroom"), *[f"{number}.png" for number in range(6)])
        begun = asyncio.Event()
        task = asyncio.create_task(session.usage(progress=lambda _: begun.set(), concurrency=2))
        async with asyncio.timeout(60):
            await begun.wait()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        assert task.cancelled()
        assert len(asyncio.all_tasks()) < 10
        assert not session._calls.in_flight


async def test_a_progress_that_fails_ends_the_question() -> None:
    def fail(_: UsageProgress) -> None:
        raise LookupError

    async with archive() as (_, session, _calendar):
        await footage(session.workspace("newsroom"), "a.png", "b.png")
        with pytest.raises(LookupError):
            await session.usage(progress=fail)


async def test_a_report_shows_itself_in_a_notebook() -> None:
    async with archive() as (_, session, _calendar):
        await session.workspace("newsroom").projects.create("<b>저녁</b>")
        report = await session.usage()
        shown = report._repr_html_()
        assert "Usage of 2026-11 (Asia/Seoul)" in shown
        assert shown.count("<tr>") == 1 + 3
        assert "&lt;b&gt;저녁&lt;/b&gt;" in shown
        assert [line.split()[-4:] for line in str(report).splitlines()] == [
            ["assets", "analyses", "analysed", "summaries"],
            *[["0", "0", "0:00:00", "0"]] * 3,
        ]
