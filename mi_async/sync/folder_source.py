"""Folder as the source of a sync.

Invariant: changes nothing. A file is called absent only where the disk says so itself.
"""

import asyncio
import os
import unicodedata
from collections.abc import Callable, Collection, Generator
from pathlib import Path

from attrs import evolve, field, frozen

from mi_async._core.paths import existing_path, stat_path
from mi_async.bulk.inputs.media_files import read_assets
from mi_async.bulk.inputs.models import AssetInput, BadInput
from mi_async.bulk.inputs.reading import Reading
from mi_async.bulk.journal.records import AssetRecord
from mi_async.errors import MediaRejectedError, ResourceError
from mi_async.storage.local_file import open_file
from mi_async.storage.models import SCHEME, StoredObject
from mi_async.storage.object_store import ObjectStore
from mi_async.storage.verify import same_content
from mi_async.sync.decisions import Absence, ObjectContent, SourceFile
from mi_async.sync.sources import Scan
from mi_async.workflows.ingest.models import IngestState


def absolute(path: str) -> str:
    """Return the absolute path; links stay as they are named, since keys are paths from the folder as it was given."""
    return os.path.abspath(path)  # noqa: PTH100  Path.resolve follows links


@frozen
class FolderSource:
    """A folder with all below it.

    Attributes:
        root: its absolute path.
        store: the storage, to compare contents.
    """

    root: str = field(converter=absolute)
    store: ObjectStore

    @property
    def name(self) -> str:
        """Absolute path."""
        return self.root

    async def scan(self) -> Scan:
        """Read the folder.

        Raises:
            InvalidArgumentError: there is no such folder.
        """
        return await asyncio.to_thread(self._scan)

    def _scan(self) -> Scan:
        files, unreadable = dict[str, SourceFile](), list[str]()
        for item in read_assets(self.root):
            if isinstance(item, BadInput):
                unreadable.append(self._beginning(item.origin))
            elif item.key is not None:
                # two names in different Unicode forms are one key, of which a run takes the first
                files.setdefault(item.key, _file_at(str(item.source)))
        return Scan(files, tuple(unreadable))

    def _beginning(self, folder: str) -> str:
        """Return how the keys below a folder that cannot be read begin; '' for all if its name cannot be shown."""
        key = self.key_of(folder)
        return "" if key in {None, "."} or not os.path.lexists(folder) else f"{key}/"

    def key_of(self, path: str) -> str | None:
        """Return the key of a file; None if it is not below the folder."""
        try:
            below = os.path.relpath(absolute(path), self.root)
        except ValueError:  # another drive of Windows
            return None
        if below == os.pardir or below.startswith(os.pardir + os.sep):
            return None
        return unicodedata.normalize("NFC", below.replace(os.sep, "/"))

    async def looked_again(self, scan: Scan, keys: Collection[str]) -> Scan:
        """Return the scan with files of these keys unsettled if they have changed since."""
        return await asyncio.to_thread(self._looked_again, scan, keys)

    def _looked_again(self, scan: Scan, keys: Collection[str]) -> Scan:
        files = dict(scan.files)
        for key in keys:
            if _file_at(self.path_of(key)) != files[key]:
                files[key] = evolve(files[key], settled=False)
        return evolve(scan, files=files)

    def has_brought(self, row: AssetRecord) -> bool:
        """Return True if the file of a row is below the folder, under the key that it has from there."""
        return not row.source.startswith(SCHEME) and self.key_of(row.source) == row.key

    async def absence(self, row: AssetRecord, scan: Scan) -> Absence:
        """Look for the file of a row; below an empty folder nothing is absent, a disk may not be mounted there."""
        # first, since a folder that cannot be read has no files either
        if any(row.key.startswith(beginning) for beginning in scan.unreadable):
            return Absence.UNREADABLE
        if not scan.files:
            return Absence.EMPTY
        return await asyncio.to_thread(self._absence, Path(absolute(row.source)))

    def _absence(self, path: Path) -> Absence:
        try:
            os.lstat(existing_path(path))
        except (FileNotFoundError, NotADirectoryError):
            return self._parent_absence(path.parent)
        except (OSError, ValueError):
            return Absence.UNREADABLE
        return Absence.THERE

    def _parent_absence(self, folder: Path) -> Absence:
        """Return what the nearest folder above that exists tells."""
        while folder != Path(self.root) and not Path(existing_path(folder)).is_dir():
            folder = folder.parent
        try:
            with os.scandir(existing_path(folder)) as entries:
                # a place to mount a disk at may hold a hidden file that says so
                return Absence.ABSENT if any(entry.name[0] != "." for entry in entries) else Absence.EMPTY
        except OSError:
            return Absence.UNREADABLE

    async def object_content(self, row: AssetRecord, file: SourceFile) -> ObjectContent:
        """Compare size and time with the row, and where they differ the content with the object."""
        # a file whose upload was refused is in the row, too, beside the asset of the one before it
        if (file.size, file.modified) == (row.size, row.mtime_ns) and row.reached.includes(IngestState.STORED):
            return ObjectContent.SAME
        place = StoredObject(row.bucket, row.key)
        head = await self.store.head(place)
        if head is None:
            return ObjectContent.NONE
        if head.size != file.size:
            return ObjectContent.OTHER
        try:
            async with open_file(self.path_of(row.key)) as local:
                same = await same_content(self.store, local, place, head)
        except (MediaRejectedError, ResourceError):
            same = None
        return {True: ObjectContent.SAME, False: ObjectContent.OTHER, None: ObjectContent.UNKNOWN}[same]

    async def is_still(self, key: str, file: SourceFile) -> bool:
        """Look at a file directly; return True if size and time are as they were."""
        return await asyncio.to_thread(lambda: _file_at(self.path_of(key)) == file)

    def path_of(self, key: str) -> str:
        """Return the path of a file, as the disk spells it."""
        return existing_path(Path(self.root, *key.split("/")))

    def items(self, takes: Callable[[str], bool]) -> Reading[AssetInput | BadInput]:
        """Return the media files for a run: those whose keys it takes, and what cannot be read."""

        def left(items: Generator[AssetInput | BadInput]) -> Generator[AssetInput | BadInput]:
            for item in items:
                if not isinstance(item, AssetInput) or takes(item.key or ""):
                    yield item

        return read_assets(self.root).mapped(left)


def _file_at(path: str) -> SourceFile:
    """Return size and time of a file; zeros of one that is there and tells neither, such as a link to nowhere."""
    try:
        found = stat_path(path)
    except (OSError, ValueError):
        return SourceFile(0, 0)
    return SourceFile(found.st_size, found.st_mtime_ns)
