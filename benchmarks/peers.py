"""Other asyncio SDKs, each with a typical call of its own, and the same request by raw aiohttp.

Each does more than raw aiohttp (models, retries, a signature): the ratio is the price of a call of that SDK.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import calls
from attrs import frozen

CONNECTIONS = 100
"""Of aiobotocore, whose default of 10 is less than the calls in flight; all else is as each SDK comes."""
PROMPT = {"model": "some-model-1", "max_tokens": 64}


@frozen
class Peer:
    """An SDK.

    Attributes:
        label: for tables.
        package: that it is in.
        method: of the request, and of its raw twin.
        path: of it, to which the number is added for a GET.
        open: opens the client at a URL.
        body: of the raw twin's request, from the number.
    """

    label: str
    package: str
    method: str
    path: str
    open: Callable[[str], AbstractAsyncContextManager[calls.Call]]
    body: Callable[[int], Any] = lambda _: None


@asynccontextmanager
async def gidgethub(url: str) -> AsyncIterator[calls.Call]:
    api: Any = import_module("gidgethub.aiohttp")
    async with calls.raw_session(None) as session:
        client = api.GitHubAPI(session, "bench", oauth_token="x", base_url=url)  # noqa: S106  nobody's

        async def call(number: int) -> Any:
            return await client.getitem(f"/repos/o/r/labels/{number}")

        yield call


@asynccontextmanager
async def aiobotocore(url: str) -> AsyncIterator[calls.Call]:
    config = import_module("aiobotocore.config").AioConfig(max_pool_connections=CONNECTIONS)
    client = import_module("aiobotocore.session").AioSession().create_client(
        "rekognition", region_name="us-east-1", endpoint_url=url, config=config,
        aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="wJalrXUtnFEMIK7MDENG",  # noqa: S106  nobody's
    )  # fmt: skip
    async with client as rekognition:

        async def call(number: int) -> Any:
            return await rekognition.describe_collection(CollectionId=f"collection-{number}")

        yield call


def openai(http: str) -> Callable[[str], AbstractAsyncContextManager[calls.Call]]:
    @asynccontextmanager
    async def opened(url: str) -> AsyncIterator[calls.Call]:
        package: Any = import_module("openai")
        backend = getattr(package, http)()
        async with package.AsyncOpenAI(api_key="x", base_url=f"{url}/v1", http_client=backend) as client:

            async def call(number: int) -> Any:
                return await client.vector_stores.retrieve(str(number))

            yield call

    return opened


def anthropic(http: str) -> Callable[[str], AbstractAsyncContextManager[calls.Call]]:
    @asynccontextmanager
    async def opened(url: str) -> AsyncIterator[calls.Call]:
        package: Any = import_module("anthropic")
        backend = getattr(package, http)()
        async with package.AsyncAnthropic(api_key="x", base_url=url, http_client=backend) as client:

            async def call(number: int) -> Any:
                return await client.messages.create(messages=_messages(number), **PROMPT)

            yield call

    return opened


@asynccontextmanager
async def twelvelabs(url: str) -> AsyncIterator[calls.Call]:
    client = import_module("twelvelabs").AsyncTwelveLabs(api_key="x", base_url=url)  # nothing closes it

    async def call(number: int) -> Any:
        return await client.indexes.retrieve(str(number))

    yield call


def _messages(number: int) -> list[dict[str, str]]:
    return [{"role": "user", "content": f"Hello, bench {number}"}]


AIOHTTP, HTTPX = "DefaultAioHttpClient", "DefaultAsyncHttpxClient"
STORES, INDEXES = "/v1/vector_stores/", "/indexes/"
PEERS = {
    "gidgethub": Peer("gidgethub, no models", "gidgethub", "GET", "/repos/o/r/labels/", gidgethub),
    "aiobotocore": Peer(
        "aiobotocore, rekognition", "aiobotocore", "POST", "/", aiobotocore,
        lambda number: {"CollectionId": f"collection-{number}"},
    ),
    "openai": Peer("openai on aiohttp", "openai", "GET", STORES, openai(AIOHTTP)),
    "openai-httpx": Peer("openai, its default httpx", "openai", "GET", STORES, openai(HTTPX)),
    "anthropic": Peer(
        "anthropic on aiohttp", "anthropic", "POST", "/v1/messages", anthropic(AIOHTTP),
        lambda number: {"messages": _messages(number), **PROMPT},
    ),
    "anthropic-httpx": Peer(
        "anthropic, its default httpx", "anthropic", "POST", "/v1/messages", anthropic(HTTPX),
        lambda number: {"messages": _messages(number), **PROMPT},
    ),
    "twelvelabs": Peer("twelvelabs, httpx", "twelvelabs", "GET", INDEXES, twelvelabs),
}  # fmt: skip
PACKAGES = tuple(dict.fromkeys(peer.package for peer in PEERS.values()))


def missing() -> Sequence[str]:
    """Return the packages of the peers that are not installed."""
    return [package for package in PACKAGES if find_spec(package) is None]


@asynccontextmanager
async def twin(peer: Peer, url: str) -> AsyncIterator[calls.Call]:
    """Open raw aiohttp for the request of a peer."""
    async with calls.raw_session(None) as session:

        async def call(number: int) -> Any:
            target = f"{url}{peer.path}{number}" if peer.method == "GET" else url + peer.path
            async with session.request(peer.method, target, json=peer.body(number)) as response:
                response.raise_for_status()
                return await response.json(content_type=None)

        yield call
