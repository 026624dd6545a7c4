"""Catalog of a backup: the lines of the lists in the making, and which thumbnail has which content.

Invariant: a help and no part of the backup: where it is missing or damaged it is made anew from the lists. Whoever has
it open is the one writer; the system frees its lock when a process is killed. One thread at a time uses it.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from attrs import define, frozen

from mi_async.errors import InvalidArgumentError
from mi_async.text import encodable

VERSION = 1
"""Of the tables; a catalog of another version is made anew."""
TABLES = (
    (
        "CREATE TABLE images (thumbnail INTEGER PRIMARY KEY, file TEXT NOT NULL, sha256 TEXT NOT NULL, size INTEGER, "
        "durable INTEGER NOT NULL)"
    ),
    "CREATE INDEX written ON images (durable, file)",
    (
        "CREATE TABLE lines (list TEXT, id INTEGER, run INTEGER, at REAL, line BLOB NOT NULL, PRIMARY KEY (list, id)) "
        "WITHOUT ROWID"
    ),
    "CREATE TABLE sums (file TEXT PRIMARY KEY, sha256 TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE runs (number INTEGER PRIMARY KEY)",
    f"PRAGMA user_version = {VERSION}",
)
# locking_mode comes before anything that looks into the file; WAL with NORMAL survives a power cut undamaged and waits
# for the disk once in a thousand pages, not with each image.
SETTINGS = ("PRAGMA locking_mode = EXCLUSIVE", "PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL")
SQLITE_BUSY, SQLITE_LOCKED = 5, 6
PARAMETERS = 500
"""Parameters of one statement, of 999 that old versions of SQLite take."""


@frozen
class ImageFile:
    """An image in a backup.

    Attributes:
        file: from the backup's folder.
        sha256: in hex.
        size: in bytes.
    """

    file: str
    sha256: str
    size: int


@define(eq=False)
class Catalog:
    """The catalog, open and locked; get one from :func:`open_catalog`.

    Attributes:
        run: number of this run; lines of earlier ones are what they did before they were interrupted.
        fresh: True if it was made anew.
    """

    _connection: sqlite3.Connection
    run: int
    fresh: bool

    def close(self) -> None:
        """Close it and release the lock."""
        self._connection.close()

    def known(self, thumbnails: Iterable[int]) -> dict[int, ImageFile]:
        """Return the images of thumbnails that are known, by ID."""
        wanted = list(thumbnails)
        found: dict[int, ImageFile] = {}
        for start in range(0, len(wanted), PARAMETERS):
            part = wanted[start : start + PARAMETERS]
            marks = ",".join("?" * len(part))
            query = f"SELECT thumbnail, file, sha256, size FROM images WHERE thumbnail IN ({marks})"  # noqa: S608  marks
            found |= {number: ImageFile(*rest) for number, *rest in self._connection.execute(query, part)}
        return found

    def add_images(self, images: Iterable[tuple[int, ImageFile]], *, durable: bool) -> None:
        """Note the images of thumbnails.

        Args:
            images: ID of the thumbnail, and its image.
            durable: True if they are known to be on the disk.
        """
        rows = [(number, image.file, image.sha256, image.size, durable) for number, image in images]
        with self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO images VALUES (?, ?, ?, ?, ?)", rows)

    def written_files(self) -> Iterator[str]:
        """Yield the files of images that are not known to be on the disk."""
        for (file,) in self._connection.execute("SELECT DISTINCT file FROM images WHERE durable = 0 ORDER BY file"):
            yield file

    def all_durable(self) -> None:
        """Note that all images are on the disk."""
        with self._connection:
            self._connection.execute("UPDATE images SET durable = 1 WHERE durable = 0")

    def add_lines(self, name: str, lines: Iterable[tuple[int, bytes]], *, at: float = 0.0) -> None:
        """Note lines of a list by their IDs, those that were noted before instead.

        Args:
            name: of the list.
            lines: ID and text, without its end.
            at: time, seconds since the epoch.
        """
        rows = [(name, number, self.run, at, line) for number, line in lines]
        with self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO lines VALUES (?, ?, ?, ?, ?)", rows)

    def has_line(self, name: str, number: int) -> bool:
        """Return True if this run has noted a line of a list."""
        query = "SELECT 1 FROM lines WHERE list = ? AND id = ? AND run = ?"
        return self._connection.execute(query, (name, number, self.run)).fetchone() is not None

    def earlier_line(self, name: str, number: int, since: float) -> bytes | None:
        """Return a line of a list that an interrupted run has noted since then."""
        query = "SELECT line FROM lines WHERE list = ? AND id = ? AND run <> ? AND at >= ?"
        found = self._connection.execute(query, (name, number, self.run, since)).fetchone()
        return None if found is None else bytes(found[0])

    def take_over(self, name: str, number: int) -> None:
        """Make a line of an interrupted run one of this run."""
        with self._connection:
            self._connection.execute("UPDATE lines SET run = ? WHERE list = ? AND id = ?", (self.run, name, number))

    def lines(self, name: str) -> Iterator[tuple[int, bytes]]:
        """Yield the lines of a list that this run has noted, by ID."""
        query = "SELECT id, line FROM lines WHERE list = ? AND run = ? ORDER BY id"
        yield from self._connection.execute(query, (name, self.run))

    def clear_sums(self) -> None:
        """Forget the checksums of the state before."""
        with self._connection:
            self._connection.execute("DELETE FROM sums")

    def add_sums(self, sums: Iterable[tuple[str, str]]) -> None:
        """Note checksums: file and SHA-256 in hex."""
        with self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO sums VALUES (?, ?)", sums)

    def sums(self) -> Iterator[tuple[str, str]]:
        """Yield the checksums by file."""
        yield from self._connection.execute("SELECT file, sha256 FROM sums ORDER BY file")

    def count_sums(self, folder: str) -> int:
        """Return how many files of a folder have a checksum."""
        query = "SELECT count(*) FROM sums WHERE file >= ? AND file < ?"
        found: int = self._connection.execute(query, (f"{folder}/", f"{folder}0")).fetchone()[0]  # 0 comes after /
        return found

    def forget_lines(self) -> None:
        """Forget all lines: they are in the lists."""
        with self._connection:
            self._connection.execute("DELETE FROM lines")


def open_catalog(path: Path) -> Catalog:
    """Open and lock the catalog, or make it.

    Raises:
        InvalidArgumentError: another process, or task, is writing this backup.
        OSError: it cannot be made.
        sqlite3.Error: it cannot be written.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite's companions get the same permissions
    try:
        return _opened(path)
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in {SQLITE_BUSY, SQLITE_LOCKED}:
            message = f"{encodable(str(path.parent))}: another backup is being written into this folder"
            raise InvalidArgumentError(message) from None
        if isinstance(error, sqlite3.OperationalError):  # a full disk, a disk that is only read
            raise
    for companion in ("", "-wal", "-shm"):  # damaged: what it knows is in the lists, too
        with suppress(FileNotFoundError):
            path.with_name(path.name + companion).unlink()
    return open_catalog(path)


def _opened(path: Path) -> Catalog:
    connection = sqlite3.connect(path, timeout=0, isolation_level="IMMEDIATE", check_same_thread=False)
    try:
        for setting in SETTINGS:
            connection.execute(setting).close()
        connection.execute("BEGIN IMMEDIATE")  # takes the lock, which is held until the connection is closed
        fresh = connection.execute("PRAGMA user_version").fetchone()[0] != VERSION
        if fresh:
            for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                connection.execute(f'DROP TABLE "{table}"')
            for statement in TABLES:
                connection.execute(statement)
        run = connection.execute("INSERT INTO runs DEFAULT VALUES").lastrowid
        connection.commit()
    except BaseException:
        connection.close()
        raise
    return Catalog(connection, run or 0, fresh)
