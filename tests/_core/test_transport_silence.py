"""The time to read: when it begins, what postpones it, and whom it ends; over real sockets, mostly on virtual time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import cast

import aiohttp
import pytest
from yarl import URL

from mi_async._core.http_messages import Request
from mi_async._core.transport import Timeout, Transport
from mi_async.errors import TimeoutError  # noqa: A004  ours
from tests.support.canned import http
from tests.support.talking import MIB, QUERY
from tests.support.virtual import VirtualLoop, run

GET = Request("GET", "/api/v1/things")
EARLY = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n"

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def answered_by(
    talk: Talk, read: float | None, connector: aiohttp.BaseConnector | None = None
) -> AsyncIterator[Transport]:
    """Open a transport to a server that talks like this."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.append(cast("asyncio.Task[None]", asyncio.current_task()))
        with suppress(EOFError, ConnectionError, asyncio.CancelledError):
            await talk(reader, writer)
        writer.close()

    talks: list[asyncio.Task[None]] = []
    async with await asyncio.start_server(accept, "127.0.0.1", 0) as listening:
        url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        network = Transport(URL(url), Timeout(read=read), connector, None, "agent/1")
        try:
            yield network
        finally:
            await network.aclose()
            for talked in talks:
                talked.cancel()
            await asyncio.gather(*talks, return_exceptions=True)


def put_url(network: Transport) -> str:
    return f"{network.base_url}/x{QUERY}"


async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    await asyncio.Event().wait()


def slow(seconds: float) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(seconds)
        writer.write(http("{}"))

    return talk


@pytest.mark.parametrize(("limit", "calls"), [(1, 3), (None, 101)], ids=["a connector of the caller's", "our own"])
def test_the_wait_for_a_free_connection_is_no_silence(limit: int | None, calls: int) -> None:
    async def main() -> None:
        connector = None if limit is None else aiohttp.TCPConnector(limit=limit)
        async with answered_by(slow(0.9), 1.0, connector) as network:
            answers = await asyncio.gather(*(network.send(GET, {}) for _ in range(calls)))
            assert {answer.body for answer in answers} == {b"{}"}
        if connector is not None:
            await connector.close()

    run(main())


@pytest.mark.parametrize("hint", [b"", EARLY], ids=["at once", "after 103"])
def test_silence_is_noticed_behind_a_connector_of_the_callers(hint: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(hint)
        await silent(reader, writer)

    async def main() -> None:
        async with aiohttp.TCPConnector() as connector, answered_by(talk, 5.0, connector) as network:
            start = asyncio.get_running_loop().time()
            with pytest.raises(TimeoutError, match="no answer in time") as caught:
                await network.send(GET, {})
            assert asyncio.get_running_loop().time() - start == pytest.approx(5, abs=0.1)
            assert isinstance(caught.value.__cause__, aiohttp.SocketTimeoutError)

    run(main())


def test_every_piece_of_a_body_postpones_it() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for byte in (http("", length=5), b"a", b"b", b"c", b"d", b"e"):
            writer.write(byte)
            await asyncio.sleep(0.9)

    async def main() -> None:
        async with answered_by(talk, 1.0) as network:
            answers = await asyncio.gather(network.send(GET, {}), network.send(GET, {}))
            assert [answer.body for answer in answers] == [b"abcde", b"abcde"]

    run(main())


def test_each_call_is_silent_for_itself() -> None:
    async def one(network: Transport, start: float) -> float:
        await asyncio.sleep(start)
        with pytest.raises(TimeoutError):
            await network.send(GET, {})
        return asyncio.get_running_loop().time()

    async def main() -> None:
        async with answered_by(silent, 5.0) as network:
            ends = await asyncio.gather(*(one(network, start) for start in (0, 1, 1, 7)))
            assert ends == pytest.approx([5, 6, 6, 12], abs=0.1)

    run(main())


def test_an_upload_takes_what_it_takes_and_silence_begins_at_its_end() -> None:
    body = bytes(8 * MIB)

    async def talk(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)
        await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(len(body))
        arrived.append(asyncio.get_running_loop().time())
        await asyncio.Event().wait()

    async def main() -> None:
        async with answered_by(talk, 1.0) as network:
            with pytest.raises(TimeoutError, match="no answer in time"):
                await network.put(put_url(network), body, "image/png", None)
            assert arrived == [pytest.approx(30, abs=0.5)]
            assert asyncio.get_running_loop().time() == pytest.approx(arrived[0] + 1, abs=0.5)

    arrived: list[float] = []
    run(main())


def test_no_limit_waits_for_ever() -> None:
    async def main() -> None:
        async with answered_by(slow(100_000), None) as network:
            assert (await network.send(GET, {})).body == b"{}"

    run(main())


def test_an_answer_that_arrived_while_the_loop_was_blocked_is_no_silence() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(http("{}"))
        cast("VirtualLoop", asyncio.get_running_loop()).block(3)

    async def main() -> None:
        async with answered_by(talk, 1.0) as network:
            assert (await network.send(GET, {})).body == b"{}"

    run(main())


def test_silence_in_the_clean_up_of_a_cancelled_task_is_an_error_as_always() -> None:
    async def work(network: Transport) -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            with pytest.raises(TimeoutError) as caught:
                await network.send(GET, {})
            return str(caught.value)
        return ""

    async def main() -> None:
        async with answered_by(silent, 1.0) as network:
            working = asyncio.create_task(work(network))
            await asyncio.sleep(0)
            working.cancel()
            assert "no answer in time" in await working

    run(main())


def test_a_cancelled_call_is_cancelled_and_not_silent() -> None:
    async def main() -> None:
        async with answered_by(silent, 1.0) as network:
            call = asyncio.ensure_future(network.send(GET, {}))
            await asyncio.sleep(0.5)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            await asyncio.sleep(5)

    run(main())
