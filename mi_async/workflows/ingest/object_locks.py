"""Per-object locks and registration events, shared by the ingestions of a session.

Invariant: sends nothing, and holds nothing but the locks in use; other processes are not known of.
"""

import asyncio
from typing import Protocol
from weakref import WeakSet, WeakValueDictionary

from attrs import define, field

from mi_async.storage.models import StoredObject


class RegistrationListener(Protocol):
    """Holder of a list of assets, which would miss those that are registered after it."""

    def registered(self, workspace: str, project_id: int, key: str, asset_id: int) -> None:
        """Add an asset that was registered."""
        ...


@define(eq=False)
class ObjectLocks:
    """The locks of a session, and those who listen for its registrations."""

    # Weak: a lock goes when nobody holds it or waits for it, so that a run over a million objects keeps none.
    _locks: WeakValueDictionary[StoredObject, asyncio.Lock] = field(init=False, factory=WeakValueDictionary)
    _listeners: WeakSet[RegistrationListener] = field(init=False, factory=WeakSet)

    @property
    def in_use(self) -> int:
        """Number of locks that are held or waited for."""
        return len(self._locks)

    def lock(self, place: StoredObject) -> asyncio.Lock:
        """Return the lock of an object."""
        return self._locks.setdefault(place, asyncio.Lock())

    def subscribe(self, listener: RegistrationListener) -> None:
        """Report every registration to a listener, for as long as there is one."""
        self._listeners.add(listener)

    def registered(self, workspace: str, project_id: int, key: str, asset_id: int) -> None:
        """Report that an asset was registered."""
        for listener in self._listeners:
            listener.registered(workspace, project_id, key, asset_id)
