"""One call of each shape, by raw aiohttp and by this package; the benchmarks of calls compare the two.

Raw is what a careful person writes by hand: a session, an f-string for the path, ``json=``, an error with the service's
code and message where the status says so, stdlib json. It does not sign, has no model, no retry, no quota and no
deadline of its own. Ours has everything on.
"""

import hashlib
import hmac
import ssl
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import aiohttp

import mi_async

Call = Callable[[int], Awaitable[object]]
"""A call about the object of a number: no two calls ask for the same."""
Calls = Mapping[str, Call]
"""By shape."""
Side = Callable[[str, str | None], AbstractAsyncContextManager[Calls]]
"""Opens a client: from the URL of the server and the file of its certificate, None without TLS."""

SHAPES = {
    "get": "GET person with tags and thumbnails",
    "post": "POST presign",
    "page": "page of 100 persons",
    "empty": "DELETE, an answer without a result",
    "conflict": "409, as an error",
}
ROOM = "/api/v1/workspaces/newsroom"
KEYS = mi_async.Credentials("ACCESSKEY0123456789A", "0123456789abcdef0123456789abcdef01234567")
PAGES, PAGE_SIZE = 64, 100
FIRST_ERROR = 400
CONNECTIONS = 100
"""Most connections of a pool: aiohttp's default, and ours."""
NEVER_REACHED = mi_async.Quota(1_000_000, 1.0)


class RefusedError(Exception):
    """The service refused a request by hand."""


async def opened(response: aiohttp.ClientResponse) -> Any:
    """Return the result of an answer by hand."""
    answer = await response.json()
    if response.status >= FIRST_ERROR:
        message = f"HTTP {response.status}: {answer['code']} {answer['message']}"
        raise RefusedError(message)
    return answer.get("result")


def raw_session(ca: str | None, limit: int = CONNECTIONS) -> aiohttp.ClientSession:
    """Open a raw session; 0 is no limit on its connections."""
    trust = True if ca is None else ssl.create_default_context(cafile=ca)
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=limit, ssl=trust))


@asynccontextmanager
async def raw(url: str, ca: str | None, limit: int = CONNECTIONS) -> AsyncIterator[Calls]:
    async with raw_session(ca, limit) as session:
        room = url + ROOM

        async def get(number: int) -> Any:
            async with session.get(f"{room}/persons/{number}") as response:
                return await opened(response)

        async def post(number: int) -> Any:
            body = {"thumbnailFileName": f"portrait-{number}.jpg"}
            async with session.post(f"{room}/person-thumbnail/uploads/presigned-url", json=body) as response:
                return await opened(response)

        async def page(number: int) -> Any:
            query = f"pageNum={1 + number % PAGES}&pageSize={PAGE_SIZE}"
            async with session.get(f"{room}/persons?{query}") as response:
                return await opened(response)

        async def empty(number: int) -> Any:
            async with session.delete(f"{room}/persons/{number}") as response:
                return await opened(response)

        async def conflict(number: int) -> None:
            try:
                async with session.post(f"{room}/person-tags", json={"name": f"Tag {number}"}) as response:
                    await opened(response)
            except RefusedError:
                return
            raise AssertionError

        yield {"get": get, "post": post, "page": page, "empty": empty, "conflict": conflict}


@asynccontextmanager
async def signed(url: str, ca: str | None) -> AsyncIterator[Calls]:
    """Open raw aiohttp that signs by hand, as nobody can do without, and does nothing else: the floor of any SDK."""
    async with raw_session(ca) as session:
        secret = KEYS.secret_key.encode()

        def headers(method: str, path: str) -> dict[str, str]:
            stamp = str(int(time.time() * 1000))
            text = f"{method} {path}\n{stamp}\n{KEYS.access_key}"
            return {
                "x-ncp-apigw-timestamp": stamp,
                "x-ncp-iam-access-key": KEYS.access_key,
                "x-ncp-apigw-signature-v2": b64encode(hmac.digest(secret, text.encode(), hashlib.sha256)).decode(),
            }

        async def get(number: int) -> Any:
            path = f"{ROOM}/persons/{number}"
            async with session.get(url + path, headers=headers("GET", path)) as response:
                return await opened(response)

        async def post(number: int) -> Any:
            path, body = (
                f"{ROOM}/person-thumbnail/uploads/presigned-url",
                {"thumbnailFileName": f"portrait-{number}.jpg"},
            )
            async with session.post(url + path, json=body, headers=headers("POST", path)) as response:
                return await opened(response)

        yield {"get": get, "post": post}


@asynccontextmanager
async def ours(url: str, ca: str | None) -> AsyncIterator[Calls]:
    quotas = {"thumbnails.presign": NEVER_REACHED}  # kept, and never waited for
    async with mi_async.connect(KEYS, base_url=url, ca_file=ca, quotas=quotas) as session:
        room = session.workspace("newsroom")

        async def get(number: int) -> Any:
            return await room.persons.get(number)

        async def post(number: int) -> Any:
            return await room.thumbnails.presign(f"portrait-{number}.jpg")

        async def page(number: int) -> Any:
            return await room.persons.list(page_num=1 + number % PAGES, page_size=PAGE_SIZE)

        async def empty(number: int) -> Any:
            return await room.persons.delete(number)

        async def conflict(number: int) -> None:
            try:
                await room.person_tags.create(f"Tag {number}")
            except mi_async.ConflictError:
                return
            raise AssertionError

        yield {"get": get, "post": post, "page": page, "empty": empty, "conflict": conflict}
