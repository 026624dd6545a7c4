"""State file: what exists at an emulator, in a SQLite database that outlives it.

Invariant: each save is one transaction, so a kill leaves the save before; a file that is not ours, of another format or
damaged is refused and stays as it is. One emulator at a time: SQLite's exclusive lock goes with the process.
"""

import asyncio
import json
import logging
import os
import sqlite3
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any

from mi_async._core.clock import Clock
from mi_async.emulator.server import Server
from mi_async.emulator.snapshot import FORMAT, document_of, images_of, restore_state
from mi_async.errors import ConfigError

_log = logging.getLogger(__name__)

EVERY = 1.0
"""Real seconds between a change and its save, at most, as long as a save takes less than a tenth of that."""
SHARE = 10.0
"""Time between two saves, as a multiple of what the last one took."""
APPLICATION = 0x6D696173
"""SQLite's mark of whose file it is: ``mias``."""
TABLES = """
CREATE TABLE content (id INTEGER PRIMARY KEY CHECK (id = 1), document TEXT NOT NULL, url_key BLOB NOT NULL);
CREATE TABLE images (key TEXT PRIMARY KEY, content BLOB NOT NULL) WITHOUT ROWID;
"""


class StateFile:
    """An open state file.

    Raises:
        ConfigError: it cannot be used, with the reason.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._saved: set[str] = set()
        try:
            self._database = self._opened()
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from None

    def _opened(self) -> sqlite3.Connection:
        """Open the file, made if there is none, and take its lock."""
        with suppress(FileExistsError):  # only its owner reads it: it holds what clients uploaded
            os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        database = sqlite3.connect(self._path, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            database.execute("PRAGMA locking_mode = EXCLUSIVE")
            database.execute("BEGIN EXCLUSIVE")
            self._check(database)
            database.execute("COMMIT")
        except BaseException:
            database.close()
            raise
        return database

    def _check(self, database: sqlite3.Connection) -> None:
        marks = [database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
        if marks == [0, 0] and not database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            for statement in TABLES.strip().splitlines():
                database.execute(statement)
            database.execute(f"PRAGMA application_id = {APPLICATION}")
            database.execute(f"PRAGMA user_version = {FORMAT}")
        elif marks[0] != APPLICATION:
            message = f"{self._path} is no state file of an emulator; name another file"
            raise ConfigError(message)
        elif marks[1] != FORMAT:
            message = f"{self._path} has format {marks[1]}, this version reads {FORMAT}; name another file"
            raise ConfigError(message)

    def load(self, server: Server) -> None:
        """Put what the file says in the place of what exists at the server; a new file says nothing.

        Raises:
            ConfigError: it is damaged.
        """
        try:
            row = self._database.execute("SELECT document, url_key FROM content").fetchone()
            images = dict(self._database.execute("SELECT key, content FROM images"))
            if row is not None:
                restore_state(server.state, json.loads(row[0]), images)
                server.state.links.key = row[1]
        except (sqlite3.Error, LookupError, TypeError, ValueError) as error:
            raise self._unusable(error) from None
        self._saved = set(images)
        server.state.add_workspaces()

    def save(self, document: Any, images: Mapping[str, bytes], url_key: bytes) -> None:
        """Write what exists; images that the file has are not written again.

        Raises:
            sqlite3.Error: it cannot be written now; it is as it was.
        """
        database = self._database
        gone, new = self._saved - images.keys(), images.keys() - self._saved
        database.execute("BEGIN IMMEDIATE")
        try:
            database.executemany("DELETE FROM images WHERE key = ?", [(key,) for key in gone])
            database.executemany("INSERT INTO images VALUES (?, ?)", [(key, images[key]) for key in new])
            text = json.dumps(document, separators=(",", ":"))
            database.execute("INSERT OR REPLACE INTO content VALUES (1, ?, ?)", (text, url_key))
            database.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):  # it may have rolled back by itself
                database.execute("ROLLBACK")
            raise
        self._saved = set(images)

    def close(self) -> None:
        """Close the file and give up its lock."""
        self._database.close()

    def _unusable(self, error: Exception) -> ConfigError:
        if "locked" in str(error):
            return ConfigError(f"{self._path} is in use by another emulator; end it or name another file")
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
        return ConfigError(
            f"{self._path} cannot be used as a state file ({reason}); it was not changed, name another file"
        )


@asynccontextmanager
async def kept_in_file(server: Server, path: Path) -> AsyncGenerator[None]:
    """Keep the state of a server in a file: loaded at the start, saved after changes and at the end.

    Raises:
        ConfigError: the file cannot be used; or, at the end, not be written.
    """
    with closing(StateFile(path)) as file:
        file.load(server)
        saving = asyncio.create_task(save_changes(server, file, Clock()))
        try:
            yield
        finally:
            saving.cancel()
            await asyncio.wait([saving])
            try:
                file.save(document_of(server.state), images_of(server.state), server.state.links.key)
            except sqlite3.Error as error:
                message = f"{path}: what exists now could not be saved: {error}"
                raise ConfigError(message) from None


async def save_changes(server: Server, file: StateFile, real: Clock) -> None:
    """Save what exists after each change, until cancelled.

    Args:
        server: whose state it is.
        file: where it is saved.
        real: the time between two saves.
    """
    saved, wait = server.changes, EVERY
    while True:
        await real.sleep(wait)
        if server.changes == saved:
            continue
        begun, changes = real.monotonic(), server.changes
        content = document_of(server.state), images_of(server.state), server.state.links.key
        # to its end, also when the server ends meanwhile: a thread cannot be cancelled, and two would meet in one file
        writing = asyncio.ensure_future(asyncio.to_thread(file.save, *content))
        try:
            await asyncio.shield(writing)
            saved = changes
        except sqlite3.Error as error:
            _log.warning("the state could not be saved, again in %.0f s: %s", wait, error)
        finally:
            await asyncio.wait([writing])
        wait = max(EVERY, SHARE * (real.monotonic() - begun))
