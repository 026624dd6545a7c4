"""Answers as they can arrive: in pieces, framed in every way, interrupted, and what each becomes."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from mi_async._core.http_messages import Request
from mi_async._core.transport import Timeout
from mi_async.errors import DisconnectedError, MIError, ResponseError, TimeoutError  # noqa: A004  ours
from tests.support.talking import transport

pytestmark = pytest.mark.usefixtures("leaves_nothing")

REQUESTS = [Request("GET", "/api/v1/things?name=a%2Fb"), Request("POST", "/api/v1/things", b'{"name": "x"}')]
PATIENT, HASTY = Timeout(), Timeout(read=0.05)

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
BODY = b'{"code": "0", "result": {"name": "\xed\x99\x8d\xea\xb8\xb8\xeb\x8f\x99"}}'
HEAD = OK + b"Content-Length: %d\r\n\r\n" % len(BODY)
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
PACKED = gzip.compress(BODY)
ZIPPED = OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(PACKED)
ZIPPED_CHUNKS = OK + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
CLOSE = OK + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(BODY)
UNTIL_CLOSE = OK + b"Connection: close\r\n\r\n"
EARLY = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
TRAILERS = b"0\r\nX-Sum: 1\r\n\r\n"

END, QUIET = b"end", b"quiet"
"""The server closes the connection; it keeps it open and says nothing more."""


def chunk(content: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(content), content)


@asynccontextmanager
async def answering(pieces: Sequence[bytes]) -> AsyncIterator[tuple[str, list[int]]]:
    """Serve an answer piece by piece, each read by the client before the next; gives URL and requests by connection."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk_task = asyncio.current_task()
        assert talk_task is not None
        talks.append(talk_task)
        connections.append(0)
        number = len(connections) - 1
        with suppress(EOFError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if b"POST" in head:
                    await reader.readexactly(len(REQUESTS[1].body or b""))
                connections[number] += 1
                for piece in pieces:
                    if piece == QUIET:
                        await over.wait()
                    if piece in {QUIET, END}:
                        raise EOFError
                    writer.write(piece)
                    for _ in range(10):  # turns of the loop, in which the client of this process reads
                        await asyncio.sleep(0)
        writer.close()

    connections: list[int] = []
    talks: list[asyncio.Task[Any]] = []
    over = asyncio.Event()
    async with await asyncio.start_server(talk, "127.0.0.1", 0) as listening:
        try:
            yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", connections
        finally:
            over.set()
            await asyncio.gather(*talks)  # the client has closed its connections, so each of them ends


@pytest.mark.parametrize("request_", REQUESTS, ids=["GET", "POST"])
@pytest.mark.parametrize(
    ("pieces", "is_kept"),
    [
        pytest.param([HEAD + BODY], True, id="whole"),
        pytest.param([HEAD[:9], HEAD[9:40], HEAD[40:] + BODY], True, id="split head"),
        pytest.param([HEAD, BODY], True, id="head and body"),
        pytest.param([HEAD + BODY[:10], BODY[10:]], True, id="split body"),
        pytest.param([bytes([byte]) for byte in HEAD + BODY], True, id="byte by byte"),
        pytest.param([CHUNKED + chunk(BODY[:9]) + chunk(BODY[9:]) + chunk(b"")], True, id="chunked"),
        pytest.param(
            [CHUNKED, chunk(BODY)[:1], chunk(BODY)[1:9], chunk(BODY)[9:], b"0\r\n", b"\r\n"], True, id="chunks"
        ),
        pytest.param([CHUNKED + chunk(BODY), TRAILERS], True, id="trailers"),
        pytest.param([ZIPPED + PACKED], True, id="gzip"),
        pytest.param([ZIPPED, PACKED[:20], PACKED[20:]], True, id="split gzip"),
        pytest.param([ZIPPED_CHUNKS + chunk(PACKED[:20]), chunk(PACKED[20:]) + chunk(b"")], True, id="gzip in chunks"),
        pytest.param([EARLY + HEAD + BODY], True, id="103"),
        pytest.param([EARLY, HEAD, BODY], True, id="103 first"),
        pytest.param([CONTINUE + HEAD + BODY], True, id="100"),
        pytest.param([CLOSE + BODY, END], False, id="close"),
        pytest.param([CLOSE, BODY], False, id="close in pieces"),
        pytest.param([UNTIL_CLOSE + BODY, END], False, id="until close"),
        pytest.param([UNTIL_CLOSE, BODY[:9], BODY[9:], END], False, id="until close in pieces"),
        pytest.param([HEAD + BODY, END], False, id="closed behind the answer"),
    ],
)
async def test_an_answer_is_read_however_it_arrives(pieces: list[bytes], is_kept: bool, request_: Request) -> None:
    async with answering(pieces) as (url, connections), transport(url, PATIENT) as network:
        for _ in range(2):
            answer = await network.send(request_, {"X-Thing": "1"})
            assert (answer.status, answer.body) == (200, BODY)
            assert answer.headers["content-TYPE"] == "application/json"
            for _ in range(10):
                await asyncio.sleep(0)
        assert connections == ([2] if is_kept else [1, 1])


@pytest.mark.parametrize("request_", REQUESTS, ids=["GET", "POST"])
@pytest.mark.parametrize(
    ("pieces", "kind", "says"),
    [
        pytest.param([END], DisconnectedError, "disconnected", id="drop"),
        pytest.param([HEAD[:30], END], DisconnectedError, "disconnected", id="drop in the head"),
        pytest.param([EARLY, END], DisconnectedError, "disconnected", id="drop after 103"),
        pytest.param([HEAD + BODY[:10], END], ResponseError, "truncated", id="truncated"),
        pytest.param([HEAD, END], ResponseError, "truncated", id="truncated before the body"),
        pytest.param([CHUNKED + chunk(BODY)[:9], END], ResponseError, "truncated", id="truncated chunk"),
        pytest.param([CHUNKED + chunk(BODY), END], ResponseError, "truncated", id="no last chunk"),
        pytest.param([ZIPPED + PACKED[:20], END], ResponseError, "truncated", id="truncated gzip"),
        pytest.param([b"SSH-2.0-OpenSSH_9.6\r\n\r\n"], ResponseError, "not HTTP", id="garbage"),
        pytest.param([OK + b"Content-Length: x\r\n\r\n"], ResponseError, "not HTTP", id="garbage length"),
        pytest.param([CHUNKED + b"zz\r\n{}\r\n"], ResponseError, "truncated|not HTTP", id="garbage chunk"),
        pytest.param([ZIPPED + BODY], ResponseError, "decoded", id="garbage gzip"),
        pytest.param([QUIET], TimeoutError, "no answer in time", id="silence"),
        pytest.param([HEAD[:30], QUIET], TimeoutError, "no answer in time", id="silence in the head"),
        pytest.param([HEAD, QUIET], TimeoutError, "no answer in time", id="silence before the body"),
        pytest.param([HEAD + BODY[:10], QUIET], TimeoutError, "no answer in time", id="silence in the body"),
        pytest.param([CHUNKED + chunk(BODY), QUIET], TimeoutError, "no answer in time", id="silence after a chunk"),
        pytest.param([CHUNKED, b"zz\r\n{}\r\n", QUIET], TimeoutError, "no answer in time", id="garbage chunk later"),
        pytest.param([EARLY, QUIET], TimeoutError, "no answer in time", id="silence after 103"),
    ],
)
async def test_an_answer_that_breaks_off_is_an_ambiguous_error(
    pieces: list[bytes], kind: type[MIError], says: str, request_: Request
) -> None:
    patience = HASTY if kind is TimeoutError else PATIENT
    async with answering(pieces) as (url, connections), transport(url, patience) as network:
        for _ in range(2):
            with pytest.raises(kind, match=says) as caught:
                await network.send(request_, {"X-Thing": "1"})
            assert caught.value.ambiguous
            assert str(caught.value).startswith(f"{url}/api/v1/things: ")
        assert connections == [1, 1]
