"""Checkpoints of unfinished uploads in a journal that many processes share: another machine goes on with a large file.

Invariant: one row for each object; written behind the fence, so that a process that was taken over changes none.
"""

from attrs import frozen

from mi_async.bulk.journal.journal import Journal
from mi_async.storage.checkpoint import Checkpoint
from mi_async.storage.models import StoredObject


@frozen
class JournalCheckpoint:
    """The checkpoint of an upload in the journal; the methods are described at ``CheckpointStore``.

    Attributes:
        journal: in PostgreSQL.
        place: the object that the upload will be.
    """

    journal: Journal
    place: StoredObject

    async def load(self) -> Checkpoint | None:
        """Read it."""
        text = await self.journal.find_part(self.place.bucket, self.place.key)
        return None if text is None else Checkpoint.parsed(text, f"journal {self.journal.name}: {self.place}")

    async def save(self, record: Checkpoint) -> None:
        """Write it."""
        await self.journal.write_part(self.place.bucket, self.place.key, record.text)

    async def forget(self) -> None:
        """Delete it."""
        await self.journal.write_part(self.place.bucket, self.place.key, None)
