"""Workers of the stages: started as items come, up to the limit of their stage; ended with the run."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from mi_async import AssetInput, Attempt, Hooks, Storage
from mi_async.emulator import Latency, Settings
from tests.support.bulk import nothing_left, people
from tests.support.films import film
from tests.support.newsroom import newsroom
from tests.support.storage import BUCKET, Bucket

AT_ONCE = Settings(latency=Latency.none())


@contextmanager
def tasks_created() -> Generator[list[str]]:
    """Names of the coroutines that become tasks in the block."""
    loop, names = asyncio.get_running_loop(), list[str]()

    def note(loop: asyncio.AbstractEventLoop, job: Any, **options: Any) -> asyncio.Task[Any]:
        names.append(job.__qualname__)
        return asyncio.Task(job, loop=loop, **options)

    loop.set_task_factory(note)
    try:
        yield names
    finally:
        loop.set_task_factory(None)


async def test_a_run_of_one_person_starts_few_tasks(tmp_path: Path) -> None:
    async with newsroom(AT_ONCE) as news:
        with tasks_created() as names:
            assert (await news.workspace.enroll_many(people(1), journal=tmp_path / "j")).ok
        assert len(names) < 50, names
        await nothing_left(news)


async def test_a_run_of_one_media_file_starts_few_tasks(s3: Bucket, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(film(size=50_001))
    async with newsroom(evolve(AT_ONCE, objects=s3.look), storage=Storage(s3.url)) as news:
        items = [AssetInput(tmp_path / "a.mp4", "a.mp4")]
        with tasks_created() as names:
            assert (await news.workspace.ingest_many(items, bucket=BUCKET, journal=tmp_path / "j")).ok
        assert len(names) < 100, names
        await nothing_left(news)


@pytest.mark.parametrize(("operation", "workers"), [("thumbnails.presign", 8), ("persons.create", 16)])
async def test_a_stage_under_load_has_all_its_workers(operation: str, workers: int, tmp_path: Path) -> None:
    held, most, all_there = 0, 0, asyncio.Event()

    async def hold(attempt: Attempt) -> None:
        nonlocal held, most
        if attempt.operation != operation:
            return
        held += 1
        most = max(most, held)
        if held >= workers:
            all_there.set()
        await all_there.wait()
        await asyncio.sleep(0.01)
        held -= 1

    async with newsroom(AT_ONCE, hooks=Hooks(before=[hold])) as news:
        async with asyncio.timeout(60):
            assert (await news.workspace.enroll_many(people(60), journal=tmp_path / "j")).ok
        assert most == workers
        await nothing_left(news)


async def test_a_worker_whose_cancellation_fails_ends_all_the_same(tmp_path: Path) -> None:
    begun = asyncio.Event()

    async def swallow(attempt: Attempt) -> None:
        if attempt.operation == "thumbnails.presign":
            begun.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise ZeroDivisionError from None

    async with newsroom(AT_ONCE, hooks=Hooks(before=[swallow], strict=True)) as news:
        run = news.workspace.enroll_many(people(60), journal=tmp_path / "j", grace=1e6)
        going = asyncio.ensure_future(run)
        await begun.wait()
        for _ in range(2):
            going.cancel()
            await asyncio.sleep(0.01)
        async with asyncio.timeout(60):
            await asyncio.wait([going])
        assert run.report.open > 0
        await nothing_left(news)
