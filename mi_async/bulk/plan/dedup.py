"""Lookups of a plan: names earlier in the input and rows of a journal, many at a time.

Invariant: in flat memory, whatever the length of the input; changes no journal.
"""

import os
import sqlite3
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeAlias

from attrs import define, evolve, field, frozen

from mi_async._core.extras import require
from mi_async.bulk.journal.place import Journalled, journal_error, journal_file
from mi_async.bulk.journal.records import INGEST, AssetRecord, ImageRecord, Known, PersonRecord
from mi_async.text import encodable, one_line

CACHE = 16 * 2**10
"""KiB of the temporary database that are kept in memory."""
ASKED = 500
"""Keys in one query."""
SHOWN = 20
"""Names of gone items that a plan holds."""
GONE = "in the journal, not in this input"
"""Label of their number in a table."""
OFTEN = 10_000
"""Tags that are known without asking the database."""

Find: TypeAlias = Callable[[Sequence[str]], Mapping[str, Known]]
"""From names to what a journal knows of them, where it does."""


@define(eq=False)
class FirstSeen:
    """The first place of each name, and every tag, in a temporary database that goes when it is closed.

    Attributes:
        noting: ``note`` keeps what it gets: only a journal is compared with that.
    """

    noting: bool = False
    _database: sqlite3.Connection = field(init=False)
    _often: set[str] = field(init=False, factory=set)

    def __attrs_post_init__(self) -> None:
        """Lay out the tables."""
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for line in (
            "PRAGMA journal_mode = OFF",
            f"PRAGMA cache_size = -{CACHE}",
            "CREATE TABLE names (name TEXT PRIMARY KEY, origin TEXT) WITHOUT ROWID",
            "CREATE TABLE noted (name TEXT PRIMARY KEY) WITHOUT ROWID",
            "CREATE TABLE tags (tag TEXT PRIMARY KEY) WITHOUT ROWID",
            "BEGIN",  # one for all: nothing of it is to last
        ):
            self._database.execute(line)

    def before(self, named: Sequence[tuple[str, str]]) -> list[str | None]:
        """Return for each name and origin the first origin of the name, None if it is this one."""
        found = self._find([name for name, _ in named])
        new: dict[str, str] = {}
        earlier: list[str | None] = []
        for name, origin in named:
            first = found.get(name, new.get(name))
            earlier.append(first)
            if first is None:
                new[name] = origin
        self._database.executemany("INSERT INTO names VALUES (?, ?)", new.items())
        return earlier

    def note(self, names: Iterable[str]) -> None:
        """Keep further names of items that are in the input."""
        if self.noting:
            self._database.executemany("INSERT OR IGNORE INTO noted VALUES (?)", [(encodable(name),) for name in names])

    def has(self, names: Sequence[str]) -> set[str]:
        """Return those names that are in the input."""
        found = set(self._find(names))
        for start in range(0, len(names), ASKED):
            part = names[start : start + ASKED]
            marks = ",".join("?" * len(part))
            noted = self._database.execute(f"SELECT name FROM noted WHERE name IN ({marks})", part)  # noqa: S608  same
            found.update(name for (name,) in noted)
        return found

    def tags(self, names: Iterable[str]) -> None:
        """Count tags."""
        rare = [(name,) for name in names if name not in self._often]
        if not rare:
            return  # even a statement without rows waits for the threads that read headers
        self._database.executemany("INSERT OR IGNORE INTO tags VALUES (?)", rare)
        self._often.update(name for (name,) in rare[: OFTEN - len(self._often)])

    @property
    def different_tags(self) -> int:
        """Number of different tags."""
        count: int = self._database.execute("SELECT count(*) FROM tags").fetchone()[0]
        return count

    def close(self) -> None:
        """Delete the database."""
        self._database.close()

    def _find(self, names: Sequence[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for start in range(0, len(names), ASKED):
            part = names[start : start + ASKED]
            marks = ",".join("?" * len(part))
            found.update(self._database.execute(f"SELECT name, origin FROM names WHERE name IN ({marks})", part))  # noqa: S608  question marks
        return found


def existing(journal: Journalled | None) -> Journalled | None:
    """Return the journal; None before the first run, which is planned as one.

    Raises:
        JournalError: nobody can tell.
        ConfigError: the extra ``bulk`` or ``postgres`` is not installed.
    """
    if journal is None:
        return None
    if (file := journal_file(journal)) is not None and not os.path.lexists(file):
        return None
    require("bulk")
    from mi_async.bulk.journal.backend import journal_exists  # noqa: PLC0415  needs the extra

    return journal if journal_exists(journal) else None


@contextmanager
def remembered(path: Journalled | None, operation: str) -> Generator[Find]:
    """Open a journal for lookups of persons, as it is now, even while a run is under way; without one nothing is found.

    Raises:
        JournalError: there is none, it cannot be read, or belongs to another operation.
        ConfigError: the extra ``bulk`` is not installed.
    """
    if path is None:
        yield lambda _: {}
        return
    with _opened(path, operation) as connection:
        from mi_async.bulk.journal.old_names import clean_tags, is_old, renamed_keys  # noqa: PLC0415  needs the extra
        from mi_async.bulk.journal.statements import IMAGES_OF, PERSONS_OF  # noqa: PLC0415  same
        from mi_async.bulk.journal.typed_rows import read_image, read_person  # noqa: PLC0415  same

        old = is_old(connection)  # the run brings it up to date before it begins
        cleaned = renamed_keys(connection)
        spelled = {name: key for key, name in cleaned.items()}

        def find(keys: Sequence[str]) -> Mapping[str, Known]:
            found: dict[str, tuple[PersonRecord, list[ImageRecord]]] = {}
            for start in range(0, len(keys), ASKED):
                some = {"keys": [spelled.get(key, key) for key in keys[start : start + ASKED]]}
                found |= {row[0]: (read_person(row), []) for row in connection.execute(PERSONS_OF, some)}
                for row in connection.execute(IMAGES_OF, some):
                    # where only thumbnails are uploaded there need be no row of the person
                    found.setdefault(row[0], (PersonRecord(row[0]), []))[1].append(read_image(row))
            if old:
                found = {key: (evolve(row, tags=clean_tags(row.tags)), images) for key, (row, images) in found.items()}
            return {cleaned.get(key, key): (person, tuple(pictures)) for key, (person, pictures) in found.items()}

        yield find


FindAssets: TypeAlias = Callable[[Sequence[str]], Sequence[AssetRecord]]
"""From keys of objects to what a journal knows of them, in any bucket."""


@contextmanager
def remembered_assets(path: Journalled | None, project: int | None = None) -> Generator[FindAssets]:
    """Open a journal for lookups of media files, of one project where its ID is given."""
    if path is None:
        yield lambda _: ()
        return
    with _opened(path, INGEST) as connection:
        from mi_async.bulk.journal.statements import ASSETS_BY_KEY  # noqa: PLC0415  needs the extra
        from mi_async.bulk.journal.typed_rows import read_asset  # noqa: PLC0415  same

        def find(keys: Sequence[str]) -> Sequence[AssetRecord]:
            rows = [read_asset(row) for row in connection.execute(ASSETS_BY_KEY, {"keys": list(keys)})]
            return [row for row in rows if project in {None, row.project_id}]

        yield find


@frozen
class Gone:
    """Items that the journal has and the input no longer has.

    Attributes:
        count: how many persons, images of ``upload_thumbnails``, or media files.
        first: the first of them, at most 20.
    """

    count: int = 0
    first: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the members that a plan has of it in JSON."""
        return {"gone": self.count, "first_gone": list(self.first)}

    def lines(self) -> list[str]:
        """Return a line for each of the first, and one for the rest."""
        left = self.count - len(self.first)
        rest = [f"gone: and {left:,} more"] if left else []
        return [*[one_line(f"gone: {name}") for name in self.first], *rest]


def gone(path: Journalled | None, operation: str, firsts: FirstSeen) -> Gone:
    """Compare a journal with the whole input that went through ``firsts``, in flat memory.

    Raises:
        JournalError: the journal cannot be read.
    """
    if path is None:
        return Gone()
    count, first = 0, list[str]()
    with _opened(path, operation) as connection:
        from mi_async.bulk.journal.finished_names import finished_names  # noqa: PLC0415  needs the extra

        names = finished_names(connection, operation)
        while chunk := list(islice(names, ASKED)):
            known = firsts.has([name for _, any_of in chunk for name in any_of])
            absent = [shown for shown, any_of in chunk if known.isdisjoint(any_of)]
            count += len(absent)
            first += absent[: SHOWN - len(first)]
    return Gone(count, tuple(first))


@contextmanager
def _opened(path: Journalled, operation: str) -> Generator[Any]:
    """Open the journal of an operation."""
    require("bulk")
    from mi_async.bulk.journal.backend import open_snapshot  # noqa: PLC0415  needs the extra
    from mi_async.bulk.journal.header import identity_of  # noqa: PLC0415  same

    with open_snapshot(path) as connection:
        its = identity_of(path, connection).operation
        if its != operation:
            raise journal_error(path, f"it belongs to {its}, and this is about {operation}")
        yield connection
