"""GET of presigned URLs: over real sockets, and as a call of one attempt on virtual time."""

import asyncio
from typing import Any

import pytest

from mi_async._core.call import LONGEST_DOWNLOAD
from mi_async._core.clock import Clock
from mi_async._core.hooks import Hooks
from mi_async._core.http_messages import Request, Response
from mi_async._core.transport import Timeout
from mi_async.errors import ConnectError, ResponseError, SessionError, TransportError
from tests.support.canned import DROP, SILENCE, Play, canned, http
from tests.support.scripted import Step, refusal, stage
from tests.support.talking import QUERY, assert_silent, transport
from tests.support.virtual import run

URL_OF_ONE = f"https://user:p4ss@storage.example/bucket/a%2Fb.jpg{QUERY}"

# ---- over sockets


@pytest.mark.usefixtures("leaves_nothing")
async def test_it_keeps_the_url_and_carries_nothing_of_ours() -> None:
    async with canned(http(b"image", kind="image/jpeg")) as server, transport("http://127.0.0.1:1") as network:
        answer = await network.get(f"{server.url}/bucket/a%2Fb.jpg{QUERY}", 5, 5)
    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, b"image", "image/jpeg")
    assert server.request_lines == [f"GET /bucket/a%2Fb.jpg{QUERY} HTTP/1.1"]
    assert server.header("Accept-Encoding") == "identity"
    assert (server.header("Content-Type"), server.header("Content-Length")) == (None, None)
    head = server.received[0].lower()
    assert b"x-ncp" not in head
    assert b"agent/1" not in head


@pytest.mark.usefixtures("leaves_nothing")
@pytest.mark.parametrize("status", [403, 404, 500, 503])
async def test_any_status_is_an_answer(status: int) -> None:
    async with canned(http(b"<Error/>", status=f"{status} x")) as server, transport(server.url) as network:
        answer = await network.get(f"{server.url}/a.jpg{QUERY}", 100, 5)
    assert (answer.status, answer.body, len(server.received)) == (status, b"<Error/>", 1)


@pytest.mark.usefixtures("leaves_nothing")
async def test_its_own_limit_holds_and_not_that_of_the_session(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    async with canned(http(b"x" * 200)) as server, transport(server.url, max_response=100) as network:
        url = f"{server.url}/a.jpg{QUERY}"
        assert len((await network.get(url, 200, 5)).body) == 200
        with pytest.raises(ResponseError, match="larger than 199 bytes") as caught:
            await network.get(url, 199, 5)
    assert caught.value.permanent
    assert_silent(caught.value, caplog)


@pytest.mark.usefixtures("leaves_nothing")
async def test_a_redirect_is_not_followed() -> None:
    async with canned(http(b"{}")) as other:
        head = f"HTTP/1.1 307 x\r\nLocation: {other.url.replace('127.0.0.1', 'localhost')}/x\r\n"
        answer = head.encode() + b"Content-Length: 0\r\nConnection: close\r\n\r\n"
        async with canned(answer) as server, transport(server.url) as network:
            with pytest.raises(ResponseError, match="HTTP 307, a redirect to localhost; it is not"):
                await network.get(f"{server.url}/a.jpg{QUERY}", 100, 5)
            assert (len(server.received), other.received) == (1, [])


@pytest.mark.usefixtures("leaves_nothing")
@pytest.mark.parametrize("play", [DROP, SILENCE, b"no http\r\n\r\n", http(b"{}", length=9)])
async def test_the_query_is_in_no_error(play: Play, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    async with canned(play) as server, transport(server.url) as network:
        with pytest.raises(TransportError) as caught:
            await network.get(f"{server.url}/a.jpg{QUERY}", 100, 0.05 if play is SILENCE else 60)
        assert len(server.received) == 1
    assert_silent(caught.value, caplog)


@pytest.mark.usefixtures("leaves_nothing")
async def test_a_storage_that_says_nothing_is_given_up_after_the_time_to_read() -> None:
    async with canned(SILENCE) as server, transport(server.url, Timeout(read=0.05)) as network:
        with pytest.raises(TransportError, match="no answer in time"):
            await network.get(f"{server.url}/a.jpg{QUERY}", 100, 60)
        assert len(server.received) == 1


@pytest.mark.parametrize(
    ("url", "says"),
    [
        (URL_OF_ONE, "of storage.example names a user"),
        (f"http://storage.example/a.jpg{QUERY}", "of storage.example is plain http"),
        (f"file:///etc/passwd{QUERY}", "not an absolute http or https URL"),
        (f"https://storage.example/a b.jpg{QUERY}", "has characters that no URL has"),
    ],
)
async def test_a_url_that_may_not_be_asked(url: str, says: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    async with transport("https://mi.example") as network:
        with pytest.raises(ResponseError, match=says) as caught:
            await network.get(url, 100, 5)
    assert_silent(caught.value, caplog)
    assert (caught.value.permanent, caught.value.ambiguous) == (True, False)
    assert "p4ss" not in str(caught.value)


# ---- as a call


@pytest.mark.parametrize(
    ("total", "speed", "seconds"),
    [(5.0, 1.0, 5.0), (None, 1.0, LONGEST_DOWNLOAD), (2 * LONGEST_DOWNLOAD, 1.0, LONGEST_DOWNLOAD), (5.0, 10.0, 0.5)],
)
def test_it_lasts_as_long_as_a_call_and_not_for_ever(total: float | None, speed: float, seconds: float) -> None:
    async def main() -> None:
        async with stage(total=total, clock=Clock(speed)) as play:
            await play.calls.get(URL_OF_ONE, 7)
            assert play.script.gets == [(URL_OF_ONE, 7, seconds)]

    run(main())


@pytest.mark.parametrize("step", [refusal(403), refusal(500), ConnectError("nobody")])
def test_it_is_sent_once(step: Step) -> None:
    async def main() -> None:
        async with stage([step]) as play:
            if isinstance(step, Response):
                assert await play.calls.get(URL_OF_ONE, 7) is step
            else:
                with pytest.raises(ConnectError):
                    await play.calls.get(URL_OF_ONE, 7)
            assert len(play.script.gets) == 1

    run(main())


def test_it_is_in_flight_until_it_has_ended_and_a_closed_session_sends_none() -> None:
    async def main() -> None:
        async with stage([1.0]) as play:
            getting = asyncio.ensure_future(play.calls.get(URL_OF_ONE, 7))
            await asyncio.sleep(0.5)
            assert len(play.calls.in_flight) == 1
            await getting
            assert len(play.calls.in_flight) == 0
        with pytest.raises(SessionError, match="the session is closed"):
            await play.calls.get(URL_OF_ONE, 7)
        assert len(play.script.gets) == 1

    run(main())


def test_hooks_are_told_of_a_call_of_its_own_without_query_and_body() -> None:
    told: list[tuple[str, Any, Any]] = []
    hooks = Hooks(
        before=[lambda attempt: told.append(("before", attempt, None))],
        after=[lambda attempt, outcome: told.append(("after", attempt, outcome))],
        call_started=[lambda call: told.append(("started", call, None))],
        call_ended=[lambda call, end: told.append(("ended", call, end))],
    )

    async def main() -> None:
        steps: list[Step] = [Response(200, {"x-amz-request-id": "r-1"}, b"an image"), ConnectError("no")]
        async with stage(steps, hooks=hooks) as play:
            answer = await play.calls.get(URL_OF_ONE, 7)
            assert answer.body == b"an image"
            with pytest.raises(ConnectError):
                await play.calls.get("no url", 7)

    run(main())
    assert [name for name, _, _ in told] == ["started", "before", "after", "ended"] * 2
    (_, call, _), (_, attempt, _), (_, _, outcome), *_ = told
    assert (call.operation, call.service, call.method) == ("thumbnails.get", "upload", "GET")
    assert (call.server, call.template, call.max_attempts) == ("https://storage.example", None, 1)
    assert attempt.request == Request("GET", "https://storage.example/bucket/a%2Fb.jpg")
    assert (outcome.response, outcome.error) == (Response(200, {"x-amz-request-id": "r-1"}, b""), None)
    assert (outcome.sent, outcome.received, outcome.request_id) == (0, 8, "r-1")
    assert told[5][1].request.target == ""
    assert isinstance(told[6][2].error, ConnectError)
    assert "s1gn4tur3" not in repr(told)
    assert "p4ss" not in repr(told)
