"""IDs of tags by name, for all persons of a run.

Invariant: each tag is looked up or created once.
"""

import asyncio
from collections.abc import Sequence

from attrs import define, field

from mi_async.workflows.context import Context
from mi_async.workflows.tags import ensure_tags


@define(eq=False)
class TagIds:
    """IDs of tags by name, each looked up or created once in a run."""

    context: Context
    _found: dict[str, int] = field(init=False, factory=dict)
    _lock: asyncio.Lock = field(init=False, factory=asyncio.Lock)

    async def of(self, names: Sequence[str]) -> list[int]:
        """Return the IDs of the tags, created where missing."""
        if any(name not in self._found for name in names):
            async with self._lock:  # two that create the same tag at once would be in each other's way
                missing = [name for name in names if name not in self._found]
                self._found |= await ensure_tags(self.context, missing)
        return [self._found[name] for name in names]
