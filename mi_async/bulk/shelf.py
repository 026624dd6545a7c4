"""What a project has by name of the file, listed once for all files of a run.

Law: lists nothing before it is asked, and once only; what is registered meanwhile by others is not seen.
"""

import asyncio
from contextlib import aclosing

from attrs import define, field

from mi_async.api.assets import Asset
from mi_async.workflows.context import Context


@define(eq=False)
class Shelf:
    """The assets of a project as they were when the first of them was asked for."""

    context: Context
    project_id: int
    _numbers: dict[str, list[int]] | None = field(init=False, default=None)
    _turn: asyncio.Lock = field(init=False, factory=asyncio.Lock)

    async def find(self, key: str) -> list[Asset]:
        """Assets that were registered from an object of this key, oldest first."""
        async with self._turn:
            if self._numbers is None:
                self._numbers = await self._list()
        assets, found = self.context.groups.assets, list[Asset]()
        for number in sorted(self._numbers.get(key.rpartition("/")[2], ())):
            detailed = await assets.get(self.project_id, number)  # a listing may leave the key out
            if detailed.key == key:
                found.append(detailed)
        return found

    async def _list(self) -> dict[str, list[int]]:
        numbers: dict[str, list[int]] = {}
        async with aclosing(self.context.groups.assets.all(self.project_id)) as listed:
            async for asset in listed:
                numbers.setdefault(asset.file_name, []).append(asset.asset_id)
        return numbers
