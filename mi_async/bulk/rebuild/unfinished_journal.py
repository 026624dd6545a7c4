"""A journal that is not whole yet: beside the one that it becomes, under a name that no run takes for it.

Invariant: the journal has its name only once all of it is on the disk; what a killed process has left is gone on with.
"""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from mi_async._core.extras import require
from mi_async._core.files import sync_directory
from mi_async.bulk.journal.journal import Journal
from mi_async.bulk.journal.place import Journalled, JournalUrl, journal_error, journal_place
from mi_async.bulk.journal.records import Identity
from mi_async.bulk.journal.run_mark import marked
from mi_async.text import escaped
from mi_async.workflows.context import Context

UNFINISHED = ".unfinished"
"""End of its name."""
LEFTOVERS = ("-wal", "-journal")
"""Files that SQLite would bring into the new journal: a lost one that was killed may have left them behind."""
ENDING = "rebuilt from the service"
"""Ending of a rebuild, in the place where a journal has that of a run."""


@asynccontextmanager
async def unfinished_journal(context: Context, operation: str, named: Journalled) -> AsyncGenerator[Journal]:
    """Open the journal for a block, and give it its name if the block ends well.

    Args:
        context: the workspace.
        operation: of the runs that are to take it up.
        named: path of the new journal.

    Raises:
        JournalError: there is something of that name, it is a URL, or it cannot be written.
        ConfigError: the extra ``bulk`` is not installed.
    """
    require("bulk")
    from mi_async.bulk.journal.connection import lock_journal  # noqa: PLC0415  brings SQLAlchemy, an extra

    place = journal_place(named)
    if isinstance(place, JournalUrl):
        raise journal_error(named, "only a file is rebuilt; a database is restored from its backup")
    taken = lock_journal(place)  # a run that begins meanwhile would make one of this name
    try:
        _refuse_existing(named, place)
        half = Path(f"{place}{UNFINISHED}")
        identity = Identity(context.endpoint, await context.account(), context.groups.name, operation)
        with marked(identity, named):
            journal = await Journal.open(half, identity, clock=context.clock)
            ending = "stopped"
            try:
                yield journal
                ending = ENDING
            finally:
                await journal.aclose(ending)
        _rename(half, place)
    finally:
        taken.release()


def _refuse_existing(named: Journalled, place: Path) -> None:
    if os.path.lexists(place):
        raise journal_error(named, "it is there already; name a new file")
    for end in LEFTOVERS:
        if os.path.lexists(f"{place}{end}"):
            left = escaped(f"{place.name}{end}")
            raise journal_error(named, f"{left} of an earlier journal is there; move it away, or name a new file")


def _rename(half: Path, place: Path) -> None:
    half.replace(place)
    sync_directory(place.parent)
    with suppress(OSError):
        Path(f"{half}.lock").unlink()
