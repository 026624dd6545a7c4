"""The example of a web service: workers behind one store at full load, workers that are stopped, and its own tests."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import entry_points
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp
import pytest
import quota_service
from attrs import define, field

from mi_async import emulator
from mi_async.emulator import Fault, Faults, Latency, Settings
from tests.support.pictures import picture
from tests.support.redis_server import RedisServer, free_port
from tests.support.scripted import FOREVER

pytestmark = pytest.mark.slow

SERVICE = Path(__file__).parents[2] / "examples" / "fastapi_service"
WORKERS = 4
NONE: Mapping[str, str] = {}
SETTLED = 3.0
"""Seconds in which a new store comes to its full rate."""


@define
class Counted:
    """The service, and the backend before it."""

    url: str
    service: str
    seen: dict[str, Any]


@asynccontextmanager
async def started(
    *command: str, env: Mapping[str, str] = NONE, errors: int | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**os.environ, **env},
        cwd=SERVICE,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=errors,
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
        async with started(sys.executable, "-m", "uvicorn", "app:app", *options, env={**env, "MI_ASYNC_BASE_URL": url}):
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
                async with client.get(f"{url}/metrics"):
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


# ---- stopped in the middle

PEOPLE, ENOUGH, CLIENTS = 300, 100, 24
CHANCE = Faults.uniform(0.1) | {Fault.SLOW_BODY: 0.0}
"""Faults that do not take longer than the workers are given to stop."""


@define
class Clients:
    """Clients that enroll people, each person once: the status that it got, None for no answer."""

    url: str
    answers: dict[str, int | None] = field(factory=dict)
    enough: asyncio.Event = field(factory=asyncio.Event)

    async def run(self) -> None:
        names = iter([f"Person {number}" for number in range(PEOPLE)])
        content = picture()

        async def client() -> None:
            for name in names:
                self.answers[name] = await self.enroll(name, content)
                if len(self.answers) >= ENOUGH:
                    self.enough.set()

        await asyncio.gather(*(client() for _ in range(CLIENTS)))

    async def enroll(self, name: str, content: bytes) -> int | None:
        form = aiohttp.FormData()
        form.add_field("images", content, filename=f"{name}.jpg")
        try:
            async with aiohttp.ClientSession() as http, http.put(f"{self.url}/persons/{name}", data=form) as answer:
                await answer.read()
                return answer.status
        except aiohttp.ClientError:
            return None


async def test_who_got_200_exists_and_everybody_else_is_in_the_log(tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log"
    options = ["--port", str(port), "--workers", "2", "--timeout-graceful-shutdown", "1", "--log-level", "warning"]
    faulty = Settings(latency=Latency.constant(0.3), random_faults=CHANCE, slow_body=FOREVER)
    with emulator.running(settings=faulty) as server:
        with log.open("wb") as errors:
            env = {**server.environment, "WORKERS": "2"}
            async with started(
                sys.executable, "-m", "uvicorn", "app:app", *options, errors=errors.fileno(), env=env
            ) as service:
                clients = Clients(f"http://127.0.0.1:{port}")
                await until_up(clients.url)
                async with asyncio.timeout(120), asyncio.TaskGroup() as running:
                    running.create_task(clients.run())
                    await clients.enough.wait()
                    server.faults.next("persons.create", Fault.SLOW_BODY, times=2)
                    while server.faults.injected[Fault.SLOW_BODY] < 2:  # noqa: ASYNC110  in another thread
                        await asyncio.sleep(0.01)
                    service.terminate()
                assert await asyncio.wait_for(service.wait(), 60) in {0, -signal.SIGTERM}
        exist = {person.name for person in server.state.persons()}
    assert len(clients.answers) == PEOPLE
    confirmed = {name for name, status in clients.answers.items() if status == 200}
    assert ENOUGH / 2 < len(confirmed) < PEOPLE
    assert confirmed <= exist
    told = {
        name
        for line in log.read_text().splitlines()
        if " WARNING mi_async." in line and "created" in line
        for name in re.findall(r"enroll_person, (Person \d+):", line)
    }
    assert len(exist - confirmed) >= 2
    assert exist - confirmed <= told


# ---- its own tests


def test_its_own_tests_pass_as_a_user_runs_them() -> None:
    plugin = [] if entry_points(group="pytest11", name="mi_async") else ["-p", "mi_async.integrations.pytest_plugin"]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin]
    done = subprocess.run(command, cwd=SERVICE, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
