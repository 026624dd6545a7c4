"""connect() to a Session: the only place where the parts of one are wired.

Invariant: nothing is opened before it is awaited or entered; sockets and limiters are born in the event loop that uses
them, and what blocks (keys, certificates) is read in a thread.
"""

import asyncio
import os
import platform
import ssl
from collections.abc import Generator, Mapping, Sequence
from numbers import Rational
from typing import NoReturn

import aiohttp
from attrs import define, field
from yarl import URL

import mi_async
from mi_async._core import convert
from mi_async._core.body import MAX_RESPONSE
from mi_async._core.call import Calls, calls_for
from mi_async._core.call_settings import CallSettings
from mi_async._core.clock import Clock
from mi_async._core.live_object import refuse_pickling
from mi_async._core.operation import Quota
from mi_async._core.polling import Polling
from mi_async._core.proxies import Proxies, ProxyChoice
from mi_async._core.retry import RetryPolicy, prepare_retries
from mi_async._core.session_keys import TEMPORARY, SessionKeys
from mi_async._core.session_quotas import SessionQuotas, account_tag
from mi_async._core.transport import Timeout, Transport
from mi_async._core.trust import trust
from mi_async.credentials import CredentialsProvider, find_credentials
from mi_async.errors import ConfigError
from mi_async.session import Session
from mi_async.settings import BASE_URL, ConnectSettings
from mi_async.version import VERSION


@define(eq=False)
class Connecting:
    """Result of connect(): await it, or enter it."""

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled or copied."""
        refuse_pickling(self, "connect() where it runs")  # it holds the keys that connect() was given

    _settings: ConnectSettings
    _session: Session | None = field(init=False, default=None)

    def __await__(self) -> Generator[object, None, Session]:
        """Open the session."""
        return self._open().__await__()

    async def __aenter__(self) -> Session:
        """Open the session for a block."""
        self._session = await self._open()
        return self._session

    async def __aexit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        """Close the session; after an exception without waiting for calls in flight."""
        session, self._session = self._session, None
        if session is not None:
            await session.aclose(grace=5.0 if kind is None else 0.0)

    async def _open(self) -> Session:
        settings = self._settings
        provider, trusted = await asyncio.to_thread(_prepared, settings)
        agent = f"mi-async/{VERSION} (Python {platform.python_version()}; aiohttp {aiohttp.__version__})"
        quotas = SessionQuotas(settings.own_quotas, settings.clock, float(settings.quota_share or 1))
        options = CallSettings(settings.timeout, settings.retry, settings.hooks, settings.max_wait)
        calls = calls_for(options)(
            transport=Transport(
                settings.base_url,
                settings.timeout,
                settings.connector,
                settings.proxy,
                agent,
                settings.max_response,
                trusted,
            ),
            keys=SessionKeys(provider, settings.clock),
            options=options,
            limiters=quotas.limiters,
            clock=settings.clock,
            prefix=settings.base_url.raw_path.rstrip("/"),
            validate=settings.validate,
            moved=settings.paths,
        )
        try:
            await _keep(quotas, settings, calls)
            proxy = None if settings.proxy is None else Proxies(settings.proxy).of(URL(settings.storage.url))
            return Session(settings, calls, quotas, trusted, proxy)
        except BaseException:  # the proxy of the storage is chosen there, by a function of the caller
            await calls.aclose(0.0)
            raise


def _prepared(settings: ConnectSettings) -> tuple[CredentialsProvider, ssl.SSLContext | None]:
    """Do what blocks: find the keys, read the certificates, import what a failure needs."""
    prepare_retries()
    convert.converter(detailed=False)
    provider = settings.credentials or find_credentials(settings.profile)
    plain = settings.base_url.scheme == "http" and settings.has_vendor_storage  # an emulator without a storage
    return provider, None if plain and settings.ca_file is None else trust(settings.ca_file)


async def _keep(quotas: SessionQuotas, settings: ConnectSettings, calls: Calls) -> None:
    """Keep the quotas in this process, or in the store under the name of the account."""
    store = settings.quota_store
    if store is None:
        quotas.keep_here()
        return
    account = store.account or await calls.account()
    if account == TEMPORARY:
        message = "keys that expire do not name their account: give one to the quota store, RedisQuotas(url, account=)"
        raise ConfigError(message)
    quotas.keep_in(store, account_tag(str(settings.base_url.origin()), account))


def connect(
    credentials: CredentialsProvider | None = None,
    *,
    base_url: str = BASE_URL,
    profile: str | None = None,
    timeout: Timeout | None = None,
    retry: RetryPolicy | None = None,
    quotas: Mapping[str, Quota | None] | None = None,
    quota_store: "str | mi_async.QuotaStore | None" = None,
    quota_share: float | Rational | None = None,
    max_wait: float | None = None,
    polling: Polling | None = None,
    connector: aiohttp.BaseConnector | None = None,
    proxy: ProxyChoice = None,
    ca_file: str | os.PathLike[str] | None = None,
    max_response: int = MAX_RESPONSE,
    paths: Mapping[str, str] | None = None,
    hooks: "mi_async.Hooks | Sequence[mi_async.Hooks] | None" = None,
    clock: Clock | None = None,
    validate: bool = True,
    storage: "mi_async.Storage | None" = None,
) -> Connecting:
    """Open a session with the service.

    Use it as ``async with connect() as session:``, or ``session = await connect()`` and ``await session.aclose()``.

    Args:
        credentials: :class:`Credentials`, or any object with ``async def credentials() -> Credentials``; without it
            the NCLOUD_* variables and then ``~/.ncloud/configure`` are looked at.
        base_url: of the API, or of an emulator; a path in it goes before every request's. No environment variable
            is read for it.
        profile: look for this profile in ``~/.ncloud/configure`` and nowhere else.
        timeout: connect, read and whole-call limits.
        retry: when failed attempts are retried.
        quotas: by operation id, a quota instead of the declared one; None lifts it.
        quota_store: where all processes that use an account keep its quotas together: the URL of a Redis or Valkey
            server, ``redis://host:6379/0`` or ``rediss://`` for TLS, or :class:`mi_async.RedisQuotas`. Without it
            each session has the quotas for itself.
        quota_share: this session's part of each quota and of the pace at which jobs are asked about, such as 1/4 for
            each of four workers without a store.
        max_wait: seconds that a call may wait for its quota; beyond, it fails at once with QuotaWaitError.
            None waits as long as the call's deadline allows. A workflow may fail so at its beginning; what it has
            begun it carries on.
        polling: how completion of an upload is awaited.
        connector: an aiohttp connector of yours, for the API and for uploads of images; it is not closed. Object
            Storage, where media files go, is reached over connections of the session's own.
        proxy: URL of an HTTP proxy for the API and Object Storage, ``http://user:password@host:port``, or a function
            from the URL of a host (a ``yarl.URL``) to that of its proxy or None. No environment variable is read for
            it; ``mi_async.environment_proxies(os.environ)`` is such a function.
        ca_file: file of certificates (PEM) to trust for both instead of those of SSL_CERT_FILE or the system. A
            connector brings its own trust: give one of the two.
        max_response: bytes of the largest answer that is read, unpacked; beyond, the call fails with ResponseError.
            Of an answer that is an error 64 KiB are read at most.
        paths: by operation id, a path instead of the documented one with the same names in braces, where the service
            has moved it: ``{"thumbnails.presign": "/workspaces/{workspace_name}/person-thumbnail/presign"}``.
        hooks: :class:`Hooks`, or a list of them: functions that are told of calls, attempts and workflows.
        clock: the time; for tests and for emulators that run faster than real time.
        validate: hold arguments and media files against the documented bounds before a request is made. False leaves
            that to the service, whose limits may have moved. Images are always checked: their format decides what is
            sent with them.
        storage: Object Storage, where media files go; by default that of region Korea, with the same keys. With a
            ``base_url`` that is not the service's, such as an emulator's, there is no default: media files would go
            to the vendor.

    Raises:
        ConfigError: a setting that cannot work.
        CredentialsError: when it is opened: no credentials were found.
    """
    settings = ConnectSettings(
        credentials=credentials,
        profile=profile,
        base_url=base_url,
        timeout=Timeout() if timeout is None else timeout,
        retry=RetryPolicy() if retry is None else retry,
        quotas=quotas,
        quota_store=quota_store,
        quota_share=quota_share,
        max_wait=max_wait,
        polling=Polling() if polling is None else polling,
        connector=connector,
        proxy=proxy,
        ca_file=ca_file,
        max_response=max_response,
        paths=paths,
        hooks=hooks,
        clock=Clock() if clock is None else clock,
        validate=validate,
        storage=storage,
    )
    return Connecting(settings)
