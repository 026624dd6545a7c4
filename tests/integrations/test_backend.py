"""The example backend: four uvicorn workers behind one store, at full load and beside a bulk run."""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp
import pytest
import quota_service
from attrs import define

from tests.support.redis_server import RedisServer, free_port

pytestmark = pytest.mark.slow

BACKEND = Path(__file__).parents[2] / "examples" / "backend"
WORKERS = 4
SETTLED = 3.0
"""Seconds in which a new store comes to its full rate."""


@define
class Counted:
    """The service, and the backend before it."""

    url: str
    service: str
    seen: dict[str, Any]


@asynccontextmanager
async def started(*command: str, **env: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *command,
        env=os.environ | env,
        cwd=BACKEND,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2**26,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(60):
            await process.communicate()


async def line_of(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), 60)).decode()


@asynccontextmanager
async def backend(store: RedisServer) -> AsyncIterator[Counted]:
    service = [sys.executable, quota_service.__file__, "serve", json.dumps({"calls": 50, "period": 1.0, "jitter": 0.1})]
    async with started(*service) as counter:
        url, port = f"http://127.0.0.1:{int(await line_of(counter))}", free_port()
        options = ["--port", str(port), "--workers", str(WORKERS), "--log-level", "warning"]
        env = {"NCLOUD_ACCESS_KEY_ID": "access", "NCLOUD_SECRET_ACCESS_KEY": "secret", "QUOTA_STORE": store.url}
        async with started(sys.executable, "-m", "uvicorn", "app:app", *options, MI_ASYNC_BASE_URL=url, **env):
            found = Counted(f"http://127.0.0.1:{port}", url, {})
            await until_up(found.url)
            yield found
        assert counter.stdin is not None
        counter.stdin.close()
        found.seen.update(json.loads(await line_of(counter)))


async def until_up(url: str) -> None:
    async with asyncio.timeout(60), aiohttp.ClientSession() as client:
        while True:
            try:
                async with client.get(f"{url}/quota"):
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(0.1)


async def interactive(url: str, callers: int, seconds: float) -> Sequence[float]:
    """Ask for upload URLs one after another; gives how long each took."""
    took, end = list[float](), time.monotonic() + seconds

    async def caller() -> None:
        while time.monotonic() < end:
            begun = time.monotonic()
            # a connection for each: the system gives it to any worker
            async with aiohttp.ClientSession() as client, client.post(f"{url}/upload-urls/a.jpg") as answer:
                assert answer.status in {200, 503}
                if answer.status == 200:
                    took.append(time.monotonic() - begun)

    await asyncio.gather(*(caller() for _ in range(callers)))
    return took


@pytest.mark.parametrize(
    ("seconds", "most"),
    [pytest.param(3.0, 1.0, id="short"), pytest.param(30.0, 0.6, id="long", marks=pytest.mark.soak)],
)
async def test_four_workers_behind_one_store(store: RedisServer, seconds: float, most: float) -> None:
    async with backend(store) as found:
        loaded = await interactive(found.url, 60, SETTLED + seconds)
        told = {"url": found.service, "store": store.url, "callers": 40, "seconds": seconds + 3}
        bulk = [sys.executable, quota_service.__file__, "call", json.dumps({**told, "quota": [50, 1.0]})]
        async with started(*bulk) as run:
            assert await line_of(run) == "begun\n"
            await asyncio.sleep(1.0)
            beside = await interactive(found.url, 2, seconds)
            waits = json.loads(await line_of(run))["waits"]
    print(  # noqa: T201  figures of a long run
        f"full load: {len(loaded)} answers in {SETTLED + seconds:.0f} s, p50 {median(loaded):.2f} s; "
        f"beside a bulk run: p50 {median(beside):.2f} s of {len(beside)}, that run's p50 {median(waits):.2f} s"
    )
    assert found.seen["refused"] == 0
    assert 40 < found.seen["most"] <= 50
    assert median(beside) < most
