"""Plan of a sync: what would be ingested, replaced and deleted, and what is kept and why.

Invariant: a value; the code confirms exactly what it lists for deletion and replacement, in this place.
"""

from collections.abc import Iterable
from typing import Any

from attrs import evolve, field, frozen

from mi_async._core.confirmation import confirmation_code
from mi_async.bulk.journal.place import Journalled, parsed, shown_journal
from mi_async.bulk.plan.dedup import Gone
from mi_async.bulk.plan.ingest import AssetPlan
from mi_async.sync.decisions import SyncState
from mi_async.sync.item import SyncItem
from mi_async.sync.removal_wording import confirmed_when, for_good, options_for
from mi_async.text import aligned, escaped, size

SHOWN = 20
"""Items of a kind that the table has; JSON has all, and so has the table of what is deleted or replaced for good."""
LABELS = (
    (SyncState.NEW, "new"),
    (SyncState.SAME, "same"),
    (SyncState.CHANGED, "changed"),
    (SyncState.GONE, "gone"),
    (SyncState.MISSING, "to ingest again: the asset was deleted"),
    (SyncState.FORGOTTEN, "gone on both sides"),
    (SyncState.UNSETTLED, "still being written"),
    (SyncState.REJECTED, "rejected"),
    (SyncState.KEPT, "kept"),
)

GONE_OF_RUN = frozenset(Gone().as_dict())
"""Members of the JSON of a dry run that a plan of a sync has itself."""


@frozen
class ItemList:
    """A list of items in the table of a plan.

    Attributes:
        title: above it.
        items: the items.
        most: number of items that are shown; None for all.
    """

    title: str
    items: tuple[SyncItem, ...]
    most: int | None = None

    def lines(self) -> list[str]:
        """Return the lines, none for no items."""
        if not self.items:
            return []
        shown = self.items[: self.most]
        more = [f"  and {len(self.items) - len(shown):,} more"] if len(shown) < len(self.items) else []
        return [f"{self.title}:", *[f"  {item}" for item in shown], *more]


@frozen(kw_only=True)
class SyncPlan:
    """Plan of a sync; ``str()`` of it is a table.

    Attributes:
        endpoint: base URL of the service.
        workspace: its name.
        project_id: ID of the project.
        project_name: its name, '' if it is not known.
        source: absolute path of the folder, or ``s3://bucket/prefix``.
        journal: of the runs over it.
        delete: the assets of what is gone would be deleted.
        delete_objects: their objects, too.
        replace: what has changed would take the place of what is there.
        give_up: what an earlier sync has not finished is not gone on with.
        counts: files and assets by state.
        bytes: of the files that would be sent, as ``ingest`` has them.
        items: all that has changed, is gone, missing, forgotten, unsettled or kept.
        unfinished: confirmed deletions and replacements that an earlier sync has not finished; see ``resumed``.
        refusal: why it is not done as it is; '' if nothing keeps it.
        ingest: the run that follows the removals, as a dry run of it is.
    """

    endpoint: str
    workspace: str
    project_id: int
    project_name: str = ""
    source: str
    journal: Journalled = field(converter=parsed)
    delete: bool = False
    delete_objects: bool = False
    replace: bool = False
    give_up: bool = False
    counts: dict[SyncState, int] = field(factory=dict)
    bytes: int = 0
    items: tuple[SyncItem, ...] = ()
    unfinished: tuple[SyncItem, ...] = ()
    refusal: str = ""
    ingest: AssetPlan = field(factory=AssetPlan)

    @property
    def target(self) -> str:
        """The project, for people."""
        return f"project {escaped(repr(self.project_name))} (ID {self.project_id})"

    def of(self, state: SyncState) -> tuple[SyncItem, ...]:
        """Return the items in a state."""
        return tuple([item for item in self.items if item.state is state])

    @property
    def removed(self) -> tuple[SyncItem, ...]:
        """Items whose assets would be deleted: what is gone with ``delete``, what has changed with ``replace``."""
        wanted = {SyncState.GONE: self.delete, SyncState.CHANGED: self.replace}
        return tuple([item for item in self.items if wanted.get(item.state, False)])

    @property
    def resumed(self) -> tuple[SyncItem, ...]:
        """Unfinished removals that the sync does without another code: those that its options ask for again."""
        return tuple([item for item in self.unfinished if self._asks_for(item)])

    @property
    def waiting(self) -> tuple[SyncItem, ...]:
        """Unfinished removals that the options do not ask for again; they wait for a sync that does."""
        others = {item.row_key for item in (*self.resumed, *self.removed)}
        return tuple([item for item in self.unfinished if item.row_key not in others])

    def _asks_for(self, item: SyncItem) -> bool:
        """Return True if the options ask for a removal as it was confirmed."""
        if item.state is SyncState.CHANGED:
            return self.replace
        return self.delete and (self.delete_objects or not item.with_object)

    @property
    def conflicts(self) -> tuple[SyncItem, ...]:
        """Items that are kept although their file is gone or has changed, each with its reason."""
        return self.of(SyncState.KEPT)

    @property
    def actions(self) -> tuple[str, ...]:
        """Canonical lines of all that cannot be undone."""
        where = f"project {self.project_id} of {self.workspace!r} at {self.endpoint}, source {self.source}"
        return tuple([f"{self._action(item)}; {where}" for item in self.removed])

    @staticmethod
    def _action(item: SyncItem) -> str:
        objects = " and the object" if item.with_object else ""
        new = f", now {item.size} bytes of {item.modified}" if item.state is SyncState.CHANGED else ""
        empty = ", below an empty folder" if item.below_empty else ""
        return f"{item.state.value}: delete asset {item.asset_id} of {item.place}{objects}{new}{empty}"

    @property
    def code(self) -> str:
        """Code that confirms the plan, such as ``7f3a-91c2``; '' if nothing of it is irreversible."""
        return confirmation_code(self.actions)

    @property
    def warning(self) -> str:
        """Sentence about what cannot be undone: ``2 assets would be deleted for good``; '' for nothing."""
        return for_good(self.removed, "would")

    @property
    def resumption(self) -> str:
        """Sentence about what is deleted without another code, since it was confirmed before; '' for nothing."""
        told = for_good(self.resumed, "will")
        return f"{told}: {confirmed_when(self.resumed)}, not finished; --give-up stops it" if told else ""

    @property
    def left_out(self) -> frozenset[str]:
        """Keys of files that a run does not take: still being written, or changed and not to be replaced."""
        out = {SyncState.UNSETTLED, SyncState.KEPT} | (set() if self.replace else {SyncState.CHANGED})
        return frozenset([item.key for item in self.items if item.state in out])

    def as_dict(self) -> dict[str, Any]:
        """Return the plan as a JSON object."""
        return {
            "source": self.source,
            "workspace": self.workspace,
            "project_id": self.project_id,
            "project_name": self.project_name,
            "journal": shown_journal(self.journal),
            **{state.value: self.counts.get(state, 0) for state, _ in LABELS},
            "bytes": self.bytes,
            "items": [item.as_row() for item in self.items],
            "unfinished": [item.as_row() for item in self.unfinished],
            "resumed": [item.as_row() for item in self.resumed],
            "waiting": [item.as_row() for item in self.waiting],
            "resumption": self.resumption or None,
            "delete": self.delete,
            "delete_objects": self.delete_objects,
            "replace": self.replace,
            "give_up": self.give_up,
            "refusal": self.refusal or None,
            # a sync compares more than a dry run does: what is gone is counted above
            "ingest": {name: told for name, told in self.ingest.as_dict().items() if name not in GONE_OF_RUN},
            "code": self.code or None,
        }

    def __str__(self) -> str:
        """Return the table."""
        run = ["the run over what is left:", *[f"  {line}" for line in str(self.ingest).splitlines()]]
        return "\n".join(
            [
                f"{self.target} of workspace {self.workspace}",
                *self._counted(),
                *[line for listed in self._lists() for line in listed.lines()],
                *(run if self.ingest.items else ()),
                *[line for line in (self.resumption, self.refusal) if line],
            ]
        )

    def _counted(self) -> list[str]:
        """Return a line for each number that is not zero."""
        counts = [(label, self.counts.get(state, 0)) for state, label in LABELS]
        counts.append(("confirmed before and not finished", len(self.unfinished)))
        rows = [(label, f"{count:,}") for label, count in counts if count]
        if self.bytes:
            return aligned([*rows, ("bytes to send", size(self.bytes))])
        return aligned(rows or [("nothing", "0")], right={1})

    def _lists(self) -> Iterable[ItemList]:
        """Yield the lists below the counts: what is removed as a whole, of all else the beginning."""
        waiting = {item.row_key for item in self.waiting}
        gone, changed = [
            tuple([item for item in self.of(state) if item.row_key not in waiting])
            for state in (SyncState.GONE, SyncState.CHANGED)
        ]
        objects = ", with their objects" if self.delete_objects else ""
        if self.delete:
            yield ItemList(f"to delete{objects}", gone)
        else:
            yield ItemList("gone, listed only (--delete deletes them)", gone, SHOWN)
        if self.replace:
            yield ItemList("to replace", changed)
        else:
            yield ItemList("changed, listed only (--replace replaces them)", changed, SHOWN)
        yield ItemList("kept", self.of(SyncState.KEPT), SHOWN)
        yield ItemList("still being written", self.of(SyncState.UNSETTLED), SHOWN)
        confirmed = confirmed_when(self.resumed)
        yield ItemList(f"to delete, {confirmed} and not finished (--give-up stops it)", self.resumed)
        confirmed, options = confirmed_when(self.waiting), " ".join(options_for(self.waiting))
        title = f"deletion {confirmed}, and waiting ({options} finishes it, --give-up ends it)"
        yield ItemList(title, self.waiting, SHOWN)


def without_unfinished(plan: SyncPlan, unfinished: tuple[SyncItem, ...]) -> SyncPlan:
    """Return a plan that goes on with what was confirmed before and is asked for again: that needs no second code."""
    plan = evolve(plan, unfinished=unfinished)
    known, left = {item.row_key for item in plan.resumed}, {item.row_key for item in unfinished}

    def is_other(item: SyncItem) -> bool:
        # a kill after the asset was deleted: forgotten by the journal, its object would not be found again
        return item.row_key not in (left if item.state is SyncState.FORGOTTEN else known)

    return evolve(plan, items=tuple(filter(is_other, plan.items)))
