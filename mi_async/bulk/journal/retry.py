"""Retry of failures: what has failed for good becomes new again, for the next run to try.

Invariant: while no run is under way; one transaction; no key of a picture that may be at the service is forgotten.
"""

from collections.abc import Callable, Mapping

from attrs import frozen
from sqlalchemy import Connection, Text, cast, delete, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from mi_async.bulk.engine.outcome import Status
from mi_async.bulk.journal.actions import ActionState
from mi_async.bulk.journal.backend import open_to_change
from mi_async.bulk.journal.header import identity_of
from mi_async.bulk.journal.place import Journalled
from mi_async.bulk.journal.records import CURATE, FAILED, INGEST, OPEN, UNREADABLE
from mi_async.bulk.journal.schema import abandoned, actions, assets, persons, pictures
from mi_async.workflows.ingest.models import IngestState
from mi_async.workflows.upload import State


@frozen
class Reopened:
    """Numbers of persons and images that the next run tries again.

    Attributes:
        persons: that are open again.
        pictures: that are new again.
    """

    persons: int
    pictures: int


@frozen
class ReopenedAssets:
    """Number of media files that the next run tries again.

    Attributes:
        assets: that are open again.
    """

    assets: int


def retry_failed(path: Journalled, *, code: str | None = None) -> Reopened | ReopenedAssets:
    """Make failed persons and media files open again, and failed pictures new.

    Args:
        path: of the journal, or its URL.
        code: only what failed with it.

    Raises:
        JournalError: there is none, a run is under way on it, or it cannot be written.
    """
    with open_to_change(path) as connection:
        return REOPEN.get(identity_of(path, connection).operation, _reopen)(connection, code)


def _reopen(connection: Connection, code: str | None) -> Reopened:
    failed = pictures.c.state == FAILED
    refused = persons.c.status == Status.FAILED.value
    if code is not None:
        failed, refused = failed & (pictures.c.code == code), refused & (persons.c.code == code)
    # a key that is let go here is told of, as one that a run lets go
    reason = literal("tried again after ") + pictures.c.code
    keys = select(pictures.c.thumbnail_key, pictures.c.person, pictures.c.source, reason)
    keys = keys.where(failed, pictures.c.thumbnail_key.is_not(None))
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    connection.execute(insert(abandoned).from_select(list(abandoned.columns), keys).on_conflict_do_nothing())
    whose = persons.c.person.in_(select(pictures.c.person).where(failed))
    people = update(persons).where(or_(refused, whose)).values(status=OPEN, code="", message="")
    opened = connection.execute(people).rowcount
    # a source that could not be read has no content, and so no row, yet
    unread = connection.execute(delete(pictures).where(failed, pictures.c.sha256.startswith(UNREADABLE))).rowcount
    fresh = {"state": State.NEW.value, "thumbnail_key": None, "stored_at": 0.0, "code": "", "message": ""}
    renewed = connection.execute(update(pictures).where(failed).values(**fresh)).rowcount
    return Reopened(opened, unread + renewed)


def _reopen_assets(connection: Connection, code: str | None) -> ReopenedAssets:
    """Reopen media files; one that was not imported begins anew, any other where it failed."""
    failed = assets.c.status.in_((Status.FAILED.value, Status.PARTIAL.value))
    of_code = assets.c.code == (assets.c.code if code is None else code)
    begun = assets.c.state.in_((IngestState.STORED.value, IngestState.REGISTERED.value))
    anew = {"state": IngestState.NEW.value, "asset_id": None}
    connection.execute(update(assets).where(failed, of_code, begun).values(**anew))
    opened = update(assets).where(failed, of_code).values(status=OPEN, code="", message="")
    return ReopenedAssets(connection.execute(opened).rowcount)


def _reopen_changes(connection: Connection, code: str | None) -> Reopened:
    """Reopen persons of a curation; all whom it has not merged are looked at again."""
    failed = persons.c.status.in_((Status.FAILED.value, Status.PARTIAL.value))
    ended = failed & (persons.c.code == (persons.c.code if code is None else code))
    whose = cast(actions.c.target_id, Text).in_(select(persons.c.person).where(ended))
    refused = update(actions).where(actions.c.state == ActionState.REFUSED.value, whose)
    connection.execute(refused.values(state=ActionState.PLANNED.value, code="", message=""))
    opened = update(persons).where(ended).values(status=OPEN, code="", message="")
    return Reopened(connection.execute(opened).rowcount, 0)


REOPEN: Mapping[str, Callable[[Connection, str | None], Reopened | ReopenedAssets]] = {
    INGEST: _reopen_assets,
    CURATE: _reopen_changes,
}
"""Functions that reopen what has failed, by operation; ``_reopen`` for all others."""
