"""The network: one request in, one response out.

Law: the only file that imports aiohttp's client; its errors are mapped here, once. No retry, no redirect, no cookies,
and the URL goes out as it came in, because it is signed.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import Payload
from attrs import define, field, frozen
from yarl import URL

from mi_async._core.wire import Request, Response
from mi_async.errors import (
    ConfigError,
    ConnectError,
    DisconnectedError,
    InvalidArgumentError,
    MIError,
    ResponseError,
    TimeoutError,  # noqa: A004  ours; aiohttp's and asyncio's are named by module
    TransportError,
)

MAX_RESPONSE = 64 * 2**20
SLICE = 128 * 2**10
KEPT = 2.0
"""Seconds for which a connection to the storage is kept without being used; servers keep theirs for longer."""
SSL_OF_AIOHTTP = re.compile(r" ssl:(\w+|<[^>]*>)(?= \[)")
"""What aiohttp says of TLS where it cannot connect, with or without TLS."""
SENT_ONCE = frozenset({"POST", "PATCH"})
"""Methods that aiohttp does not send again by itself."""


@frozen
class Timeout:
    """How long things may take, in seconds; None means for ever.

    Args:
        connect: for connecting: TCP and TLS. Waiting for a free connection of the pool counts to the total alone.
        read: between two pieces of an answer.
        total: the whole call, its waits for quota and its repeats included.
    """

    connect: float | None = 10.0
    read: float | None = 60.0
    total: float | None = 600.0

    def __attrs_post_init__(self) -> None:
        """Refuse what cannot work."""
        if any(value is not None and not value > 0 for value in (self.connect, self.read, self.total)):
            message = f"a timeout is a number of seconds above 0, or None: {self}"
            raise ConfigError(message)


class SlicedBytes(Payload):
    """A body in memory, written in slices: whole ``bytes`` over TLS cost three times the CPU and 10 MiB a request."""

    def __init__(self, value: bytes, content_type: str) -> None:
        super().__init__(memoryview(value), content_type=content_type)
        self._size = len(value)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Text of the body, which aiohttp's interface wants."""
        return bytes(self._value).decode(encoding, errors)

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Write the whole body; may be called again for a repeat."""
        await self.write_with_length(writer, None)

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Write the body up to a length."""
        end = self._size or 0 if content_length is None else content_length
        for start in range(0, end, SLICE):
            await writer.write(self._value[start : min(start + SLICE, end)])


@define(eq=False)
class Transport:
    """Two pools of connections: one to the API, one for uploads to Object Storage.

    Args:
        base_url: of the API, without ``/api/v1``.
        timeout: connect and read apply here; the total comes with each request.
        connector: the caller's own pool; it is used for both and never closed here.
        proxy: URL of an HTTP proxy for both.
        user_agent: sent with every request to the API.
        max_response: bytes of the largest answer that is read.
    """

    base_url: URL
    timeout: Timeout
    connector: aiohttp.BaseConnector | None
    proxy: str | None = field(repr=False)  # may hold a password
    user_agent: str
    max_response: int = MAX_RESPONSE
    _api: aiohttp.ClientSession = field(init=False)
    _storage: aiohttp.ClientSession = field(init=False)
    _timeout: aiohttp.ClientTimeout = field(init=False)
    _origin: str = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Open both pools; must run in the event loop that will use them."""
        self._origin = str(self.base_url.origin())
        self._timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=self.timeout.connect, sock_read=self.timeout.read
        )
        self._api = self._pool(aiohttp.TCPConnector, {"User-Agent": self.user_agent})
        # An upload URL is good for one try, so a connection that the storage may have closed meanwhile is not used
        # again; one that was in use a moment ago is, since a connection for each picture costs a TLS handshake each.
        self._storage = self._pool(lambda: aiohttp.TCPConnector(keepalive_timeout=KEPT), {})

    def _pool(self, make: Callable[[], aiohttp.BaseConnector], headers: Mapping[str, str]) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=self.connector or make(),
            connector_owner=self.connector is None,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=headers,
            proxy=self.proxy,
            timeout=self._timeout,
        )

    def send(self, request: Request, headers: Mapping[str, str]) -> Awaitable[Response]:
        """Send a request to the API; the deadline is kept by the caller.

        Args:
            request: its target is sent as it is.
            headers: the signature and whatever hooks added.

        Raises:
            TransportError: the network failed, or the answer is truncated or too large.
        """
        url = URL(self._origin + request.target, encoded=True)
        return self._exchange(self._api, request.method, url, data=request.body, headers=headers)

    async def put(self, url: str, body: bytes, content_type: str, total: float | None) -> Response:
        """PUT a body to a presigned URL, untouched, with its Content-Length.

        Raises:
            TransportError: as for ``send``; the query of the URL is in no message.
            ResponseError: the URL that the service issued is not one.
        """
        target = _absolute(url)
        payload = SlicedBytes(body, content_type)
        headers = {"Content-Type": content_type, "Content-Length": str(len(body))}
        return await self._exchange(self._storage, "PUT", target, data=payload, headers=headers, total=total)

    async def _exchange(
        self,
        pool: aiohttp.ClientSession,
        method: str,
        url: URL,
        *,
        data: Any,
        headers: Mapping[str, str],
        total: float | None = None,
    ) -> Response:
        timeout = self._timeout if total is None else _limited(self._timeout, total)
        guard = () if method in SENT_ONCE else (_once,)
        try:
            async with pool.request(
                method, url, data=data, headers=headers, timeout=timeout, allow_redirects=False, middlewares=guard
            ) as answer:
                return Response(answer.status, answer.headers, await _read(answer, self.max_response))
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _mapped(error, url) from _cause(error)

    async def aclose(self) -> None:
        """Close both pools; a connector of the caller's stays open."""
        await self._api.close()
        await self._storage.close()


def _absolute(url: str) -> URL:
    with suppress(ValueError):  # a port that is no number is found when the host is asked for
        target = URL(url, encoded=True)
        if target.scheme in {"http", "https"} and target.host:
            return target
    message = "the presigned URL is not an absolute http or https URL"
    raise ResponseError(message)


def _limited(timeout: aiohttp.ClientTimeout, total: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(
        total=max(total, 0.001), sock_connect=timeout.sock_connect, sock_read=timeout.sock_read
    )


async def _once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending GET, PUT and DELETE a second time when the connection breaks.

    That send would pay no quota, bear an old signature, use up a single-use URL, and hide from us that the first one
    may have had its effect. aiohttp repeats on errors of its own only, so here they become ours.
    """
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise  # was never sent, and is never repeated
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _mapped(error, request.url) from error


async def _read(answer: aiohttp.ClientResponse, limit: int) -> bytes:
    """The body, up to the limit; a compressed one is counted as it unpacks."""
    announced = answer.content_length
    if announced is not None and announced <= limit and "Content-Encoding" not in answer.headers:
        return await answer.read()
    pieces, size = [], 0
    async for piece in answer.content.iter_any():
        size += len(piece)
        if size > limit:
            message = f"the answer is larger than {limit} bytes"
            raise ResponseError(message, status=answer.status)
        pieces.append(piece)
    return b"".join(pieces)


def _mapped(error: Exception, url: URL) -> MIError:
    """Our error for one of aiohttp's; the query of the URL is never in it."""
    kind, text = next((kind, text) for foreign, kind, text in _MAPPING if isinstance(error, foreign))
    whole = SSL_OF_AIOHTTP.sub("", str(error)) or type(error).__name__
    said = text.format(status=getattr(error, "status", 0), said=whole)
    return kind(f"{url.scheme}://{url.host}:{url.port}{url.raw_path}: {said}")


# First match wins; a text without {said} keeps back what aiohttp says, because it quotes the URL.
_MAPPING: tuple[tuple[tuple[type[Exception], ...], type[MIError], str], ...] = (
    ((aiohttp.ClientHttpProxyError,), ConnectError, "the proxy answered {status}"),
    ((aiohttp.ConnectionTimeoutError,), ConnectError, "no connection in time"),
    ((aiohttp.ClientConnectorError,), ConnectError, "{said}"),
    ((asyncio.TimeoutError,), TimeoutError, "no answer in time"),
    ((aiohttp.ClientPayloadError,), ResponseError, "the answer is truncated or cannot be decoded"),
    ((aiohttp.ClientResponseError,), ResponseError, "the answer is not HTTP"),
    ((aiohttp.InvalidURL,), InvalidArgumentError, "not a URL that can be requested"),
    ((aiohttp.ClientConnectionError, OSError), DisconnectedError, "{said}"),
    ((Exception,), TransportError, "{said}"),
)


def _cause(error: Exception) -> Exception | None:
    """The foreign error as a cause, unless it carries the request, and with it a signature or a presigned URL."""
    carries = isinstance(error, aiohttp.ClientResponseError | aiohttp.InvalidURL)
    return None if carries else error
