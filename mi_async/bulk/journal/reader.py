"""Reading side of a journal, for reports and the command line.

Invariant: changes nothing and takes no lock, so that it works during a run; it sees one moment of the
journal.
"""

from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from heapq import merge
from itertools import groupby
from typing import Any

from attrs import define, frozen
from sqlalchemy import Column, ColumnElement, Connection, Executable, func, select, union_all

from mi_async.bulk.engine.outcome import Status
from mi_async.bulk.journal.backend import open_snapshot
from mi_async.bulk.journal.claims import MemberRow, count_shards, read_members
from mi_async.bulk.journal.header import identity_of
from mi_async.bulk.journal.place import Journalled, JournalPlace, JournalUrl, journal_place
from mi_async.bulk.journal.records import (
    INGEST,
    AbandonedRecord,
    AssetRecord,
    Identity,
    ImageRecord,
    PersonRecord,
    masked_fingerprint,
)
from mi_async.bulk.journal.schema import (
    abandoned,
    assets,
    has_any,
    journal,
    layout_of,
    persons,
    pictures,
    runs,
)
from mi_async.bulk.journal.statements import problem_status
from mi_async.bulk.journal.typed_rows import (
    REACHED,
    STATES,
    STATUSES,
    DamagedError,
    read_abandoned,
    read_asset,
    read_counts,
    read_image,
    read_journal_row,
    read_person,
    read_problem,
    read_run,
)

AT_ONCE = 500
"""Rows that are fetched at once."""


@frozen
class RunRow:
    """A run.

    Attributes:
        number: from 1.
        started: in UTC, as ISO 8601 has it.
        ended: the same; None while it is running, and for one that was killed.
        ending: reason of its end; ``killed`` when a later run found that it had not ended.
        pid: number of its process.
        host: where that was.
        software: version that ran.
    """

    number: int
    started: str
    ended: str | None
    ending: str
    pid: int
    host: str
    software: str


@frozen
class ProblemRow:
    """Problem of a person or of one of its images.

    Attributes:
        person: key of the person.
        what: ``person`` or ``picture``.
        status: status of the person, or state of the image; ``rejected`` for one that was not sent.
        code: of the failure.
        message: of the failure.
        source: the image, or the origin of the person.
    """

    person: str
    what: str
    status: str
    code: str
    message: str
    source: str


@frozen
class AssetProblemRow:
    """Problem of a media file.

    Attributes:
        asset: its key.
        what: ``asset``.
        status: its end.
        code: of the failure.
        message: of the failure.
        source: the file, or its origin.
    """

    asset: str
    what: str
    status: str
    code: str
    message: str
    source: str


@define(eq=False)
class JournalReader:
    """A journal at one moment; get one from ``read_journal``.

    Attributes:
        path: of the file, or the URL without its password.
        identity: what it belongs to, with a fingerprint in the place of the access key.
        created: when, in UTC, as ISO 8601 has it.
        software: version that made it.
        schema: version of its tables.
        connection: to it, for further queries.
    """

    path: JournalPlace
    identity: Identity
    created: str
    software: str
    schema: int
    connection: Connection

    @property
    def masked_key(self) -> str:
        """The last characters of the access key."""
        return masked_fingerprint(self.identity.access_key)

    @property
    def has_assets(self) -> bool:
        """True if it is about media files, and not about persons."""
        return self.identity.operation == INGEST

    @property
    def is_shared(self) -> bool:
        """True if many processes may work with it at once."""
        return isinstance(self.path, JournalUrl)

    def is_of(self, run: int, seen: int) -> bool:
        """Return True if what the run of one number has seen is of the run of another.

        Where processes share a run it has the number of the first, and those that took part have higher ones.
        """
        return seen >= run if self.is_shared else seen == run

    @property
    def begun(self) -> bool:
        """True if anything of it was ever sent to the service."""
        return has_any(self.connection, layout_of(self.identity.operation).begun)

    def runs(self) -> tuple[RunRow, ...]:
        """Return all runs, the first first."""
        return tuple([RunRow(*read_run(row)) for row in self.connection.execute(select(runs).order_by(runs.c.number))])

    def members(self) -> tuple[MemberRow, ...]:
        """Return the processes that work with the journal now; of a file nobody can tell."""
        return read_members(self.connection) if isinstance(self.path, JournalUrl) else ()

    def shards(self) -> Mapping[str, int]:
        """Return the number of shards that are done, taken and free; none of a file."""
        return count_shards(self.connection) if isinstance(self.path, JournalUrl) else {}

    def statuses(self) -> Mapping[str, int]:
        """Return the number of persons, or of media files, by status."""
        return self._counts(assets.c.status if self.has_assets else persons.c.status, STATUSES)

    def states(self) -> Mapping[str, int]:
        """Return the number of images, or of media files, by state."""
        return self._counts(assets.c.state, REACHED) if self.has_assets else self._counts(pictures.c.state, STATES)

    def assets(self) -> Iterator[AssetRecord]:
        """Return every media file in the order of the keys, a few at a time."""
        order = (assets.c.key, assets.c.bucket, assets.c.project_id)
        return map(read_asset, self._stream(select(assets).order_by(*order)))

    def entries(self) -> Iterator[tuple[PersonRecord, tuple[ImageRecord, ...]]]:
        """Return every person with its images in the order of the keys, a few at a time."""
        people: Iterable[PersonRecord | ImageRecord] = map(
            read_person, self._stream(select(persons).order_by(persons.c.person))
        )
        images: Iterable[PersonRecord | ImageRecord] = map(
            read_image, self._stream(select(pictures).order_by(pictures.c.person, pictures.c.sha256))
        )
        for key, rows in groupby(merge(people, images, key=_key), key=_key):
            person, belonging = PersonRecord(key), list[ImageRecord]()
            for row in rows:
                if isinstance(row, PersonRecord):
                    person = row
                else:
                    belonging.append(row)
            yield person, tuple(belonging)

    def problems(self, code: str | None = None) -> Iterator[ProblemRow | AssetProblemRow]:
        """Return the problems in the order of the keys; with a code only those that have it."""
        problems = layout_of(self.identity.operation).problems
        kind = AssetProblemRow if self.has_assets else ProblemRow
        columns: list[ColumnElement[Any]] = [problems.columns[at] for at in range(6)]
        if not self.has_assets:
            columns[2] = problem_status(problems)
        query = select(*columns).order_by(*[problems.columns[at] for at in (0, 1, 5)])
        for row in self._stream(query if code is None else query.where(problems.c.code == code)):
            yield kind(*read_problem(row))

    def codes(self, *, failed: bool = False) -> Mapping[str, int]:
        """Count the problems of each code, most first; ``failed`` counts only those that ``retry`` opens again."""
        problems = layout_of(self.identity.operation).problems
        code, number = problems.c.code, func.count()
        query = select(code, number).group_by(code).order_by(number.desc(), code)
        if failed:
            kept = [Status.FAILED.value, *([Status.PARTIAL.value] if self.has_assets else [])]
            query = query.where(problems.c.status.in_(kept))
        return read_counts(list(self._stream(query)))

    def reasons(self, run: int) -> Mapping[str, int]:
        """Count the lasting problems of a run's items by code, most first; parked items are not counted."""
        ended = [Status.FAILED.value, Status.PARTIAL.value, Status.REJECTED.value]
        table = assets if self.has_assets else persons
        of_run = table.c.run >= run if self.is_shared else table.c.run == run
        seen = of_run & table.c.status.in_(ended)
        parts = [select(table.c.code.label("code")).where(seen, table.c.code != "")]
        if not self.has_assets:
            own = (pictures.c.code == persons.c.code) & (pictures.c.message == persons.c.message)  # told once
            joined = select(pictures.c.code).join(persons, persons.c.person == pictures.c.person)
            parts.append(joined.where(seen, pictures.c.code != "", ~own))
        found = union_all(*parts).subquery()
        number = func.count()
        query = select(found.c.code, number).group_by(found.c.code).order_by(number.desc(), found.c.code)
        return read_counts(list(self._stream(query)))

    def abandoned(self) -> Iterator[AbandonedRecord]:
        """Return the uploads that were started over, in the order of their keys."""
        for row in self._stream(select(abandoned).order_by(abandoned.c.thumbnail_key)):
            yield read_abandoned(row)

    def _counts(self, column: Column[Any], words: Collection[str]) -> dict[str, int]:
        return read_counts(list(self._stream(select(column, func.count()).group_by(column).order_by(column))), words)

    def _stream(self, query: Executable) -> Iterator[Sequence[Any]]:
        try:
            yield from self.connection.execute(query.execution_options(yield_per=AT_ONCE))
        except UnicodeDecodeError as error:  # SQLite names a thing of the schema that is not UTF-8
            raise DamagedError(str(error)) from error


def _key(record: PersonRecord | ImageRecord) -> str:
    return record.person


@contextmanager
def read_journal(path: Journalled) -> Generator[JournalReader]:
    """Open a journal to read it: a file, or a schema of PostgreSQL by its URL.

    Raises:
        JournalError: there is none, it is something else, of a newer version or damaged.
    """
    place = journal_place(path)
    with open_snapshot(place) as connection:
        found = identity_of(place, connection)
        schema, *_, created, software = read_journal_row(connection.execute(select(journal).limit(1)).one())
        yield JournalReader(place, found, created, software, schema, connection)
