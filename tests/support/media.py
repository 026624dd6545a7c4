"""An emulated workspace with media in it, on a clock that a test sets by hand.

Invariant: what happens at the service happens by its API.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from attrs import define, evolve

from mi_async.emulator import Settings
from mi_async.emulator.workspace import EmulatedWorkspace
from tests.support.raw import QUICK, ROOM, Answer, HandClock, Raw, emulated

IMPORT, QUEUE, ANALYSIS, SUMMARY, SEARCH = 2.0, 1.0, 5.0, 3.0, 0.5
"""Seconds that things take by default."""


@define(eq=False)
class Media:
    """A client with a clock and the base project of its workspace."""

    raw: Raw
    clock: HandClock
    project: int

    @property
    def room(self) -> EmulatedWorkspace:
        return self.raw.server.state.workspaces["newsroom"]

    def at(self, asset: int | None = None, tail: str = "", project: int | None = None) -> str:
        """Path of the assets, or of one of them."""
        path = f"{ROOM}/projects/{self.project if project is None else project}/assets"
        return path if asset is None else f"{path}/{asset}{tail}"

    async def call(self, method: str, target: str, body: object = None) -> Answer:
        return await self.raw.call(method, target, body)

    async def register(self, key: str = "news/evening.mp4", project: int | None = None) -> int:
        target = f"{self.at(project=project)}/import/object-storage"
        number: int = (await self.call("POST", target, {"key": key, "bucketName": "footage"})).result["assetId"]
        return number

    async def imported(self, key: str = "news/evening.mp4", project: int | None = None) -> int:
        """Register an asset and wait until it is imported."""
        asset = await self.register(key, project)
        self.clock.now += IMPORT
        return asset

    async def indexed(self, key: str = "news/evening.mp4", project: int | None = None, **options: Any) -> int:
        """Register an asset and wait until it is analysed."""
        asset = await self.imported(key, project)
        await self.analysed(asset, project, **options)
        return asset

    async def analysed(self, asset: int, project: int | None = None, **options: Any) -> None:
        assert (await self.call("POST", self.at(asset, "/index", project), options)).status == 200
        self.clock.now += QUEUE + ANALYSIS

    async def status(self, asset: int, of: str = "/index/status") -> str:
        status: str = (await self.call("GET", self.at(asset, of))).result["status"]
        return status

    async def scenes(self, asset: int, level: str = "LOW") -> list[dict[str, Any]]:
        scenes: list[dict[str, Any]] = (
            await self.call("GET", self.at(asset, f"/index?confidence_level={level}"))
        ).result["scenes"]
        return scenes

    async def faces(self, count: int) -> list[int]:
        """Persons with a thumbnail each."""
        return [await self.raw.person(f"Person {n}", [await self.raw.upload()]) for n in range(count)]


@asynccontextmanager
async def media(settings: Settings = QUICK, **changes: Any) -> AsyncIterator[Media]:
    clock = HandClock()
    async with emulated(evolve(settings, **changes), clock=clock) as raw:
        yield Media(raw, clock, next(iter(raw.server.state.workspaces["newsroom"].projects)))
