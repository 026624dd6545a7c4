"""One at a time at each object, and word of what is registered: what the ingestions of a session need of each other.

Law: makes no request, and holds nothing but what is under way; knows this session alone.
"""

import asyncio
from typing import Protocol
from weakref import WeakSet, WeakValueDictionary

from attrs import define, field

from mi_async.storage.models import StoredObject


class Listener(Protocol):
    """Somebody who has listed assets, and would miss those that come after."""

    def registered(self, workspace: str, project_id: int, key: str, asset_id: int) -> None:
        """An asset was registered."""
        ...


@define(eq=False)
class ObjectLocks:
    """Where a session's ingestions take turns."""

    _turns: WeakValueDictionary[StoredObject, asyncio.Lock] = field(init=False, factory=WeakValueDictionary)
    _listeners: WeakSet[Listener] = field(init=False, factory=WeakSet)

    def turn(self, place: StoredObject) -> asyncio.Lock:
        """The lock of an object; it goes when nobody holds it or waits for it."""
        return self._turns.setdefault(place, asyncio.Lock())

    def listen(self, listener: Listener) -> None:
        """Tell somebody of every asset, for as long as there is somebody."""
        self._listeners.add(listener)

    def tell(self, workspace: str, project_id: int, key: str, asset_id: int) -> None:
        """Pass on that an asset was registered."""
        for listener in self._listeners:
            listener.registered(workspace, project_id, key, asset_id)
