"""The client of S3 as we set it up.

Law: the only file that imports aiobotocore; import it late, for it is an extra and slow to load. Nothing of AWS_* or of
files of AWS is read, and no body is hashed.
"""

import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from aiobotocore.config import AioConfig  # pyright: ignore[reportMissingTypeStubs]  # has none
from aiobotocore.credentials import AioCredentials  # pyright: ignore[reportMissingTypeStubs]  # same
from aiobotocore.session import AioSession  # pyright: ignore[reportMissingTypeStubs]  # same

from mi_async.credentials import Credentials
from mi_async.storage.cut import MOST_AT_ONCE
from mi_async.storage.place import Network, Storage

OWN_WAY: Mapping[str, tuple[None, None, str | None, None]] = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
    "ca_bundle": (None, None, None, None),
}
"""What botocore would otherwise take from AWS_* variables and files, which say nothing about this storage."""
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


def make_client(
    storage: Storage, keys: Callable[[], Awaitable[Credentials]], network: Network
) -> AbstractAsyncContextManager[Any]:
    """Make a client, to be entered."""
    for name in CHATTY:
        logger = logging.getLogger(name)
        logger.setLevel(logger.level or logging.INFO)
    session = AioSession(session_vars=OWN_WAY)
    session._credentials = _Provided(keys)  # noqa: SLF001  the resolver would look for files of AWS
    proxies = {} if network.proxy is None else dict.fromkeys(("http", "https"), network.proxy)
    config = AioConfig(
        signature_version="s3v4",
        # Each body has its Content-MD5: neither SHA-256 for the signature nor CRC-32 on top.
        s3={"addressing_style": "path", "payload_signing_enabled": False},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        retries={"total_max_attempts": 1},
        connect_timeout=network.connect,
        read_timeout=network.read,
        max_pool_connections=2 * MOST_AT_ONCE,
        proxies=proxies,
        user_agent=network.agent,
    )
    client: AbstractAsyncContextManager[Any] = session.create_client(
        "s3", endpoint_url=storage.url, region_name=storage.region, verify=storage.ca_file, config=config
    )
    return client
