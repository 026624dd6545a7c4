"""Planner of a sync: reads the source, the journal and the project, and decides about each object.

Invariant: changes nothing, here or at the service. Makes a request for each page of the project's assets, and one or
two for each object of which something is in doubt.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import aclosing
from functools import partial

from attrs import define, evolve, field, frozen

from mi_async._core.concurrency import each
from mi_async.bulk.journal.place import Journalled
from mi_async.bulk.journal.records import AssetRecord
from mi_async.bulk.options import negative_fault
from mi_async.errors import InvalidArgumentError
from mi_async.sync.bucket_source import BucketSource
from mi_async.sync.confirmed import read_confirmed
from mi_async.sync.decisions import (
    Absence,
    AssetPresence,
    ObjectContent,
    SourceFile,
    SyncDecision,
    SyncState,
    decide_absent,
    decide_object,
    decide_present,
    most_deletions,
    used_by,
)
from mi_async.sync.defaults import SETTLE
from mi_async.sync.folder_source import FolderSource
from mi_async.sync.item import SyncItem
from mi_async.sync.known_rows import identity_of, read_known
from mi_async.sync.plan import SyncPlan, without_unfinished
from mi_async.sync.planned_ingest import RunPlanner
from mi_async.sync.sources import Scan
from mi_async.text import DAY, encodable, quantity
from mi_async.workflows.absence import asset_of
from mi_async.workflows.context import Context
from mi_async.workflows.ingest.options import IngestOptions

AT_ONCE = 8
"""Objects that are asked about at once."""
AHEAD = float(DAY)
"""Seconds by which the clock of a disk may be ahead, or in another time zone."""
UNLISTED = frozenset({SyncState.NEW, SyncState.SAME})
"""States that a plan only counts."""


@frozen(kw_only=True)
class SyncOptions:
    """Options of a plan; the attributes are described at ``Workspace.plan_sync``."""

    delete: bool = False
    delete_objects: bool = False
    delete_all: bool = False
    replace: bool = False
    give_up: bool = False
    max_delete: int | None = None
    settle: float = SETTLE
    analyze: bool = True
    summarize: bool = False

    def __attrs_post_init__(self) -> None:
        """Refuse values that are out of range or exclude each other."""
        for name in ("max_delete", "settle"):
            if (fault := negative_fault(name, getattr(self, name))) is not None:
                raise InvalidArgumentError(fault)
        if not self.delete and (self.delete_objects or self.delete_all or self.max_delete is not None):
            message = "delete_objects, delete_all and max_delete say how to delete: only with delete"
            raise InvalidArgumentError(message)


@define(eq=False)
class SyncPlanner:
    """Planner of one sync.

    Attributes:
        context: the workspace.
        project_id: ID of the project.
        source: the folder or bucket.
        journal: of the runs over it.
        options: what the plan may hold.
    """

    context: Context
    project_id: int
    source: FolderSource | BucketSource
    journal: Journalled
    options: SyncOptions
    _scan: Scan = field(init=False, factory=lambda: Scan({}))
    _rows: Mapping[str, AssetRecord] = field(init=False, factory=dict)
    _assets: Mapping[int, AssetPresence] = field(init=False, factory=dict)
    # why an object stays, by bucket and key
    _users: dict[tuple[str, str], str] = field(init=False, factory=dict)

    async def plan(self) -> SyncPlan:
        """Return the plan.

        Raises:
            JournalError: it belongs to something else.
            MIError: the source, the journal or the project cannot be read.
        """
        plan = SyncPlan(
            endpoint=self.context.endpoint,
            workspace=self.context.groups.name,
            project_id=self.project_id,
            source=self.source.name,
            journal=self.journal,
            delete=self.options.delete,
            delete_objects=self.options.delete_objects,
            replace=self.options.replace,
            give_up=self.options.give_up,
        )
        unfinished = await asyncio.to_thread(read_confirmed, plan)
        self._scan = await self._settled(await self.source.scan())
        identity = await identity_of(self.context)
        known = await asyncio.to_thread(read_known, self.journal, self.source, self.project_id, identity)
        self._rows = known.own
        self._users = {place: used_by(row.asset_id, row.project_id) for place, row in known.elsewhere.items()}
        self._assets = await self._presences()
        present = await each(self._present, self._scan.files.items(), AT_ONCE)
        absent = await each(self._absent, self._unlisted(), AT_ONCE)
        # what is given up is in the plan as it would be if nobody had confirmed it
        unfinished = () if plan.give_up else unfinished
        present, run = await asyncio.to_thread(self._run_planner().plan, present, replace=plan.replace)
        plan = evolve(self._counted(plan, [*present, *absent]), ingest=run, bytes=run.bytes)
        plan = without_unfinished(plan, unfinished)
        return evolve(plan, refusal=self._refusal(plan))

    async def _settled(self, scan: Scan) -> Scan:
        """Look again at files that have changed a moment ago, once it has passed."""
        now, settle = self.context.clock.wall() * 1e9, self.options.settle
        # the clock of a disk in the network may be ahead; a time far in the future is that of a camera without a clock
        young = [key for key, file in scan.files.items() if -AHEAD * 1e9 < now - file.modified < settle * 1e9]
        if not young or isinstance(self.source, BucketSource):
            return scan
        await self.context.clock.sleep(settle)
        return await self.source.looked_again(scan, young)

    async def _presences(self) -> dict[int, AssetPresence]:
        """Return what the service says of the assets of the journal; a listing may be behind, so each is asked for."""
        wanted = {row.asset_id: row for row in self._rows.values() if row.asset_id is not None}
        found = dict[int, AssetPresence]()
        if not wanted:
            return found
        async with aclosing(self.context.groups.assets.all(self.project_id)) as listed:
            async for asset in listed:
                if asset.asset_id in wanted and asset.key is not None:
                    found[asset.asset_id] = _presence(asset.key, wanted[asset.asset_id].key)
                    continue
                row = self._rows.get(asset.key or "")
                if asset.asset_id not in wanted and row is not None and row.asset_id is not None:
                    self._users[row.bucket, row.key] = used_by(asset.asset_id, self.project_id)
        left = [asset for asset in wanted if asset not in found]
        ask = partial(presence_of, self.context, self.project_id)
        asked = await each(lambda asset: ask(asset, wanted[asset].key), left, AT_ONCE)
        return found | dict(zip(left, asked, strict=True))

    def _presence(self, row: AssetRecord | None) -> AssetPresence:
        return AssetPresence.DELETED if row is None or row.asset_id is None else self._assets[row.asset_id]

    async def _present(self, named: tuple[str, SourceFile]) -> SyncItem:
        key, file = named
        row = self._rows.get(key)
        presence = self._presence(row)
        content = ObjectContent.SAME
        if file.settled and row is not None and self._may_change(presence):
            content = await self.source.object_content(row, file)
        decision = decide_present(file, row, presence, content)
        return self._item(decision, row, file, key)

    def _may_change(self, presence: AssetPresence) -> bool:
        """Return True if the content of an object matters: not without an asset in a bucket, where it is the source."""
        return presence is not AssetPresence.DELETED or isinstance(self.source, FolderSource)

    def _unlisted(self) -> Iterable[AssetRecord]:
        return [row for key, row in self._rows.items() if key not in self._scan.files and row.asset_id is not None]

    async def _absent(self, row: AssetRecord) -> SyncItem:
        absence = await self.source.absence(row, self._scan)
        allowed = absence is Absence.EMPTY and self.options.delete_all
        decision = decide_absent(Absence.ABSENT if allowed else absence, row, self._presence(row))
        return evolve(self._item(decision, row, SourceFile(0, 0), row.key), below_empty=allowed)

    def _run_planner(self) -> RunPlanner:
        goal = IngestOptions(analyze=self.options.analyze, summarize=self.options.summarize).goal
        return RunPlanner(self.source, self._scan, self.journal, self.project_id, goal, self.context.validate)

    def _item(self, decision: SyncDecision, row: AssetRecord | None, file: SourceFile, key: str) -> SyncItem:
        folder = isinstance(self.source, FolderSource)
        user = "" if row is None else self._users.get((row.bucket, row.key), "")
        decision = decide_object(decision, user, folder=folder, delete_objects=self.options.delete_objects)
        # a disk is asked how it spells a name: not for a hundred thousand that no plan lists
        source = "" if decision.state in UNLISTED else encodable(self.source.path_of(key))
        with_object = {SyncState.CHANGED: folder, SyncState.GONE: folder and self.options.delete_objects and not user}
        return SyncItem(
            key=key,
            bucket="" if row is None else row.bucket,
            state=decision.state,
            asset_id=None if row is None else row.asset_id,
            reason=decision.reason,
            source=source,
            size=file.size,
            modified=file.modified,
            with_object=with_object.get(decision.state, False),
        )

    def _counted(self, plan: SyncPlan, items: list[SyncItem]) -> SyncPlan:
        """Return the plan with counts of all items, and those that are neither new nor the same."""
        counts = Counter(item.state for item in items)
        # in one order, whatever that of a listing: the code of a plan follows from it
        items = sorted(items, key=lambda item: (item.key, item.bucket))
        kept = tuple([item for item in items if item.state not in UNLISTED])
        return evolve(plan, counts=dict(counts), items=kept)

    def _refusal(self, plan: SyncPlan) -> str:
        """Return why so many deletions are not done, '' if they are few enough."""
        gone = sum(item.state is SyncState.GONE for item in plan.removed)
        allowed = most_deletions(len(self._rows)) if self.options.max_delete is None else self.options.max_delete
        if gone <= allowed or self.options.delete_all:
            return ""
        return (
            f"{gone:,} of {quantity(len(self._rows), 'asset')} would be deleted, and {allowed:,} may be; "
            f"if that is meant, allow it with max_delete={gone} (--max-delete {gone})"
        )


def _presence(key: str | None, wanted: str) -> AssetPresence:
    if key is None:
        return AssetPresence.UNKNOWN
    return AssetPresence.PRESENT if key == wanted else AssetPresence.OF_ANOTHER


async def presence_of(context: Context, project_id: int, asset_id: int, key: str) -> AssetPresence:
    """Return what the service says of one asset now."""
    asset = await asset_of(context, project_id, asset_id)
    return AssetPresence.DELETED if asset is None else _presence(asset.key, key)
