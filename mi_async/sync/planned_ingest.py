"""Plan of the run of a sync: what ``ingest-many --dry-run`` tells, by the same decisions about the same files.

Invariant: sends nothing. Of new and changed files the headers are read, of all others size and time.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import closing

from attrs import evolve, frozen

from mi_async.bulk.engine.outcome import DUPLICATE, MOST_PROBLEMS, BulkOutcome
from mi_async.bulk.inputs.input_facts import facts_of
from mi_async.bulk.inputs.models import AssetInput, BadInput
from mi_async.bulk.journal.place import Journalled
from mi_async.bulk.journal.records import AssetRecord
from mi_async.bulk.plan.dedup import FirstSeen, existing, remembered_assets
from mi_async.bulk.plan.dry_run import PlanCounts
from mi_async.bulk.plan.ingest import AssetPlan, add_all, plan_of
from mi_async.bulk.plan.ingest_planner import IngestPlanner
from mi_async.storage.models import StoredObject
from mi_async.sync.bucket_source import BucketSource
from mi_async.sync.decisions import SyncState, decide_examined
from mi_async.sync.folder_source import FolderSource
from mi_async.sync.item import SyncItem
from mi_async.sync.sources import Scan
from mi_async.text import encodable
from mi_async.workflows.ingest.models import IngestState

ALWAYS = frozenset({SyncState.NEW, SyncState.SAME, SyncState.MISSING})
"""States of what the run takes, and of changed files where they are to be replaced."""
FORGOTTEN = frozenset({SyncState.MISSING, SyncState.CHANGED})
"""States of what the journal has forgotten when the run begins."""


@frozen
class RunPlanner:
    """Planner of the run of a sync.

    Attributes:
        source: the folder or bucket.
        scan: of it.
        journal: of the run.
        project_id: ID of the project.
        goal: state in which a file is done.
        validate: False to skip the check of files, as the run would.
    """

    source: FolderSource | BucketSource
    scan: Scan
    journal: Journalled
    project_id: int
    goal: IngestState
    validate: bool

    def plan(self, items: list[SyncItem], *, replace: bool) -> tuple[list[SyncItem], AssetPlan]:
        """Return items as they are once the files are looked into, and the plan of the run over them; blocks.

        Args:
            items: of what the source has.
            replace: changed files take the place of what is there.
        """
        if any(item.state is SyncState.CHANGED for item in items):  # first, since what is kept is nothing for the run
            items, _ = self._examined(items, lambda item: item.state is SyncState.CHANGED)
        return self._examined(items, lambda item: item.state in ALWAYS or (replace and item.state is SyncState.CHANGED))

    def _examined(self, items: list[SyncItem], takes: Callable[[SyncItem], bool]) -> tuple[list[SyncItem], AssetPlan]:
        """Plan a run over some of the items."""
        before = {item.key: item for item in items if takes(item)}
        after, first = dict[str, SyncItem](), list[BulkOutcome]()

        def tell(outcome: BulkOutcome) -> None:
            first.extend([outcome] if len(first) < MOST_PROBLEMS else [])
            # what can be no object, as of a name that is no text, is told by its path
            item = before.get(outcome.key) or before.get(self.source.key_of(outcome.key) or "")
            # the first file of a name is taken, whatever becomes of a second one
            if item is not None and DUPLICATE not in {problem.code for problem in outcome.problems}:
                after[item.key] = self._again(item, outcome)

        with closing(FirstSeen()) as firsts, remembered_assets(existing(self.journal), self.project_id) as known:

            def find(keys: Sequence[str]) -> Sequence[AssetRecord]:
                return known([key for key in keys if key in before and before[key].state not in FORGOTTEN])

            planner = IngestPlanner(self.goal, find, firsts, PlanCounts(tell), first, self.validate)
            listed = self._listed(before)
            add_all(planner, listed)
        return [after.get(item.key, item) for item in items], plan_of(planner, {}, facts_of(listed))

    def _again(self, item: SyncItem, outcome: BulkOutcome) -> SyncItem:
        """Decide again about an item that the run would not take."""
        told = [problem.message.removeprefix(f"{problem.source}: ") for problem in outcome.problems]
        if (decision := decide_examined(item.state, outcome.status, "; ".join(told))) is None:
            return item
        source = encodable(self.source.path_of(item.key))
        return evolve(item, state=decision.state, reason=decision.reason, source=source, with_object=False)

    def _listed(self, keys: Collection[str]) -> Iterable[AssetInput | BadInput]:
        """Return media files as the run gets them, as far as the scan has found them, and what cannot be read."""
        if isinstance(self.source, FolderSource):
            return self.source.items(keys.__contains__)
        places = {StoredObject.parse(self.source.path_of(key)): self.scan.files[key] for key in keys}
        return [AssetInput(at, origin=str(at), size=of.size, mtime_ns=of.modified) for at, of in places.items()]
