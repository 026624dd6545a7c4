"""The client of S3 as we set it up: botocore writes requests and reads answers, and nothing else.

Invariant: the only file that imports aiobotocore; import it late, for it is an extra and slow to load. Nothing of AWS_*
and no file of AWS is read. What goes over the network is signed and sent by :mod:`mi_async.storage.http_client`, so
that nothing of botocore's follows a redirect, waits for ``100 Continue``, retries, or trusts other certificates than we
do. What takes long is done before there is an event loop to hold up.
"""

import logging
import os
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import ContextVar
from typing import Any

from aiobotocore.awsrequest import AioAWSResponse  # pyright: ignore[reportMissingTypeStubs]  # has none
from aiobotocore.config import AioConfig  # pyright: ignore[reportMissingTypeStubs]  # same
from aiobotocore.session import AioSession  # pyright: ignore[reportMissingTypeStubs]  # same
from attrs import define
from botocore import UNSIGNED  # pyright: ignore[reportMissingTypeStubs]  # has none

from mi_async._core.http_messages import Request, Response
from mi_async._core.trust import trust
from mi_async.credentials import Credentials
from mi_async.storage.http_client import HttpClient
from mi_async.storage.models import Call, Network, Storage

MODELS = ("endpoints", "partitions", "sdk-default-configuration", "_retry")
MODELS_OF_S3 = ("service-2", "endpoint-rule-set-1")
"""Files of the library that a client is made from: some fifty milliseconds of reading JSON."""
CHATTY = ("botocore", "aiobotocore")
"""Loggers that write requests at DEBUG."""


@define(eq=False)
class _Asked:
    """A call under way, and its answer as it came."""

    call: Call
    answer: Response | None = None
    read: float | None = None


ASKED: ContextVar[_Asked] = ContextVar("ASKED")
"""The call of the current task; botocore hands its handlers nothing of ours."""


def prepare_client(
    storage: Storage,
    keys: Callable[[], Awaitable[Credentials]],
    network: Network,
    now: Callable[[], float],
    completion: float,
) -> Callable[[], AbstractAsyncContextManager["Client"]]:
    """Do what blocks; returns what makes a client, to be entered.

    Args:
        storage: where it is.
        keys: the current keys.
        network: how it is reached.
        now: seconds since the epoch, by the storage's clock.
        completion: seconds that the storage may say nothing while it makes an object of its parts.

    Raises:
        ConfigError: the file of certificates cannot be used.
        ResourceError: it cannot be read now.
    """
    _quieten()
    trusted = certificates(storage, network)
    session, config = library_session(), library_config(network)

    @asynccontextmanager
    async def make() -> AsyncGenerator[Client]:
        client: AbstractAsyncContextManager[Any] = session.create_client(
            "s3", endpoint_url=storage.url, region_name=storage.region, verify=True, config=config
        )
        async with client as s3:
            http = HttpClient(storage, keys, network, trusted, now)
            s3.meta.events.register_last("before-send.s3", _Sender(http, network.read))
            if network.read is not None and network.read < completion:
                s3.meta.events.register("before-call.s3.CompleteMultipartUpload", _patient(completion))
            try:
                yield Client(s3)
            finally:
                await http.aclose()

    return make


def _quieten() -> None:
    for name in CHATTY:
        logger = logging.getLogger(name)
        logger.setLevel(logger.level or logging.INFO)


@define(eq=False)
class Client:
    """Makes calls; each answer is botocore's reading of it, which may lack anything."""

    s3: Any

    async def ask(self, call: Call, **parameters: Any) -> dict[str, Any]:
        """Make one call.

        Raises:
            MIError: what the storage or the network said.
            Exception: what the library could not make of the parameters or of the answer.
        """
        asked = _Asked(call)
        token = ASKED.set(asked)
        try:
            answer = dict(await getattr(self.s3, call.operation)(**call.place.names, **parameters))
        finally:
            ASKED.reset(token)
        if "Body" in answer and asked.answer is not None:
            answer["Body"] = asked.answer.body  # botocore's is a stream over what was read already
        return answer


@define(eq=False)
class _Body:
    """A body that was read already, in place of the socket that botocore expects."""

    content: bytes

    async def read(self) -> bytes:
        return self.content


@define(eq=False)
class _Sender:
    """Stands in for botocore's own HTTP: what a handler of ``before-send`` returns is taken for the answer."""

    http: HttpClient
    usual: float | None

    async def __call__(self, request: Any, **_more: Any) -> AioAWSResponse:
        asked = ASKED.get()
        call = asked.call
        headers = {name: _text(value) for name, value in request.headers.items()}
        read = asked.read or self.usual
        body = call.body if call.body is not None else request.body
        asked.answer = answer = await self.http.send(Request(request.method, request.url, body), headers, call, read)
        return AioAWSResponse(request.url, answer.status, dict(answer.headers), _Body(answer.body))


def _text(value: Any) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def library_session() -> Any:
    """Return a session that reads no environment and no files but its own models, which are loaded here."""
    # (name in files, names in the environment, default, conversion): the defaults are all that is left.
    own_way = {name: (None, None, *rest) for name, (_, _, *rest) in AioSession.SESSION_VARIABLES.items()}
    nowhere = dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
    session = AioSession(session_vars=own_way | nowhere)
    for section in ("s3", "proxies_config"):  # not among those variables
        session.get_component("config_store").set_config_variable(section, {})
    loader = session.get_component("data_loader")
    loader.search_paths[:] = [loader.BUILTIN_DATA_PATH]
    for model in MODELS:
        loader.load_data(model)
    for model in MODELS_OF_S3:
        loader.load_service_model("s3", model)
    return session


def library_config(network: Network) -> Any:
    """Return the settings under which the library neither signs, retries nor adds checksums."""
    return AioConfig(
        signature_version=UNSIGNED,  # signed where it is sent
        # Each body has its Content-MD5: no CRC-32 on top.
        s3={"addressing_style": "path"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        retries={"total_max_attempts": 1},
        user_agent=network.agent,
        proxies={},
    )


def certificates(storage: Storage, network: Network) -> ssl.SSLContext | None:
    """Return the certificates to trust, of the storage and of a proxy that is reached by https; None for no TLS."""
    if not any(url.startswith("https:") for url in (storage.url, network.proxy or "")):
        return None
    if storage.ca_file:
        return trust(storage.ca_file, "the ca_file of the storage")
    return network.ssl_context or trust(None)


def _patient(seconds: float) -> Callable[..., None]:
    """Let one request wait longer for its answer."""

    def before_call(**_more: Any) -> None:
        ASKED.get().read = seconds  # the requests of older botocores know nothing of their call

    return before_call
