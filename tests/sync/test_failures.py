"""Failures of the service and the storage while a sync deletes, and two syncs at once: the next one finishes it."""

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from mi_async import JournalError, MIError, RetryPolicy
from mi_async.emulator import Fault
from tests.support.films import film
from tests.support.storage import BUCKET, Bucket
from tests.support.synced import ALL, Synced, archive, make_folder

pytestmark = pytest.mark.slow
AFTER = ["b.mp4", *ALL[2:]]
EVERYTHING = {"delete": True, "delete_objects": True, "replace": True}


async def is_finished(synced: Synced, s3: Bucket) -> bool:
    """True if all that was to be deleted and replaced is, and nothing is there twice."""
    objects = (s3.get("a.mp4"), s3.get("b.mp4")) == (None, film(size=7_777))
    return objects and await synced.keys() == AFTER and (await synced.plan()).counts == {"same": 3}


def change(folder: Path) -> None:
    (folder / "a.mp4").unlink()
    (folder / "b.mp4").write_bytes(film(size=7_777))


@pytest.mark.parametrize(
    ("step", "failure"),
    [
        ("assets.get", Fault.ERROR_BEFORE),
        ("assets.delete", Fault.PROXY_HTML),
        ("object HEAD", ("403 Forbidden", "AccessDenied")),
        ("object DELETE", ("403 Forbidden", "AccessDenied")),
        ("object DELETE", ("404 Not Found", "NoSuchBucket")),
        ("object PUT", ("500 Internal Server Error", "InternalError")),
    ],
)
async def test_what_a_failure_has_left_is_finished(
    s3: Bucket, tmp_path: Path, step: str, failure: Fault | tuple[str, str]
) -> None:
    async with archive(s3, retry=RetryPolicy(max_attempts=1)) as room:
        synced = Synced(room, make_folder(tmp_path / "footage"), tmp_path / "j")
        await synced.run()
        change(tmp_path / "footage")
        plan = await synced.plan(**EVERYTHING)
        if isinstance(failure, Fault):
            room.server.faults.next(step, failure, times=20)
        else:
            s3.refuse = lambda kind, _query: failure if kind == step else None
        with suppress(MIError):
            await synced.run(plan, confirm=plan.code, patience=0.0)
        s3.refuse = lambda _kind, _query: None
        room.server.faults.clear()
        left = [key for key in await synced.keys() if s3.get(key) is None]
        assert left == []  # no asset has lost its object
        plan = await synced.plan(**EVERYTHING)
        assert plan.code == ""
        await synced.run(plan)
        assert await is_finished(synced, s3)


async def test_two_syncs_at_once(s3: Bucket, tmp_path: Path) -> None:
    async with archive(s3) as room:
        synced = Synced(room, make_folder(tmp_path / "footage"), tmp_path / "j")
        await synced.run()
        change(tmp_path / "footage")
        plans = [await synced.plan(**EVERYTHING) for _ in range(2)]
        runs = [room.workspace.sync(plan, confirm=plan.code, bucket=BUCKET, analyze=False) for plan in plans]

        async def ended(number: int) -> BaseException | None:
            try:
                await runs[number]
            except MIError as error:
                return error
            return None

        failures = await asyncio.gather(ended(0), ended(1))
        assert all(failure is None or isinstance(failure, JournalError) for failure in failures)
        plan = await synced.plan(**EVERYTHING)
        assert plan.code == ""
        await synced.run(plan)
        assert await is_finished(synced, s3)
