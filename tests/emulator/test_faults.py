"""The emulator's faults: each kind on the API and on the storage, scripted and at random."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable

import aiohttp
import pytest
from attrs import evolve

from mi_async.emulator import Fault, Faults, Settings
from mi_async.emulator.faults import COURSES, Moment
from mi_async.errors import ConfigError, InvalidArgumentError
from tests.support.raw import PERSONS, QUICK, ROOM, Answer, HandClock, emulated

Seen = tuple[int, str] | type[Exception]

ON_API: dict[Fault, Seen] = {
    Fault.RATE_LIMITED: (429, '"410"'),
    Fault.INTERNAL_ERROR: (500, '"900"'),
    Fault.UNAVAILABLE: (503, '"500"'),
    Fault.UNAVAILABLE_AFTER: (503, '"500"'),
    Fault.ERROR_BEFORE: (500, '"99999"'),
    Fault.ERROR_AFTER: (500, '"99999"'),
    Fault.DROP_BEFORE: aiohttp.ClientConnectionError,
    Fault.DROP_AFTER: aiohttp.ClientConnectionError,
    Fault.TRUNCATED_BODY: aiohttp.ClientPayloadError,
    Fault.SLOW_BODY: (200, "success"),
    Fault.PROXY_HTML: (502, "<html>"),
}
ON_STORAGE = ON_API | {
    Fault.RATE_LIMITED: (503, "SlowDown"),
    Fault.INTERNAL_ERROR: (500, "InternalError"),
    Fault.UNAVAILABLE: (503, "ServiceUnavailable"),
    Fault.UNAVAILABLE_AFTER: (503, "ServiceUnavailable"),
    Fault.ERROR_BEFORE: (500, "InternalError"),
    Fault.ERROR_AFTER: (500, "InternalError"),
    Fault.SLOW_BODY: (200, ""),
}


async def _see(sent: Awaitable[Answer]) -> Seen:
    try:
        answer = await sent
    except aiohttp.ClientError as error:
        return type(error)
    return answer.status, answer.body.decode()


def _fits(seen: Seen, expected: Seen) -> bool:
    if isinstance(seen, tuple) and isinstance(expected, tuple):
        return seen[0] == expected[0] and expected[1] in seen[1]
    return isinstance(seen, type) and isinstance(expected, type) and issubclass(seen, expected)


@pytest.mark.parametrize("fault", Fault)
async def test_each_kind_on_the_api(fault: Fault) -> None:
    clock = HandClock()
    async with emulated(clock=clock) as raw:
        raw.server.faults.next("persons.create", fault)
        seen = await _see(raw.call("POST", PERSONS, {"name": "Gildong", "thumbnails": []}))
        assert _fits(seen, ON_API[fault]), seen
        names = [person.name for person in raw.server.state.persons()]
        assert names == (["Gildong"] if COURSES[fault].moment is Moment.AFTER else [])
        assert raw.server.faults.injected == {fault: 1}
        assert raw.server.log.count("persons.create") == 1
        assert sum(clock.slept) == (pytest.approx(2.0) if fault is Fault.SLOW_BODY else 0)
        assert not raw.server.log.throttled
        await raw.person("Next")


@pytest.mark.parametrize("fault", Fault)
async def test_each_kind_on_the_storage(fault: Fault) -> None:
    async with emulated(clock=HandClock()) as raw:
        key, url = await raw.presign()
        raw.server.faults.next("storage.put", fault)
        seen = await _see(raw.put(url))
        assert _fits(seen, ON_STORAGE[fault]), seen
        stored = COURSES[fault].moment is Moment.AFTER
        assert await raw.check(key) == (("COMPLETED", None) if stored else ("FAILED", "FILE_NOT_EXIST"))
        assert (await raw.put(url)).status == (403 if stored else 200)


async def test_a_client_that_has_enough_of_a_slow_body() -> None:
    waiting, go_on = asyncio.Event(), asyncio.Event()

    class Held(HandClock):
        async def sleep(self, seconds: float) -> None:
            waiting.set()
            await go_on.wait()
            await super().sleep(seconds)

    clock = Held()
    async with emulated(clock=clock) as raw:
        raw.server.faults.next("workspaces.get", Fault.SLOW_BODY)
        call = asyncio.create_task(raw.call("GET", ROOM))
        await waiting.wait()
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        await asyncio.sleep(0.01)
        go_on.set()
        await asyncio.sleep(0.01)
        assert len(clock.slept) == 1
        assert (await raw.call("GET", ROOM)).status == 200


async def test_a_fault_needs_an_admitted_request() -> None:
    async with emulated() as raw:
        raw.server.faults.next("*", Fault.ERROR_BEFORE)
        assert (await raw.call("GET", ROOM, headers={})).status == 401
        assert (await raw.call("GET", "/nowhere")).status == 404
        assert (await raw.call("GET", ROOM)).status == 500
        assert (await raw.call("GET", ROOM)).status == 200


async def test_scripts_keep_their_order_and_place() -> None:
    async with emulated() as raw:
        faults = raw.server.faults
        faults.next("*", Fault.PROXY_HTML)
        faults.next("workspaces.get", Fault.RATE_LIMITED, times=2)
        faults.next("workspaces.get", Fault.UNAVAILABLE)
        statuses = [(await raw.call("GET", ROOM)).status for _ in range(5)]
        assert statuses == [429, 429, 503, 502, 200]
        assert faults.injected == Counter({Fault.RATE_LIMITED: 2, Fault.UNAVAILABLE: 1, Fault.PROXY_HTML: 1})
        faults.next("workspaces.get", Fault.RATE_LIMITED)
        faults.clear()
        assert (await raw.call("GET", ROOM)).status == 200
        mistyped = r"no operation 'persons\.craete', did you mean persons\.create( or [\w.]+)*\?$"
        with pytest.raises(InvalidArgumentError, match=mistyped):
            faults.next("persons.craete", Fault.DROP_AFTER)
        with pytest.raises(InvalidArgumentError, match=r"no operation 'x'; there are assets\..* and \*$"):
            faults.next("x", Fault.DROP_AFTER)


async def test_every_429_asks_for_the_wait_of_the_settings() -> None:
    async with emulated(evolve(QUICK, retry_after=300)) as raw:
        for fault in (Fault.RATE_LIMITED, 420, Fault.UNAVAILABLE):
            raw.server.faults.next("workspaces.get", fault)
        answers = [await raw.call("GET", ROOM) for _ in range(4)]
        told = [(answer.status, answer.headers.get("Retry-After")) for answer in answers]
        assert told == [(429, "300"), (429, "300"), (503, None), (200, None)]


async def test_random_faults_follow_the_seed() -> None:
    async def run(seed: int) -> list[int]:
        shares = {Fault.RATE_LIMITED: 0.2, Fault.UNAVAILABLE: 0.1}
        async with emulated(evolve(QUICK, seed=seed, random_faults=shares)) as raw:
            statuses = [(await raw.call("GET", ROOM)).status for _ in range(200)]
            counted = Counter(statuses)
            assert raw.server.faults.injected == {Fault.RATE_LIMITED: counted[429], Fault.UNAVAILABLE: counted[503]}
            assert 20 < counted[429] < 60
            assert 5 < counted[503] < 40
            return statuses

    first = await run(1)
    assert first == await run(1)
    assert first != await run(2)


def test_uniform_spreads_over_all_kinds() -> None:
    shares = Faults.uniform(0.2)
    assert set(shares) == set(Fault)
    assert sum(shares.values()) == pytest.approx(0.2)
    faults = Faults({"a"}, shares, random.Random(0))  # noqa: S311  seeded
    drawn = [faults.draw("a") for _ in range(5000)]
    assert 0.17 < 1 - drawn.count(None) / len(drawn) < 0.23
    assert set(faults.injected) == set(Fault)
    always = Faults({"a"}, Faults.uniform(1.0), random.Random(1))  # noqa: S311  seeded
    assert all(always.draw("a") for _ in range(1000))


@pytest.mark.parametrize("shares", [{Fault.DROP_AFTER: -0.1}, {Fault.DROP_AFTER: 0.6, Fault.DROP_BEFORE: 0.6}])
def test_impossible_probabilities(shares: dict[Fault, float]) -> None:
    with pytest.raises(ConfigError, match="at most 1"):
        Settings(random_faults=shares)


async def test_pictures_are_served_without_faults() -> None:
    async with emulated() as raw:
        number = await raw.person("Gildong", [await raw.upload()])
        url = (await raw.call("GET", f"{PERSONS}/{number}")).result["thumbnails"][0]["url"]
        raw.server.faults.next("*", Fault.DROP_AFTER)
        assert (await raw.send("GET", url)).status == 200


@pytest.mark.parametrize("fault", [Fault.ERROR_AFTER, Fault.TRUNCATED_BODY, Fault.DROP_AFTER])
async def test_a_fault_hides_a_refusal_too(fault: Fault) -> None:
    async with emulated() as raw:
        raw.server.faults.next("persons.get", fault)
        assert _fits(await _see(raw.call("GET", f"{PERSONS}/7")), ON_API[fault])
