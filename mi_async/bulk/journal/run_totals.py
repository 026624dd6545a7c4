"""Totals of the latest run in a journal, and its first problems; of a shared run, what all its processes have done.

Invariant: reads one moment of the journal; a few queries, whatever its length.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import field, frozen
from sqlalchemy import ColumnElement, Connection, case, func, select

from mi_async.bulk.engine.outcome import WELL, Status
from mi_async.bulk.journal.claims import MemberRow
from mi_async.bulk.journal.place import JournalUrl
from mi_async.bulk.journal.reader import JournalReader
from mi_async.bulk.journal.records import FAILED, MENDED, OPEN, UPLOAD, AssetRecord, ImageRecord, PersonRecord
from mi_async.bulk.journal.schema import abandoned, assets, persons, pictures, runs, shards
from mi_async.bulk.journal.statements import IMAGES_OF
from mi_async.bulk.journal.stored_minutes import TAKEN_OVER
from mi_async.bulk.journal.typed_rows import STATUSES, read_asset, read_counts, read_image, read_person
from mi_async.workflows.upload import State

TROUBLED = [status.value for status in Status if status not in WELL]


@frozen
class RunTotals:
    """Totals of a run.

    Attributes:
        run: its number; of a shared run, that of the process that began it.
        statuses: items by status, those in flight too.
        pictures: images whose upload began in it and that the service has taken over and not refused; each once,
            whichever process uploaded it and whichever found it there. Not those that an earlier run had uploaded.
        sent: bytes of media files that are stored.
        abandoned: uploads that were started over, in earlier runs too.
        started: when it began, in UTC, as ISO 8601 has it; '' if there was no run.
        ended: the same, None while a process of it has not ended. Of a killed one in a shared run its last sign counts.
        ending: how the last process ended.
        shards: parts of the input that are done, taken and free; none of a file.
        members: processes that work on it now.
        processes: processes that have taken part.
    """

    run: int
    statuses: Mapping[str, int]
    pictures: int = 0
    sent: int = 0
    abandoned: int = 0
    started: str = ""
    ended: str | None = None
    ending: str = ""
    shards: Mapping[str, int] = field(factory=dict)
    members: int = 0
    processes: int = 0


def run_totals(reader: JournalReader) -> RunTotals:
    """Return the totals of the latest run."""
    connection = reader.connection
    run = _latest_run(reader)
    started, ended, number, over = connection.execute(
        select(func.min(runs.c.started), func.max(runs.c.ended), func.count(), func.count(runs.c.ended)).where(
            runs.c.number >= run
        )
    ).one()
    ending = connection.execute(select(runs.c.ending).order_by(runs.c.number.desc()).limit(1)).scalar_one_or_none()
    killed = func.count().filter(runs.c.ended.is_(None), runs.c.ending != "")
    gone = connection.execute(select(killed).where(runs.c.number >= run)).scalar_one()
    members = reader.members()
    if reader.is_shared:
        ended, runs_on = _shared_end(members, ended)
    else:
        runs_on = number != over + gone
    return RunTotals(
        run=run,
        statuses=_statuses(reader, run),
        pictures=0 if reader.has_assets else _count(connection, _taken_over(run, started)),
        sent=_sent(connection, run) if reader.has_assets else 0,
        abandoned=0 if reader.has_assets else _count(connection, select(func.count()).select_from(abandoned)),
        started=started or "",
        ended=None if runs_on else ended,
        ending=ending or "",
        shards=reader.shards(),
        members=len([member for member in members if member.lives]),
        processes=number,
    )


def run_pictures(reader: JournalReader, run: int) -> int:
    """Return the images of a run, as its totals have them."""
    started = reader.connection.execute(select(func.min(runs.c.started)).where(runs.c.number >= run)).scalar_one()
    return _count(reader.connection, _taken_over(run, started))


def _shared_end(members: Sequence[MemberRow], ended: str | None) -> tuple[str | None, bool]:
    """Return when a shared run has ended, and True while a process of it lives.

    A killed process has no end: what it claimed lapsed at a time that is known until another evicts it, and whoever
    did that has an end of its own, or lives.
    """
    now = datetime.now(UTC)
    lapsed = [now + timedelta(seconds=member.lapses) for member in members]
    ends = [*lapsed, *([datetime.fromisoformat(ended)] if ended is not None else [])]
    return max(ends).isoformat() if ends else None, any(member.lives for member in members)


def first_persons(reader: JournalReader, run: int, most: int) -> list[tuple[PersonRecord, tuple[ImageRecord, ...]]]:
    """Return the first persons of a run that did not end well, with their images."""
    troubled = (persons.c.run >= run) & persons.c.status.in_(TROUBLED)
    query = select(persons).where(troubled).order_by(persons.c.person).limit(most)
    found = {row.person: (row, list[ImageRecord]()) for row in map(read_person, reader.connection.execute(query))}
    for image in map(read_image, reader.connection.execute(IMAGES_OF, {"keys": list(found)})):
        found[image.person][1].append(image)
    return [(person, tuple(images)) for person, images in found.values()]


def first_assets(reader: JournalReader, run: int, most: int) -> list[AssetRecord]:
    """Return the first media files of a run that did not end well."""
    troubled = (assets.c.run >= run) & assets.c.status.in_(TROUBLED)
    query = select(assets).where(troubled).order_by(assets.c.key, assets.c.bucket).limit(most)
    return list(map(read_asset, reader.connection.execute(query)))


def run_projects(reader: JournalReader, run: int = 0) -> tuple[int, ...]:
    """Return the IDs of the projects of a run's media files, those of all runs by default; none of persons."""
    if not reader.has_assets:
        return ()
    query = select(assets.c.project_id).where(assets.c.run >= run).distinct().order_by(assets.c.project_id)
    return tuple(reader.connection.execute(query).scalars())


def _latest_run(reader: JournalReader) -> int:
    """Return the number of the latest run: where processes share it, of the first that took part."""
    of = shards.c.since if isinstance(reader.path, JournalUrl) else runs.c.number
    found: int | None = reader.connection.execute(select(func.max(of))).scalar_one()
    return found or 0


def _statuses(reader: JournalReader, run: int) -> Mapping[str, int]:
    if reader.identity.operation == UPLOAD:
        return _image_statuses(reader.connection, run)
    table = assets if reader.has_assets else persons
    query = select(table.c.status, func.count()).where(table.c.run >= run).group_by(table.c.status)
    return read_counts(_rows(reader.connection, query), STATUSES)


def _image_statuses(connection: Connection, run: int) -> Mapping[str, int]:
    """Count single images, whose rows have a state: how each ended follows from it and from the person's row."""
    failed = pictures.c.state == FAILED
    status: ColumnElement[str] = case(
        (pictures.c.state == State.ATTACHED.value, Status.DONE.value),
        (failed & pictures.c.thumbnail_key.is_(None), Status.REJECTED.value),
        (failed, Status.FAILED.value),
        (persons.c.status == OPEN, OPEN),
        else_=Status.PARKED.value,
    )
    seen = (persons.c.run >= run) & (pictures.c.state != MENDED)
    joined = select(status, func.count()).join(persons, persons.c.person == pictures.c.person)
    counts = dict(read_counts(_rows(connection, joined.where(seen).group_by(status)), STATUSES))
    # what was refused before its file was looked at has a row of its own, under a name that no person has
    refused = (persons.c.run >= run) & persons.c.person_id.is_(None) & (persons.c.status == Status.REJECTED.value)
    if number := _count(connection, select(func.count()).where(refused)):
        counts[Status.REJECTED.value] = counts.get(Status.REJECTED.value, 0) + number
    return counts


def _taken_over(run: int, started: str | None) -> Any:
    # An earlier run may have done the same persons: to count their images again would make up a rate. Both times are of
    # the clock of the process that uploads: it has begun, by that clock, before it stores anything, and the first start
    # of all processes counts. So a machine whose clock is behind loses none of its images.
    began = datetime.fromisoformat(started).timestamp() if started else 0.0
    joined = select(func.count()).select_from(pictures).join(persons, persons.c.person == pictures.c.person)
    return joined.where(TAKEN_OVER, pictures.c.stored_at >= began, persons.c.run >= run)


def _sent(connection: Connection, run: int) -> int:
    stored = func.coalesce(func.sum(assets.c.size), 0)
    return int(connection.execute(select(stored).where(assets.c.run >= run, assets.c.fresh)).scalar_one())


def _count(connection: Connection, query: Any) -> int:
    found: int = connection.execute(query).scalar_one()
    return found


def _rows(connection: Connection, query: Any) -> list[Sequence[Any]]:
    return [tuple(row) for row in connection.execute(query)]
