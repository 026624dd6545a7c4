"""Connection to the storage: one call, made once.

Invariant: no foreign exception leaves; nothing is sent before it is clear where to. The client is made with the first
call. Calls are signed by the storage's clock, as far as its own refusals or the API's have shown it.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

from attrs import define, field

from mi_async._core.clock import Clock
from mi_async._core.extras import require
from mi_async._core.failed_attempt import correction_line
from mi_async._core.http_messages import Response
from mi_async._core.inflight import InFlightCall, InFlightCalls
from mi_async.credentials import Credentials
from mi_async.errors import AuthenticationError, ConfigError, MIError
from mi_async.errors import TimeoutError as NoAnswerError
from mi_async.storage.errors import breakdown, unmade
from mi_async.storage.local_file import Piece
from mi_async.storage.models import Call, Network, Prefix, Storage, StoredObject
from mi_async.storage.responses import content_md5

if TYPE_CHECKING:
    from mi_async.storage.client import Client

_log = logging.getLogger(__name__)

LEAST_RATE = 32 * 1024
"""Bytes a second below which a request with a body counts as stuck."""
PATIENCE = 60.0
"""Seconds that a request may take besides the time for its body."""
COMPLETION = 600.0
"""Seconds for making an object of its parts: S3 says that a large one takes minutes."""
WORTH_LEARNING = 30.0
"""Seconds: a smaller change of the clock's offset cannot explain a refused timestamp."""


@define(eq=False)
class Connection:
    """Object Storage as a session reaches it.

    Args:
        storage: where it is.
        keys: the session's current keys.
        in_flight: what the session ends when it closes.
        check_usable: refuses a closed session.
        clock: the time.
        network: how the storage is reached.
        offset: seconds by which the service's clock is ahead of ours, as far as the API has shown.
        unset: why this storage may not be meant at all; '' if it is.
    """

    storage: Storage
    keys: Callable[[], Awaitable[Credentials]]
    in_flight: InFlightCalls
    check_usable: Callable[[], None]
    clock: Clock
    network: Network
    offset: Callable[[], float] = lambda: 0.0
    unset: str = ""
    _open: AsyncExitStack = field(init=False, factory=AsyncExitStack)
    _client: "Client | None" = field(init=False, default=None)
    _opening: asyncio.Lock = field(init=False, factory=asyncio.Lock)
    _learnt: float | None = field(init=False, default=None)  # offset of the storage's own clock; None until it refused

    async def ask(
        self,
        operation: str,
        place: StoredObject | Prefix,
        piece: Piece | None = None,
        *,
        seconds: float = PATIENCE,
        heard: Callable[[Response], None] | None = None,
        **parameters: Any,
    ) -> dict[str, Any]:
        """Make one call.

        Args:
            operation: botocore's name for it.
            place: what it is about.
            piece: bytes that go along, with their MD5 sum.
            seconds: that it may take, besides the time for its body.
            heard: is given the answer, whatever it says.
            parameters: of botocore's.

        Raises:
            MIError: whatever went wrong.
        """
        self.check_usable()
        self.check_meant()
        call = Call(operation, place, self.storage.url, None if piece is None else piece.body, heard)
        if piece is not None:
            # botocore sees no body: it would look at each byte, and add headers that proxies stumble over.
            parameters |= {"Body": b"", "ContentMD5": content_md5(piece)}
            seconds += len(piece.body) / LEAST_RATE
        with InFlightCall(self.in_flight, float("inf")):
            client = await self._connected()
            async with self._mapped(call):
                async with asyncio.timeout(seconds):
                    return await client.ask(call, **parameters)

    def check_meant(self) -> None:
        """Refuse a storage that nobody has named, before anything goes there.

        Raises:
            ConfigError: it is the vendor's, and the service is not.
        """
        if self.unset:
            raise ConfigError(self.unset)

    async def aclose(self) -> None:
        """Close the connections; closing again does nothing."""
        await self._open.aclose()

    def _now(self) -> float:
        return self.clock.wall() + self._offset

    def _learn(self, error: AuthenticationError) -> None:
        """Learn the storage's clock from a refusal that shows it, and mark the refusal as worth one retry."""
        if error.clock_offset is None:
            return
        missing = error.clock_offset
        self._learnt = self._offset + missing
        error.clock_corrected = abs(missing) >= WORTH_LEARNING
        if error.clock_corrected:
            _log.warning("storage: %s", correction_line(self._learnt))
        if abs(self._learnt) >= WORTH_LEARNING:
            error.name_offset(self._learnt)

    @property
    def _offset(self) -> float:
        return self.offset() if self._learnt is None else self._learnt

    async def _connected(self) -> "Client":
        async with self._opening:
            if self._client is None:
                try:
                    make = await asyncio.to_thread(self._prepare)
                    self._client = await self._open.enter_async_context(make())
                except MIError:
                    raise
                except Exception as error:
                    raise unmade(error, self.storage.url) from error
            return self._client

    def _prepare(self) -> "Callable[[], AbstractAsyncContextManager[Client]]":
        """Load the library and its models, which takes a moment."""
        require("storage")
        from mi_async.storage.client import prepare_client  # noqa: PLC0415  an extra, and slow to load

        return prepare_client(self.storage, self.keys, self.network, self._now, COMPLETION)

    @asynccontextmanager
    async def _mapped(self, call: Call) -> AsyncGenerator[None]:
        try:
            yield
        except MIError as error:
            if isinstance(error, AuthenticationError):
                self._learn(error)
            raise
        except TimeoutError as error:
            message = f"{call}: no end in time"
            raise NoAnswerError(message) from error
        except Exception as error:  # noqa: BLE001  whatever the library makes of an odd answer
            raise breakdown(error, call) from _harmless(error)


def _harmless(error: Exception) -> Exception | None:
    """Return the library's error as a cause, None where it may hold a request with its secrets."""
    return None if hasattr(error, "request") else error
