"""The loopback servers that the benchmarks talk to, each in a process of its own: answers made once, no framework.

    python servers.py api [CERT KEY]    answers as the service does, and as those of other clients do
    python servers.py sink CERT KEY     takes PUTs over TLS and forgets them

Prints its port, then serves until it is ended. What an answer says about an object has the ID that was asked for.
"""

import asyncio
import json
import ssl
import sys
from collections.abc import Callable, Mapping
from typing import cast

import samples
from harness import SERVER_CORE, pin

RESULT = samples.presigned(1)
ANSWER = samples.envelope(RESULT)
BUFFER = 2**20
PERSONS = 1_000_000
"""Persons on all pages."""
KEPT_PAGES = 100
Answer = Callable[[bytes], bytes]
"""From the target of a request to the whole response."""


def response(body: bytes, status: bytes = b"200 OK", kind: bytes = b"application/json") -> bytes:
    """Return a whole response."""
    head = b"HTTP/1.1 %b\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n" % (status, kind, len(body))
    return head + body


def fixed(body: bytes, status: bytes = b"200 OK", kind: bytes = b"application/json") -> Answer:
    """Answer always the same."""
    whole = response(body, status, kind)
    return lambda _: whole


def by_id(body: bytes) -> Answer:
    """Answer with the ID that ends the target, wherever the sample has its place."""
    parts = body.split(b"%d" % samples.PLACE)
    fixed_length, places = sum(map(len, parts)), len(parts) - 1

    def answer(target: bytes) -> bytes:
        number = target.rpartition(b"/")[2]
        length = fixed_length + places * len(number)
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % length
        return head + number.join(parts)

    return answer


def pages() -> Answer:
    """Answer with pages of persons, each made when it is first asked for; the last are kept."""
    made: dict[bytes, bytes] = {}

    def answer(target: bytes) -> bytes:
        if target not in made:
            query = dict(pair.split(b"=", 1) for pair in target.partition(b"?")[2].split(b"&"))
            number, size = int(query.get(b"pageNum", b"1")), int(query.get(b"pageSize", b"1000"))
            if len(made) >= KEPT_PAGES:
                made.clear()
            made[target] = response(samples.envelope(samples.page(number, size, PERSONS)))
        return made[target]

    return answer


def compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def service() -> dict[bytes, Answer]:
    """Return what the service answers, by the method and the path up to an ID or a query."""
    room = b"/api/v1/workspaces/newsroom"
    return {
        b"GET " + room + b"/persons/": by_id(samples.envelope(samples.person(samples.PLACE))),
        b"DELETE " + room + b"/persons/": fixed(compact({"code": "0", "message": "SUCCESS"})),
        b"GET " + room + b"/persons?": pages(),
        b"POST " + room + b"/person-tags": fixed(samples.CONFLICT, b"409 Conflict"),
        b"POST " + room + b"/person-thumbnail/uploads/": fixed(ANSWER),
    }


def peers() -> dict[bytes, Answer]:
    """Return what the services of other clients answer: bodies of about the same size, of their own shapes."""
    return {
        b"GET /repos/o/r/labels/": by_id(compact(samples.LABEL)),
        b"GET /v1/vector_stores/": by_id(compact(samples.VECTOR_STORE)),
        b"POST /v1/": fixed(compact(samples.MESSAGE)),
        b"GET /indexes/": by_id(compact(samples.INDEX)),
        b"POST /": fixed(compact(samples.COLLECTION), kind=b"application/x-amz-json-1.1"),
    }


class Server(asyncio.BufferedProtocol):
    """Counts the bytes of a request and answers when it has them all; one buffer, nothing is kept."""

    def __init__(self, answers: Mapping[bytes, Answer]) -> None:
        self._answers = answers
        self._buffer = bytearray(BUFFER)
        self._head = self._first = b""
        self._left = 0  # bytes of the body that are still to come

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where answers go."""
        self._transport = cast("asyncio.Transport", transport)

    def get_buffer(self, sizehint: int) -> bytearray:  # noqa: ARG002  asyncio's signature
        """Give the one buffer."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take bytes into account; answer at the end of a request."""
        if self._left:
            self._left -= nbytes
        else:
            head, end, rest = (self._head + self._buffer[:nbytes]).partition(b"\r\n\r\n")
            if not end:
                self._head = bytes(head)
                return
            self._head = b""
            self._first = bytes(head.partition(b" HTTP/")[0])
            self._left = content_length(bytes(head)) - len(rest)
        if not self._left:
            self._transport.write(self._answer(self._first))

    def _answer(self, first: bytes) -> bytes:
        path, mark, _ = first.partition(b"?")
        key = path + mark if mark else path[: path.rindex(b"/") + 1]
        answer = self._answers.get(key) or self._answers.get(path) or self._answers[b""]
        return answer(first)


def content_length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.partition(b"\r\n")[0]) if found else 0


async def serve(kind: str, *certificate: str) -> None:
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
    answers = service() | peers() if kind == "api" else {}
    answers[b""] = fixed(b"")
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: Server(answers), "127.0.0.1", 0, backlog=4096, ssl=context)
    print(listening.sockets[0].getsockname()[1], flush=True)
    await listening.serve_forever()


if __name__ == "__main__":
    pin(SERVER_CORE)
    asyncio.run(serve(*sys.argv[1:]))
