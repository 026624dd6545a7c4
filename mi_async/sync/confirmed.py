"""Confirmed removals of a sync, in its journal until each has ended.

Invariant: written before the first of them is done, so that after a sync that was killed the next one goes on with what
was confirmed and is asked for again, and with nothing else.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import evolve

from mi_async._core import json_codec
from mi_async.bulk.journal.actions import PlanRecord, RemovalRecord
from mi_async.bulk.journal.place import Journalled, journal_error, journal_file
from mi_async.bulk.journal.utc_times import utc_time
from mi_async.bulk.plan.dedup import existing
from mi_async.sync.item import SyncItem
from mi_async.sync.plan import SyncPlan
from mi_async.text import encodable

if TYPE_CHECKING:
    from mi_async.bulk.journal.confirmed_plan import ConfirmedRemoval, RemovalPlan

SUFFIX = ".confirmed"
"""Of the file, after the journal's name, in which earlier versions had them; it is still read, and then deleted."""


def write_confirmed(plan: SyncPlan, removed: Sequence[SyncItem], now: float) -> None:
    """Write what is confirmed now; blocks. What was confirmed before keeps its time.

    Args:
        plan: the plan.
        removed: what is confirmed; nothing where only what was confirmed before is gone on with.
        now: the time, in seconds since 1970.

    Raises:
        JournalError: a run is under way on the journal, or it cannot be written.
    """
    from mi_async.bulk.journal.confirmed_plan import confirm_removals  # noqa: PLC0415  brings SQLAlchemy, an extra

    earlier = _in_old_file(plan)
    found = [_stored(plan, earlier, ""), _stored(plan, removed, utc_time(now))]
    confirm_removals(plan.journal, [one for one in found if one.removals])
    _drop_old_file(plan.journal)  # the journal has all of it now


def read_confirmed(plan: SyncPlan) -> tuple[SyncItem, ...]:
    """Return what was confirmed and has not ended; blocks.

    Raises:
        JournalError: it cannot be read, or the file of an earlier version is of another source or project.
    """
    if existing(plan.journal) is None:
        return ()
    from mi_async.bulk.journal.confirmed_plan import unfinished_removals  # noqa: PLC0415  as above
    from mi_async.bulk.journal.reader import read_journal  # noqa: PLC0415  as above

    with read_journal(plan.journal) as reader:
        rows = unfinished_removals(reader.connection, encodable(plan.source), plan.project_id)
        its = reader.identity
    if rows and (its.endpoint, its.workspace) != (plan.endpoint, plan.workspace):
        raise journal_error(
            plan.journal, f"it holds a confirmed plan for workspace {its.workspace!r} at {its.endpoint}"
        )
    found = {(item.bucket, item.key): item for item in _in_old_file(plan)}
    return tuple((found | {item.row_key: item for item in map(_item_of, rows)}).values())


def give_up_confirmed(plan: SyncPlan, items: Sequence[SyncItem]) -> None:
    """Forget the confirmed removals that have not ended; blocks.

    Raises:
        JournalError: the journal cannot be written.
    """
    from mi_async.bulk.journal.confirmed_plan import give_up_removals  # noqa: PLC0415  as above

    if items:
        give_up_removals(plan.journal, plan.project_id, [item.place for item in items])
    _drop_old_file(plan.journal)


def _drop_old_file(journal: Journalled) -> None:
    if (path := _old_file(journal)) is not None:
        path.unlink(missing_ok=True)


def _old_file(journal: Journalled) -> Path | None:
    path = journal_file(journal)
    return None if path is None else Path(f"{path}{SUFFIX}")


def _in_old_file(plan: SyncPlan) -> tuple[SyncItem, ...]:
    """Return what a sync of an earlier version has left."""
    path = _old_file(plan.journal)
    if path is None or not path.exists():
        return ()
    try:
        body = json_codec.loads(path.read_bytes())
        items = tuple([SyncItem.from_dict(item) for item in body["items"]])
        owner = dict(body["of"])
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise journal_error(path, f"the confirmed plan of an earlier sync cannot be read: {error}") from error
    if owner != _owner(plan):
        reason = f"an earlier sync of {owner.get('source')!r} was not finished; run it again first, or delete this file"
        raise journal_error(path, reason)
    return items


def _owner(plan: SyncPlan) -> Mapping[str, Any]:
    return {
        "endpoint": plan.endpoint,
        "workspace": plan.workspace,
        "project_id": plan.project_id,
        "source": encodable(plan.source),
    }


def _stored(plan: SyncPlan, items: Sequence[SyncItem], confirmed: str) -> "RemovalPlan":
    from mi_async.bulk.journal.confirmed_plan import RemovalPlan  # noqa: PLC0415  as above

    whole = evolve(plan, items=tuple(items), delete=True, replace=True)
    record = PlanRecord(whole.code, encodable(plan.source))
    return RemovalPlan(record, tuple([_row_of(item, plan.project_id, whole.code) for item in items]), confirmed)


def _row_of(item: SyncItem, project_id: int, fingerprint: str) -> RemovalRecord:
    return RemovalRecord(
        project_id=project_id,
        bucket=item.bucket,
        key=item.key,
        plan=fingerprint,
        state=item.state.value,
        asset_id=item.asset_id,
        source=item.source,
        size=item.size,
        mtime_ns=item.modified,
        with_object=item.with_object,
        below_empty=item.below_empty,
    )


def _item_of(removal: "ConfirmedRemoval") -> SyncItem:
    row = removal.record
    return SyncItem(
        key=row.key,
        bucket=row.bucket,
        state=row.state,
        asset_id=row.asset_id,
        source=row.source,
        size=row.size,
        modified=row.mtime_ns,
        with_object=row.with_object,
        below_empty=row.below_empty,
        confirmed=removal.confirmed,
    )
