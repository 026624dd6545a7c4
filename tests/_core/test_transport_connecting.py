"""The network that is not there, is late, or is behind a proxy; over real sockets."""

import asyncio

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from mi_async._core.http_messages import Request
from mi_async._core.transport import Timeout, Transport
from mi_async.errors import (
    ConfigError,
    ConnectError,
    TimeoutError,  # noqa: A004  ours
)
from tests.support.canned import SILENCE, canned, http
from tests.support.talking import QUERY, assert_silent, nobody_there, transport

pytestmark = pytest.mark.usefixtures("leaves_nothing")

POST = Request("POST", "/api/v1/things", b'{"name": "x"}')


# ---- no connection, no time


async def test_nobody_there_is_a_connect_error() -> None:
    url = nobody_there()
    async with transport(url) as network:
        with pytest.raises(ConnectError, match=f"{url}/api/v1/things: Cannot connect") as caught:
            await network.send(POST, {})
    assert not caught.value.ambiguous
    assert isinstance(caught.value.__cause__, aiohttp.ClientConnectorError)


class Nowhere(AbstractResolver):
    """Names that nobody knows."""

    async def resolve(self, *_name: object, **_rest: object) -> list[ResolveResult]:
        raise OSError(-2, "Name or service not known")

    async def close(self) -> None:
        pass


async def test_an_unknown_host_is_a_connect_error(caplog: pytest.LogCaptureFixture) -> None:
    async with aiohttp.TCPConnector(resolver=Nowhere()) as connector:
        network = Transport(URL("http://mi.example"), Timeout(), connector, None, "agent/1")
        with pytest.raises(ConnectError, match=r"mi\.example:80/api/v1/things: Cannot connect"):
            await network.send(POST, {})
        with pytest.raises(ConnectError) as caught:
            await network.put(f"http://bucket.example/a.jpg{QUERY}", b"x", "image/jpeg", 5)
        await network.aclose()
        assert not connector.closed
    assert_silent(caught.value, caplog)


async def test_silence_is_a_timeout() -> None:
    async with canned(SILENCE) as server, transport(server.url, Timeout(read=0.01)) as network:
        with pytest.raises(TimeoutError, match="no answer in time") as caught:
            await network.send(POST, {})
    assert caught.value.ambiguous


async def test_a_body_that_stalls_is_a_timeout() -> None:
    async def stall(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(http(b"{", length=2).replace(b"Connection: close\r\n", b""))
        await over.wait()
        writer.close()

    over = asyncio.Event()
    async with await asyncio.start_server(stall, "127.0.0.1", 0) as listening:
        url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        async with transport(url, Timeout(read=0.01)) as network:
            with pytest.raises(TimeoutError):
                await network.send(POST, {})
        over.set()


@pytest.mark.parametrize("total", [None, 60.0])
async def test_silence_after_a_put_is_a_timeout_long_before_its_total(total: float | None) -> None:
    async with canned(SILENCE) as server, transport(server.url, Timeout(read=0.05)) as network, asyncio.timeout(60):
        with pytest.raises(TimeoutError, match="no answer in time"):
            await network.put(f"{server.url}/x{QUERY}", b"x", "image/png", total)


async def test_a_put_has_its_own_total() -> None:
    async with canned(SILENCE) as server, transport(server.url) as network:
        for total in (0.01, 0.0, -1.0):
            with pytest.raises(TimeoutError):
                await network.put(f"{server.url}/x{QUERY}", b"x", "image/png", total)


@pytest.mark.parametrize("wrong", [{"connect": 0}, {"read": -1}, {"total": float("nan")}])
def test_a_timeout_that_cannot_work_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="timeout must be > 0 seconds, got "):
        Timeout(**wrong)


# ---- TLS


async def test_a_server_that_speaks_no_tls_is_a_connect_error() -> None:
    def refuse(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(http(status="400 Bad Request"))
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        async with transport(f"https://127.0.0.1:{port}") as network:
            with pytest.raises(ConnectError):
                await network.send(POST, {})


# ---- through a proxy


async def test_a_proxy_is_used_for_both() -> None:
    async with canned(http(b"{}")) as proxy, transport("http://mi.example/", proxy=proxy.url) as network:
        await network.send(POST, {})
        await network.put(f"http://bucket.example/a.jpg{QUERY}", b"x", "image/jpeg", 5)
        assert proxy.request_lines == [
            "POST http://mi.example/api/v1/things HTTP/1.1",
            f"PUT http://bucket.example/a.jpg{QUERY} HTTP/1.1",
        ]


async def test_a_proxy_that_refuses_is_a_connect_error() -> None:
    async with (
        canned(http(status="407 Proxy Authentication Required")) as proxy,
        transport("https://mi.example", proxy=proxy.url) as network,
    ):
        with pytest.raises(ConnectError, match="the proxy answered 407"):
            await network.send(POST, {})
