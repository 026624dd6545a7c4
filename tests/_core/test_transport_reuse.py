"""Connections that are used again: what nobody has asked for is nobody's answer."""

import asyncio
import select
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from mi_async._core.http_messages import Request
from tests.support.canned import http
from tests.support.talking import transport

pytestmark = pytest.mark.usefixtures("leaves_nothing")


def answer(person: int) -> bytes:
    return http(f'{{"person": {person}}}').replace(b"Connection: close\r\n", b"")


def get(person: int) -> Request:
    return Request("GET", f"/persons/{person}")


@asynccontextmanager
async def server(late: bytes, *, counted: list[int]) -> AsyncIterator[tuple[str, asyncio.Event]]:
    """Answer each request; on the first connection something follows when ``go`` is set."""
    go = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        counted.append(0)
        number = len(counted) - 1
        with suppress(EOFError, OSError):
            while True:
                line = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1]
                counted[number] += 1
                writer.write(answer(int(line.rpartition(b"/")[2])))
                if number == 0:
                    await go.wait()
                    writer.write(late)
                    await writer.drain()
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", go
        go.set()


@pytest.mark.parametrize("late", [answer(666), answer(666)[:20], b"\r\n\r\nx"], ids=["whole", "part", "noise"])
async def test_a_late_second_answer_is_not_given_to_the_next_call(late: bytes) -> None:
    counted: list[int] = []
    async with server(late, counted=counted) as (url, go), transport(url) as network:
        assert (await network.send(get(7), {})).body == b'{"person": 7}'
        go.set()
        for _ in range(100):  # the server writes, and the client's loop reads it
            await asyncio.sleep(0)
        assert (await network.send(get(1), {})).body == b'{"person": 1}'
        assert (await network.send(get(2), {})).body == b'{"person": 2}'


@pytest.mark.parametrize("system", ["Unix", "Windows"])
async def test_a_quiet_connection_is_used_again(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if system == "Windows":
        monkeypatch.delattr(select, "poll", raising=False)
    counted: list[int] = []
    async with server(b"", counted=counted) as (url, go), transport(url) as network:
        go.set()
        for person in (1, 2, 3):
            assert (await network.send(get(person), {})).body == f'{{"person": {person}}}'.encode()
    assert counted == [3]


@pytest.mark.parametrize("late", [answer(666), b""], ids=["bytes", "end"])
@pytest.mark.parametrize("system", ["Unix", "Windows"])
async def test_what_the_loop_had_no_time_to_read_is_seen_too(
    late: bytes, system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server in a thread, and a loop that is held up until it has done its work."""
    if system == "Windows":
        monkeypatch.delattr(select, "poll", raising=False)

    def serve() -> None:
        first, _ = listening.accept()
        first.recv(65536)
        first.sendall(answer(7))
        go.wait()
        first.sendall(late)
        if not late:
            first.close()
        done.set()
        second, _ = listening.accept()
        with second, first:
            second.recv(65536)
            second.sendall(answer(1))
            over.wait()

    go, done, over = threading.Event(), threading.Event(), threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve)
        thread.start()
        async with transport(f"http://127.0.0.1:{listening.getsockname()[1]}") as network:
            assert (await network.send(get(7), {})).body == b'{"person": 7}'
            go.set()
            done.wait()
            assert (await network.send(Request("POST", "/persons/1"), {})).body == b'{"person": 1}'
        over.set()
        thread.join()
