"""Per-object locks and registration events, shared by the ingestions of a session.

Invariant: sends nothing, and holds nothing but the locks in use; other processes are not known of.
"""

from typing import Protocol
from weakref import WeakSet

from attrs import define, field

from mi_async._core.keyed_locks import KeyedLocks
from mi_async.storage.models import StoredObject


class RegistrationListener(Protocol):
    """Holder of a list of assets, which would miss those that are registered after it."""

    def registered(self, workspace: str, project_id: int, key: str, asset_id: int) -> None:
        """Add an asset that was registered."""
        ...


@define(eq=False)
class ObjectLocks(KeyedLocks[StoredObject]):
    """The locks of a session, and those who listen for its registrations."""

    _listeners: WeakSet[RegistrationListener] = field(init=False, factory=WeakSet)

    def subscribe(self, listener: RegistrationListener) -> None:
        """Report every registration to a listener, for as long as there is one."""
        self._listeners.add(listener)

    def registered(self, workspace: str, project_id: int, key: str, asset_id: int) -> None:
        """Report that an asset was registered."""
        for listener in self._listeners:
            listener.registered(workspace, project_id, key, asset_id)
