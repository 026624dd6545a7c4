"""Removal of assets that a confirmed plan lists, each looked at directly before it is deleted.

Invariant: only what is still as the plan has it is deleted. A removal may be repeated at any point: what is gone
already is found gone. The journal forgets an asset and its removal last and at once, so that a sync that was killed
finds both again.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any

from attrs import define, evolve, field, frozen

from mi_async.bulk.journal.records import AssetRecord
from mi_async.bulk.plan.dedup import remembered_assets
from mi_async.errors import ConflictError, InvalidRequestError, NotFoundError
from mi_async.models import Serializable
from mi_async.storage.responses import ObjectHead
from mi_async.storage.verify import MARK
from mi_async.sync.bucket_source import BucketSource
from mi_async.sync.decisions import (
    NOT_OURS,
    OBJECT_STAYS,
    Absence,
    AssetPresence,
    SourceFile,
    SyncState,
    is_own,
    used_by,
)
from mi_async.sync.folder_source import FolderSource
from mi_async.sync.item import SyncItem
from mi_async.sync.plan import SyncPlan
from mi_async.sync.planner import presence_of
from mi_async.sync.sources import Scan
from mi_async.workflows.absence import tells_no_asset
from mi_async.workflows.context import Context, known

_log = logging.getLogger(__name__)

FOREIGN = "no run has stored it"


class RemovalStatus(StrEnum):
    """End of a removal."""

    DELETED = "deleted"
    GONE_ALREADY = "gone already"
    KEPT = "kept"


@frozen
class SyncRemoval(Serializable):
    """Outcome of the removal of one asset.

    Attributes:
        item: as the plan has it.
        status: its end.
        reason: why it was kept.
    """

    item: SyncItem
    status: RemovalStatus
    reason: str = ""

    def as_row(self) -> dict[str, Any]:
        """Return it as a JSON object: the members of the item, with how it ended and why."""
        return {**self.item.as_row(), "status": self.status.value, "reason": self.reason or self.item.reason or None}

    def __str__(self) -> str:
        """Name the object, and how it ended."""
        return f"{self.item}: {self.status.value}" + (f", {self.reason}" if self.reason else "")


@define(eq=False)
class Remover:
    """Removes what a plan lists.

    Attributes:
        context: the workspace.
        plan: the confirmed plan.
        source: its source.
    """

    context: Context
    plan: SyncPlan
    source: FolderSource | BucketSource
    _scan: Scan = field(init=False, factory=lambda: Scan({}))

    async def remove(
        self, items: Sequence[SyncItem], ended: Callable[[SyncRemoval], None], stopped: Callable[[], bool]
    ) -> None:
        """Remove items one after the other.

        Args:
            items: what to remove.
            ended: is told of each.
            stopped: asked before each; returns True to leave the rest to the next sync.

        Raises:
            MIError: the source, the service or the storage does not answer, or refuses the keys; what is left is
                removed by the next sync.
        """
        self._scan = await self.source.scan()
        for item in items:
            if stopped():
                return
            removal = await self._one(item)
            # what was kept is of no plan any more: to remove it after all, somebody looks again
            await asyncio.to_thread(self._end, removal)
            level = logging.WARNING if removal.status is RemovalStatus.KEPT else logging.INFO
            _log.log(level, "sync of %s: %s", self.plan.source, removal)
            ended(removal)

    async def _one(self, item: SyncItem) -> SyncRemoval:
        row, user = await asyncio.to_thread(self._row, item)
        if row is None or row.asset_id != item.asset_id:
            return SyncRemoval(item, RemovalStatus.GONE_ALREADY)
        if reason := await self._reason_to_keep(item, row, user):
            return SyncRemoval(item, RemovalStatus.KEPT, reason)
        if user and item.with_object:
            item = evolve(item, with_object=False, reason=f"{OBJECT_STAYS}: {user}")
        head = await self.context.store.head(item.place) if item.with_object else None
        if _is_foreign(head) and item.state is SyncState.CHANGED:  # it would be in the way of the new file
            return SyncRemoval(item, RemovalStatus.KEPT, FOREIGN)
        removal = await self._asset_removed(item)
        if removal.status is RemovalStatus.KEPT or head is None:
            return removal
        return evolve(removal, reason=await self._reason_to_leave(item, head))

    async def _reason_to_leave(self, item: SyncItem, head: ObjectHead) -> str:
        """Delete the object of an asset that is gone; return why it was left, '' if it was not."""
        if _is_foreign(head):
            return f"the object was left: {FOREIGN}"
        if not await self.context.store.remove(item.place, head.tag):
            return "the object was left: it has changed meanwhile"
        return ""

    def _end(self, removal: SyncRemoval) -> None:
        """Write that a removal has ended; blocks."""
        from mi_async.bulk.journal.confirmed_plan import end_removal  # noqa: PLC0415  brings SQLAlchemy, an extra

        forget = None if removal.status is RemovalStatus.KEPT else removal.item.asset_id
        end_removal(self.plan.journal, self.plan.project_id, removal.item.place, forget=forget)

    async def _asset_removed(self, item: SyncItem) -> SyncRemoval:
        """Delete an asset, once it is seen that it is the one of the plan."""
        asset, project = known(item.asset_id), self.plan.project_id
        presence = await presence_of(self.context, project, asset, item.key)
        if presence is AssetPresence.DELETED:
            return SyncRemoval(item, RemovalStatus.GONE_ALREADY)
        if presence is not AssetPresence.PRESENT:
            return SyncRemoval(item, RemovalStatus.KEPT, presence.value)
        try:
            await self.context.groups.assets.delete(project, asset)
        except NotFoundError as error:
            if not tells_no_asset(error):
                raise
            # an attempt whose answer was lost, or somebody else
            return SyncRemoval(item, RemovalStatus.GONE_ALREADY)
        except (ConflictError, InvalidRequestError) as error:  # it is being analysed
            return SyncRemoval(item, RemovalStatus.KEPT, str(error))
        return SyncRemoval(item, RemovalStatus.DELETED)

    def _row(self, item: SyncItem) -> tuple[AssetRecord | None, str]:
        """Return the row of an object, and why the object stays, '' if it does not; blocks."""
        with remembered_assets(self.plan.journal) as find:
            found = [row for row in find([item.key]) if row.bucket == item.bucket]
        own = next((row for row in found if row.project_id == self.plan.project_id), None)
        others = [row for row in found if row is not own and row.asset_id is not None]
        return own, used_by(others[0].asset_id, others[0].project_id) if others else ""

    async def _reason_to_keep(self, item: SyncItem, row: AssetRecord, user: str) -> str:
        """Return why the asset is kept, '' if it is not."""
        if not is_own(row):  # a plan that was changed by hand has a code, too
            return NOT_OURS
        if reason := await self._source_reason(item, row):
            return reason
        return user if item.with_object and item.state is SyncState.CHANGED else ""

    async def _source_reason(self, item: SyncItem, row: AssetRecord) -> str:
        """Return why the source is not as the plan has it, '' if it is."""
        file = self._scan.files.get(item.key)
        if item.state is SyncState.CHANGED:
            # of this very moment, too: the scan may be hours old, and once the asset is gone there is only the file
            planned = SourceFile(item.size, item.modified)
            same = file == planned and await self.source.is_still(item.key, planned)
            return "" if same else "the file has changed since the plan was made"
        if file is not None:
            return "the file is there again"
        absence = await self.source.absence(row, self._scan)
        # a disk may have gone since the plan: only what the plan has found below an empty folder may be there now
        allowed = absence is Absence.EMPTY and item.below_empty
        return "" if absence is Absence.ABSENT or allowed else absence.value


def _is_foreign(head: ObjectHead | None) -> bool:
    """Return True if no run has stored an object: by its mark, as the journal only knows that one did so once."""
    return head is not None and MARK not in head.metadata
