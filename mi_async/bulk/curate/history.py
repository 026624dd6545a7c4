"""Earlier curations, as their journal has them: persons that were merged, and a plan that can be resumed.

Invariant: reads; a run may be under way.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from mi_async._core.extras import require
from mi_async.bulk.journal.place import Journalled, journal_error
from mi_async.bulk.journal.records import CURATE

if TYPE_CHECKING:
    from mi_async.bulk.journal.confirmed_plan import StoredPlan
    from mi_async.bulk.journal.reader import JournalReader


def merged_in(journal: Journalled | None, workspace: str) -> Mapping[int, int]:
    """Return the persons that runs of a journal have merged, with those into which they were; blocks.

    Raises:
        JournalError: it is the journal of something else.
    """
    if journal is None or not _exists(journal):
        return {}
    from mi_async.bulk.journal.confirmed_plan import merged_before  # noqa: PLC0415  brings SQLAlchemy, an extra

    with _opened(journal) as reader:
        _check(reader, journal, workspace)
        return merged_before(reader.connection)


def plan_of(journal: Journalled, workspace: str, answers: str) -> "StoredPlan | None":
    """Return the plan of a journal that was made of these very answers, to be resumed, None if it holds none; blocks.

    One that is finished and has left answers out is not: what was in their way may be gone, which a new plan tells.

    Raises:
        JournalError: it is the journal of something else, or holds a plan of other answers that is not finished.
    """
    if not _exists(journal):
        return None
    from mi_async.bulk.journal.confirmed_plan import stored_plan  # noqa: PLC0415  as above

    with _opened(journal) as reader:
        _check(reader, journal, workspace)
        stored = stored_plan(reader.connection)
    if stored is None:
        return None
    if stored.plan.answers != answers and not stored.finished:
        reason = "it holds a plan of another table that is not finished"
        raise journal_error(journal, f"{reason}; run that table as it was, or name another journal")
    return stored if stored.plan.answers == answers and (stored.plan.is_whole or not stored.finished) else None


def _exists(journal: Journalled) -> bool:
    require("bulk")
    from mi_async.bulk.journal.backend import journal_exists  # noqa: PLC0415  as above

    return journal_exists(journal)


def _opened(journal: Journalled) -> "AbstractContextManager[JournalReader]":
    from mi_async.bulk.journal.reader import read_journal  # noqa: PLC0415  as above

    return read_journal(journal)


def _check(reader: "JournalReader", journal: Journalled, workspace: str) -> None:
    its = reader.identity
    if its.operation != CURATE or (its.workspace != workspace and reader.begun):
        reason = f"it belongs to {its.operation} in workspace {its.workspace!r}, and this is about {workspace!r}"
        raise journal_error(journal, reason)
