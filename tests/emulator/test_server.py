"""The emulator as a server: built from the declarations, closed cleanly; and its small parts on their own."""

import asyncio
import math
import random
import socket
import statistics
import time

import aiohttp
import pytest
from attrs import evolve
from yarl import URL

import mi_async
from mi_async import emulator
from mi_async._core.declare import Group, operations_of
from mi_async._core.http_messages import Request
from mi_async._core.operation import Operation, Quota
from mi_async._core.signing import sign
from mi_async.api import GROUPS
from mi_async.api.persons import Persons
from mi_async.credentials import Credentials
from mi_async.emulator import Fault, Latency, Mixture
from mi_async.emulator.bodies import BODIES
from mi_async.emulator.bodies.unimplemented import unimplemented
from mi_async.emulator.control import ROUTES
from mi_async.emulator.links import Links
from mi_async.emulator.log import RequestLog
from mi_async.emulator.page_paths import ROUTES as PAGE_ROUTES
from mi_async.emulator.quota_windows import Window
from mi_async.emulator.state import EmulatorState
from mi_async.errors import ConfigError
from tests.support.raw import PERSONS, PICTURE, PRESIGN, QUICK, ROOM, HandClock, Raw, emulated

DECLARED = [(group, operation) for group in GROUPS for operation in operations_of(group)]


class Unfinished(Persons):
    """A subclass of a group that has no bodies yet."""

    def __init__(self, _: EmulatorState, **scope: str) -> None:
        super().__init__(unimplemented, **scope)


async def test_an_operation_without_a_body_says_its_name() -> None:
    async with emulated(bodies={**BODIES, Persons: Unfinished}) as raw:
        answer = await raw.call("GET", f"{PERSONS}/7")
        assert answer.status == 501
        assert answer.json["message"] == "The emulator has no body for this operation: persons.get"
        assert (await raw.call("GET", ROOM)).status == 200


async def test_a_group_without_bodies_says_its_name() -> None:
    async with emulated(bodies={}) as raw:
        answer = await raw.call("GET", ROOM)
        assert (answer.status, "workspaces.get" in answer.json["message"]) == (501, True)


@pytest.mark.parametrize(("group", "operation"), [pytest.param(*d, id=d[1].id) for d in DECLARED])
def test_every_declared_operation_has_a_body(group: type[Group], operation: Operation) -> None:
    body = getattr(BODIES[group], operation.name)
    assert body is not getattr(group, operation.name)


async def test_every_declared_operation_has_a_route() -> None:
    server = emulator.Server()
    resources = server.application().router.resources()
    paths = {(route.method, resource.canonical) for resource in resources for route in resource}
    assert {(operation.method, operation.path) for _, operation in DECLARED} <= paths
    added = len(ROUTES) + len(PAGE_ROUTES)
    assert len(paths) == len(DECLARED) + 3 + added  # two for the storage, the description, control and the page


async def test_the_session_works_against_it() -> None:
    async with (
        emulator.serve(settings=QUICK) as server,
        mi_async.connect(server.credentials, base_url=server.url) as session,
    ):
        workspace = session.workspace("newsroom")
        created = await workspace.persons.create("Gildong Hong", thumbnails=[])
        assert (await workspace.persons.get(created.id)).name == "Gildong Hong"
        with pytest.raises(mi_async.NotFoundError):
            await session.workspace("no-room").persons.get(1)


async def test_it_accepts_the_keys_and_makes_the_workspaces_that_it_is_given() -> None:
    keys = Credentials("MINE", "secret")
    settings = evolve(QUICK, workspaces=("one", "two"))
    async with emulator.serve(credentials=keys, settings=settings) as server:
        assert server.credentials is keys
        assert list(server.state.workspaces) == ["one", "two"]
        assert "secret" not in repr(server)


async def _told(raw: Raw, **headers: str) -> set[str]:
    """Beginnings of every URL that the server gives: uploads, thumbnails, workspaces, the description."""
    signed = sign(Request("GET", "/api/v1/workspaces?pageNum=1"), raw.server.credentials, raw.server.state.wall())
    listed = await raw.call("GET", "/api/v1/workspaces?pageNum=1", headers=signed | headers)
    described = await raw.send("GET", f"{raw.server.url}/openapi.json", headers=headers)
    presign = sign(Request("POST", PRESIGN), raw.server.credentials, raw.server.state.wall())
    issued = await raw.call("POST", PRESIGN, {"thumbnailFileName": "a.jpg"}, headers=presign | headers)
    key, url = await raw.presign()
    assert (await raw.put(raw.server.url + URL(url, encoded=True).raw_path_qs)).status == 200
    person = await raw.person("One", [key])
    got = sign(Request("GET", f"{PERSONS}/{person}"), raw.server.credentials, raw.server.state.wall())
    shown = await raw.call("GET", f"{PERSONS}/{person}", headers=got | headers)
    urls = (
        listed.result["content"][0]["workspaceUrl"],
        described.json["servers"][0]["url"],
        issued.result["url"],
        shown.result["thumbnails"][0]["url"],
    )
    return {str(URL(url).origin()) for url in urls}


async def test_every_url_follows_the_public_address() -> None:
    async with emulated(evolve(QUICK, public_url="https://mi.example.com/")) as raw:
        assert await _told(raw, Host="elsewhere:1") == {"https://mi.example.com"}


async def test_every_url_follows_the_host_that_the_client_names() -> None:
    async with emulated() as raw:
        assert await _told(raw) == {raw.server.url}
        assert await _told_again(raw, "emulator:8080") == {"http://emulator:8080"}
        assert await _told_again(raw, "[::1]:80") == {"http://[::1]"}
        for odd in ("a b", "x/../y", "user@host", "host:99999999", ""):
            assert await _told_again(raw, odd) == {raw.server.url}


async def _told_again(raw: Raw, host: str) -> set[str]:
    raw.server.state.workspaces["newsroom"].names.clear()
    return await _told(raw, Host=host)


async def test_all_interfaces_are_no_address_to_connect_to() -> None:
    server = emulator.Server()
    server.listening("0.0.0.0", 80)  # noqa: S104
    assert server.url == server.state.links.base_url == "http://127.0.0.1:80"
    server.listening("::", 80)
    assert server.url == "http://[::1]:80"


@pytest.mark.parametrize(
    ("cors", "origin", "seen"),
    [
        (("https://example.com",), "https://example.com", "https://example.com"),
        (("https://example.com",), "https://other.example", None),
        (("*",), "https://other.example", "*"),
        (("https://example.com",), None, None),
    ],
)
async def test_a_page_of_another_origin_uploads(cors: tuple[str, ...], origin: str | None, seen: str | None) -> None:
    async with emulated(evolve(QUICK, cors=cors)) as raw:
        _, url = await raw.presign()
        asked = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-type"}
        named = {} if origin is None else {"Origin": origin}
        before = await raw.send("OPTIONS", url, headers=asked | named)
        answer = await raw.put(url, PICTURE, **named)
        assert answer.status == 200  # the browser decides, not the storage
        assert answer.headers.get("Access-Control-Allow-Origin") == seen
        if seen is None:
            assert (before.status, b"AccessForbidden" in before.body) == (403, True)
        else:
            assert before.status == 200
            assert before.headers["Access-Control-Allow-Origin"] == seen
            assert before.headers["Access-Control-Allow-Methods"] == "PUT, GET"
            assert before.headers["Access-Control-Allow-Headers"] == "content-type"
            assert "ETag" in answer.headers["Access-Control-Expose-Headers"]
        deleting = {"Access-Control-Request-Method": "DELETE"}
        assert (await raw.send("OPTIONS", url, headers=deleting | named)).status == 403
        assert "Access-Control-Allow-Origin" not in (await raw.call("GET", ROOM)).headers  # the API has none


async def test_without_origins_nothing_is_told_to_browsers() -> None:
    async with emulated() as raw:
        _, url = await raw.presign()
        assert (await raw.send("OPTIONS", url, headers={"Access-Control-Request-Method": "PUT"})).status == 404
        answer = await raw.put(url, Origin="https://example.com")
        assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.skipif(not socket.has_ipv6, reason="needs IPv6")
async def test_an_ipv6_address_is_bracketed() -> None:
    server = emulator.Server()
    server.listening("::1", 80)
    assert server.url == "http://[::1]:80"


async def test_a_port_in_use_is_an_error_that_leaves_nothing_open() -> None:
    async with emulator.serve() as server:
        port = int(server.url.rpartition(":")[2])
        with pytest.raises(OSError, match="address already in use"):
            async with emulator.serve(port=port):
                pytest.fail("cannot be reached")


async def test_open_connections_and_requests_in_progress_do_not_delay_the_close() -> None:
    class Stuck(HandClock):
        async def sleep(self, seconds: float) -> None:
            await asyncio.sleep(3600 * seconds)

    async with aiohttp.ClientSession() as http:
        async with emulator.serve(settings=QUICK, clock=Stuck()) as server:
            raw = Raw(http, server)
            assert (await raw.call("GET", ROOM)).status == 200  # leaves a keep-alive connection open
            server.faults.next("workspaces.get", Fault.SLOW_BODY)
            stuck = asyncio.create_task(raw.call("GET", ROOM))
            await raw.arrived("workspaces.get", 2)
            before = time.monotonic()
        assert time.monotonic() - before < 60
        assert isinstance((await asyncio.gather(stuck, return_exceptions=True))[0], aiohttp.ClientError)
        with pytest.raises(aiohttp.ClientConnectionError):
            await raw.call("GET", ROOM)


async def test_run_tells_when_it_listens_and_ends_when_cancelled() -> None:
    listening: asyncio.Future[emulator.Server] = asyncio.get_running_loop().create_future()
    running = asyncio.create_task(emulator.run(settings=QUICK, ready=listening.set_result))
    server = await listening
    async with aiohttp.ClientSession() as http:
        assert (await Raw(http, server).call("GET", ROOM)).status == 200
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_run_needs_nobody_to_tell() -> None:
    running = asyncio.create_task(emulator.run())
    await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


def test_a_window_slides() -> None:
    window = Window(Quota(3, 10.0))
    times = [0.0, 4.0, 9.0, 9.5, 10.0, 10.5, 13.9, 14.0]
    assert [window.admit(time) for time in times] == [True, True, True, False, True, False, False, True]


def test_no_window_ever_holds_more_than_its_quota() -> None:
    rng, window, log, now = random.Random(7), Window(Quota(5, 1.0)), RequestLog(), 0.0  # noqa: S311  seeded
    for _ in range(2000):
        now += rng.expovariate(20)
        if window.admit(now):
            log.arrivals["x"].append(now)
    assert log.peak("x", 1.0) == 5
    assert log.count("x") > 4 * now


def test_latencies() -> None:
    rng = random.Random(3)  # noqa: S311  seeded
    assert Latency.none().draw(rng) == 0
    assert {Latency.constant(1.5).draw(rng) for _ in range(3)} == {1.5}
    drawn = [Latency.lognormal(median=0.8, p95=4.0).draw(rng) for _ in range(20_000)]
    assert statistics.median(drawn) == pytest.approx(0.8, rel=0.05)
    assert statistics.quantiles(drawn, n=20)[-1] == pytest.approx(4.0, rel=0.1)
    for median, p95 in ((0, 1), (2, 1), (-1, 1)):
        with pytest.raises(ConfigError, match="median"):
            Latency.lognormal(median=median, p95=p95)


def test_mixtures() -> None:
    rng = random.Random(3)  # noqa: S311  seeded
    slow = Mixture(((0.5, Latency.constant(20)), (0.5, Latency.never())))
    drawn = [Mixture(((0.8, Latency.none()), (0.2, slow))).draw(rng) for _ in range(5_000)]
    assert sorted(set(drawn)) == [0, 20, math.inf]
    assert drawn.count(20) / 5_000 == pytest.approx(0.1, rel=0.2)
    for shares in ((), (0.5,), (1.5, -0.5)):
        with pytest.raises(ConfigError, match="add up to 1"):
            Mixture(tuple((share, Latency.none()) for share in shares))


def test_processing_times_shift() -> None:
    clock = HandClock()
    state = EmulatorState(emulator.Settings(latency=Latency.constant(2), shifts={60: 10, 120: 0.5}), clock, Links())
    seen = []
    for later in (0, 59, 1, 59, 1, 1000):
        clock.now += later
        seen.append(state.processing_time())
    assert seen == [2, 2, 20, 20, 1, 1]
    with pytest.raises(ConfigError, match="above 0"):
        emulator.Settings(shifts={60: 0})


async def test_requests_and_answers_spend_time_on_the_way() -> None:
    clock = HandClock()
    async with emulated(evolve(QUICK, jitter=0.5), clock=clock) as raw:
        begun = clock.now
        assert (await raw.call("GET", ROOM)).status == 200
    there, back = clock.slept
    assert clock.now == pytest.approx(begun + there + back)
    assert raw.server.log.arrivals["workspaces.get"][0] == begun + there
    assert 0 < min(there, back) < max(there, back) < 0.5
    with pytest.raises(ConfigError, match="jitter"):
        evolve(QUICK, jitter=-1)


def test_links_are_signed_by_one_server_for_one_method() -> None:
    ours, theirs = Links("http://x"), Links("http://x")
    target = ours.issue("PUT", "a b/홍.jpg", 0, 900).removeprefix("http://x")
    assert ours.genuine("PUT", target)
    assert not ours.genuine("GET", target)
    assert not theirs.genuine("PUT", target)
    assert not ours.genuine("PUT", "/storage/\udcff")
    assert "secret" not in repr(ours)
