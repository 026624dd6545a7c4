"""Sources of a sync: a folder, or a prefix of a bucket.

Invariant: changes nothing. A file is called absent only where the disk, or the storage, says so itself.
"""

import asyncio
import os
import unicodedata
from collections.abc import AsyncGenerator, Callable, Collection, Generator, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Protocol

from attrs import evolve, field, frozen

from mi_async._core.paths import existing_path, stat_path
from mi_async.bulk.inputs.media_files import read_assets, stored_assets
from mi_async.bulk.inputs.models import AssetInput, BadInput, Input
from mi_async.bulk.inputs.reading import AsyncReading, Reading
from mi_async.bulk.journal.records import AssetRecord
from mi_async.errors import APIError, MediaRejectedError, ResourceError
from mi_async.storage.local_file import open_file
from mi_async.storage.models import SCHEME, StoredObject
from mi_async.storage.object_store import ObjectStore
from mi_async.storage.verify import same_content
from mi_async.sync.decisions import Absence, SourceFile
from mi_async.workflows.ingest.models import IngestState


def absolute(path: str) -> str:
    """Return the absolute path; links stay as they are named, since keys are paths from the folder as it was given."""
    return os.path.abspath(path)  # noqa: PTH100  Path.resolve follows links


@frozen
class Scan:
    """Content of a source at one moment.

    Attributes:
        files: by the keys of their objects.
        unreadable: beginnings of keys below which nothing is known.
    """

    files: Mapping[str, SourceFile]
    unreadable: tuple[str, ...] = ()


class SyncSource(Protocol):
    """A source."""

    @property
    def name(self) -> str:
        """Absolute path of the folder, or ``s3://bucket/prefix``."""
        ...

    async def scan(self) -> Scan:
        """Read what is there.

        Raises:
            MIError: it cannot be read.
        """
        ...

    async def looked_again(self, scan: Scan, keys: Collection[str]) -> Scan:
        """Return the scan with files of these keys unsettled if they have changed since."""
        ...

    def has_brought(self, row: AssetRecord) -> bool:
        """Return True if a row is about a file of this source."""
        ...

    async def absence(self, row: AssetRecord, scan: Scan) -> Absence:
        """Look for the file of a row that the scan has not found."""
        ...

    async def is_same(self, row: AssetRecord, file: SourceFile) -> bool | None:
        """Return True if the object of a row has the content of its file, None if nobody can tell."""
        ...

    def path_of(self, key: str) -> str:
        """Return the path of a file, or ``s3://bucket/key``."""
        ...

    def items(self, takes: Callable[[str], bool]) -> Input:
        """Return the media files for a run: those whose keys it takes, and what cannot be read."""
        ...


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
                files[item.key] = _file_at(str(item.source))
        return Scan(files, tuple(unreadable))

    def _beginning(self, folder: str) -> str:
        """Return how the keys below a folder that cannot be read begin; '' for all if its name cannot be shown."""
        key = self._key(folder)
        return "" if key in {None, "."} or not os.path.lexists(folder) else f"{key}/"

    def _key(self, path: str) -> str | None:
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
        return not row.source.startswith(SCHEME) and self._key(row.source) == row.key

    async def absence(self, row: AssetRecord, scan: Scan) -> Absence:
        """Look for the file of a row; below an empty folder nothing is absent, a disk may not be mounted there."""
        if not scan.files:
            return Absence.EMPTY
        if any(row.key.startswith(beginning) for beginning in scan.unreadable):
            return Absence.UNREADABLE
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
                return Absence.EMPTY if next(entries, None) is None else Absence.ABSENT
        except OSError:
            return Absence.UNREADABLE

    async def is_same(self, row: AssetRecord, file: SourceFile) -> bool | None:
        """Compare size and time with the row, and where they differ the content with the object."""
        # a file whose upload was refused is in the row, too, beside the asset of the one before it
        if (file.size, file.modified) == (row.size, row.mtime_ns) and row.reached.includes(IngestState.STORED):
            return True
        place = StoredObject(row.bucket, row.key)
        head = await self.store.head(place)
        if head is None or head.size != file.size:
            return False
        try:
            async with open_file(self.path_of(row.key)) as local:
                return await same_content(self.store, local, place, head)
        except (MediaRejectedError, ResourceError):
            return None

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


@frozen
class BucketSource:
    """All objects of a bucket whose keys begin alike.

    Attributes:
        name: ``s3://bucket/prefix``.
        store: the storage.
    """

    name: str
    store: ObjectStore

    async def scan(self) -> Scan:
        """List the objects; the order of the listing means nothing."""
        files = dict[str, SourceFile]()
        async with aclosing(stored_assets(self.store, self.name)) as listed:
            async for item in listed:
                if isinstance(item.source, StoredObject):
                    files[item.source.key] = SourceFile(item.size, item.mtime_ns)
        return Scan(files)

    async def looked_again(self, scan: Scan, keys: Collection[str]) -> Scan:  # noqa: ARG002  an object is stored as a whole
        """Return the scan: an object is there as a whole, or not at all."""
        return scan

    def has_brought(self, row: AssetRecord) -> bool:
        """Return True if a row is about an object below the prefix that was ingested from the bucket."""
        bucket, _, beginning = self.name.removeprefix(SCHEME).partition("/")
        return row.source == row.place and row.bucket == bucket and row.key.startswith(beginning)

    async def absence(self, row: AssetRecord, scan: Scan) -> Absence:
        """Ask for the object of a row: a listing may be behind."""
        if not scan.files:
            return Absence.EMPTY
        try:
            head = await self.store.head(StoredObject(row.bucket, row.key))
        except APIError:
            return Absence.UNREADABLE
        return Absence.ABSENT if head is None else Absence.THERE

    async def is_same(self, row: AssetRecord, file: SourceFile) -> bool | None:
        """Compare size and time with the row, as a run does: not every listing tells the time."""
        times = {file.modified, row.mtime_ns}
        return file.size == row.size and (0 in times or len(times) == 1)

    def path_of(self, key: str) -> str:
        """Return ``s3://bucket/key``."""
        bucket, _, _ = self.name.removeprefix(SCHEME).partition("/")
        return f"{SCHEME}{bucket}/{key}"

    def items(self, takes: Callable[[str], bool]) -> Input:
        """Return the objects for a run: those whose keys it takes."""
        return AsyncReading(lambda _passed_over: _taken(self.store, self.name, takes))


async def _taken(store: ObjectStore, name: str, takes: Callable[[str], bool]) -> AsyncGenerator[AssetInput]:
    async with aclosing(stored_assets(store, name)) as listed:
        async for item in listed:
            if isinstance(item.source, StoredObject) and takes(item.source.key):
                yield item


def _file_at(path: str) -> SourceFile:
    """Return size and time of a file; zeros of one that is there and tells neither, such as a link to nowhere."""
    try:
        found = stat_path(path)
    except (OSError, ValueError):
        return SourceFile(0, 0)
    return SourceFile(found.st_size, found.st_mtime_ns)


def source_of(named: str | os.PathLike[str], store: ObjectStore) -> "FolderSource | BucketSource":
    """Return the source that somebody has named: a folder, or ``s3://bucket/prefix``.

    Raises:
        InvalidArgumentError: it is neither.
    """
    if isinstance(named, str) and named.startswith(SCHEME):
        stored_assets(store, named)
        return BucketSource(named, store)
    folder = existing_path(named)
    read_assets(folder)
    return FolderSource(folder, store)
