"""The network: one request in, one response out.

Invariant: aiohttp's client is used here, in connections and body, and nowhere else; its errors are mapped in
network_errors. No retry, no redirect, no cookies, and the URL goes out as it came in, because it is signed.
"""

import math
import ssl
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from functools import partial
from typing import Any

import aiohttp
from aiohttp import hdrs
from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import Payload
from attrs import define, field, frozen
from yarl import URL

from mi_async._core.address import Address
from mi_async._core.body import MAX_RESPONSE, read_body, whole_body
from mi_async._core.clock import Clock
from mi_async._core.connections import Answer, Connections
from mi_async._core.http_messages import Request, Response, make_response
from mi_async._core.inflight import InFlightCall, InFlightCalls
from mi_async._core.network_errors import PROXY_AUTH, proxy_refusal, with_our_errors
from mi_async._core.proxies import Proxies, ProxyChoice
from mi_async._core.values import Value
from mi_async.errors import ConfigError, ResponseError
from mi_async.text import MaskedURL, escaped

SLICE = 128 * 2**10
KEPT = 2.0
"""Seconds for which a connection to the storage is kept without being used; servers keep theirs for longer."""
KEPT_API = 15.0
"""Seconds for which a connection to the API is kept; aiohttp's own default."""
ENCODINGS = "gzip, deflate"
"""Accepted compressions of answers: those that every installation can decompress piece by piece."""
JSON: Mapping[str, str] = {hdrs.CONTENT_TYPE: "application/json"}
"""Sent with every request to the API, those without a body too, as the service's pages have it."""
FIRST_REDIRECT, FIRST_ERROR = 300, 400

_awaited: ContextVar[InFlightCall] = ContextVar("_awaited")
"""The answer that the running attempt waits for."""


def _limit(seconds: float | None) -> float | None:
    """Return None for infinity: a timer of aiohttp cannot be set to it."""
    return None if seconds == math.inf else seconds


@frozen(eq=False, repr=False)
class Timeout(Value):
    """Time limits in seconds; None and infinity mean no limit.

    Args:
        connect: for connecting: TCP and TLS. Waiting for a free connection of the pool counts to the total alone.
        read: from the request to the head of its answer, and between two pieces of the body.
        total: the whole call, its waits for quota and its retries included.
    """

    connect: float | None = field(default=10.0, converter=_limit)
    read: float | None = field(default=60.0, converter=_limit)
    total: float | None = field(default=600.0, converter=_limit)

    def __attrs_post_init__(self) -> None:
        """Refuse what cannot work."""
        for name, value in (("connect", self.connect), ("read", self.read), ("total", self.total)):
            if value is not None and not value > 0:
                message = f"timeout must be > 0 seconds, got {name}={value:g}; leave it out for the default"
                raise ConfigError(message)


class SlicedBytes(Payload):
    """A body in memory, written in slices: whole ``bytes`` over TLS cost three times the CPU and 10 MiB a request.

    Args:
        value: the body.
        content_type: of it.
        begins: called before it is written, in the context of the request.
        sent: called when it has been written, likewise.
    """

    def __init__(
        self,
        value: bytes,
        content_type: str,
        begins: Callable[[], None] | None = None,
        sent: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(memoryview(value), content_type=content_type)
        self._size = len(value)
        self._begins, self._sent = begins, sent

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Text of the body, which aiohttp's interface wants."""
        return bytes(self._value).decode(encoding, errors)

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Write the whole body; may be called again for a retry."""
        await self.write_with_length(writer, None)

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Write the body up to a length."""
        if self._begins is not None:
            self._begins()
        end = self._size or 0 if content_length is None else content_length
        for start in range(0, end, SLICE):
            await writer.write(self._value[start : min(start + SLICE, end)])
        if self._sent is not None:
            self._sent()


@define(eq=False)
class Transport:
    """Two pools of connections: one to the API, one for images in Object Storage.

    Args:
        base_url: of the API, without ``/api/v1``.
        timeout: connect and read apply here; the total comes with each request.
        connector: the caller's own pool; it is used for both, with the trust that it has, and never closed here.
        proxy: URL of an HTTP proxy for both, or a function that chooses one for each host.
        user_agent: sent with every request to the API.
        max_response: bytes of the largest answer that is read.
        trust: certificates to trust; None for aiohttp's default, the system's.

    Attributes:
        origin: scheme, host and port of the API.
    """

    base_url: URL
    timeout: Timeout
    connector: aiohttp.BaseConnector | None
    proxy: ProxyChoice = field(repr=False)  # may hold a password
    user_agent: str
    max_response: int = MAX_RESPONSE
    trust: ssl.SSLContext | None = None
    _api: aiohttp.ClientSession = field(init=False)
    _storage: aiohttp.ClientSession = field(init=False)
    _timeout: aiohttp.ClientTimeout = field(init=False)
    _silences: InFlightCalls = field(init=False)
    origin: str = field(init=False)
    _url: Callable[..., URL] = field(init=False)
    _proxies: Proxies | None = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Open both pools; must run in the event loop that will use them."""
        self.origin = str(self.base_url.origin())
        authority = self.base_url.origin().raw_authority
        self._url = partial(URL.build, scheme=self.base_url.scheme, authority=authority, encoded=True)
        self._proxies = None if self.proxy is None else Proxies(self.proxy)
        # The time to read is kept here and not by aiohttp's `sock_read`, which sets and cancels two timers for each
        # answer, and none while it waits behind a 103 or a chunk that is garbage: such a call would wait for its total.
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=self.timeout.connect)
        self._silences = InFlightCalls(Clock(), silence)
        sent = {hdrs.USER_AGENT: self.user_agent, hdrs.ACCEPT_ENCODING: ENCODINGS, **JSON}
        self._api = self._pool(KEPT_API, sent)
        # An upload URL is good for one try, so a connection that the storage may have closed meanwhile is not used
        # again; one that was in use a moment ago is, since a connection for each image costs a TLS handshake each.
        self._storage = self._pool(KEPT, {})

    def _pool(self, keep: float, headers: Mapping[str, str]) -> aiohttp.ClientSession:
        """Open a pool; the time to read of a request begins when it has got its connection."""
        traces = []
        if self.connector is not None:  # somebody else's connector calls only traces
            traces.append(_trace(self._listen))
        return aiohttp.ClientSession(
            connector=self.connector or Connections(keep=keep, trust=self.trust, connected=self._listen),
            connector_owner=self.connector is None,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=headers,
            timeout=self._timeout,
            response_class=Answer,
            trace_configs=traces,
        )

    def _listen(self) -> None:
        """Give the running attempt the whole time to read, from now."""
        _awaited.get().postpone(math.inf if self.timeout.read is None else self.timeout.read)

    def _stop_listening(self) -> None:
        """Give the running attempt no time to read, until its body is sent."""
        _awaited.get().postpone(math.inf)

    def send(self, request: Request, headers: Mapping[str, str]) -> Awaitable[Response]:
        """Send a request to the API; the deadline is kept by the caller.

        Args:
            request: its target is sent as it is.
            headers: the signature and whatever hooks added.

        Raises:
            TransportError: the network failed, or the answer is truncated, too large or a redirect.
        """
        options: Mapping[str, Any]
        if request.body is None:
            # Nearly always another path than the last time: taken as it is, for which yarl's cache would be searched.
            path, _, query = request.target.partition("?")
            url, options = self._url(path=path, query_string=query), {"headers": headers}
        else:  # nearly always the same few paths, which yarl remembers with all that aiohttp asks of them
            url = URL(self.origin + request.target, encoded=True)
            options = {"headers": headers, "data": request.body}
        address = Address(url)
        attempt = self._attempt(self._api, request.method, address, options, self.max_response)
        return with_our_errors(attempt, address)

    async def put(self, url: str, body: bytes, content_type: str, total: float | None) -> Response:
        """PUT a body to a presigned URL, untouched, with its Content-Length.

        Raises:
            TransportError: as for ``send``; the query of the URL is in no message.
            ResponseError: the URL that the service issued is not one that a body may be sent to.
        """
        url = MaskedURL(url)  # from here on it is in local variables, which reports of errors may show
        address = Address.presigned(url, secure=self.base_url.scheme == "https")
        # The time to read stands still while the body is sent, which may take long.
        payload = SlicedBytes(body, content_type, begins=self._stop_listening, sent=self._listen)
        headers = {"Content-Type": content_type, "Content-Length": str(len(body))}
        options: dict[str, Any] = {"headers": headers, "data": payload}
        if total is not None:
            options["timeout"] = _limited(self._timeout, total)
        attempt = self._attempt(self._storage, "PUT", address, options, self.max_response)
        return await with_our_errors(attempt, address)

    async def get(self, url: str, most: int, total: float) -> Response:
        """GET a presigned URL, untouched and unsigned, on the connections of the storage.

        Args:
            url: that the service has issued.
            most: bytes of the body that are read.
            total: seconds, those until the head of the answer included.

        Raises:
            TransportError: as for ``send``; the query of the URL is in no message.
            ResponseError: the URL that the service issued is not one that may be asked, or the body is larger.
        """
        url = MaskedURL(url)  # as in put
        address = Address.presigned(url, secure=self.base_url.scheme == "https")
        # What is not packed is bounded by its own bytes; and no type: some storages sign what they are asked to accept.
        options = {"headers": {"Accept-Encoding": "identity"}, "timeout": _limited(self._timeout, total)}
        return await with_our_errors(self._attempt(self._storage, "GET", address, options, most), address)

    async def _attempt(
        self, pool: aiohttp.ClientSession, method: str, address: Address, options: Mapping[str, Any], most: int
    ) -> Response:
        proxy = None if self._proxies is None else self._proxies.of(address.url)
        awaited = InFlightCall(self._silences, math.inf)  # waits for a free connection, which takes what it takes
        _awaited.set(awaited)
        with awaited:
            # Not `async with`, which costs some points of a call. An answer that was read to its end has given its
            # connection back by itself, unless it came before the upload was sent whole.
            answer = await pool.request(method, address.url, allow_redirects=False, proxy=proxy, **options)
            try:
                if FIRST_REDIRECT <= answer.status < FIRST_ERROR:
                    raise _redirected(answer, address)
                if answer.status == PROXY_AUTH and proxy is not None:
                    raise proxy_refusal(PROXY_AUTH, address)
                body = whole_body(answer, most)
                if body is None:
                    body = await read_body(answer, most, self._listen)
                return make_response(answer.status, answer.headers, body)
            finally:
                if answer.connection is not None:
                    answer.release()

    async def aclose(self) -> None:
        """Close both pools; a connector of the caller's stays open."""
        await self._api.close()
        await self._storage.close()
        self._silences.stop()


def _redirected(answer: aiohttp.ClientResponse, address: Address) -> ResponseError:
    """Return the error for a redirect: it would send a signature, or a customer's file, to a host of its choosing."""
    place = answer.headers.get("Location", "")
    try:
        host = URL(place).host or address.url.host
    except ValueError:
        host = place
    message = f"{address}: HTTP {answer.status}, a redirect to {escaped(host or 'nowhere', 100)}; it is not followed"
    error = ResponseError(message, status=answer.status)
    error.permanent, error.ambiguous = True, False
    return error


def _limited(timeout: aiohttp.ClientTimeout, total: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=max(total, 0.001), sock_connect=timeout.sock_connect)


def silence(_failure: Exception | None) -> Exception:
    """Return the error of an answer that did not come in its time to read."""
    return aiohttp.SocketTimeoutError("Timeout on reading data from socket")


def _trace(connected: Callable[[], None]) -> aiohttp.TraceConfig:
    """Call ``connected`` for each request whose head is written, with any connector."""

    async def sent(*_: object) -> None:
        connected()

    trace = aiohttp.TraceConfig()
    trace.on_request_headers_sent.append(sent)
    return trace
