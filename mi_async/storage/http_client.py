"""HTTP to Object Storage: one signed request out, one whole answer in.

Invariant: nothing is followed, repeated, unpacked or waited for without limit; no foreign error leaves, and no message
quotes a URL's query or a proxy. What is not a success is raised here, so that botocore sees successes only.
"""

import math
import ssl
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from typing import Any

import aiohttp
from attrs import define, evolve, field
from yarl import URL

from mi_async._core.address import Address
from mi_async._core.clock import Clock
from mi_async._core.connections import Answer, Connections
from mi_async._core.http_messages import Request, Response
from mi_async._core.inflight import InFlightCall, InFlightCalls
from mi_async._core.key_advice import form_fault, named_key
from mi_async._core.network_errors import PROXY_AUTH, proxy_refusal, with_our_errors
from mi_async._core.signing import SignedHeaders
from mi_async._core.transport import SlicedBytes, silence
from mi_async.credentials import Credentials
from mi_async.errors import AuthenticationError, ResponseError
from mi_async.storage.errors import redirected, storage_error
from mi_async.storage.models import Call, Network, Storage
from mi_async.storage.part_layout import MOST_AT_ONCE
from mi_async.storage.signature import sign

KEPT = 12.0
"""Seconds for which a connection is kept without being used; servers keep theirs for longer."""
DROPPED = frozenset({"expect", "content-length", "transfer-encoding", "authorization", "user-agent"})
"""Headers of botocore's that are not sent as they are.

Expect: aiohttp would wait for the interim answer without limit, and many proxies never give one.
"""

_listen: ContextVar[Callable[[], None]] = ContextVar("_listen")  # gives the running attempt the whole time to read


@define(eq=False)
class HttpClient:
    """The connections to a storage.

    Args:
        storage: where it is.
        keys: the session's current keys.
        network: how it is reached.
        trust: certificates; None where there is no TLS on the way.
        now: seconds since the epoch, by the storage's clock.
    """

    storage: Storage
    keys: Callable[[], Awaitable[Credentials]]
    network: Network
    trust: ssl.SSLContext | None
    now: Callable[[], float]
    _session: aiohttp.ClientSession = field(init=False)
    # By the seconds to read: the deadlines of each come in one order. The time is kept here, as for the API,
    # because aiohttp's `sock_read` has no timer while it waits behind a 103 or a chunk that is garbage.
    _silences: dict[float, InFlightCalls] = field(init=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        """Open the pool; must run in the event loop that will use it."""
        self._session = aiohttp.ClientSession(
            connector=Connections(keep=KEPT, trust=self.trust, limit=2 * MOST_AT_ONCE, connected=_listening),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": self.network.agent},
            skip_auto_headers={"Content-Type"},
            auto_decompress=False,
            response_class=Answer,
        )

    async def send(self, request: Request, headers: Mapping[str, str], call: Call, read: float | None) -> Response:
        """Send a request and read its answer.

        Args:
            request: its target is the whole URL, percent-encoded, as it is sent.
            headers: that go along, the signature not among them.
            call: what is asked, for messages.
            read: seconds between two pieces of the answer; None for ever.

        Raises:
            APIError: the storage says no.
            ConfigError: it answers with a redirect.
            TransportError: the network failed, or the answer is truncated or too large.
        """
        sent = {name: value for name, value in headers.items() if name.lower() not in DROPPED}
        covered = None if "Content-MD5" in sent else request.body or b""
        keys, now = await self.keys(), self.now()
        signed = sign(evolve(request, body=covered), sent, keys=keys, region=self.storage.region, now=now)
        whole = SignedHeaders({**sent, **_length(request), **signed, "Accept-Encoding": "identity"})
        address = Address(URL(request.target, encoded=True))
        attempt = self._attempt(request, address, whole, call, read)
        answer = await with_our_errors(attempt, address, call)
        if call.heard is not None:
            call.heard(answer)
        if answer.status >= 400:  # noqa: PLR2004  the HTTP classes of errors
            refused = storage_error(answer, call, now)
            if isinstance(refused, AuthenticationError):
                refused.name_key(named_key(keys), form_fault(keys))
            raise refused
        if answer.status >= 300:  # noqa: PLR2004  the HTTP class of redirects
            raise redirected(answer, call)
        return answer

    async def _attempt(
        self, request: Request, address: Address, headers: SignedHeaders, call: Call, read: float | None
    ) -> Response:
        content_type = headers.get("Content-Type", "application/octet-stream")
        payload: Any = None
        if request.body is not None:  # the time to read begins when it is sent
            payload = SlicedBytes(request.body, content_type, sent=_listening)
        seconds = math.inf if read is None else read
        silences = self._silences.setdefault(seconds, InFlightCalls(Clock(), silence))
        with InFlightCall(silences, math.inf) as awaited:
            _listen.set(lambda: awaited.postpone(seconds))
            async with self._session.request(
                request.method,
                address.url,
                data=payload,
                headers=headers,
                proxy=self.network.proxy,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self.network.connect),
                allow_redirects=False,
            ) as answer:
                if answer.status == PROXY_AUTH and self.network.proxy is not None:
                    raise proxy_refusal(PROXY_AUTH, call)
                lowered = {name.lower(): value for name, value in answer.headers.items()}
                return Response(answer.status, lowered, await _read(answer, self.network.largest))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._session.close()
        for silences in self._silences.values():
            silences.stop()


def _listening() -> None:
    _listen.get()()


def _length(request: Request) -> dict[str, str]:
    """Chunked bodies are refused by storages: the length always goes along where there may be a body."""
    if request.body is None and request.method not in {"PUT", "POST"}:
        return {}
    return {"Content-Length": str(len(request.body or b""))}


async def _read(answer: aiohttp.ClientResponse, largest: int) -> bytes:
    pieces, size = [], 0
    _listening()
    async for piece in answer.content.iter_any():
        _listening()
        size += len(piece)
        if size > largest:
            message = f"the answer is larger than {largest} bytes"
            raise ResponseError(message, status=answer.status)
        pieces.append(piece)
    return b"".join(pieces)
