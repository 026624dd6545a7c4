"""Index of a project's assets by the key of their object, listed once for any number of keys.

Invariant: lists nothing before it is asked, and once only. What this session registers meanwhile is seen; what others
register is not. A key that the listing leaves out is asked for once.
"""

import asyncio
from contextlib import aclosing

from attrs import define, field

from mi_async.workflows.absence import asset_of
from mi_async.workflows.context import Context


@define(eq=False)
class AssetIndex:
    """The asset IDs of a project by key, as of the first question.

    Attributes:
        context: the workspace.
        project_id: ID of the project.
        name: the only file name that is asked for; None for any.
    """

    context: Context
    project_id: int
    name: str | None = None
    _listed: bool = field(init=False, default=False)
    _assets: dict[str, list[int]] = field(init=False, factory=dict)  # by key, some perhaps twice
    _keyless: dict[str, list[int]] = field(init=False, factory=dict)  # by file name
    _lock: asyncio.Lock = field(init=False, factory=asyncio.Lock)

    def __attrs_post_init__(self) -> None:
        """Listen for registrations from now on."""
        self.context.object_locks.subscribe(self)

    def registered(self, workspace: str, project_id: int, key: str, asset_id: int) -> None:
        """Add an asset that was registered."""
        if (workspace, project_id) == (self.context.groups.name, self.project_id):
            self._assets.setdefault(key, []).append(asset_id)

    async def find(self, key: str) -> list[int]:
        """Return the IDs of the assets that were registered from an object of this key, oldest first."""
        async with self._lock:
            if not self._listed:
                await self._list()
            await self._resolve(asset_file_name(key))
        return sorted(set(self._assets.get(key, ())))

    async def _list(self) -> None:
        found: dict[str, list[int]] = {}
        keyless: dict[str, list[int]] = {}
        async with aclosing(self.context.groups.assets.all(self.project_id)) as listed:
            async for asset in listed:
                if self.name not in {None, asset.file_name}:
                    continue
                if asset.key is None:
                    keyless.setdefault(asset.file_name, []).append(asset.asset_id)
                else:
                    found.setdefault(asset.key, []).append(asset.asset_id)
        for key, assets in found.items():
            self._assets.setdefault(key, []).extend(assets)
        self._keyless, self._listed = keyless, True

    async def _resolve(self, name: str) -> None:
        """Ask for the keys of this name that the listing has left out; an asset that is gone by now has none."""
        left = self._keyless.get(name, [])
        while left:
            found = await asset_of(self.context, self.project_id, left[-1])
            asset = left.pop()  # not before the answer: a failure is to be asked again
            if found is not None and found.key is not None:
                self._assets.setdefault(found.key, []).append(asset)
        self._keyless.pop(name, None)


def asset_file_name(key: str) -> str:
    """Return the file name that the service gives to an object of this key."""
    return key.rpartition("/")[2]


async def find_assets(context: Context, project_id: int, key: str) -> list[int]:
    """Return the IDs of the assets that were registered from an object of this key, oldest first, as of now.

    The service does not say from which bucket; a workspace is linked to one.
    """
    return await AssetIndex(context, project_id, asset_file_name(key)).find(key)
