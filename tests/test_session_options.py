"""Views of a session and of a workspace with other options, against the emulator; and ping."""

import asyncio
import copy
import pickle
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import mi_async
from mi_async import Hooks, Quota, RetryPolicy
from mi_async.emulator import Settings
from mi_async.errors import AuthenticationError, ConfigError, InvalidArgumentError, QuotaWaitError, SessionError
from tests.support.canned import canned, http
from tests.support.footage import first_project
from tests.support.newsroom import newsroom, nothing_held
from tests.support.pictures import picture
from tests.support.talking import KEYS

# ---- views


async def test_a_view_shares_what_the_session_has() -> None:
    async with newsroom() as news:
        view = news.session.with_options(timeout=50).with_options(max_wait=1.0)
        room = view.workspace("newsroom")
        assert await room.persons.list() == await news.workspace.persons.list()
        assert view.workspace("newsroom") is room
        assert view._parts() is news.session._parts()
        assert view._calls.transport is news.session._calls.transport
        assert view._calls.options.max_wait == 1.0
        assert view._calls.options.timeout.total == 50
        assert dict(view.quota) == dict(news.session.quota)


async def test_a_view_is_not_closed_and_says_so() -> None:
    async with newsroom() as news:
        view = news.session.with_options(timeout=50)
        with pytest.raises(SessionError, match="nothing of its own to close: close the session"):
            await view.aclose()
        await news.workspace.persons.list()
    with pytest.raises(SessionError, match="the session is closed"):
        await view.workspaces.list()


@pytest.mark.parametrize("way", [pickle.dumps, copy.copy])
async def test_a_view_refuses_to_be_pickled(way: Any) -> None:
    async with newsroom() as news:
        for view in (news.session.with_options(timeout=5), news.workspace.with_options(timeout=5)):
            with pytest.raises(InvalidArgumentError, match="cannot be pickled or copied"):
                way(view)


async def test_an_option_that_cannot_work_is_refused_by_the_view_and_not_by_its_calls() -> None:
    async with newsroom() as news:
        with pytest.raises(ConfigError, match="Content-Type is set by the session"):
            news.workspace.with_options(headers={"Content-Type": "text/plain"})
        wrong: Any = {"patience": 5}
        with pytest.raises(TypeError, match="patience"):
            news.session.with_options(**wrong)


async def test_a_workflow_of_a_view_makes_its_calls_with_its_options() -> None:
    seen: list[str] = []

    async def look(attempt: mi_async.Attempt) -> None:
        assert attempt.headers["X-Tenant"] == "a"
        seen.append(attempt.operation)

    async with newsroom() as news:
        room = news.workspace.with_options(headers={"X-Tenant": "a"}, hooks=Hooks(before=[look]))
        person = await room.enroll_person("Hong", [picture()], tags=["Anchor"])
        assert {"thumbnails.presign", "thumbnails.complete", "persons.create"} <= set(seen)
        told = len(seen)
        assert (await news.workspace.persons.get(person.id)).name == "Hong"
        assert len(seen) == told
        assert nothing_held(news.session)


async def test_a_workflow_of_a_view_may_fail_fast_at_its_beginning() -> None:
    async with newsroom(quotas={"thumbnails.presign": Quota(1, 1000.0)}) as news:
        await news.workspace.thumbnails.presign("a.jpg")
        with pytest.raises(QuotaWaitError):
            await news.workspace.with_options(max_wait=0).enroll_person("Hong", [picture()])


async def test_a_bulk_run_and_a_job_of_a_view_make_their_calls_with_its_options(tmp_path: Path) -> None:
    seen = Counter[tuple[str, str | None]]()

    async def look(attempt: mi_async.Attempt) -> None:
        seen[attempt.operation, attempt.headers.get("X-Tenant")] += 1

    async with newsroom(hooks=Hooks(before=[look])) as news:
        room = news.workspace.with_options(headers={"X-Tenant": "a"}, timeout=3000)
        people = [mi_async.PersonInput("Hong", (picture(),))]
        report = await room.enroll_many(people, journal=tmp_path / "people.journal")
        assert report.counts[mi_async.Status.DONE] == 1
        project = await first_project(room)
        await (await room.import_asset(project, key="news.mp4", bucket_name="footage"))
        assert nothing_held(news.session)
    assert {name for name, tenant in seen if tenant is None} == {"thumbnails.put"}  # which is signed as it is
    assert {"persons.create", "assets.import_status"} <= {name for name, tenant in seen if tenant == "a"}


async def test_views_may_be_made_where_no_event_loop_runs() -> None:
    async with newsroom() as news:
        view = await asyncio.to_thread(news.session.with_options, timeout=50.0)
        assert (await view.workspace("newsroom").persons.list()).total_count == 0


# ---- ping


async def test_ping_proves_the_keys_and_shows_the_clock() -> None:
    async with newsroom(Settings(), speed=1.0) as news:
        ping = await news.session.ping()
        assert 0 < ping.seconds < 60
        assert ping.clock_offset is not None
        assert abs(ping.clock_offset) < 1 + ping.seconds
        assert ping.workspaces == 1
        assert pickle.loads(pickle.dumps(ping)) == ping  # noqa: S301  our own


async def test_ping_of_keys_that_are_refused_is_an_authentication_error() -> None:
    async with newsroom() as news:
        wrong = mi_async.Credentials(news.server.credentials.access_key, "another")
        async with mi_async.connect(wrong, base_url=news.server.url) as session:
            with pytest.raises(AuthenticationError):
                await session.with_options(timeout=30, retry=RetryPolicy(max_attempts=1)).ping()


async def test_ping_of_an_answer_without_a_date_knows_no_offset() -> None:
    page = '{"code": "0", "result": {"content": [], "totalCount": 3}}'
    async with canned(http(page)) as server, mi_async.connect(KEYS, base_url=server.url) as session:
        ping = await session.ping()
        assert (ping.clock_offset, ping.workspaces, ping.request_id) == (None, 3, None)
        assert server.request_lines == ["GET /api/v1/workspaces?pageNum=1&pageSize=1 HTTP/1.1"]
