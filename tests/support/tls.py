"""Servers with certificates of a company's own CA, and a proxy that we wrote."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trustme
from attrs import define, field

from tests.support.canned import http

AUTHORITY = trustme.CA()


def server_context(*names: str, authority: trustme.CA = AUTHORITY) -> ssl.SSLContext:
    """What a server with these names needs."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*(names or ("127.0.0.1",))).configure_cert(context)
    return context


def ca_file(folder: Path, authority: trustme.CA = AUTHORITY) -> str:
    """Write the CA's certificate to a file."""
    path = folder / "company.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@define(eq=False)
class Proxy:
    """A forward proxy: CONNECT, and requests with an absolute URL, which it answers itself.

    Attributes:
        auth: ``user:password`` that it wants, None for nobody's.
        to: host and port of every tunnel, whatever name was asked for.
        seen: first line of each request.
        given: the credentials of each request.
    """

    auth: str | None = None
    to: tuple[str, int] | None = None
    url: str = ""
    seen: list[str] = field(factory=list)
    given: list[str | None] = field(factory=list)
    talks: set[asyncio.Task[None]] = field(factory=set)

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.talks.add(task)
        try:
            await self._talk(reader, writer)
        except (OSError, EOFError):
            pass  # somebody went away
        finally:
            self.talks.discard(task)
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        line = head.partition("\r\n")[0]
        basic = next((h.rpartition(" ")[2] for h in head.split("\r\n") if h.lower().startswith("proxy-auth")), None)
        self.seen.append(line)
        self.given.append(None if basic is None else base64.b64decode(basic).decode())
        if self.given[-1] != self.auth:
            writer.write(http(status="407 Proxy Authentication Required"))
        elif line.startswith("CONNECT "):
            host, _, port = line.split(" ")[1].rpartition(":")
            up, down = await asyncio.open_connection(*(self.to or (host, int(port))))
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            await asyncio.gather(_pump(reader, down), _pump(up, writer))
        else:
            writer.write(http(b"{}"))
        await writer.drain()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
    except OSError:
        pass  # somebody went away
    finally:
        writer.close()


@asynccontextmanager
async def proxied(auth: str | None = None, to: tuple[str, int] | None = None) -> AsyncIterator[Proxy]:
    """Serve a proxy on loopback."""
    proxy = Proxy(auth, to)
    listening = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    user = "" if auth is None else f"{auth}@"
    proxy.url = f"http://{user}127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        listening.close()
        ended = [*proxy.talks]
        for talk in ended:
            talk.cancel()
        await asyncio.gather(*ended, return_exceptions=True)
        await asyncio.sleep(0.001)  # the transports learn of it
