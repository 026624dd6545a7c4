"""The emulator's gateway: signatures, skew, quotas, unknown paths, and what every answer carries."""

import asyncio
import time
from email.utils import parsedate_to_datetime

import pytest
from attrs import evolve

from mi_async import emulator
from mi_async._core.http_messages import Request
from mi_async._core.operation import Quota
from mi_async._core.signing import SIGNATURE, sign
from mi_async.credentials import Credentials
from tests.support.raw import COMPLETE, PERSONS, PRESIGN, QUICK, ROOM, HandClock, Raw, emulated

KEY = {"thumbnailKey": "none"}


async def test_signature_covers_the_target_as_sent() -> None:
    async with emulated() as raw:
        for query in ("name=%ED%99%8D%EA%B8%B8%EB%8F%99", "name=a%2Fb%2C%20c", "name=a+b", "name=a%2fb", "name=~%7E"):
            assert (await raw.call("GET", f"{PERSONS}?pageNum=1&{query}")).status == 200
        signed = sign(Request("GET", f"{PERSONS}?pageNum=2"), raw.server.credentials, time.time())
        assert (await raw.call("GET", f"{PERSONS}?pageNum=1", headers=signed)).refusal == (401, "200")


@pytest.mark.parametrize("lacking", sorted(sign(Request("GET", "/"), emulator.CREDENTIALS, 0)))
async def test_each_signature_header_is_needed(lacking: str) -> None:
    async with emulated() as raw:
        headers = sign(Request("GET", ROOM), raw.server.credentials, time.time())
        del headers[lacking]
        answer = await raw.call("GET", ROOM, headers=headers)
    assert answer.refusal == (401, "200")
    assert answer.json["error"]["message"] == "Authentication Failed"
    assert answer.json["error"]["details"] == "a signature header is missing"


async def test_other_keys_and_wrong_signatures_are_refused() -> None:
    async with emulated() as raw:
        other = sign(Request("GET", ROOM), Credentials("OTHER", "secret"), time.time())
        assert (await raw.call("GET", ROOM, headers=other)).refusal == (401, "200")
        wrong = sign(Request("GET", ROOM), raw.server.credentials, time.time()) | {SIGNATURE: "AAAA"}
        assert (await raw.call("GET", ROOM, headers=wrong)).refusal == (401, "200")
        assert raw.server.log.answers["workspaces.get", 401] == 2


@pytest.mark.parametrize(("ahead", "status"), [(-310, 401), (-290, 200), (290, 200), (310, 401)])
async def test_five_minutes_of_skew(ahead: float, status: int) -> None:
    async with emulated() as raw:
        assert (await raw.call("GET", ROOM, ahead=ahead)).status == status


@pytest.mark.parametrize(("ahead", "status"), [(-11, 401), (-9, 200), (9, 200), (11, 401)])
async def test_skew_limit_is_a_setting(ahead: float, status: int) -> None:
    async with emulated(evolve(QUICK, max_skew=10)) as raw:
        assert (await raw.call("GET", ROOM, ahead=ahead)).status == status
        broken = sign(Request("GET", ROOM), raw.server.credentials, 0) | {"x-ncp-apigw-timestamp": "soon"}
        assert (await raw.call("GET", ROOM, headers=broken)).status == 401


async def test_clock_offset_shows_in_date_and_is_what_timestamps_are_held_against() -> None:
    async with emulated(evolve(QUICK, clock_offset=3600)) as raw:
        answer = await raw.call("GET", ROOM, ahead=-3600)
        assert answer.refusal == (401, "200")
        assert 3590 < parsedate_to_datetime(answer.headers["Date"]).timestamp() - time.time() < 3610
        assert (await raw.call("GET", ROOM)).status == 200


async def test_every_answer_has_a_request_id_of_its_own() -> None:
    async with emulated() as raw:
        _, url = await raw.presign()
        answers = [
            await raw.call("GET", ROOM),
            await raw.call("GET", ROOM, headers={}),
            await raw.call("GET", "/nowhere"),
            await raw.put(url),
            await raw.put(url),
        ]
    assert [answer.status for answer in answers] == [200, 401, 404, 200, 403]
    assert len({answer.headers["x-ncp-request-id"] for answer in answers}) == len(answers)


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/"), ("GET", "/api/v1/nothing"), ("PUT", ROOM), ("GET", f"{ROOM}/persons/1/x")]
)
async def test_unknown_paths_and_methods(method: str, path: str) -> None:
    async with emulated() as raw:
        answer = await raw.call(method, path)
    assert answer.refusal == (404, "300")
    assert answer.json["error"]["message"] == "Not Found Exception"


async def test_body_too_large() -> None:
    async with emulated() as raw:
        assert (await raw.call("POST", PERSONS, b" " * (2**20 + 1))).refusal == (413, "430")


async def _statuses(raw: Raw, target: str, body: object, times: int) -> list[int]:
    answers = await asyncio.gather(*(raw.call("POST", target, body) for _ in range(times)))
    return sorted(answer.status for answer in answers)


async def test_declared_quotas_count_arrivals_in_a_sliding_window() -> None:
    clock = HandClock()
    async with emulated(clock=clock) as raw:
        presign = {"thumbnailFileName": "a.jpg"}
        assert await _statuses(raw, PRESIGN, presign, 30) == [200] * 30
        clock.now += 0.6
        assert await _statuses(raw, PRESIGN, presign, 21) == [200] * 20 + [429]
        clock.now += 0.39
        assert await _statuses(raw, PRESIGN, presign, 1) == [429]
        clock.now += 0.02
        assert await _statuses(raw, PRESIGN, presign, 31) == [200] * 30 + [429]
        log = raw.server.log
        assert (log.count("thumbnails.presign"), log.throttled["thumbnails.presign"]) == (83, 3)
        assert log.answers["thumbnails.presign", 429] == 3
        assert raw.server.state.settings.enforce_quotas
        assert raw.server.faults.injected.total() == 0


async def test_a_throttled_request_says_so_and_does_nothing() -> None:
    settings = evolve(QUICK, quotas={"persons.create": Quota(1, 60)}, retry_after=1.5)
    async with emulated(settings) as raw:
        await raw.person("One")
        answer = await raw.call("POST", PERSONS, {"name": "Two", "thumbnails": []})
        assert answer.refusal == (429, "410")
        assert answer.json["error"]["message"] == "Throttle Limited"
        assert answer.headers["Retry-After"] == "1.5"
        assert [person.name for person in raw.server.state.persons()] == ["One"]


async def test_no_retry_after_unless_set_and_bad_signatures_use_no_quota() -> None:
    async with emulated(evolve(QUICK, quotas={"thumbnails.complete": Quota(1, 60)})) as raw:
        assert (await raw.call("POST", COMPLETE, KEY, headers={})).status == 401
        assert (await raw.call("POST", COMPLETE, KEY)).status == 200
        answer = await raw.call("POST", COMPLETE, KEY)
        assert answer.status == 429
        assert "Retry-After" not in answer.headers


async def test_quotas_can_be_switched_off() -> None:
    async with emulated(evolve(QUICK, enforce_quotas=False), clock=HandClock()) as raw:
        assert await _statuses(raw, PRESIGN, {"thumbnailFileName": "a.jpg"}, 60) == [200] * 60
        assert raw.server.log.peak("thumbnails.presign", 1.0) == 60
