"""A damaged journal copied into a new one, as far as it can be read.

Invariant: the damaged file is only read, and the new one has sound rows only.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from attrs import field, frozen
from sqlalchemy import Connection, Table, insert, select
from sqlalchemy.dialects import sqlite

from mi_async.bulk.database import (
    check,
    driver,
    identity,
    known,
    lock,
    make_private,
    open_file,
    readable,
    refusal,
    telling,
)
from mi_async.bulk.schema import KINDS, abandoned, assets, journal, layout_of, persons, pictures, runs
from mi_async.bulk.store import create
from mi_async.bulk.typed_rows import (
    DamagedError,
    read_abandoned,
    read_asset,
    read_journal_row,
    read_person,
    read_picture,
    read_run,
)

_READ: Mapping[str, Callable[[Sequence[Any]], Any]] = {
    table.name: read
    for table, read in (
        (persons, read_person),
        (pictures, read_picture),
        (abandoned, read_abandoned),
        (assets, read_asset),
    )
}


@frozen
class Rebuilt:
    """What became of a damaged journal.

    Attributes:
        rows: that the new journal has, by table.
        lost: rows that were there and could not be taken over; what pages that are gone had nobody can count.
    """

    rows: Mapping[str, int] = field(factory=dict)
    lost: int = 0


def rebuild(path: str | os.PathLike[str], new: str | os.PathLike[str]) -> Rebuilt:
    """Copy what can be read of a journal into a new one, which the next run takes in its place.

    Args:
        path: of the damaged journal; no run is under way on it.
        new: of the new one, which is not there yet.

    Raises:
        JournalError: there is no such journal, or not even what it belongs to can be read; there is a file at ``new``,
            or it cannot be written.
    """
    real, fresh = known(path), known(new)
    if not check(real):
        raise refusal(path, "there is none")
    if check(fresh):
        raise refusal(new, "it is there already; name a new file")
    with ExitStack() as stack:
        for each in (real, fresh):
            stack.callback(lock(each).release)
        with telling(real):
            old = stack.enter_context(readable(real))
            found = identity(real, old)
            *_, created, software = read_journal_row(old.execute(select(journal)).one())
            driver(old).text_factory = _text_or_bytes
        with telling(fresh):
            make_private(fresh)
            connection = stack.enter_context(open_file(fresh, "rw"))
            create(connection, found, created, software)
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            rebuilt = _copy(old, connection, layout_of(found.operation).tables)
            connection.commit()
    return rebuilt


def _copy(old: Connection, new: Connection, tables: Sequence[Table]) -> Rebuilt:
    counts, lost = dict[str, int](), set[tuple[str, str]]()
    for row in _rows(old, runs, read_run, lost):
        new.execute(insert(runs).prefix_with("OR REPLACE").values(list(row)))
    for table in tables:
        kind = next(kind for kind in KINDS.values() if kind.table is table)
        for record in _rows(old, table, _READ[table.name], lost):
            driver(new).execute(kind.upsert, kind.values(record))
    for table in (runs, *tables):
        counts[table.name] = new.exec_driver_sql(f"SELECT count(*) FROM {table.name}").scalar_one()  # noqa: S608  ours
    return Rebuilt(counts, len(lost))


def _rows(
    old: Connection, table: Table, read: Callable[[Sequence[Any]], Any], lost: set[tuple[str, str]]
) -> Iterator[Any]:
    """Read a table from its beginning, and where that breaks off from its end; some rows may come twice."""
    for backwards in (False, True):
        order = [key.desc() if backwards else key for key in table.primary_key]
        query = select(table).order_by(*order).compile(dialect=sqlite.dialect())
        try:
            # one at a time: of rows that are fetched together none comes when one cannot
            for row in driver(old).execute(str(query)):
                try:
                    yield read(row)
                except DamagedError:
                    lost.add((table.name, repr(row[:3])))
        except (sqlite3.Error, UnicodeDecodeError):
            continue
        return


def _text_or_bytes(raw: bytes) -> str | bytes:
    """Return a text, or what is there in its place: its row is left out, and not all rows after it."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw
