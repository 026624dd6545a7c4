"""A restore that was prepared: the backup opened, the workspace asked for its names, and the files that are written.

Invariant: nothing is created; what it opens is closed by the stack.
"""

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import ExitStack, asynccontextmanager, closing

from attrs import frozen

from mi_async._core.extras import require
from mi_async.backup.reader import Backup, open_backup
from mi_async.restore.assets import AssetsByProject
from mi_async.restore.groups import TargetGroups, read_groups
from mi_async.restore.not_carried import LossCounts
from mi_async.restore.options import RestoreOptions
from mi_async.restore.people import BackupPeople
from mi_async.restore.rows import RestoreRows
from mi_async.restore.target import TargetNames, read_names
from mi_async.workflows.context import Context


@frozen
class Restore:
    """Parts of a restore, for the plan and the run.

    Attributes:
        context: the workspace.
        backup: the backup.
        options: of the restore.
        groups: tags and projects that the workspace has.
        people: persons of the backup.
        assets: assets of the backup, once they are read.
        losses: takes what is not carried.
        rows: the file of rows.
    """

    context: Context
    backup: Backup
    options: RestoreOptions
    groups: TargetGroups
    people: BackupPeople
    assets: AssetsByProject
    losses: LossCounts
    rows: RestoreRows

    def count_nature(self) -> None:
        """Count what no restore can carry: the service gives IDs, times and users itself."""
        counts = self.backup.info.counts
        number = sum(counts.get(name, 0) for name in ("persons", "tags", "projects", "assets"))
        self.losses.add("id", number)
        self.losses.add("origin", number)


@asynccontextmanager
async def prepared(
    context: Context,
    folder: str | os.PathLike[str],
    options: RestoreOptions,
    *,
    report: str | os.PathLike[str] | None,
    force: bool,
) -> AsyncGenerator[Restore]:
    """Open a backup and ask the workspace for its names.

    Raises:
        InvalidArgumentError: the folder is no backup, or the report must not or cannot be written.
        JournalError: the journal cannot be read, or belongs to something else.
        MIError: the workspace cannot be asked.
    """
    require("bulk")
    backup = await asyncio.to_thread(open_backup, folder)
    with ExitStack() as stack:
        rows = RestoreRows.of(report, journal=options.journal, folder=backup.folder, force=force)
        stack.callback(rows.close)
        names = stack.enter_context(closing(TargetNames()))
        assets = stack.enter_context(closing(AssetsByProject()))
        await read_names(context, names, options.journal)
        groups = await read_groups(context)
        people = BackupPeople(backup, names.find, options)
        yield Restore(context, backup, options, groups, people, assets, LossCounts(rows.lost), rows)
