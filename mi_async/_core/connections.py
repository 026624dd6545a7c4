"""Pools of connections to the API and the storage.

Invariant: a connection that is used again has nothing to read. Bytes that nobody has asked for are a late or a second
answer, and HTTP/1.1 would hand them to the next request as its own; an end of file is a server that has closed it.
No request is sent twice unless we decide so.
"""

import select
import ssl
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import aiohttp
from aiohttp.client_proto import ResponseHandler

from mi_async._core.read_sizes import open_socket

if TYPE_CHECKING:
    from aiohttp.tracing import Trace

NOT_YET: Callable[[], object] = partial(bool)
"""Look at a connection that was used once: none was made so far."""


class Connections(aiohttp.TCPConnector):
    """aiohttp's pool, which looks at a connection before it is used again.

    Args:
        connected: called when a request has got its connection, in the context of the request.
        keep: seconds for which an idle connection is kept.
        trust: certificates to trust; None for aiohttp's default, the system's.
        limit: the most connections at once; aiohttp's default.
    """

    def __init__(
        self,
        *,
        connected: Callable[[], None],
        keep: float = 15.0,
        trust: ssl.SSLContext | None = None,
        limit: int = 100,
    ) -> None:
        self._connected = connected
        super().__init__(
            keepalive_timeout=keep,
            ssl=True if trust is None else trust,
            limit=limit,
            socket_factory=open_socket,
        )
        self._looks: WeakKeyDictionary[ResponseHandler, Callable[[], object]] = WeakKeyDictionary()

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list["Trace"],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109  aiohttp's signature
    ) -> aiohttp.connector.Connection:
        """Get a connection that has nothing to read, or a new one."""
        while True:  # ends: each turn but the last takes one out of the pool
            connection = await super().connect(req, traces, timeout)
            protocol: Any = connection.protocol  # None only once it is released
            look = self._looks.get(protocol)
            if look is None:  # new, and not looked at: a TLS server sends session tickets unasked
                self._looks[protocol] = NOT_YET
                break
            if not protocol.should_close:
                if look is NOT_YET:  # a new connection may be closed already, and has no socket then
                    look = self._looks[protocol] = _look_at(connection.transport)
                if not look():
                    break
            connection.close()
        self._connected()
        return connection


class BrokenError(Exception):
    """A broken connection, on its way past aiohttp, which would send the request again."""


class Answer(aiohttp.ClientResponse):
    """An answer whose request aiohttp does not send a second time, as it does GET, PUT and DELETE.

    That send would pay no quota, bear an old signature, use up a single-use URL, skip the look for an object that is
    there by now, and hide from us that the first one may have had its effect.
    """

    async def start(self, connection: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        """Wait for the head."""
        try:
            return await super().start(connection)
        except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
            raise BrokenError(error) from None  # aiohttp repeats on errors of its own only

    async def wait_for_close(self) -> None:
        """Release the connection, which ends an upload that was answered before it was sent whole.

        aiohttp waits for that end, and in the clean-up of a cancelled task takes it for another cancellation: the
        answer would be lost.
        """
        self.release()


def _look_at(transport: Any) -> Callable[[], object]:
    """Return a function that finds if bytes, or the end, have arrived that the event loop has not read yet.

    urllib3 looks likewise. What it looks with is made once for each connection, and not at each request.
    """
    number = transport.get_extra_info("socket").fileno()
    if not hasattr(select, "poll"):  # Windows, whose select() takes any socket; elsewhere it takes those below 1024
        return lambda: select.select([number], [], [], 0)[0]
    poll = select.poll()
    poll.register(number, select.POLLIN)
    return partial(poll.poll, 0)
