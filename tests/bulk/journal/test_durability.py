"""A journal is as safe as SQLite can make it: each transaction is on the disk before it counts."""

from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from mi_async.bulk.journal.records import PersonRecord
from tests.support.bulk import write
from tests.support.newsroom import newsroom

FULL = 2
"""SQLite syncs the write-ahead log at each commit; at 1 a loss of power may take back what was said to be written."""


async def test_a_run_syncs_whatever_the_default_of_sqlite_is(tmp_path: Path) -> None:
    levels: list[int] = []

    def note(connection: Any) -> None:
        levels.append(connection.connection.cursor().execute("PRAGMA synchronous").fetchone()[0])

    def relax(connection: Any, _: object) -> None:
        connection.execute("PRAGMA synchronous = NORMAL")  # the default of some builds, such as that of macOS

    event.listen(Engine, "connect", relax)
    event.listen(Engine, "commit", note)
    try:
        async with newsroom() as news:
            await write(news, tmp_path / "j", PersonRecord("Hong"))
    finally:
        event.remove(Engine, "commit", note)
        event.remove(Engine, "connect", relax)
    assert levels[-1] == FULL  # that of the begun run; before it, the file was made
