"""Answers that are larger than they look, and URLs that no file may be sent to."""

import asyncio
import zlib
from contextlib import suppress

import pytest

from mi_async import Timeout
from mi_async._core import convert
from mi_async._core.body import MAX_ERROR
from mi_async._core.convert import MOST_CONTAINERS
from mi_async._core.http_messages import Request
from mi_async.errors import APIError, ConnectError, MIError, ResponseError, TransportError
from tests.support.canned import SILENCE, canned, http
from tests.support.talking import MIB, QUERY, asked, assert_silent, nobody_there, talking, transport

pytestmark = pytest.mark.usefixtures("leaves_nothing")

GET = Request("GET", "/api/v1/things")


def packed(body: bytes, kind: str = "gzip", *, status: str = "200 OK", chunked: bool = False) -> bytes:
    """An answer that keeps its connection."""
    squeeze = zlib.compressobj(9, wbits={"gzip": 31, "deflate": 15}[kind])
    content = squeeze.compress(body) + squeeze.flush()
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(content)}"
    framed = b"%x\r\n%b\r\n0\r\n\r\n" % (len(content), content) if chunked else content
    return f"HTTP/1.1 {status}\r\nContent-Encoding: {kind}\r\n{length}\r\n\r\n".encode() + framed


@pytest.mark.parametrize("kind", ["gzip", "deflate"])
@pytest.mark.parametrize("chunked", [True, False])
async def test_a_bomb_is_refused_by_its_ratio_long_before_the_limit(kind: str, *, chunked: bool) -> None:
    bomb = packed(bytes(12 * MIB), kind, chunked=chunked)
    assert len(bomb) < 13_000
    async with canned(bomb) as server, transport(server.url, max_response=16 * MIB) as network:
        with pytest.raises(ResponseError, match="unpacks to more than 100 times its size") as caught:
            await network.send(GET, {})
    assert caught.value.status == 200


async def test_json_that_packs_well_is_read() -> None:
    person = b'{"personId": 1001, "name": "Gildong Hong", "thumbnails": [{"id": %d, "url": "https://host/%064x"}]},'
    page = b"[" + b"".join(person % (number, number * 977**9) for number in range(20_000)) + b"1]"
    answer = packed(page)
    assert len(page) > 2 * MIB
    async with canned(answer) as server, transport(server.url, max_response=4 * MIB) as network:
        assert (await network.send(GET, {})).body == page


@pytest.mark.parametrize("kind", ["br", "zstd", "compress"])
async def test_an_encoding_that_was_not_asked_for_is_an_error(kind: str) -> None:
    answer = f"HTTP/1.1 200 OK\r\nContent-Encoding: {kind}\r\nContent-Length: 4\r\n\r\nabcd".encode()
    async with talking(answer) as (session, server):
        with pytest.raises(ResponseError, match=r"cannot be decoded|not JSON|not HTTP"):
            await asked(session)
        assert server.header("Accept-Encoding") == "gzip, deflate"


async def test_the_connection_of_an_answer_that_is_too_large_is_closed() -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        with suppress(OSError):
            while True:
                writer.write(bytes(65536))
                await writer.drain()
        writer.close()
        over.set()

    over = asyncio.Event()
    listening = await asyncio.start_server(flood, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    async with listening, transport(url) as network:
        with pytest.raises(ResponseError, match="larger than 1048576 bytes") as caught:
            await network.send(GET, {})
        await over.wait()
    assert caught.value.permanent


@pytest.mark.parametrize("answer", [http(b"x" * 300_000, status="503 Busy"), packed(bytes(9 * MIB), status="503 Busy")])
async def test_an_error_is_cut_and_keeps_its_status(answer: bytes) -> None:
    async with talking(answer) as (session, _):
        with pytest.raises(APIError) as caught:
            await asked(session)
    assert caught.value.status == 503
    assert f"{MAX_ERROR} bytes" in str(caught.value)
    assert len(str(caught.value)) < 600


async def test_connect_sets_the_limit() -> None:
    async with talking(http(b"x" * 101), max_response=100) as (session, _):
        with pytest.raises(
            ResponseError, match=r"larger than 100 bytes; connect\(max_response=\.\.\.\) sets the limit"
        ):
            await asked(session)


def test_json_of_too_many_parts_is_refused_before_it_becomes_objects() -> None:
    bomb = b"[" + b"[]," * (MOST_CONTAINERS + 1) + b"1]"
    with pytest.raises(ResponseError, match="more than 1,000,000 arrays and objects"):
        convert.loads(bomb)
    assert len(convert.loads(b"[" + b'"[[",' * 10_000 + b"1]")) == 10_001


@pytest.mark.parametrize("odd", [b"[" * 100_000, b'{"a":' * 5000, b"9" * 5000, b"[1e999]", b"[NaN]", b"\xff\xfe[]"])
def test_json_that_would_harm_a_parser_is_not_json(odd: bytes) -> None:
    with pytest.raises(ResponseError, match="not JSON"):
        convert.loads(odd)


# ---- presigned URLs


@pytest.mark.parametrize(
    ("base", "url", "says"),
    [
        ("https://mi.example", "http://bucket.example/a.jpg", "of bucket.example is plain http"),
        ("https://mi.example", "http://127.0.0.1/a.jpg", "of 127.0.0.1 is plain http"),
        ("https://mi.example", "https://user:p4ss@bucket.example/a.jpg", "of bucket.example names a user"),
        ("https://mi.example", "https://user@bucket.example/a.jpg", "names a user"),
        ("https://mi.example", "https://:@bucket.example/a.jpg", "names a user"),
        ("http://127.0.0.1:1", "http://user:p4ss@127.0.0.1/a.jpg", "names a user"),
        ("https://mi.example", "ftp://bucket.example/a.jpg", "not an absolute http or https URL"),
        ("https://mi.example", "file:///etc/passwd", "not an absolute http or https URL"),
        ("https://mi.example", "javascript:alert(1)", "not an absolute http or https URL"),
        ("https://mi.example", "//bucket.example/a.jpg", "not an absolute http or https URL"),
        ("https://mi.example", "https://bucket.example/a.jpg\r\nX: y", "has characters that no URL has"),
        ("https://mi.example", "https://bücket.example/a.jpg", "has characters that no URL has"),
        ("https://mi.example", "https://bucket.example/a b.jpg", "has characters that no URL has"),
    ],
)
async def test_a_url_that_no_file_may_be_sent_to(
    base: str, url: str, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    async with transport(base) as network:
        with pytest.raises(ResponseError, match=says) as caught:
            await network.put(f"{url}{QUERY}", b"x", "image/jpeg", 5)
    assert_silent(caught.value, caplog)
    assert (caught.value.permanent, caught.value.ambiguous) == (True, False)
    assert "p4ss" not in str(caught.value)


@pytest.mark.parametrize("base", ["https://mi.example", "http://127.0.0.1:1"])
async def test_another_port_or_host_is_fine(base: str) -> None:
    there = nobody_there().replace("http:", "https:" if base.startswith("https") else "http:")
    async with transport(base) as network:
        with pytest.raises(ConnectError) as caught:
            await network.put(f"{there}/a.jpg{QUERY}", b"x", "image/jpeg", 5)
    assert isinstance(caught.value, MIError)


@pytest.mark.parametrize("total", [None, 30.0])
async def test_a_storage_that_is_silent_is_given_up_after_the_time_to_read(total: float | None) -> None:
    async with canned(SILENCE) as server, transport(server.url, Timeout(read=0.05)) as network:
        with pytest.raises(TransportError, match=r"no data for 0\.05|read|time") as caught:
            await asyncio.wait_for(network.put(f"{server.url}/a.jpg{QUERY}", b"x", "image/png", total), 60)
    assert caught.value.ambiguous
