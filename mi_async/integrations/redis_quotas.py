"""Quotas that many processes share, in Redis or Valkey: two scripts, and the client that runs them.

Invariant: the only import of redis. A URL's user and password are in no message, repr or log.
"""

import hashlib
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from importlib.resources import files
from types import ModuleType
from typing import Any, Protocol

from attrs import define, field, frozen
from yarl import URL

from mi_async._core.extras import require
from mi_async._core.quota_store import Exchange, Granted, OnLoss
from mi_async._core.url_secrets import has_stray_at
from mi_async.errors import ConfigError, QuotaStoreError
from mi_async.text import escaped

SCHEMES = ("redis", "rediss", "unix")
PARTS = ("state", "cooling", "held", "alive", "line")
"""Keys of a quota, in the order of the script."""
CONNECT = 1.5
"""Seconds to connect, TLS included: less than the limiter gives an answer, so that the error names the server."""
HINT = "redis://host:6379/0, or rediss:// for TLS"


class RedisClient(Protocol):
    """Methods used of ``redis.asyncio.Redis``, which clients of a Sentinel or a Cluster have too."""

    def evalsha(self, sha: str, numkeys: int, /, *keys_and_args: str | int) -> Awaitable[Any]:
        """Run a script that the server knows."""
        ...

    def eval(self, script: str, numkeys: int, /, *keys_and_args: str | int) -> Awaitable[Any]:
        """Run a script, which the server then knows."""
        ...

    async def aclose(self) -> None:
        """Close its connections."""
        ...


@frozen
class Script:
    """A script of this package.

    Attributes:
        text: in Lua.
        digest: by which a server knows it.
    """

    text: str = field(repr=False)
    digest: str

    @classmethod
    def load(cls, name: str) -> "Script":
        """Read one that is installed beside this module."""
        text = (files("mi_async.integrations") / name).read_text(encoding="utf-8")
        return cls(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


@define(eq=False, init=False, repr=False)
class RedisQuotas:
    """A Redis or Valkey server that keeps the quotas of many processes, for ``connect(quota_store=...)``.

    Every process that shares a quota names the same server, and the same account if it names one.

    Args:
        url: ``redis://[user:password@]host:port/db``, ``rediss://`` for TLS, ``unix:///path``; None with ``client``.
        account: name of the account whose quotas these are, any text; without it that of the access key. Several keys
            of one account share its quotas, and keys that expire have no name that lasts: give them one.
        on_loss: while the server does not answer, ``"wait"`` for it, or ``"share"``: after 5 s go on with half of an
            equal share of the quota. That is not exact: 429s may follow.
        prefix: first part of every key.
        client: a client of yours (``redis.asyncio.Redis``, of a Sentinel, ``RedisCluster``), made in the event loop of
            the session; it is not closed.
        client_options: of ``redis.asyncio.from_url``: ``password=``, ``ssl_ca_certs=``, ``socket_timeout=`` ...

    Raises:
        ConfigError: a setting that cannot work, or redis is not installed.
    """

    account: str | None
    on_loss: OnLoss
    prefix: str
    _url: str
    _client: RedisClient | None
    _options: dict[str, Any]
    _place: str

    def __init__(
        self,
        url: str | None = None,
        *,
        account: str | None = None,
        on_loss: OnLoss = "wait",
        prefix: str = "mi-async",
        client: RedisClient | None = None,
        **client_options: Any,
    ) -> None:
        require("redis")
        _check_names(account, on_loss)
        if (url is None) == (client is None):
            message = f"give RedisQuotas a URL ({HINT}) or client=, one of the two"
            raise ConfigError(message)
        if client is not None and client_options:
            message = f"{', '.join(client_options)}: options of a client of ours; client= has its own"
            raise ConfigError(message)
        self.account, self.on_loss, self.prefix = account, on_loss, prefix
        self._url, self._client, self._options = url or "", client, client_options
        self._place = "client=" if url is None else _shown(url)
        if url is not None:
            self._pool()

    def open(self, tag: str) -> "RedisConnection":
        """Make a connection for a session; nothing is sent yet."""
        if self._client is not None:
            return RedisConnection(self._client, self.prefix, tag, self._place, owned=False)
        import redis.asyncio  # noqa: PLC0415  an extra

        client = redis.asyncio.Redis.from_pool(self._pool())
        return RedisConnection(client, self.prefix, tag, self._place, owned=True)

    def _pool(self) -> Any:
        import redis.asyncio  # noqa: PLC0415  an extra
        from redis.asyncio.retry import Retry  # noqa: PLC0415
        from redis.backoff import NoBackoff  # noqa: PLC0415

        # The limiter has its own tries: those of the library wait for seconds, and each may have had its effect.
        options = {"retry": Retry(NoBackoff(), 0), "socket_connect_timeout": CONNECT, **self._options}
        try:
            pool: Any = redis.asyncio.ConnectionPool.from_url(self._url, **options)
            pool.make_connection()  # which is what reads the options
        except (ValueError, TypeError, redis.RedisError):
            message = f"quota_store must be {HINT}, with options of redis.asyncio.from_url, not {self._place}"
            raise ConfigError(message) from None  # what it quotes may be the password
        return pool

    def __repr__(self) -> str:
        """Name the server, without user and password."""
        return f"RedisQuotas({self._place!r})"


def _check_names(account: object, on_loss: object) -> None:
    """Refuse an account without a name, and a behaviour that does not exist."""
    if on_loss not in {"wait", "share"}:
        message = f'on_loss must be "wait" or "share", got {on_loss!r}'
        raise ConfigError(message)
    if account is not None and (not isinstance(account, str) or not account):
        message = f"account must be a name, got {account!r}"
        raise ConfigError(message)


def _shown(url: object) -> str:
    """Return the part of a URL that may be shown."""
    try:
        parsed = URL(url) if isinstance(url, str) else URL()
    except ValueError:
        parsed = URL()
    if isinstance(url, str) and parsed.scheme and has_stray_at(url):  # what looks like the host may be a password
        parsed = URL()
    if parsed.scheme == "unix":
        return f"unix://{parsed.path}"
    if parsed.scheme not in SCHEMES or not parsed.host:
        given = "one with a password" if "@" in str(url) else escaped(repr(url))
        message = f"quota_store must be {HINT}, not {given}"
        raise ConfigError(message)
    return str(parsed.with_user(None).with_query(None).with_fragment(None))


@define(eq=False)
class RedisConnection:
    """The connection of one session."""

    client: RedisClient
    prefix: str
    tag: str
    place: str
    owned: bool
    _lease: Script = field(init=False, factory=lambda: Script.load("lease.lua"))
    _presence: Script = field(init=False, factory=lambda: Script.load("presence.lua"))

    async def exchange(self, quota: str, exchange: Exchange) -> Granted:
        """Make one exchange with a quota."""
        keys = [f"{self._base(quota)}:{part}" for part in PARTS]
        answer = await self._run(self._lease, keys, exchange.arguments())
        return Granted.read(answer)

    async def present(self, pace: str, holder: str, seconds: float) -> int:
        """Register a holder at a shared pace; return the number of holders."""
        answer = await self._run(self._presence, [f"{self._base(pace)}:alive"], [holder, round(seconds * 1e6)])
        return int(answer)

    def _base(self, name: str) -> str:
        return f"{self.prefix}:{{{self.tag}:{name}}}"  # the braces keep the keys in one slot of a cluster

    async def _run(self, script: Script, keys: Sequence[str], arguments: Sequence[str | int]) -> Any:
        import redis.exceptions  # noqa: PLC0415  an extra

        try:
            try:
                return await self.client.evalsha(script.digest, len(keys), *keys, *arguments)
            except redis.exceptions.NoScriptError:
                return await self.client.eval(script.text, len(keys), *keys, *arguments)
        except (redis.RedisError, redis.exceptions.RedisClusterException, OSError, RuntimeError) as error:
            raise _failure(error, self.place, redis) from error

    async def aclose(self) -> None:
        """Close the client, if it is ours."""
        if self.owned:
            with suppress(Exception):  # whatever is wrong with it, it is gone
                await self.client.aclose()


NO_PASSWORD = ("NOAUTH", "unauthenticated", "HELLO must be called", "Authentication required")
"""Parts of what a server says to who has given none, as the clients pass it on."""
MOMENT = ("MISCONF", "CLUSTERDOWN", "TRYAGAIN", "BUSY", "LOADING", "READONLY", "OOM", "MASTERDOWN")
"""First words of errors that pass: a server that is full, that loads, that has just become a replica."""


def _failure(error: Exception, place: str, redis: ModuleType) -> QuotaStoreError:
    """Return the error for what the client raised."""
    errors = redis.exceptions
    text = str(error).partition("\n")[0] or type(error).__name__
    if any(words in text for words in NO_PASSWORD):
        message = f"the quota store at {place} wants a password: give it in the URL or as password="
        return QuotaStoreError(message, permanent=True)
    words = escaped(text)
    if place.startswith("rediss:") and isinstance(error, errors.TimeoutError):
        words = f"{words} (does it speak TLS? if not, redis://)"
    refused = (errors.AuthenticationError, errors.AuthorizationError, errors.NoPermissionError)
    if isinstance(error, refused) or "CERTIFICATE_VERIFY_FAILED" in text:
        return QuotaStoreError(f"the quota store at {place} cannot be used: {words}", permanent=True)
    moment = (errors.ConnectionError, errors.TimeoutError, errors.ReadOnlyError, errors.OutOfMemoryError, OSError)
    if isinstance(error, (*moment, errors.ClusterError)) or text.startswith(MOMENT):
        return QuotaStoreError(f"the quota store at {place} does not answer: {words}")
    return QuotaStoreError(f"the quota store at {place} cannot be used: {words}", permanent=True)
