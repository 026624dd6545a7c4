"""A folder or a bucket and its project: what tests of a sync begin with."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from mi_async import BulkReport, Storage, SyncPlan
from mi_async.emulator import Latency, Settings
from tests.support.films import film
from tests.support.footage import first_project
from tests.support.newsroom import Newsroom, newsroom
from tests.support.storage import BUCKET, Bucket

QUICK = Settings(importing=Latency.none(), queueing=Latency.none(), analysing=Latency.none())
ALL = ["a.mp4", "b.mp4", "뉴스/c.mp4", "뉴스/d.mp4"]
"""Files of the folder."""


@asynccontextmanager
async def archive(s3: Bucket, settings: Settings = QUICK, **options: Any) -> AsyncGenerator[Newsroom]:
    """A session whose service looks into the bucket."""
    async with newsroom(evolve(settings, objects=s3.look), speed=300.0, storage=Storage(s3.url), **options) as room:
        yield room


def make_folder(root: Path) -> Path:
    """Four clips, two of them deeper."""
    for number, name in enumerate(ALL):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(film(size=5_000 + number))
    return root


@frozen
class Synced:
    """A source and its project."""

    room: Newsroom
    source: Path | str
    journal: Path | str

    async def plan(self, **options: Any) -> SyncPlan:
        options.setdefault("settle", 0)
        return await self.room.workspace.plan_sync(self.source, journal=self.journal, **options)

    async def run(self, plan: SyncPlan | None = None, **options: Any) -> BulkReport:
        plan = await self.plan() if plan is None else plan
        return await self.room.workspace.sync(plan, bucket=BUCKET, analyze=False, **options)

    async def delete(self, **options: Any) -> BulkReport:
        """Plan with deletions, confirm, and do it."""
        plan = await self.plan(delete=True, **options)
        return await self.run(plan, confirm=plan.code)

    async def assets(self) -> dict[str, int]:
        project = await first_project(self.room.workspace)
        return {str(one.key): one.asset_id async for one in self.room.workspace.assets.all(project)}

    async def keys(self) -> list[str]:
        """Keys of all assets; one that has two assets comes twice."""
        project = await first_project(self.room.workspace)
        return sorted([str(asset.key) async for asset in self.room.workspace.assets.all(project)])
