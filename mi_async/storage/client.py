"""The client of S3 as we set it up.

Law: the only file that imports aiobotocore; import it late, for it is an extra and slow to load. Nothing of AWS_*
and no file of AWS is read, and no body is hashed. What takes long is done before there is an event loop to hold up.
"""

import logging
import os
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from aiobotocore.config import AioConfig  # pyright: ignore[reportMissingTypeStubs]  # has none
from aiobotocore.credentials import AioCredentials  # pyright: ignore[reportMissingTypeStubs]  # same
from aiobotocore.session import AioSession  # pyright: ignore[reportMissingTypeStubs]  # same

from mi_async.credentials import Credentials
from mi_async.errors import ConfigError
from mi_async.storage.cut import MOST_AT_ONCE
from mi_async.storage.place import Network, Storage

MODELS = ("endpoints", "partitions", "sdk-default-configuration", "_retry")
MODELS_OF_S3 = ("service-2", "endpoint-rule-set-1")
"""Files of the library that a client is made from: some fifty milliseconds of reading JSON."""
CHATTY = ("botocore", "aiobotocore")
"""Loggers that write signatures at DEBUG."""


class _Provided(AioCredentials):  # type: ignore[misc]  # the library has no types
    """The session's keys, asked for before each request."""

    def __init__(self, fetch: Callable[[], Awaitable[Credentials]]) -> None:
        super().__init__("", "", method="mi-async")
        self._fetch = fetch

    async def get_frozen_credentials(self) -> Any:
        keys = await self._fetch()
        return AioCredentials(keys.access_key, keys.secret_key)


def prepare_client(
    storage: Storage, keys: Callable[[], Awaitable[Credentials]], network: Network, completion: float
) -> Callable[[], AbstractAsyncContextManager[Any]]:
    """Do what blocks; returns what makes a client, to be entered.

    Args:
        storage: where it is.
        keys: the current keys.
        network: how it is reached.
        completion: seconds that the storage may say nothing while it makes an object of its parts.

    Raises:
        ConfigError: the file of certificates cannot be used.
    """
    for name in CHATTY:
        logger = logging.getLogger(name)
        logger.setLevel(logger.level or logging.INFO)
    if storage.ca_file is not None:
        _check_certificates(storage.ca_file)
    session = _session(keys)
    config = _config(network)

    @asynccontextmanager
    async def make() -> AsyncGenerator[Any]:
        client: AbstractAsyncContextManager[Any] = session.create_client(
            "s3",
            endpoint_url=storage.url,
            region_name=storage.region,
            verify=storage.ca_file or True,  # None would mean REQUESTS_CA_BUNDLE
            config=config,
        )
        async with client as s3:
            if network.read is not None and network.read < completion:
                s3.meta.events.register("before-call.s3.CompleteMultipartUpload", _patient(completion))
            yield s3

    return make


def _session(keys: Callable[[], Awaitable[Credentials]]) -> AioSession:
    """A session that looks for nothing in the environment or in files, with what it is made from in memory."""
    # (name in files, names in the environment, default, conversion): the defaults are all that is left.
    own_way = {name: (None, None, *rest) for name, (_, _, *rest) in AioSession.SESSION_VARIABLES.items()}
    nowhere = dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
    session = AioSession(session_vars=own_way | nowhere)
    for section in ("s3", "proxies_config"):  # not among those variables
        session.get_component("config_store").set_config_variable(section, {})
    session._credentials = _Provided(keys)  # noqa: SLF001  the resolver would look for files of AWS
    loader = session.get_component("data_loader")
    loader.search_paths[:] = [loader.BUILTIN_DATA_PATH]
    for model in MODELS:
        loader.load_data(model)
    for model in MODELS_OF_S3:
        loader.load_service_model("s3", model)
    return session


def _config(network: Network) -> AioConfig:
    return AioConfig(
        signature_version="s3v4",
        # Each body has its Content-MD5: neither SHA-256 for the signature nor CRC-32 on top.
        s3={"addressing_style": "path", "payload_signing_enabled": False},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        retries={"total_max_attempts": 1},
        connect_timeout=network.connect,
        read_timeout=network.read,
        max_pool_connections=2 * MOST_AT_ONCE,
        proxies={} if network.proxy is None else dict.fromkeys(("http", "https"), network.proxy),
        user_agent=network.agent,
    )


def _check_certificates(path: str) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except ssl.SSLError as error:
        message = f"the ca_file of the storage holds no certificates: {path}"
        raise ConfigError(message) from error
    except OSError as error:
        message = f"the ca_file of the storage cannot be read: {path}: {error.strerror}"
        raise ConfigError(message) from error


def _patient(seconds: float) -> Callable[..., None]:
    """Let one request wait longer for its answer; an older library takes no notice."""

    def before_call(context: dict[str, Any], **_more: Any) -> None:
        context["read_timeout"] = seconds

    return before_call
