"""Control of an emulator from outside: the same as inside, and only for whom the settings allow."""

import asyncio
import tracemalloc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import aiohttp
import pytest
from attrs import evolve

import mi_async
from mi_async import emulator
from mi_async.emulator import Control, Fault, Rejection, RemoteEmulator, RunningEmulator, Server
from mi_async.errors import ConfigError, ConnectError, InvalidArgumentError
from mi_async.session_opening import Connecting
from tests.support.canned import canned, http
from tests.support.raw import PERSONS, PICTURE, QUICK, Raw, emulated

FAST = mi_async.Clock(speed=20)
Emulator = Server | RunningEmulator | RemoteEmulator


@contextmanager
def remote() -> Iterator[RemoteEmulator]:
    with emulator.running(settings=QUICK, clock=FAST) as server:
        yield RemoteEmulator(server.url + "/")


def connected(server: Emulator) -> Connecting:
    return mi_async.connect(server.credentials, base_url=server.url, clock=FAST)


async def story(server: Emulator) -> list[Any]:
    """Return what a test sees of an emulator, whichever way it looks."""
    told: list[Any] = []
    server.faults.next("persons.create", Rejection(99999))
    server.faults.next("storage.put", Fault.DROP_AFTER)
    server.faults.next("*", Fault.UNAVAILABLE, times=2)
    for place, fault, times in (("persons.craete", Fault.DROP_AFTER, 1), ("persons.create", Fault.DROP_AFTER, 0)):
        with pytest.raises(InvalidArgumentError) as refused:
            server.faults.next(place, fault, times=times)
        told.append(str(refused.value))
    async with connected(server) as session:
        room = session.workspace("newsroom")
        told.append((await room.enroll_person("Gildong Hong", [PICTURE], tags=["Anchor"])).id)
        with pytest.raises(mi_async.NotFoundError):
            await room.persons.get(7)
    state, log = server.state, server.log
    people = state.workspace("newsroom").persons
    told += [[(one.id, one.name, one.tag_ids, one.thumbnails.keys(), one.primary) for one in people.values()]]
    told += [[tag.name for tag in state.workspace("newsroom").tags.values()], list(state.workspaces)]
    told += [[upload.content == PICTURE for upload in state.uploads.values()]]
    told += [sorted(server.faults.injected.items(), key=str), sorted(log.answers.items()), dict(log.throttled)]
    told += [log.count("persons.create"), log.peak("persons.create", 60.0)]
    told += [{place: len(times) for place, times in sorted(log.arrivals.items())}]
    asked = log.requests("persons.get")[-1]
    (sent, *_) = log.requests("person_tags.create")
    told += [asked, sent.body, sorted({request.operation for request in log.requests()})]
    server.faults.next("persons.get", Fault.UNAVAILABLE)
    server.faults.clear()
    server.reset()
    told += [
        list(server.state.persons()),
        dict(server.log.answers),
        dict(server.faults.injected),
        server.log.requests(),
    ]
    async with connected(server) as session:
        told.append((await session.workspace("newsroom").persons.create("Next", thumbnails=[])).id)
    return told


async def test_inside_and_outside_see_the_same() -> None:
    async with emulator.serve(settings=QUICK, clock=FAST) as server:
        inside = await story(server)
    with emulator.running(settings=QUICK, clock=FAST) as running:
        assert await story(running) == inside
    with remote() as elsewhere:
        assert await story(elsewhere) == inside


def test_what_it_says_of_itself() -> None:
    settings = evolve(QUICK, workspaces=("archive", "newsroom"))
    with emulator.running(settings=settings) as server:
        elsewhere = RemoteEmulator(server.url)
        assert elsewhere.environment == server.environment
        assert server.environment["MI_ASYNC_WORKSPACE"] == "archive"
        assert server.environment["MI_ASYNC_BASE_URL"] == server.url
        assert repr(elsewhere) == f"RemoteEmulator('{server.url}')"


def test_a_copy_stands_still_and_changes_nothing() -> None:
    with emulator.running(settings=QUICK) as server:
        state = server.state
        assert (state.now(), state.wall()) == (state.now(), state.wall())
        state.workspaces.clear()
        assert list(server.state.workspaces) == ["newsroom"]


async def test_faults_by_name_and_by_code() -> None:
    with remote() as server:
        name_faults(server)
    async with emulator.serve(settings=QUICK) as inside:
        name_faults(inside)


def name_faults(server: Emulator) -> None:
    server.faults.next("persons.create", "drop-after")
    server.faults.next("persons.create", 10069)
    with pytest.raises(InvalidArgumentError, match=r"no fault 'drop'; there are documented codes.*DROP_AFTER"):
        server.faults.next("persons.create", "drop")
    with pytest.raises(InvalidArgumentError, match="no documented error 10070"):
        server.faults.next("persons.create", 10070)


async def ask(raw: Raw, method: str = "GET", path: str = "", content: Any = None, **headers: str) -> tuple[int, str]:
    url = raw.server.url + "/_emulator" + path
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = await raw.send(method, url, headers=named, **({} if content is None else {"data": content}))
    return answer.status, answer.body.decode()


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"Host": "attacker.example"}, "Host 'attacker.example' is not an address of the emulator"),
        ({"Host": "attacker.example:8080"}, "is not an address of the emulator"),
        ({"Host": "127.0.0.1.attacker.example"}, "is not an address of the emulator"),
        ({"Host": "emulator"}, "is not an address of the emulator"),
        ({"Host": "192.0.2.7"}, "is not an address of the emulator"),
        ({"Host": ""}, "is not an address of the emulator"),
        ({"Host": "a b"}, "is not an address of the emulator"),
        ({"Host": "["}, "is not an address of the emulator"),
        ({"Host": "127.0.0.1:port"}, "is not an address of the emulator"),
        ({"Origin": "https://attacker.example"}, "a web page may not control the emulator"),
        ({"Origin": "null"}, "a web page may not control the emulator"),
        ({"X_Forwarded_For": "192.0.2.7"}, "came through a proxy; set --control anywhere"),
        ({"Forwarded": "for=192.0.2.7"}, "came through a proxy; set --control anywhere"),
    ],
)
async def test_who_may_not_control_it(headers: Mapping[str, str], said: str) -> None:
    async with emulated() as raw:
        assert (await ask(raw))[0] == 200
        for method, path in (("GET", ""), ("GET", "/state"), ("POST", "/reset"), ("DELETE", "/faults")):
            status, body = await ask(raw, method, path, **headers)
            assert (status, said in body) == (403, True), body
        assert raw.server.changes == 0


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.2", "[::1]:80"])
async def test_names_of_this_machine(host: str) -> None:
    async with emulated() as raw:
        assert (await ask(raw, Host=host))[0] == 200


async def test_a_form_of_a_page_does_nothing() -> None:
    async with emulated() as raw:
        asked = '{"place": "persons.get", "fault": "DROP_AFTER"}'
        status, body = await ask(raw, "POST", "/faults", asked, Content_Type="text/plain")
        assert (status, "needs Content-Type: application/json" in body) == (403, True)
        assert (await ask(raw, "POST", "/faults", asked, Content_Type="application/json"))[0] == 200


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("[]", "arguments are a JSON object"),
        ("{", "not JSON"),
        ("{}", "faults.next needs other arguments: KeyError: 'fault'"),
        ('{"fault": 99999}', "'place'"),
        ('{"place": "persons.get", "fault": 99999, "time": 2}', "a fault has place, fault and times, not time"),
        ('{"place": "persons.get", "fault": 99999, "times": "2"}', "times must be a whole number, got '2'"),
        ('{"place": [], "fault": "DROP_AFTER"}', "faults.next needs other arguments"),
        ('{"place": "persons.get", "fault": {"status": 1}}', "a refusal has a status from 200 to"),
        ('{"place": "persons.get", "fault": {"code": "10072"}}', "a refusal has a status from 200 to"),
        (
            '{"place": "persons.get", "fault": {"status": 400, "code": "10099"}}',
            "no documented error 10099; give status",
        ),
        (
            '{"place": "persons.get", "fault": {"status": "x", "text": "", "dialect": "SERVICE", "code": "1"}}',
            "from 200 to",
        ),
        ('{"place": "persons.gett", "fault": 99999}', "did you mean persons.get"),
    ],
)
async def test_commands_that_cannot_be_performed(asked: str, said: str) -> None:
    async with emulated() as raw:
        status, body = await ask(raw, "POST", "/faults", asked, Content_Type="application/json")
        assert (status, said in body) == (400, True), body


@pytest.mark.parametrize(
    ("fault", "status", "told"),
    [
        ('{"status": 422, "code": "10072"}', 422, '"code":"10072"'),
        ('{"status": 400, "code": 10099, "text": "New."}', 400, "New."),
    ],
)
async def test_a_refusal_as_json(fault: str, status: int, told: str) -> None:
    async with emulated() as raw:
        asked = f'{{"place": "persons.list", "fault": {fault}}}'
        assert (await ask(raw, "POST", "/faults", asked, Content_Type="application/json"))[0] == 200
        answer = await raw.call("GET", f"{PERSONS}?pageNum=1")
        assert (answer.status, told in answer.body.decode().replace(": ", ":")) == (status, True), answer


async def served_at(host: str, control: Control, **headers: str) -> int:
    """Return the status with which an emulator at an address answers to its own machine."""
    settings = evolve(QUICK, control=control, public_url="https://mi.example.com")
    async with (
        emulator.serve(host, settings=settings) as server,
        aiohttp.ClientSession() as client,
        client.get(f"{server.url}/_emulator", headers=headers) as answer,
    ):
        return answer.status


async def test_at_other_interfaces_it_is_controlled_only_if_told() -> None:
    everywhere = "0.0.0.0"  # noqa: S104  what is tested
    assert await served_at(everywhere, Control.LOOPBACK) == 403
    assert await served_at(everywhere, Control.OFF) == 404
    assert await served_at("127.0.0.1", Control.OFF) == 404
    assert await served_at(everywhere, Control.ANYWHERE) == 200
    for host in ("emulator:8080", "192.0.2.7", "mi.example.com"):
        assert await served_at(everywhere, Control.ANYWHERE, Host=host) == 200
    assert await served_at(everywhere, Control.ANYWHERE, Host="attacker.example") == 403


def test_no_emulator_and_one_that_is_not_controlled() -> None:
    reason = "is not controlled over HTTP: no emulator, an older one"
    off = evolve(QUICK, control=Control.OFF)
    with emulator.running(settings=off) as server, pytest.raises(ConfigError, match=reason):
        RemoteEmulator(server.url).reset()
    with pytest.raises(ConnectError, match=f"no emulator answers at {server.url}: "):
        RemoteEmulator(server.url).reset()
    for url in ("localhost:8080", "http://localhost:port", "http://[::1"):
        with pytest.raises(ConfigError, match=r"url must be http\(s\)"):
            RemoteEmulator(url)
    with emulator.running("0.0.0.0", settings=QUICK) as server:  # noqa: S104  what is tested
        server.faults.next("persons.get", 99999)
        with pytest.raises(ConfigError, match="from its own machine only; set --control anywhere"):
            RemoteEmulator(server.url).reset()


@pytest.mark.parametrize("body", [b"[1]", b"5", b"null", b'"result"', b"<html>"])
async def test_something_else_that_listens_there(body: bytes) -> None:
    async with canned(http(body)) as place:
        with pytest.raises(ConfigError, match="no emulator, an older one"):
            await asyncio.to_thread(RemoteEmulator(place.url).reset)


def test_a_fault_for_a_billion_requests_takes_no_memory() -> None:
    with emulator.running(settings=QUICK) as server:
        tracemalloc.start()
        try:
            server.faults.next("persons.get", 99999, times=10**9)
            assert tracemalloc.get_traced_memory()[1] < 10_000_000
        finally:
            tracemalloc.stop()


async def test_what_was_sent() -> None:
    async with emulated() as raw:
        url = (await raw.presign())[1]
        await raw.put(url)
        await raw.call("GET", f"{PERSONS}?pageNum=1&pageSize=2")
        listed = raw.server.log.requests("persons.list")[0]
        assert (listed.method, listed.path, listed.query) == ("GET", PERSONS, {"pageNum": ["1"], "pageSize": ["2"]})
        (put,) = raw.server.log.requests("storage.put")
        assert (put.body, put.query, "Signature" in put.path) == (None, {}, False)
        await raw.call("POST", PERSONS, b"{")
        assert raw.server.log.requests("persons.create")[-1].body is None
        assert raw.server.log.requests("persons.create")[-1:] == raw.server.log.requests()[-1:]
