"""A damaged journal copied into a new one, as far as it can be read.

Invariant: the damaged file and its companions are only read, byte for byte; the new one has sound rows only, and is
there only if all of them are in it.
"""

import shutil
import sqlite3
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from attrs import define, field, frozen
from sqlalchemy import ColumnElement, Connection, Table, insert, inspect, or_, select, true, update
from sqlalchemy.dialects import sqlite

from mi_async._core.files import open_regular_file
from mi_async.bulk.engine.outcome import Status
from mi_async.bulk.journal.connection import (
    HEADER,
    connect_to,
    driver_of,
    is_journal,
    lock_journal,
    make_private,
)
from mi_async.bulk.journal.header import identity_of
from mi_async.bulk.journal.place import Journalled, JournalUrl, journal_error, journal_place
from mi_async.bulk.journal.records import Identity
from mi_async.bulk.journal.salvage import LOST, PERSON_LOST, salvaged
from mi_async.bulk.journal.schema import (
    ON_CONFIRMATION,
    abandoned,
    actions,
    assets,
    confirmations,
    journal,
    layout_of,
    metadata,
    persons,
    pictures,
    plans,
    removals,
    runs,
)
from mi_async.bulk.journal.sqlite import create
from mi_async.bulk.journal.sqlite_errors import RESTORE, journal_errors
from mi_async.bulk.journal.statements import KINDS
from mi_async.bulk.journal.typed_rows import (
    DamagedError,
    read_abandoned,
    read_action,
    read_asset,
    read_confirmation,
    read_image,
    read_journal_row,
    read_person,
    read_plan,
    read_removal,
    read_run,
)

T = TypeVar("T")
HOPELESS = f"{RESTORE}: not even what it belongs to can be read"

_READ: Mapping[str, Callable[[Sequence[Any]], Any]] = {
    table.name: read
    for table, read in (
        (persons, read_person),
        (pictures, read_image),
        (abandoned, read_abandoned),
        (assets, read_asset),
        (actions, read_action),
        (plans, read_plan),
        (removals, read_removal),
        (confirmations, read_confirmation),
    )
}


@frozen
class Rebuilt:
    """Result of a rebuilt journal.

    Attributes:
        rows: rows of the new journal, by table.
        lost: rows that were found and made no sense.
        gaps: tables with pages that cannot be read; nobody can count the rows that were in them.
    """

    rows: Mapping[str, int] = field(factory=dict)
    lost: int = 0
    gaps: tuple[str, ...] = ()


def rebuild_journal(path: Journalled, new: Journalled) -> Rebuilt:
    """Copy what can be read of a journal into a new one, which the next run takes in its place.

    Args:
        path: of the damaged journal; no run is under way on it.
        new: of the new one, which is not there yet.

    Raises:
        JournalError: there is no such journal, or not even what it belongs to can be read; there is a file at ``new``,
            or it cannot be written.
    """
    real, fresh = _file(path), _file(new)
    with ExitStack() as stack:
        with journal_errors(real, HOPELESS):
            if not is_journal(real):
                raise journal_error(path, "there is none")
        with journal_errors(fresh):
            if is_journal(fresh):
                raise journal_error(new, "it is there already; name a new file")
        for each in (real, fresh):
            stack.callback(lock_journal(each).release)
        with journal_errors(real, HOPELESS):
            old = stack.enter_context(connect_to(_copied(real, stack), "rw"))
            found = identity_of(real, old)
            *_, created, software = read_journal_row(old.execute(select(journal)).one())
            driver_of(old).text_factory = _text_or_bytes
        with journal_errors(fresh):
            return _written(old, found, fresh, created, software)


def _file(journal: Journalled) -> Path:
    """Return the file of a journal.

    Raises:
        JournalError: it is in PostgreSQL.
    """
    place = journal_place(journal)
    if isinstance(place, JournalUrl):
        raise journal_error(journal, "only a file is repaired; a database is restored from its backup")
    return place


def _copied(path: Path, stack: ExitStack) -> Path:
    """Copy a journal and its companions to where SQLite may change them: opening a file brings its ``-wal`` into it."""
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="mi-async-")))  # for its owner only
    for end in ("", "-wal", "-journal"):  # from these SQLite makes what else it needs
        with (
            suppress(FileNotFoundError),
            open_regular_file(f"{path}{end}") as source,
            (folder / f"journal{end}").open("wb") as target,
        ):
            shutil.copyfileobj(source, target)
    _pad(folder / "journal")
    return folder / "journal"


def _pad(path: Path) -> None:
    """Fill a file that is cut off with empty pages; SQLite reads none that is shorter than its header says."""
    with path.open("r+b") as file:
        header = file.read(HEADER).ljust(HEADER, b"\0")
        size = struct.unpack_from(">H", header, 16)[0] * struct.unpack_from(">I", header, 28)[0]
        with suppress(OSError):  # a damaged header may say anything
            if size > path.stat().st_size:
                file.truncate(size)


def _written(old: Connection, found: Identity, fresh: Path, created: str, software: str) -> Rebuilt:
    """Write the new journal, and leave none behind if that fails."""
    try:
        make_private(fresh)
        with connect_to(fresh, "rw") as connection:
            # With its rows in one transaction: a run takes a journal without them for one that knows of nothing sent.
            create(connection, found, created, software)
            tables = _tables_of(old, found.operation)
            metadata.create_all(connection, tables)
            rebuilt = _copy(old, connection, tables)
            connection.commit()
            return rebuilt
    except BaseException:
        for end in ("", "-wal", "-shm", "-journal"):
            with suppress(OSError):
                Path(f"{fresh}{end}").unlink()
        raise


def _tables_of(old: Connection, operation: str) -> tuple[Table, ...]:
    """Return the tables of a journal's items, and those of confirmed plans where it has them."""
    usual = layout_of(operation).tables
    return (*usual, *[one for one in ON_CONFIRMATION if one not in usual and inspect(old).has_table(one.name)])


def _copy(old: Connection, new: Connection, tables: Sequence[Table]) -> Rebuilt:
    counts, losses = dict[str, int](), {table.name: _Losses() for table in (runs, *tables)}
    for row in _rows(old, runs, read_run, losses[runs.name]):
        new.execute(insert(runs).prefix_with("OR REPLACE").values(list(row)))
    for table in tables:
        kind = next(kind for kind in KINDS.values() if kind.table is table)
        for record in _rows(old, table, _READ[table.name], losses[table.name]):
            driver_of(new).execute(kind.upsert, kind.values(record))
    if pictures in tables:
        _leave_alone(new, losses[pictures.name])
    for table in (runs, *tables):
        counts[table.name] = new.exec_driver_sql(f"SELECT count(*) FROM {table.name}").scalar_one()  # noqa: S608  ours
    gaps = tuple(name for name, each in losses.items() if each.edges)
    return Rebuilt(counts, sum(len(each.rows) for each in losses.values()), gaps)


@define
class _Losses:
    """Rows of a table that could not be taken over.

    Attributes:
        rows: start of each row that was there and made no sense.
        keys: first columns of these.
        edges: first columns of the last rows that were read before a gap, from the beginning and from the end; None
            where nothing was read. Empty without a gap.
    """

    rows: set[str] = field(factory=set)
    keys: set[str] = field(factory=set)
    edges: list[str | None] = field(factory=list)

    def add(self, row: Sequence[Any]) -> None:
        """Add a row."""
        self.rows.add(repr(row[:3]))
        if isinstance(row[0], str):
            self.keys.add(row[0])


def _leave_alone(new: Connection, losses: _Losses) -> None:
    """Let the next run leave persons alone of whose images rows are lost: it would give them the images again."""
    whose: list[ColumnElement[bool]] = [persons.c.person.in_(losses.keys)]
    if losses.edges:
        first, last = losses.edges
        after, before = persons.c.person >= (first or ""), true() if last is None else persons.c.person <= last
        whose.append(after & before)
    lost = {"status": Status.FAILED.value, "code": LOST, "message": PERSON_LOST}
    new.execute(update(persons).where(persons.c.person_id.is_not(None), or_(*whose)).values(**lost))


def _rows(old: Connection, table: Table, read: Callable[[Sequence[Any]], T], losses: _Losses) -> Iterator[T]:
    """Read a table from its beginning, and where that breaks off from its end; some rows may come twice."""
    for backwards in (False, True):
        last: str | None = None
        order = [key.desc() if backwards else key for key in table.primary_key]
        query = select(table).order_by(*order).compile(dialect=sqlite.dialect())
        try:
            # one at a time: of rows that are fetched together none comes when one cannot
            for row in driver_of(old).execute(str(query)):
                last = row[0] if isinstance(row[0], str) else last
                if (record := _record(row, table, read, losses)) is not None:
                    yield record
        except (sqlite3.Error, UnicodeDecodeError):
            losses.edges.append(last)
            continue
        if backwards:
            losses.edges.append(last)
        return


def _record(row: Sequence[Any], table: Table, read: Callable[[Sequence[Any]], T], losses: _Losses) -> T | Any | None:
    """Return the record of a row, or what is kept of it; None where it is lost."""
    try:
        return read(row)
    except DamagedError:
        kept = salvaged(row) if table is pictures else None
        if kept is None:
            losses.add(row)
        return kept


def _text_or_bytes(raw: bytes) -> str | bytes:
    """Return a text, or what is there in its place: its row is left out, and not all rows after it."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw
