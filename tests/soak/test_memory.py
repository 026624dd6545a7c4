"""Long runs, by `nox -s soak`: the emulator is a process of its own, so that the memory seen is the client's."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

import mi_async
from mi_async import Clock, Credentials, RetryPolicy, State, Workspace
from tests.support.pictures import picture

pytestmark = pytest.mark.soak

SPEED = 600.0
WORKERS = 200
SIZES = (500, 2_000, 8_000)
MEMORY = Path("/proc/self/statm")


@contextmanager
def service(*options: str) -> Iterator[dict[str, str]]:
    """Run an emulator; gives the variables that it exports."""
    command = [sys.executable, "-m", "mi_async", "emulator", "--port", "0", "--speed", str(SPEED), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().strip() for _ in range(5)]
        yield dict(line.removeprefix("export ").split("=", 1) for line in lines if line.startswith("export "))
        process.terminate()


@asynccontextmanager
async def newsroom(found: dict[str, str]) -> AsyncIterator[Workspace]:
    keys = Credentials(found["NCLOUD_ACCESS_KEY_ID"], found["NCLOUD_SECRET_ACCESS_KEY"])
    options = {"base_url": found["MI_ASYNC_BASE_URL"], "clock": Clock(SPEED), "retry": RetryPolicy(max_attempts=12)}
    async with mi_async.connect(keys, **options) as session:  # type: ignore[arg-type]  # a mapping of several types
        yield session.workspace(found["MI_ASYNC_WORKSPACE"])


def resident() -> float:
    """MiB of this process in memory."""
    return int(MEMORY.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


@pytest.mark.skipif(not MEMORY.exists(), reason="this system does not tell how much memory a process has")
async def test_uploads_take_no_more_memory_the_more_they_are() -> None:
    content = picture()
    seen: list[float] = []
    with service() as found:
        async with newsroom(found) as news:
            person = (await news.enroll_person("Gildong Hong", [content])).id
            for size in SIZES:
                work = iter(range(size))

                async def worker(work: Iterator[int] = work) -> None:
                    for _ in work:
                        number = (await news.enroll_person(f"{person} {os.urandom(6).hex()}", [content])).id
                        upload = await news.upload_thumbnail(number, content)
                        assert upload.state is State.ATTACHED

                await asyncio.gather(*(worker() for _ in range(WORKERS)))
                seen.append(resident())
                print(f"{size:,} persons with 2 pictures each: {seen[-1]:.0f} MiB")  # noqa: T201  what a soak is for
    assert max(seen) - seen[0] < 30


async def test_five_thousand_enrollments_with_faults_are_exact() -> None:
    content = [picture(), picture("png", seed=1)]
    with service("--faults", "0.2", "--seed", "11") as found:
        async with newsroom(found) as news:
            numbers = iter(range(5_000))

            async def worker() -> None:
                for number in numbers:
                    await news.enroll_person(f"Person {number}", content, tags=["Anchor"])

            await asyncio.gather(*(worker() for _ in range(WORKERS)))
            persons = [person async for person in news.persons.all()]
    assert sorted(str(person.name) for person in persons) == sorted(f"Person {number}" for number in range(5_000))
    assert {len(person.thumbnails) for person in persons} == {2}
    assert {len(person.tags) for person in persons} == {1}
