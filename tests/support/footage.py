"""Analysed assets on an emulator, brought there by the session that a test has."""

from typing import Any

from mi_async import Workspace


async def footage(workspace: Workspace, *keys: str, project: int | None = None, **options: Any) -> list[int]:
    """Register objects of a bucket, analyse them, and wait; returns the numbers of the assets.

    Args:
        workspace: where.
        keys: of the objects; the emulator makes up what they show.
        project: by default the workspace's first.
        options: of the analysis.
    """
    place = await first_project(workspace) if project is None else project
    assets = []
    for key in keys:
        asset = await (await workspace.import_asset(place, key=key, bucket_name="footage"))
        await (await workspace.analyze(place, asset.asset_id, **options))
        assets.append(asset.asset_id)
    return assets


async def first_project(workspace: Workspace) -> int:
    """The number of the workspace's first project."""
    return (await workspace.projects.list()).projects[0].project_id


async def keywords(workspace: Workspace, asset: int) -> list[str]:
    """What the first scene of an asset shows, the surest first."""
    index = await workspace.indexes.get(await first_project(workspace), asset)
    found = index.extra["scenes"][0]["keywords"]
    return [word["name"] for word in sorted(found, key=lambda word: -word["confidence"])]
