"""A server that plays canned bytes: for answers that no decent server would give.

Invariant: one request on each connection, kept exactly as it came in.
"""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

from attrs import define, field

DROP = b""
"""Close the connection without an answer."""

SILENCE = None
"""Keep the connection open and say nothing."""

T = TypeVar("T")
Play = bytes | None | Callable[[bytes], bytes]


def http(
    body: bytes | str = b"", *, status: str = "200 OK", kind: str = "application/json", length: int | None = None
) -> bytes:
    """Bytes of an answer; ``length`` is announced instead of the true one."""
    content = body.encode() if isinstance(body, str) else body
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length or len(content)}\r\n"
    return head.encode() + b"Connection: close\r\n\r\n" + content


def success(result: str = "null") -> bytes:
    """Bytes of the service's success with a result in JSON."""
    return http(f'{{"code": "0", "message": "success", "result": {result}}}')


@define(eq=False)
class Canned:
    """The server: what it plays, the last play again and again, and what it received."""

    plays: list[Play]
    url: str = ""
    received: list[bytes] = field(factory=list)
    arrived: asyncio.Event = field(factory=asyncio.Event)
    enough: asyncio.Event = field(factory=asyncio.Event)
    talks: set[asyncio.Task[None]] = field(factory=set)

    @property
    def request_lines(self) -> list[str]:
        """First line of each request."""
        return [one.partition(b"\r\n")[0].decode() for one in self.received]

    def header(self, name: str, number: int = 0) -> str | None:
        """One header of a request."""
        head = self.received[number].partition(b"\r\n\r\n")[0].decode()
        found = re.search(rf"^{name}: (.*)$", head.replace("\r", ""), re.MULTILINE | re.IGNORECASE)
        return found and found[1]

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Receive a request and play the next answer."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
            request = head + await reader.readexactly(int(length[1]) if length else 0)
            self.received.append(request)
            self.arrived.set()
            play = self.plays.pop(0) if len(self.plays) > 1 else self.plays[0]
            if play is SILENCE:
                await self.enough.wait()
            else:
                writer.write(play(request) if callable(play) else play)
                await writer.drain()
        except (OSError, EOFError):
            pass  # the client went away
        finally:
            writer.close()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Keep the talk, to end it with the server."""
        task = asyncio.current_task()
        assert task is not None
        self.talks.add(task)
        try:
            await self.talk(reader, writer)
        finally:
            self.talks.discard(task)


@define(eq=False)
class Hasty(Canned):
    """A server that answers the head of a request, before it reads the body."""

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Play the one answer, then read until the client closes: else the system would reset the connection."""
        with suppress(OSError, EOFError):
            await reader.readuntil(b"\r\n\r\n")
            (play,) = self.plays
            assert isinstance(play, bytes)
            writer.write(play)
            while await reader.read(2**20):
                pass
        writer.close()


@asynccontextmanager
async def canned(*plays: Play, tls: ssl.SSLContext | None = None, kind: type[Canned] = Canned) -> AsyncIterator[Canned]:
    """Serve plays on loopback."""
    server = kind(list(plays))
    listening = await asyncio.start_server(server.accept, "127.0.0.1", 0, ssl=tls)
    host, port = listening.sockets[0].getsockname()
    server.url = f"http{'' if tls is None else 's'}://{host}:{port}"
    try:
        yield server
    finally:
        listening.close()
        server.enough.set()
        await asyncio.gather(*server.talks, return_exceptions=True)


async def in_clean_up(work: Callable[[], Awaitable[T]]) -> T:
    """Do some work in the clean-up of a task that was cancelled; return its result."""

    async def cancelled() -> T:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            return await work()
        raise AssertionError

    task = asyncio.create_task(cancelled())
    await asyncio.sleep(0)
    task.cancel()
    return await task
