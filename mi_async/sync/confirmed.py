"""Confirmed removals of a sync, in a file beside the journal until all are done.

Invariant: written before the first of them and deleted after the last, so that a sync that was killed goes on with what
was confirmed, and with nothing else. Holds names, and no secret.
"""

from collections.abc import Sequence
from pathlib import Path

from mi_async._core import json_codec
from mi_async._core.files import atomic_write
from mi_async.bulk.journal.place import Journalled, journal_error, journal_file
from mi_async.errors import InvalidArgumentError
from mi_async.sync.plan import SyncItem, SyncPlan
from mi_async.text import encodable

SUFFIX = ".confirmed"
"""Of the file, after the journal's name."""


def confirmed_file(journal: Journalled) -> Path | None:
    """Return the file of a journal; None for a journal that is no file."""
    path = journal_file(journal)
    return None if path is None else Path(f"{path}{SUFFIX}")


def write_confirmed(plan: SyncPlan, removed: Sequence[SyncItem]) -> None:
    """Write what of a plan is confirmed, with what an earlier sync has left; blocks.

    Raises:
        InvalidArgumentError: the journal is no file: others may be at work with it.
        JournalError: it cannot be written.
    """
    path = confirmed_file(plan.journal)
    if path is None:
        message = "a sync deletes and replaces only with a journal in a file, which no other process shares"
        raise InvalidArgumentError(message)
    items = [item.to_dict() for item in removed]
    body = {"of": _owner(plan), "items": items}
    try:
        with atomic_write(path) as file:
            file.write(json_codec.dumps(body))
    except OSError as error:
        raise journal_error(path, f"the confirmed plan cannot be written: {error.strerror}") from error


def read_confirmed(plan: SyncPlan) -> tuple[SyncItem, ...]:
    """Return what was confirmed and not finished; blocks.

    Raises:
        JournalError: the file is of another source or project, or cannot be read.
    """
    path = confirmed_file(plan.journal)
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


def drop_confirmed(plan: SyncPlan) -> None:
    """Delete the file: nothing is left to do."""
    if (path := confirmed_file(plan.journal)) is not None:
        path.unlink(missing_ok=True)


def _owner(plan: SyncPlan) -> dict[str, str | int]:
    return {
        "endpoint": plan.endpoint,
        "workspace": plan.workspace,
        "project_id": plan.project_id,
        "source": encodable(plan.source),
    }
