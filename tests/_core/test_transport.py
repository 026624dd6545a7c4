"""The network over real sockets, with a server that plays canned bytes."""

import asyncio
import gzip
from contextlib import suppress
from functools import partial

import pytest

from mi_async._core.failed_attempt import retryable
from mi_async._core.http_messages import Request, Response
from mi_async._core.operation import Repeat
from mi_async._core.transport import SLICE, SlicedBytes
from mi_async.errors import (
    DisconnectedError,
    InvalidArgumentError,
    MIError,
    ResponseError,
    TransportError,
)
from tests.support.canned import DROP, SILENCE, Canned, Hasty, Play, canned, http, in_clean_up
from tests.support.talking import MIB, QUERY, assert_silent, nobody_there, transport

pytestmark = pytest.mark.usefixtures("leaves_nothing")

GET = Request("GET", "/api/v1/things?name=a%2Fb")
POST = Request("POST", "/api/v1/things", b'{"name": "x"}')


async def exchange(*plays: Play, request: Request = POST) -> tuple[Response, Canned]:
    async with canned(*plays) as server, transport(server.url) as network:
        return await network.send(request, {"X-Thing": "1"}), server


# ---- what is sent


async def test_a_request_goes_out_as_it_is() -> None:
    answer, server = await exchange(http(b"{}"))
    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, b"{}", "application/json")
    assert server.request_lines == ["POST /api/v1/things HTTP/1.1"]
    assert server.received[0].endswith(b'\r\n\r\n{"name": "x"}')
    assert (server.header("X-Thing"), server.header("User-Agent")) == ("1", "agent/1")


@pytest.mark.parametrize("body", [None, b"{}"], ids=["no body", "body"])
@pytest.mark.parametrize(
    "target",
    ["/", "/api/v1/things?name=a%2Fb", "/a%2Fb/%ED%95%9C", "/a//b", "/a?x", "/a?x=1&x=%2C%3F?&y=", "/a:b@c;d=1"],
)
async def test_the_target_stays_as_it_was_signed(target: str, body: bytes | None) -> None:
    _, server = await exchange(http(b"{}"), request=Request("PATCH", target, body))
    assert server.request_lines == [f"PATCH {target} HTTP/1.1"]
    assert server.header("Host") == server.url.removeprefix("http://")


async def test_a_put_keeps_the_presigned_url_and_carries_nothing_of_ours() -> None:
    body = bytes(range(256)) * (2 * SLICE // 256) + b"rest"
    async with canned(http()) as server, transport("http://127.0.0.1:1") as network:
        answer = await network.put(f"{server.url}/bucket/a%2Fb.jpg{QUERY}", body, "image/jpeg", 5)
        assert answer.status == 200
        assert server.request_lines == [f"PUT /bucket/a%2Fb.jpg{QUERY} HTTP/1.1"]
        assert server.header("Content-Length") == str(len(body))
        assert server.header("Content-Type") == "image/jpeg"
        assert server.header("Transfer-Encoding") is None
        head, _, received = server.received[0].partition(b"\r\n\r\n")
        assert received == body
        assert b"x-ncp" not in head.lower()
        assert b"agent/1" not in head


async def test_calls_share_a_connection_and_uploads_another() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(0)
        number = len(connections) - 1
        with suppress(EOFError):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                connections[number] += 1
                writer.write(http(b"{}").replace(b"Connection: close\r\n", b""))
        writer.close()

    connections: list[int] = []
    async with await asyncio.start_server(talk, "127.0.0.1", 0) as listening:
        url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        async with transport(url) as network:
            for _ in range(3):
                await network.send(GET, {})
            assert connections == [3]
            for _ in range(2):
                await network.put(f"{url}/a.jpg{QUERY}", b"", "image/png", 5)
            assert connections == [3, 2]


async def test_a_connection_that_the_storage_has_closed_meanwhile_is_no_second_upload() -> None:
    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while b"PUT" in await reader.readuntil(b"\r\n\r\n"):
            puts.append(len(puts))
            if len(puts) == 2:  # it had decided to close just before
                break
            writer.write(http(b"{}").replace(b"Connection: close\r\n", b""))
        writer.close()

    puts: list[int] = []
    async with await asyncio.start_server(take, "127.0.0.1", 0) as listening:
        url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        async with transport(url) as network:
            await network.put(f"{url}/a.jpg{QUERY}", b"", "image/png", 5)
            with pytest.raises(DisconnectedError):
                await network.put(f"{url}/b.jpg{QUERY}", b"", "image/png", 5)
    assert puts == [0, 1]


async def test_an_answer_before_the_upload_was_sent_is_one_in_the_clean_up_of_a_cancelled_task_too() -> None:
    async with (
        canned(http(b"no", status="403 Forbidden"), kind=Hasty) as server,
        transport(server.url) as network,
    ):
        upload = partial(network.put, f"{server.url}/a.jpg{QUERY}", bytes(16 * MIB), "image/png", 5)
        assert (await in_clean_up(upload)).status == 403


class Pieces:
    """A writer that keeps what it gets."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    async def write(self, piece: memoryview) -> None:
        self.pieces.append(bytes(piece))


async def test_a_body_is_written_in_slices_and_again_for_a_repeat() -> None:
    value = b"x" * (2 * SLICE + 1)
    payload, writer = SlicedBytes(value, "image/png"), Pieces()
    for _ in range(2):
        await payload.write(writer)  # type: ignore[arg-type]  # as much of a writer as is used
        assert [len(piece) for piece in writer.pieces] == [SLICE, SLICE, 1]
        writer.pieces.clear()
    await payload.write_with_length(writer, SLICE + 2)  # type: ignore[arg-type]  # same
    assert [len(piece) for piece in writer.pieces] == [SLICE, 2]
    assert payload.decode() == value.decode()
    assert payload.size == len(value)


# ---- what comes back


@pytest.mark.parametrize("status", ["204 No Content", "200 OK", "404 Not Found"])
async def test_an_empty_body_is_an_answer(status: str) -> None:
    answer, _ = await exchange(http(status=status))
    assert (answer.status, answer.body) == (int(status[:3]), b"")


@pytest.mark.parametrize("status", ["300 Choices", "301 Moved", "302 Found", "304 Not Modified", "308 Permanent"])
@pytest.mark.parametrize("upload", [False, True])
async def test_a_redirect_is_an_error_that_names_the_host_and_is_not_followed(status: str, *, upload: bool) -> None:
    async with canned(http(b"{}")) as other:
        head = f"HTTP/1.1 {status}\r\nLocation: {other.url.replace('127.0.0.1', 'localhost')}/x\r\n"
        answer = head.encode() + b"Content-Length: 0\r\nConnection: close\r\n\r\n"
        async with canned(answer) as server, transport(server.url) as network:
            put = network.put(f"{server.url}/a.jpg{QUERY}", b"x", "image/png", 5)
            with pytest.raises(ResponseError, match=f"HTTP {status[:3]}, a redirect to localhost; it is not") as caught:
                await (put if upload else network.send(GET, {}))
            if not upload:
                put.close()
            assert (caught.value.status, caught.value.ambiguous) == (int(status[:3]), False)
            assert not retryable(caught.value, Repeat.SAFE)
            assert (len(server.received), other.received) == (1, [])


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("/elsewhere", "127.0.0.1"),
        ("//evil.example/x", "evil.example"),
        ("http://[half", r"http://\[half"),
        ("", "127"),
    ],
)
async def test_where_a_redirect_leads(location: str, host: str) -> None:
    head = f"HTTP/1.1 307 Temporary\r\nLocation: {location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with pytest.raises(ResponseError, match=f"a redirect to {host}"):
        await exchange(head.encode())


async def test_an_answer_without_a_length_is_read_to_the_end() -> None:
    answer, _ = await exchange(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}")
    assert answer.body == b"{}"


async def test_a_compressed_answer_is_unpacked() -> None:
    packed = gzip.compress(b"[1, 2, 3]")
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\nConnection: close\r\n\r\n"
    answer, _ = await exchange(head.encode() + packed)
    assert answer.body == b"[1, 2, 3]"


def zipped(body: bytes) -> bytes:
    packed = gzip.compress(body)
    return f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode() + packed


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("play", "kind", "says"),
    [
        (DROP, DisconnectedError, "disconnected"),
        (http(b"{}", length=100), ResponseError, "truncated"),
        (CHUNKED + b"5\r\n{}", ResponseError, "truncated"),
        (CHUNKED + b"zz\r\n{}\r\n", ResponseError, "truncated or cannot be decoded|not HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd", ResponseError, "decoded"),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", ResponseError, "not HTTP"),
        (http(b"x" * (MIB + 1)), ResponseError, "larger than 1048576 bytes"),
        (zipped(bytes(8 * MIB)), ResponseError, "larger than 1048576 bytes; connect"),
        (CHUNKED + (b"10000\r\n" + b"x" * 0x10000 + b"\r\n") * 17 + b"0\r\n\r\n", ResponseError, "larger than"),
    ],
    ids=["dropped", "short", "chunk short", "chunk bad", "not gzip", "not http", "large", "bomb", "large in chunks"],
)
async def test_oddities_become_our_errors(play: bytes, kind: type[MIError], says: str) -> None:
    with pytest.raises(kind, match=says) as caught:
        await exchange(play)
    assert caught.value.ambiguous


async def test_the_largest_answer_that_is_allowed_is_read() -> None:
    answer, _ = await exchange(http(b"x" * MIB))
    assert len(answer.body) == MIB


async def test_a_get_that_is_dropped_on_a_kept_connection_is_not_sent_again_behind_our_back() -> None:
    kept = http(b"{}").replace(b"Connection: close\r\n", b"")

    async def twice(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in (kept, b""):
            seen.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(answer)
        writer.close()

    seen: list[bytes] = []
    async with await asyncio.start_server(twice, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        async with transport(f"http://127.0.0.1:{port}") as network:
            await network.send(GET, {})
            with pytest.raises(DisconnectedError):
                await network.send(GET, {})
    assert len(seen) == 2


# ---- what no error may show


@pytest.mark.parametrize("play", [DROP, SILENCE, b"no http\r\n\r\n", http(b"{}", length=9), zipped(bytes(2 * MIB))])
async def test_the_query_of_a_presigned_url_is_in_no_error(play: Play, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    async with canned(play) as server, transport(server.url) as network:
        with pytest.raises(TransportError) as caught:
            await network.put(f"{server.url}/a.jpg{QUERY}", b"x", "image/jpeg", 0.02)
    assert_silent(caught.value, caplog)


@pytest.mark.parametrize(
    "url",
    [
        f"{{}}/a.jpg{QUERY}",
        f"ftp://127.0.0.1/a.jpg{QUERY}",
        f"/a.jpg{QUERY}",
        f"http://[half/a.jpg{QUERY}",
        f"http://127.0.0.1:port/a.jpg{QUERY}",
        f"http://127.0.0.1:99999/a.jpg{QUERY}",
        f"http:///a.jpg{QUERY}",
    ],
)
async def test_a_url_that_does_not_work_is_not_shown(url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    async with transport("http://127.0.0.1:1") as network:
        with pytest.raises((TransportError, InvalidArgumentError)) as caught:
            await network.put(url.format(nobody_there()) if "{" in url else url, b"x", "image/jpeg", 5)
    assert_silent(caught.value, caplog)
