"""What a project has, by the key of the object: how many requests that costs, and what is seen of changes."""

import asyncio

import pytest
from attrs import evolve

from mi_async.api.assets import Asset, Assets
from mi_async.emulator.bodies import BODIES
from mi_async.emulator.bodies.assets import EmulatedAssets
from mi_async.models import Page
from mi_async.workflows.ingest.asset_index import AssetIndex, find_assets
from tests.support.newsroom import Newsroom, context_of, newsroom

MANY = 40
KEYS = [f"{number}/video.mp4" for number in range(MANY)]


async def stocked(room: Newsroom) -> tuple[int, list[int]]:
    """A project with assets of equal file names, and their numbers."""
    project = (await room.workspace.projects.list()).projects[0].project_id
    register = room.workspace.assets.register
    return project, [(await register(project, key=key, bucket_name="footage")).asset_id for key in KEYS]


class Keyless(EmulatedAssets):
    """Assets whose listing leaves the key out, as that of the service may."""

    async def list(self, project_id: int, *, page_num: int = 1, page_size: int | None = None) -> Page[Asset]:
        page = await super().list(project_id, page_num=page_num, page_size=page_size)
        return evolve(page, content=tuple(evolve(asset, key=None) for asset in page.content))


KEYLESS = {**BODIES, Assets: Keyless}


@pytest.mark.parametrize("told", [True, False])
async def test_equal_names_cost_one_request_each_at_most(told: bool) -> None:
    async with newsroom(bodies=BODIES if told else KEYLESS) as room:
        project, numbers = await stocked(room)
        asset_index = AssetIndex(context_of(room), project)
        found = await asyncio.gather(*[asset_index.find(key) for key in KEYS])
        assert found == [[number] for number in numbers]
        assert await asset_index.find("other/video.mp4") == []
        assert room.server.log.count("assets.list") == 1
        assert room.server.log.count("assets.get") == (0 if told else MANY)
        assert await find_assets(context_of(room), project, KEYS[3]) == [numbers[3]]


async def test_one_that_is_gone_is_passed_over() -> None:
    async with newsroom(bodies=KEYLESS) as room:
        project, numbers = await stocked(room)
        asset_index = AssetIndex(context_of(room), project)
        assert await asset_index.find("nothing.mp4") == []  # it is listed now
        await room.workspace.assets.delete(project, numbers[7])
        assert await asset_index.find(KEYS[7]) == []
        assert await asset_index.find(KEYS[8]) == [numbers[8]]


async def test_what_the_session_registers_is_seen_and_what_is_elsewhere_is_not() -> None:
    async with newsroom() as room:
        project, numbers = await stocked(room)
        context = context_of(room)
        asset_index, later = AssetIndex(context, project), AssetIndex(context, project)
        assert await asset_index.find(KEYS[0]) == [numbers[0]]
        context.object_locks.registered("newsroom", project, KEYS[0], 9_999)
        context.object_locks.registered("newsroom", project + 1, KEYS[0], 8_888)
        context.object_locks.registered("evening", project, KEYS[0], 7_777)
        assert await asset_index.find(KEYS[0]) == [numbers[0], 9_999]
        assert await later.find(KEYS[0]) == [numbers[0], 9_999]  # told before it has listed
