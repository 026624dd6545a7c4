"""Sources of a sync: what a folder and a prefix of a bucket have in common.

Invariant: a source changes nothing. A file is called absent only where the disk, or the storage, says so itself.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Protocol

from attrs import frozen

from mi_async.bulk.inputs.models import Input
from mi_async.bulk.journal.records import AssetRecord
from mi_async.sync.decisions import Absence, ObjectContent, SourceFile


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

    async def object_content(self, row: AssetRecord, file: SourceFile) -> ObjectContent:
        """Compare the object of a row with its file."""
        ...

    async def is_still(self, key: str, file: SourceFile) -> bool:
        """Look at a file directly; return True if it is as it was."""
        ...

    def key_of(self, path: str) -> str | None:
        """Return the key under which a file that can be no object is in a scan; None if it is not of the source."""
        ...

    def path_of(self, key: str) -> str:
        """Return the path of a file, or ``s3://bucket/key``."""
        ...

    def items(self, takes: Callable[[str], bool]) -> Input:
        """Return the media files for a run: those whose keys it takes, and what cannot be read."""
        ...
