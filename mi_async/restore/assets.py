"""Assets of a backup by their project, since a bulk run is of one: those whose object is known.

Invariant: the list is read once, in flat memory, into a temporary database that goes when it is closed.
"""

import sqlite3
from collections.abc import Generator, Iterable, Mapping

from attrs import define, field, frozen

from mi_async.backup.format import BackupAsset
from mi_async.backup.reader import Backup
from mi_async.bulk.inputs.models import AssetInput
from mi_async.restore.backup_lines import assets_of, projects_of
from mi_async.restore.decisions import asset_item
from mi_async.restore.groups import project_key
from mi_async.restore.not_carried import LossCounts, NotCarried
from mi_async.restore.options import RestoreOptions
from mi_async.storage.models import StoredObject

TABLE = """
CREATE TABLE assets (
    project TEXT, number INTEGER, id INTEGER, origin TEXT, bucket TEXT, key TEXT, size INTEGER,
    seconds REAL,
    PRIMARY KEY (project, number)
) WITHOUT ROWID
"""


@frozen
class OldAsset:
    """An asset as it was.

    Attributes:
        id: old ID.
        item: for the bulk run.
    """

    id: int
    item: AssetInput


@define(eq=False)
class AssetsByProject:
    """The assets of a backup on their way into a workspace; projects are named by their keys."""

    _database: sqlite3.Connection = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Lay out the table."""
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for line in ("PRAGMA journal_mode = OFF", TABLE, "BEGIN"):  # one transaction: nothing of it is to last
            self._database.execute(line)

    def read(self, backup: Backup, options: RestoreOptions, losses: LossCounts) -> None:
        """Read the assets, and tell of those that are left out and of what of the others is."""
        projects = {project.project_id: project_key(project) for _, project in projects_of(backup)}
        for number, (origin, asset) in enumerate(assets_of(backup, losses)):
            _tell_results(asset, origin, options, losses)
            item = asset_item(asset, origin, options.bucket)
            if asset.project_id not in projects:
                message = f"{asset.file_name}: its project {asset.project_id} is not in the backup"
                item = NotCarried("project", str(asset.asset_id), origin, message)
            if isinstance(item, NotCarried):
                losses(item)
                continue
            place = item.place("")
            row = (projects[asset.project_id], number, asset.asset_id, origin, place.bucket, place.key)
            self._database.execute(
                "INSERT INTO assets VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*row, item.size, item.seconds)
            )

    def counts(self) -> Mapping[str, int]:
        """Return the number of assets of each project that has any."""
        return dict(self._database.execute("SELECT project, count(*) FROM assets GROUP BY project ORDER BY project"))

    def of(self, project: str) -> Generator[OldAsset]:
        """Yield the assets of a project, in the order of the backup."""
        query = "SELECT id, bucket, key, origin, size, seconds FROM assets WHERE project = ? ORDER BY number"
        for number, bucket, key, origin, size, seconds in self._database.execute(query, (project,)):
            item = AssetInput(StoredObject(bucket, key), origin=origin, size=size, seconds=seconds)
            yield OldAsset(number, item)

    def items(self, project: str) -> Generator[AssetInput]:
        """Yield the same as items of the bulk run."""
        for old in self.of(project):
            yield old.item

    def leave_out(self, old_ids: Iterable[int]) -> None:
        """Take assets out."""
        self._database.executemany("DELETE FROM assets WHERE id = ?", [(old,) for old in old_ids])

    def close(self) -> None:
        """Delete the database."""
        self._database.close()


def _tell_results(asset: BackupAsset, origin: str, options: RestoreOptions, losses: LossCounts) -> None:
    """Tell of the analysis and the summary, which the service has to make anew."""
    if asset.index is not None and not options.analyze:
        losses(
            NotCarried("analysis", str(asset.asset_id), origin, f"{asset.file_name}: {asset.index} stays in the backup")
        )
    if asset.summary is not None:
        losses(
            NotCarried(
                "summary", str(asset.asset_id), origin, f"{asset.file_name}: {asset.summary} stays in the backup"
            )
        )
