"""Everything that connect() can be told, as one frozen value that is right or refused.

Invariant: values only; a setting that cannot work is a ConfigError that names it, before anything is opened.
"""

import os
from collections.abc import Mapping
from numbers import Rational
from typing import TYPE_CHECKING, Any

import aiohttp
from attrs import field, frozen
from yarl import URL

from mi_async._core.body import MAX_RESPONSE
from mi_async._core.call_settings import given_hooks, is_policy
from mi_async._core.clock import Clock
from mi_async._core.operation import Operation, Quota
from mi_async._core.polling import Polling
from mi_async._core.proxies import ProxyChoice, proxy_url
from mi_async._core.retry import RetryPolicy
from mi_async._core.setting_checks import instance, seconds
from mi_async._core.transport import Timeout
from mi_async.api import operations
from mi_async.api.quotas import QUOTAS
from mi_async.credentials import CredentialsProvider
from mi_async.errors import ConfigError

if TYPE_CHECKING:
    from mi_async._core.hooks import Hooks
    from mi_async._core.quota_store import QuotaStore
    from mi_async.storage.models import Storage

BASE_URL = "https://mi.apigw.ntruss.com"
VENDOR = ".ntruss.com"
"""End of the host names of the service."""


def _provider(_settings: object, _attribute: object, value: Any) -> None:
    if value is not None and not callable(getattr(value, "credentials", None)):
        message = f"credentials must be Credentials or have an async credentials(), not {type(value).__name__}"
        raise ConfigError(message)


def _not_both(settings: "ConnectSettings", _attribute: object, value: Any) -> None:
    if value is not None and settings.credentials is not None:
        message = "give credentials or a profile, not both"
        raise ConfigError(message)


def _given_storage(settings: object, attribute: Any, value: Any) -> None:
    if value is not None:
        from mi_async.storage.models import Storage  # noqa: PLC0415  most sessions are given none

        instance(Storage, "mi_async.Storage(url, region)")(settings, attribute, value)


def _url(text: object, name: str, path: str) -> URL:
    try:
        url = URL(text) if isinstance(text, str) else URL()
    except ValueError:
        url = URL()
    if url.scheme not in {"http", "https"} or not url.host or url.query_string or url.fragment:
        shown = "one with a user" if "@" in str(text) else repr(text)  # a password may follow
        message = f"{name} must be http(s)://host[:port]{path}, not {shown}"
        raise ConfigError(message)
    return url


def _base_url(text: object) -> URL:
    url = _url(text, "base_url", "[/path]")
    if url.user or "@" in str(text):  # in its path it ends a password with a slash
        message = "base_url must be http(s)://host[:port][/path], not one with a user"
        raise ConfigError(message)
    return url


def _proxy(choice: ProxyChoice) -> ProxyChoice:
    return choice if choice is None or callable(choice) else proxy_url(choice)


def _ca_file(path: str | os.PathLike[str] | None) -> str | None:
    try:
        return None if path is None else os.fsdecode(path)
    except TypeError:
        message = f"ca_file must be the path of a file of certificates (PEM), not {type(path).__name__}"
        raise ConfigError(message) from None


def _no_connector(settings: "ConnectSettings", _attribute: object, value: Any) -> None:
    if value is not None and settings.connector is not None:
        message = "give ca_file or a connector, not both: a connector brings its own trust, TCPConnector(ssl=...)"
        raise ConfigError(message)


def _bytes(_settings: object, attribute: Any, value: Any) -> None:
    if type(value) is not int or value < 1:
        message = f"{attribute.name} must be a number of bytes from 1, not {value!r}"
        raise ConfigError(message)


def _paths(given: Mapping[str, str] | None) -> dict[str, Operation]:
    """By id, the operations whose path is replaced, with that path."""
    replaced: Any = {} if given is None else given
    if not isinstance(replaced, Mapping):
        message = f"paths must be a mapping from operation id to path, not {type(given).__name__}"
        raise ConfigError(message)
    declared = {operation.id: operation for operation in operations()} if replaced else {}
    unknown = sorted(set(replaced) - set(declared))
    if unknown:
        message = f"paths names unknown operations: {', '.join(map(str, unknown))}"
        raise ConfigError(message)
    return {name: declared[name].at_path(path) for name, path in replaced.items()}


def _quota_store(store: Any) -> "QuotaStore | None":
    if store is None:
        return None
    if isinstance(store, str):
        from mi_async.integrations.redis_quotas import RedisQuotas  # noqa: PLC0415  an extra

        return RedisQuotas(store)
    from mi_async._core.quota_store import QuotaStore  # noqa: PLC0415  most sessions keep their quotas themselves

    if isinstance(store, QuotaStore):
        return store
    message = f"quota_store must be a URL, redis://host:6379/0, or mi_async.RedisQuotas, not {type(store).__name__}"
    raise ConfigError(message)


def _quota_share(settings: "ConnectSettings", _attribute: object, value: Any) -> None:
    if value is None:
        return
    if not isinstance(value, float | Rational) or not 0 < float(value) <= 1:
        message = f"quota_share must be a number above 0 and up to 1, such as 1/4, not {value!r}"
        raise ConfigError(message)
    if settings.quota_store is not None:
        message = "give quota_store or quota_share, not both: a store shares out the quota by itself"
        raise ConfigError(message)
    for name, quota in settings.quotas.items():
        if not share_of(quota, value):
            message = f"quota_share={value} of {name} ({quota.calls} per {quota.period:g} s) is less than one call"
            raise ConfigError(message)


def share_of(quota: Quota, share: float | Rational) -> int:
    """Return the whole calls in a share of a quota, so that the shares of all never add up to more than it."""
    from fractions import Fraction  # noqa: PLC0415  as above

    return int(quota.calls * Fraction(share).limit_denominator(1_000_000))


def _quotas(given: Mapping[str, Quota | None] | None) -> dict[str, Quota]:
    """Return the declared quotas with those that are given in their place."""
    replaced: Any = {} if given is None else given
    if not isinstance(replaced, Mapping):
        message = f"quotas must be a mapping from operation id to mi_async.Quota, not {type(given).__name__}"
        raise ConfigError(message)
    if unknown := sorted(set(replaced) - {operation.id for operation in operations()} if replaced else ()):
        message = f"quotas names unknown operations: {', '.join(unknown)}; those with a quota are {', '.join(QUOTAS)}"
        raise ConfigError(message)
    for name, quota in replaced.items():
        if quota is not None and not isinstance(quota, Quota):
            message = f"quotas[{name!r}] must be mi_async.Quota(calls, period) or None, not {type(quota).__name__}"
            raise ConfigError(message)
    return {name: quota for name, quota in {**QUOTAS, **replaced}.items() if quota is not None}


@frozen(kw_only=True)
class ConnectSettings:
    """The arguments of :func:`mi_async.connect`, checked; they are described there."""

    credentials: CredentialsProvider | None = field(default=None, validator=_provider)
    profile: str | None = field(default=None, validator=[instance(str, "a name"), _not_both])
    base_url: URL = field(converter=_base_url)
    timeout: Timeout = field(validator=instance(Timeout, "mi_async.Timeout(connect, read, total)"))
    retry: RetryPolicy = field(validator=is_policy)
    quotas: dict[str, Quota] = field(converter=_quotas)
    quota_store: "QuotaStore | None" = field(default=None, converter=_quota_store)
    quota_share: float | Rational | None = field(default=None, validator=_quota_share)
    max_wait: float | None = field(default=None, validator=seconds)
    polling: Polling = field(validator=instance(Polling, "mi_async.Polling(first, factor, longest, timeout)"))
    connector: aiohttp.BaseConnector | None = field(
        default=None, validator=instance(aiohttp.BaseConnector, "an aiohttp connector")
    )
    proxy: ProxyChoice = field(default=None, repr=False, converter=_proxy)  # may hold a password
    ca_file: str | None = field(default=None, converter=_ca_file, validator=_no_connector)
    max_response: int = field(default=MAX_RESPONSE, validator=_bytes)
    paths: dict[str, Operation] = field(default=None, converter=_paths)
    hooks: "tuple[Hooks, ...]" = field(default=(), converter=given_hooks)
    clock: Clock = field(validator=instance(Clock, "mi_async.Clock(speed)"))
    validate: bool = True
    _storage: "Storage | None" = field(default=None, alias="storage", validator=_given_storage)

    @property
    def own_quotas(self) -> dict[str, Quota]:
        """Quotas of a session that asks no store: the given share of each."""
        if self.quota_share is None:
            return self.quotas
        return {name: Quota(share_of(quota, self.quota_share), quota.period) for name, quota in self.quotas.items()}

    @property
    def storage(self) -> "Storage":
        """Object Storage: what was given, else that of region Korea."""
        from mi_async.storage.models import Storage  # noqa: PLC0415  most sessions store no media file

        return Storage() if self._storage is None else self._storage

    @property
    def has_vendor_storage(self) -> bool:
        """True if media files go to Object Storage itself, and not to a storage of the caller's."""
        if self._storage is None:
            return True
        from mi_async.storage.models import STORAGE_URL  # noqa: PLC0415  as above

        return self._storage.url == STORAGE_URL

    @property
    def no_storage(self) -> str:
        """Reason for which media files go nowhere, '' if they may go."""
        if self._storage is not None or (self.base_url.host or "").endswith(VENDOR):
            return ""
        return (
            f"{self.base_url} is not the service, and media files would go to the vendor's own Object Storage: "
            "name the storage that belongs to it (connect(storage=Storage(url)), --storage-url)"
        )
