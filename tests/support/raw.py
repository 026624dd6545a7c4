"""A client that only signs: no retries, no quotas, no models; for tests of the emulator itself.

Invariant: what is given is what goes over the wire.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
from attrs import define, field, frozen
from yarl import URL

from mi_async import emulator
from mi_async._core.clock import Clock
from mi_async._core.http_messages import Request
from mi_async._core.signing import sign
from mi_async.emulator.bodies import BODIES, Bodies
from tests.support.pictures import picture

PICTURE = picture("jpg")
ROOM = "/api/v1/workspaces/newsroom"
PRESIGN = f"{ROOM}/person-thumbnail/uploads/presigned-url"
COMPLETE = f"{ROOM}/person-thumbnail/uploads/complete"
PERSONS = f"{ROOM}/persons"
TAGS = f"{ROOM}/person-tags"


@define(eq=False)
class HandClock(Clock):
    """A clock that a test sets by hand; sleeping moves it on."""

    now: float = field(default=1000.0, kw_only=True)
    slept: list[float] = field(factory=list, kw_only=True)

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@frozen
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def result(self) -> Any:
        assert (self.status, self.json["code"]) == (200, "0"), self
        return self.json.get("result")

    @property
    def refusal(self) -> tuple[int, str]:
        """Status and code, of whichever envelope."""
        return self.status, self.json["error"]["errorCode"] if "error" in self.json else self.json["code"]


@define(eq=False)
class Raw:
    http: aiohttp.ClientSession
    server: emulator.Server

    async def send(self, method: str, url: str, **options: Any) -> Answer:
        async with self.http.request(method, URL(url, encoded=True), **options) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    async def call(
        self,
        method: str,
        target: str,
        body: object = None,
        *,
        ahead: float = 0.0,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Call with a signature made ``ahead`` of the server's wall clock, or with the headers given."""
        signed = sign(Request(method, target), self.server.credentials, self.server.state.wall() + ahead)
        content = None if body is None else BytesIO(body if isinstance(body, bytes) else json.dumps(body).encode())
        declared = {} if body is None else {"Content-Type": "application/json"}
        given = signed if headers is None else headers
        return await self.send(method, self.server.url + target, data=content, headers=declared | dict(given))

    async def arrived(self, place: str, times: int = 1) -> None:
        while self.server.log.count(place) < times:  # noqa: ASYNC110  a server has no event for that
            await asyncio.sleep(0.001)

    async def presign(self, name: str = "hong.jpg") -> tuple[str, str]:
        result = (await self.call("POST", PRESIGN, {"thumbnailFileName": name})).result
        return result["thumbnailKey"], result["url"]

    async def put(self, url: str, content: bytes = PICTURE, **headers: str) -> Answer:
        return await self.send("PUT", url, data=BytesIO(content), headers={"Content-Type": "image/jpeg"} | headers)

    async def upload(self, content: bytes = PICTURE) -> str:
        key, url = await self.presign()
        assert (await self.put(url, content)).status == 200
        return key

    async def check(self, key: str) -> tuple[str, str | None]:
        result = (await self.call("POST", COMPLETE, {"thumbnailKey": key})).result
        return result["uploadStatus"], result.get("uploadMessage")

    async def person(self, name: str | None = None, keys: Iterable[str] = ()) -> int:
        body = {"name": name, "thumbnails": [{"thumbnailKey": key} for key in keys]}
        number: int = (await self.call("POST", PERSONS, body)).result["personId"]
        return number

    async def tag(self, name: str) -> int:
        number: int = (await self.call("POST", TAGS, {"name": name})).result["id"]
        return number


QUICK = emulator.Settings(latency=emulator.Latency.none())


@asynccontextmanager
async def emulated(
    settings: emulator.Settings = QUICK,
    *,
    clock: Clock | None = None,
    bodies: Bodies = BODIES,
    state_file: Path | None = None,
) -> AsyncIterator[Raw]:
    async with (
        emulator.serve(settings=settings, clock=clock, bodies=bodies, state_file=state_file) as server,
        aiohttp.ClientSession() as http,
    ):
        http._retry_connection = False  # aiohttp sends a GET or a PUT again by itself when a connection breaks
        yield Raw(http, server)
