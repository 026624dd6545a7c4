"""The writing side of a journal, for the one thread that owns it.

Invariant: synchronous; what ``write`` has accepted is on the disk when it returns, all of a call's records or none.
"""

import logging
import os
import platform
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

import attrs
from attrs import define, field
from sqlalchemy import Connection, Executable, delete, insert, select

from mi_async._core.clock import Clock
from mi_async._core.extras import require
from mi_async.bulk.journal.backend import JournalBackend
from mi_async.bulk.journal.header import identity_of, rename_target, words_of
from mi_async.bulk.journal.place import JournalPlace, JournalUrl, journal_error
from mi_async.bulk.journal.records import AssetRecord, Identity, ImageRecord, PersonRecord, Record
from mi_async.bulk.journal.schema import has_any, layout_of, parts
from mi_async.bulk.journal.sharing import Sharing
from mi_async.bulk.journal.sqlite import SqliteBackend
from mi_async.bulk.journal.statements import ASSETS_OF, BY_HASH, BY_SOURCE, IMAGES_OF, PERSONS_OF, PairLookup
from mi_async.bulk.journal.typed_rows import read_asset, read_image, read_person
from mi_async.bulk.journal.utc_times import utc_time
from mi_async.errors import JournalError
from mi_async.text import encodable

_log = logging.getLogger(__name__)


def backend_at(place: JournalPlace, sharing: Sharing, clock: Clock) -> JournalBackend:
    """Return the database of a journal.

    Raises:
        ConfigError: the extra ``postgres`` is not installed.
    """
    if not isinstance(place, JournalUrl):
        return SqliteBackend(place)
    require("postgres")
    from mi_async.bulk.journal.claims import Claims  # noqa: PLC0415  with what follows
    from mi_async.bulk.journal.postgres import PostgresBackend  # noqa: PLC0415  brings psycopg, an extra

    return PostgresBackend(place, clock, sharing.patience, sharing.shards, Claims(place, sharing.life))


Found = dict[str, tuple[PersonRecord, tuple[ImageRecord, ...]]]

CHUNK = 500
"""Keys that one query asks for."""


@define(eq=False)
class JournalDatabase:
    """A journal that is open for writing.

    Args:
        backend: the database.
        identity: what it must belong to.
        clock: for the times of runs.
    """

    backend: JournalBackend
    identity: Identity
    clock: Clock
    run: int = field(init=False, default=0)
    _held: ExitStack = field(init=False, factory=ExitStack)

    def open(self) -> int:
        """Make or check the journal, and begin a run; returns the run's number.

        Raises:
            JournalError: it cannot be used; nothing stays open.
        """
        backend, wanted = self.backend, self.identity.stored
        with ExitStack() as stack, backend.errors():
            backend.open(stack, wanted, self._now())
            found = backend.read(partial(identity_of, backend.name))
            if found != wanted:
                self._match(found)
            backend.prepare(wanted)
            self.run = backend.write(self._begin_run)
            self._held = stack.pop_all()
        return self.run

    def write(self, writes: Sequence[Sequence[Record]]) -> list[JournalError | None]:
        """Write what several waiters want in one transaction; return the error of each, None for none.

        If it fails as a whole each is tried on its own, so that none fails for another's sake.
        """
        # A row follows its effect at the service, and the next step follows the row. A crash between the first two
        # leaves an effect that no row tells of: the next run finds the step before it, and looks before it repeats.
        try:
            self._commit([record for records in writes for record in records])
        except Exception as error:  # noqa: BLE001  whatever it is, who waits must learn of it
            if len(writes) > 1:
                return [failure for each in writes for failure in self.write([each])]
            if isinstance(error, UnicodeEncodeError):
                return self.write([[_encodable(record) for record in writes[0]]])
            return [self.backend.error_of(error)]
        return [None] * len(writes)

    def _commit(self, records: Sequence[Record]) -> None:
        """Write records in one transaction, in their order within each table."""
        rows: dict[type, list[tuple[object, ...]]] = {}
        for record in records:
            rows.setdefault(type(record), []).append(self.backend.kinds[type(record)].values(record))
        self.backend.upsert(rows)

    def find(self, keys: Sequence[str]) -> Found:
        """Return the rows of persons with those of their images, of the keys that exist."""
        asked = [encodable(key) for key in keys]

        def look(connection: Connection) -> Found:
            found: dict[str, tuple[PersonRecord, list[ImageRecord]]] = {}
            for row in _select(connection, PERSONS_OF, asked):
                found[row[0]] = (read_person(row), [])
            for row in _select(connection, IMAGES_OF, asked):
                if row[0] in found:
                    found[row[0]][1].append(read_image(row))
            return {key: (person, tuple(pictures)) for key, (person, pictures) in found.items()}

        return self.backend.read(look)

    def find_persons(self, keys: Sequence[str]) -> tuple[PersonRecord, ...]:
        """Return the rows of persons without their images, of which there may be any number."""
        asked = [encodable(key) for key in keys]
        return self.backend.read(lambda connection: tuple(map(read_person, _select(connection, PERSONS_OF, asked))))

    def find_by_hash(self, keys: Sequence[tuple[str, str]]) -> tuple[ImageRecord, ...]:
        """Return the images of the pairs of a person and a content hash that exist."""
        return self._find_images(keys, BY_HASH)

    def find_by_source(self, keys: Sequence[tuple[str, str]]) -> tuple[ImageRecord, ...]:
        """Return the images of the pairs of a person and a source that exist."""
        return self._find_images(keys, BY_SOURCE)

    def find_assets(self, project_id: int, keys: Sequence[str]) -> tuple[AssetRecord, ...]:
        """Return the rows of a project's media files of these keys, in any bucket, that exist."""
        asked = [encodable(key) for key in keys]
        return self.backend.read(
            lambda connection: tuple(map(read_asset, _select(connection, ASSETS_OF, asked, project=project_id)))
        )

    def find_part(self, bucket: str, key: str) -> str | None:
        """Return the record of an unfinished upload to an object, None if there is none."""
        query = select(parts.c.record).where(parts.c.bucket == encodable(bucket), parts.c.key == encodable(key))
        return self.backend.read(lambda connection: connection.execute(query).scalar_one_or_none())

    def write_part(self, bucket: str, key: str, record: str | None) -> None:
        """Put the record of an unfinished upload in the place of what is there; None deletes it."""
        row = {"bucket": encodable(bucket), "key": encodable(key)}

        def replace(connection: Connection) -> None:
            connection.execute(delete(parts).where(parts.c.bucket == row["bucket"], parts.c.key == row["key"]))
            if record is not None:
                connection.execute(insert(parts).values(**row, record=encodable(record)))

        self.backend.claim(replace)

    def _find_images(self, keys: Sequence[tuple[str, str]], lookup: PairLookup) -> tuple[ImageRecord, ...]:
        backend = self.backend
        return backend.read(lambda connection: tuple(map(read_image, backend.find_pairs(connection, lookup, keys))))

    def close(self, ending: str) -> None:
        """End the run and let go of the journal; what cannot be written any more is only logged."""
        run, self.run = self.run, 0
        with self._held:
            if not run:
                return
            try:
                with self.backend.errors():
                    end = partial(self.backend.end_run, number=run, ended=self._now(), ending=encodable(ending))
                    self.backend.write(end)
                    self.backend.close()
            except JournalError as error:
                _log.warning("%s; that the run has ended is not recorded", error)

    def _match(self, found: Identity) -> None:
        """Refuse the journal of another target; a misspelt one, for which nothing was done, is put right."""
        wanted = self.identity.stored
        if found.operation == wanted.operation and self.backend.write(partial(self._renamed, found)):
            return
        its, ours = words_of(found), words_of(wanted)
        reason = f"it belongs to {its}, and this run is for {ours}; give the run a journal of its own"
        raise journal_error(self.backend.name, reason)

    def _renamed(self, found: Identity, connection: Connection) -> bool:
        """Give an unused journal to this target; return False for one that was used."""
        begun = layout_of(found.operation).begun
        if has_any(connection, begun):
            return False
        self.backend.alone(connection)
        # a look again: a run may have begun and ended before nobody else could begin one
        return not has_any(connection, begun) and rename_target(connection, found, self.identity.stored)

    def _begin_run(self, connection: Connection) -> int:
        facts = {"started": self._now(), "pid": os.getpid(), "host": platform.node()}
        return self.backend.begin_run(connection, facts)

    def _now(self) -> str:
        return utc_time(self.clock.wall())


def _select(
    connection: Connection, statement: Executable, keys: Sequence[object], **more: object
) -> Iterator[Sequence[Any]]:
    for start in range(0, len(keys), CHUNK):
        yield from connection.execute(statement, {"keys": keys[start : start + CHUNK], **more})


def _encodable(record: Record) -> Record:
    """Return the record with all its texts in encodable form."""
    members: dict[str, Any] = attrs.asdict(record, recurse=False)
    texts: dict[str, Any] = {name: encodable(value) for name, value in members.items() if isinstance(value, str)}
    return type(record)(**members | texts)
