"""A session that meets answers which are not the documented ones, and what it never shows."""

import asyncio
import json
import logging
import pickle
import time
import traceback

import aiohttp
import pytest

import mi_async
from mi_async import RetryPolicy
from mi_async._core.signing import SIGNATURE
from mi_async.errors import (
    APIError,
    ConnectError,
    CredentialsError,
    MIError,
    NotFoundError,
    ResponseError,
    ServerError,
)
from tests.support.canned import DROP, http
from tests.support.oddities import API, Oddities
from tests.support.talking import KEYS, ONCE, WORKSPACE, asked, shown_by, talking
from tests.support.virtual import run

PERSON = "/api/v1/workspaces/newsroom/persons/7"

everything_closed = pytest.mark.usefixtures("leaves_nothing")


# ---- oddities over sockets


@everything_closed
@pytest.mark.parametrize(
    ("play", "kind", "says"),
    [
        (http("<html>Bad Gateway</html>", status="502 Bad Gateway", kind="text/html"), ServerError, "Bad Gateway"),
        (http("<Error><Code>Slow</Code></Error>", status="503 X", kind="text/xml"), ServerError, "<Code>Slow"),
        (http(status="500 X"), ServerError, "(HTTP 500)"),
        (http("<html>log in</html>", kind="text/html"), ResponseError, "log in"),
        (http(), ResponseError, "0 bytes"),
        (http("[1]"), ResponseError, "envelope"),
        (http('{"result": {}}'), ResponseError, "envelope"),
        (http('{"code": "0", "result": {"workspaceName": 7}}'), ResponseError, "workspaceName"),
        (http('{"code": "0"}', status="302 Found"), ResponseError, "HTTP 302"),
        (http('{"code": "10009", "message": "none"}'), APIError, "code 10009"),
        (http('{"error": {"errorCode": "300", "message": "gone"}}', status="404 X"), NotFoundError, "gone"),
        (http('{"code": "99999", "message": "oops"}', status="400 X"), ServerError, "oops"),
        (b"not http\r\n\r\n", ResponseError, "not HTTP"),
    ],
)
async def test_answers_that_are_not_the_documented_ones(play: bytes, kind: type[MIError], says: str) -> None:
    async with talking(play) as (session, _):
        with pytest.raises(kind, match=says) as caught:
            await asked(session)
    # Dask and others replace how errors are pickled, with all that they came from: cattrs' errors come back from none.
    assert caught.value.__context__ is None
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301  our own bytes
    assert (type(again), str(again), again.__dict__) == (type(caught.value), str(caught.value), caught.value.__dict__)


@everything_closed
async def test_a_dropped_connection_is_met_again() -> None:
    async with talking(DROP, http("x", length=9), WORKSPACE, retry=RetryPolicy(base=0)) as (session, server):
        await asked(session)
        assert len(server.received) == 3


def test_virtual_time_waits_for_sockets_and_not_for_timers() -> None:
    async def main() -> float:
        busy = http(status="503 X").replace(b"\r\n", b"\r\nRetry-After: 60\r\n", 1)
        async with talking(busy, busy, WORKSPACE, retry=RetryPolicy()) as (session, server):
            await asked(session)
            assert len(server.received) == 3
        return asyncio.get_running_loop().time()

    start = time.monotonic()
    assert run(main()) >= 120
    assert time.monotonic() - start < 60


@everything_closed
async def test_nobody_there() -> None:
    async with mi_async.connect(KEYS, base_url="http://127.0.0.1:1", retry=ONCE) as session:
        with pytest.raises(ConnectError):
            await asked(session)


# ---- what nobody may see


@everything_closed
async def test_the_secret_key_shows_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)
    async with talking(http(status="500 X"), DROP, retry=RetryPolicy(base=0, max_attempts=2)) as (session, server):
        with pytest.raises(MIError) as caught:
            await asked(session)
        signatures = [server.header(SIGNATURE, number) or "" for number in range(2)]
        settings = session._settings
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + caplog.text
    for text in (shown, shown_by(session), repr(caught.value.__dict__)):
        assert "s3cr3t" not in text
        assert not any(signature in text for signature in signatures)
    assert b"s3cr3t" not in pickle.dumps(caught.value)
    with pytest.raises(CredentialsError):
        pickle.dumps(settings.credentials)


# ---- oddities without a network


async def test_codes_may_be_numbers(oddities: Oddities) -> None:
    oddities.get(PERSON, payload={"code": 0, "result": {"personId": 7, "name": "Gildong", "newMember": [1]}})
    oddities.get(PERSON, payload={"error": {"errorCode": 300, "message": "gone"}}, status=404)
    async with mi_async.connect(KEYS, base_url=API, retry=ONCE) as session:
        persons = session.workspace("newsroom").persons
        assert (await persons.get(7)).extra == {"newMember": [1]}
        with pytest.raises(NotFoundError) as caught:
            await persons.get(7)
        assert caught.value.code == "300"


async def test_a_request_id_and_a_wait_are_carried(oddities: Oddities) -> None:
    headers = {"x-ncp-request-id": "abc", "Retry-After": "7"}
    oddities.get(PERSON, body=json.dumps({"code": "429", "message": "slow"}), status=429, headers=headers)
    async with mi_async.connect(KEYS, base_url=API, retry=ONCE) as session:
        with pytest.raises(mi_async.QuotaError, match=r"\[request abc\]") as caught:
            await session.workspace("newsroom").persons.get(7)
    assert (caught.value.request_id, caught.value.retry_after, caught.value.operation) == ("abc", 7.0, "persons.get")


async def test_an_aiohttp_error_of_any_kind_becomes_ours(oddities: Oddities) -> None:
    errors = [aiohttp.ClientError("odd"), aiohttp.ServerTimeoutError(), aiohttp.ClientOSError(104, "reset"), OSError(5)]
    async with mi_async.connect(KEYS, base_url=API, retry=ONCE) as session:
        for error in errors:
            oddities.get(PERSON, exception=error)
            with pytest.raises(mi_async.TransportError) as caught:
                await session.workspace("newsroom").persons.get(7)
            assert caught.value.__cause__ is error
