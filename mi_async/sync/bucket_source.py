"""Prefix of a bucket as the source of a sync.

Invariant: changes nothing. An object is called absent only where the storage says so itself.
"""

from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import aclosing

from attrs import frozen

from mi_async.bulk.inputs.media_files import stored_assets
from mi_async.bulk.inputs.models import AssetInput, Input
from mi_async.bulk.inputs.reading import AsyncReading
from mi_async.bulk.journal.records import AssetRecord
from mi_async.errors import APIError
from mi_async.storage.models import SCHEME, StoredObject
from mi_async.storage.object_store import ObjectStore
from mi_async.sync.decisions import Absence, ObjectContent, SourceFile
from mi_async.sync.sources import Scan


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

    async def object_content(self, row: AssetRecord, file: SourceFile) -> ObjectContent:
        """Compare size and time with the row, as a run does: not every listing tells the time."""
        times = {file.modified, row.mtime_ns}
        same = file.size == row.size and (0 in times or len(times) == 1)
        return ObjectContent.SAME if same else ObjectContent.OTHER

    async def is_still(self, key: str, file: SourceFile) -> bool:
        """Ask for an object; return True if its size is as it was."""
        head = await self.store.head(StoredObject.parse(self.path_of(key)))
        return head is not None and head.size == file.size

    def key_of(self, path: str) -> str | None:  # noqa: ARG002  an object has its key
        """Return None: an object that is there has a key."""
        return None

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
