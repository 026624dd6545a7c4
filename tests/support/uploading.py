"""Uploads of one file into a bucket, for tests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from mi_async import Clock, Credentials, RetryPolicy
from mi_async._core.inflight import InFlightCalls
from mi_async.storage import part_layout
from mi_async.storage.connection import Connection
from mi_async.storage.local_file import LocalFile
from mi_async.storage.models import Network, Storage, StoredObject
from mi_async.storage.object_store import ObjectStore
from mi_async.storage.upload import SendProgress, Sent, send
from tests.support.sockets import sockets_closed
from tests.support.storage import BUCKET, Bucket

SECRET = "s3cr3t-k3y"
SCALE = 8
"""Tests with the fixture small_parts cut files into parts of an eighth of the real size."""
MIB, LEAST_PART, BUFFERS = (size // SCALE for size in (part_layout.MIB, part_layout.LEAST_PART, part_layout.BUFFERS))
SIZE = 4 * LEAST_PART + 12_345
PLACE = StoredObject(BUCKET, "뉴스/저녁 news+&?#%2F.mp4")


class Slept(Clock):
    """A clock that is moved by sleeping alone: however slow the machine is, it is the same."""

    slept: float = 0.0

    def monotonic(self) -> float:
        return self.slept

    async def sleep(self, seconds: float) -> None:
        self.slept += seconds
        await asyncio.sleep(0)


NETWORK = Network(5, 20)


@asynccontextmanager
async def opened(
    url: str, attempts: int = 3, *, ca_file: str | None = None, clock: Clock | None = None, network: Network = NETWORK
) -> AsyncIterator[ObjectStore]:
    clock, keys = clock or Clock(speed=1000), Credentials("ACCESS", SECRET)
    policy = RetryPolicy(max_attempts=attempts)
    storage = Storage(url, ca_file=ca_file)
    store = ObjectStore(
        Connection(storage, keys.credentials, InFlightCalls(clock), lambda: None, clock, network), policy
    )
    async with sockets_closed():
        try:
            yield store
        finally:
            await store.aclose()


async def sent(
    url: str,
    clip: Path,
    place: StoredObject = PLACE,
    *,
    tell: Sent | None = None,
    attempts: int = 3,
    clock: Clock | None = None,
) -> SendProgress:
    async with opened(url, attempts, clock=clock) as store:
        with LocalFile.open(clip) as file:
            return await send(store, file, place, sent=tell)


def nothing_kept(clip: Path) -> bool:
    return list(clip.parent.iterdir()) == [clip]


async def interrupted(s3: Bucket, clip: Path, after: int) -> None:
    """A run that is cancelled, as by Ctrl-C, once some parts have landed."""
    landed = asyncio.Event()

    def watch(now: SendProgress) -> None:
        if now.sent >= after * LEAST_PART:
            landed.set()

    async with opened(s3.url) as store:
        with LocalFile.open(clip) as file:
            task = asyncio.create_task(send(store, file, PLACE, sent=watch))
            await landed.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
