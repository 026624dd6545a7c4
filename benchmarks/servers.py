"""The loopback servers that the benchmarks talk to, each in a process of its own: fixed answers, no framework.

    python servers.py api             answers every request with a presigned URL in the service's envelope
    python servers.py sink CERT KEY   takes PUTs over TLS and forgets them

Prints its port, then serves until it is ended.
"""

import asyncio
import json
import ssl
import sys
from typing import cast

from harness import SERVER_CORE, pin

RESULT = {
    "thumbnailKey": "person-thumbnail/01J9ZK7M3Q4T5V6W7X8Y9Z0A1B.jpg",
    "url": "https://storage.example.com/bucket/01J9ZK7M3Q4T5V6W7X8Y9Z0A1B.jpg?X-Amz-Expires=900&X-Amz-Signature="
    + "0" * 64,
    "expirationSeconds": 900,
}
ANSWER = json.dumps({"code": "0", "message": "SUCCESS", "result": RESULT}, separators=(",", ":")).encode()
BUFFER = 2**20


class Server(asyncio.BufferedProtocol):
    """Counts the bytes of a request and answers when it has them all; one buffer, nothing is kept."""

    def __init__(self, body: bytes) -> None:
        self._answer = (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        )
        self._buffer = bytearray(BUFFER)
        self._head = b""
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
            self._left = content_length(bytes(head)) - len(rest)
        if not self._left:
            self._transport.write(self._answer)


def content_length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.partition(b"\r\n")[0]) if found else 0


async def serve(kind: str, *certificate: str) -> None:
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
    body = {"api": ANSWER, "sink": b""}[kind]
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: Server(body), "127.0.0.1", 0, backlog=1024, ssl=context)
    print(listening.sockets[0].getsockname()[1], flush=True)
    await listening.serve_forever()


if __name__ == "__main__":
    pin(SERVER_CORE)
    asyncio.run(serve(*sys.argv[1:]))
