"""The session over real sockets: opening, closing, settings, and canned oddities of the wire."""

import asyncio
import logging
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from rich.pretty import pretty_repr

import mi_async
from mi_async import Clock, Hooks, Quota, Session, Timeout
from mi_async._core.http_messages import Request
from mi_async._core.signing import ACCESS_KEY, SIGNATURE, TIMESTAMP, Verdict, verify
from mi_async.errors import (
    ConfigError,
    ConnectError,
    CredentialsError,
    DeadlineExceededError,
    SessionError,
)
from mi_async.session import WORKSPACES
from tests.support.canned import SILENCE, canned
from tests.support.talking import KEYS, ONCE, WORKSPACE, asked, shown_by, talking

everything_closed = pytest.mark.usefixtures("leaves_nothing")


# ---- opening


@everything_closed
async def test_a_block_opens_and_closes() -> None:
    async with talking(WORKSPACE) as (session, server):
        assert (await asked(session)).workspace_name == "newsroom"
        assert repr(session) == f"Session('{server.url}')"
        assert (server.header("User-Agent") or "").startswith("mi-async/")
    with pytest.raises(SessionError, match="closed"):
        await asked(session)


@everything_closed
async def test_awaiting_opens_and_aclose_closes() -> None:
    async with canned(WORKSPACE) as server:
        session = await mi_async.connect(KEYS, base_url=server.url)
        try:
            await asked(session)
        finally:
            await session.aclose()
            await session.aclose()


@everything_closed
async def test_what_is_never_opened_needs_no_closing() -> None:
    mi_async.connect(KEYS)
    connecting = mi_async.connect(KEYS)
    await connecting.__aexit__(None, None, None)


@everything_closed
async def test_keys_are_looked_for_when_the_session_opens(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NCLOUD_ACCESS_KEY_ID", "from-environment")
    monkeypatch.setenv("NCLOUD_SECRET_ACCESS_KEY", "s3cr3t-k3y")
    monkeypatch.setenv("HOME", str(tmp_path))
    async with canned(WORKSPACE) as server:
        async with mi_async.connect(base_url=server.url) as session:
            await asked(session)
        assert server.header(ACCESS_KEY) == "from-environment"
        connecting = mi_async.connect(base_url=server.url, profile="absent")
        with pytest.raises(CredentialsError):
            await connecting


@pytest.mark.parametrize(
    "url",
    [
        "mi.apigw.ntruss.com",
        "ftp://mi.example",
        "http://",
        "http://mi.example?x=1",
        "http://mi.example/#here",
        "http://user:pa55@mi.example",
        "http://pa55/word@mi.example",
        "http://mi.example:port",
        "http://mi.example:99999",
        "",
        None,
    ],
)
def test_a_base_url_that_cannot_work_is_refused(url: Any) -> None:
    with pytest.raises(ConfigError, match="base_url must be") as caught:
        mi_async.connect(KEYS, base_url=url)
    assert "pa55" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"credentials": ("access", "secret")}, "not tuple"),
        ({"credentials": KEYS, "profile": "x"}, "credentials or a profile, not both"),
        ({"max_wait": -1}, "max_wait is a number of seconds from 0"),
        ({"max_wait": float("nan")}, "max_wait"),
        ({"max_wait": "1"}, "max_wait is a number of seconds"),
        ({"timeout": 5}, r"timeout must be mi_async\.Timeout\(connect, read, total\), not int"),
        ({"retry": 3}, r"retry must be mi_async\.RetryPolicy"),
        ({"polling": 2}, r"polling must be mi_async\.Polling"),
        ({"hooks": print}, r"hooks must be mi_async\.Hooks"),
        ({"clock": 60}, r"clock must be mi_async\.Clock"),
        ({"connector": "x"}, "connector must be an aiohttp connector"),
        ({"proxy": "x"}, "proxy must be http"),
        ({"proxy": "http://[x"}, "proxy must be http"),
        ({"profile": 1}, "profile must be a name"),
        ({"quotas": {"thumbnails.presign": 5}}, r"must be mi_async\.Quota\(calls, period\) or None, not int"),
        ({"quotas": [5]}, "quotas must be a mapping"),
        ({"quotas": []}, "quotas must be a mapping from operation id to mi_async.Quota, not list"),
        ({"paths": []}, "paths must be a mapping from operation id to path, not list"),
        ({"quotas": {"thumbnails.prseign": None}}, r"unknown operations: thumbnails\.prseign; .* thumbnails\.presign"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        mi_async.connect(**settings)


@pytest.mark.parametrize(("name", "value"), [("connect", 0), ("read", -1.5), ("total", float("nan"))])
def test_a_timeout_that_cannot_work_is_named(name: str, value: float) -> None:
    with pytest.raises(ConfigError) as caught:
        Timeout(**{name: value})
    assert str(caught.value) == f"timeout must be > 0 seconds, got {name}={value:g}; leave it out for the default"


@everything_closed
async def test_a_function_that_names_no_proxy_leaves_no_session_open() -> None:
    with pytest.raises(ConfigError) as caught:
        await mi_async.connect(KEYS, proxy=lambda _: "zzz")
    assert str(caught.value) == (
        'what proxy() returns must be http(s)://[user:password@]host[:port], got "zzz"; write http://zzz:PORT'
    )


@everything_closed
async def test_quotas_are_declared_and_may_be_replaced_or_lifted() -> None:
    quotas = {"thumbnails.presign": Quota(5, 2.0), "thumbnails.complete": None, "persons.get": Quota(1, 1.0)}
    async with mi_async.connect(KEYS) as session:
        assert {name: (state.calls, state.period) for name, state in session.quota.items()} == {
            "thumbnails.presign": (50, 1.0),
            "thumbnails.complete": (1000, 60.0),
            "query_assets.presign": (50, 1.0),
            "query_assets.complete": (1000, 60.0),
            "search.request": (1000, 60.0),
        }
    async with mi_async.connect(KEYS, quotas=quotas) as session:
        assert {name: (state.calls, state.period) for name, state in session.quota.items()} == {
            "thumbnails.presign": (5, 2.0),
            "persons.get": (1, 1.0),
            "query_assets.presign": (50, 1.0),
            "query_assets.complete": (1000, 60.0),
            "search.request": (1000, 60.0),
        }


# ---- what goes over the wire


@everything_closed
@pytest.mark.parametrize("prefix", ["", "/", "/gateway/v%2F1", "/gateway/"])
async def test_a_path_in_the_base_url_is_signed_and_sent(prefix: str) -> None:
    async with (
        canned(WORKSPACE) as server,
        mi_async.connect(KEYS, base_url=server.url + prefix) as session,
    ):
        await asked(session)
        method, target, _ = server.request_lines[0].split()
        assert target == f"{prefix.rstrip('/')}/api/v1/workspaces/newsroom"
        headers = {name: server.header(name) or "" for name in (TIMESTAMP, ACCESS_KEY, SIGNATURE)}
        assert verify(Request(method, target), headers, KEYS, Clock().wall()) is Verdict.OK


@everything_closed
async def test_a_proxy_is_used() -> None:
    async with (
        canned(WORKSPACE) as proxy,
        mi_async.connect(KEYS, base_url="http://mi.example", proxy=proxy.url) as session,
    ):
        await asked(session)
        assert proxy.request_lines == ["GET http://mi.example/api/v1/workspaces/newsroom HTTP/1.1"]


@everything_closed
async def test_a_connector_of_the_callers_stays_open() -> None:
    connector = aiohttp.TCPConnector(limit=3)
    try:
        for _ in range(2):
            async with talking(WORKSPACE, connector=connector) as (session, _):
                await asked(session)
            assert not connector.closed
    finally:
        await connector.close()


@everything_closed
async def test_hooks_of_the_callers_run() -> None:
    async def trace(attempt: mi_async.Attempt) -> None:
        attempt.headers["traceparent"] = "00-1"

    async with talking(WORKSPACE, hooks=Hooks(before=[trace])) as (session, server):
        await asked(session)
        assert server.header("traceparent") == "00-1"


@everything_closed
async def test_the_password_of_a_proxy_shows_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    connecting = mi_async.connect(KEYS, base_url="http://mi.example", proxy="http://user:pa55@127.0.0.1:1", retry=ONCE)
    async with connecting as session:
        with pytest.raises(ConnectError) as caught:
            await asked(session)
        shown = repr(connecting) + shown_by(session) + "".join(traceback.format_exception(caught.value))
    assert "pa55" not in shown + caplog.text


async def test_rich_shows_a_session_and_a_workspace_as_briefly_as_their_repr() -> None:
    async with talking(WORKSPACE) as (session, server):
        newsroom = session.workspace("newsroom")
        assert [pretty_repr(each) for each in (session, newsroom)] == [repr(session), repr(newsroom)]
    assert pretty_repr(session) == f"Session('{server.url}', closed=True)"


# ---- closing with calls under way


@everything_closed
async def test_closing_lets_a_call_finish() -> None:
    arrived, reply = asyncio.Event(), asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        arrived.set()
        await reply.wait()
        writer.write(WORKSPACE)
        writer.close()

    async with await asyncio.start_server(slow, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        session = await mi_async.connect(KEYS, base_url=f"http://127.0.0.1:{port}")
        call = asyncio.create_task(asked(session))
        await arrived.wait()
        closing = asyncio.create_task(session.aclose())
        await asyncio.sleep(0)
        with pytest.raises(SessionError, match="closed"):
            await asked(session)
        reply.set()
        await closing
        assert (await call).workspace_name == "newsroom"


@everything_closed
async def test_closing_without_grace_ends_a_call() -> None:
    async with talking(SILENCE) as (session, server):
        call = asyncio.create_task(asked(session))
        await server.arrived.wait()
        await session.aclose(grace=0)
        with pytest.raises(SessionError, match="closed while the call was in flight"):
            await call


@everything_closed
async def test_leaving_the_block_by_an_exception_waits_for_nothing() -> None:
    calls: list[asyncio.Task[Any]] = []

    async def block() -> None:
        async with talking(SILENCE) as (session, server):
            calls.append(asyncio.create_task(asked(session)))
            await server.arrived.wait()
            raise LookupError

    start = asyncio.get_running_loop().time()
    with pytest.raises(LookupError):
        await block()
    with pytest.raises(SessionError):
        await calls[0]
    assert asyncio.get_running_loop().time() - start < 1


@everything_closed
async def test_a_cancelled_call_leaves_nothing() -> None:
    async with talking(SILENCE) as (session, server):
        call = asyncio.create_task(asked(session))
        await server.arrived.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call


def test_a_session_of_another_loop_is_refused(tmp_path: Path) -> None:
    async def refused(session: Session) -> None:
        with pytest.raises(SessionError, match="another event loop"):
            await asked(session)

    async def refused_in_bulk(session: Session) -> None:
        with pytest.raises(SessionError, match="another event loop"):
            await session.workspace("newsroom").enroll_many([], journal=tmp_path / "j")

    async def main() -> None:
        session = await mi_async.connect(KEYS)
        try:
            await asyncio.to_thread(asyncio.run, refused(session))
            await asyncio.to_thread(asyncio.run, refused_in_bulk(session))
        finally:
            await session.aclose()

    asyncio.run(main())


def test_two_loops_have_a_session_each() -> None:
    async def main() -> str:
        async with talking(WORKSPACE) as (session, _):
            both = await asyncio.gather(asked(session), asked(session))
            return str(both[0].workspace_name)

    with ThreadPoolExecutor() as threads:
        assert list(threads.map(asyncio.run, [main(), main()])) == ["newsroom"] * 2


# ---- time limits


@everything_closed
async def test_the_whole_call_is_limited() -> None:
    async with talking(SILENCE, timeout=Timeout(total=0.02)) as (session, _):
        with pytest.raises(DeadlineExceededError):
            await asked(session)


@everything_closed
async def test_reading_is_limited() -> None:
    async with talking(SILENCE, timeout=Timeout(read=0.02)) as (session, _):
        with pytest.raises(mi_async.TimeoutError):
            await asked(session)


async def test_a_session_is_closed_in_the_event_loop_that_opened_it() -> None:
    async with canned(WORKSPACE) as server:
        session = await mi_async.connect(KEYS, base_url=server.url)
        await asked(session)
        said = r"was opened in another event loop; close it there, with aclose\(\) or async with"
        with pytest.raises(SessionError, match=said):
            await asyncio.to_thread(asyncio.run, session.aclose())
        await asked(session)  # nothing of it was closed
        await session.aclose()
        await asyncio.to_thread(asyncio.run, session.aclose())


async def test_a_workspace_is_made_once_and_any_number_of_names_is_not_remembered() -> None:
    async with mi_async.connect(KEYS, base_url="http://127.0.0.1:1") as session:
        newsroom = session.workspace("newsroom")
        assert session.workspace("newsroom") is newsroom
        assert session.workspace("archive") is not newsroom
        for number in range(WORKSPACES):
            assert session.workspace(f"room-{number}").name == f"room-{number}"
        assert session.workspace("newsroom") is not newsroom
