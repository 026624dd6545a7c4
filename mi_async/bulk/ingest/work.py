"""Media files in flight: an ingestion with its row in the journal.

Invariant: sends nothing and writes nothing.
"""

from attrs import define, evolve

from mi_async.bulk.engine.outcome import AssetOutcome, Status
from mi_async.bulk.engine.work_item import WorkItem
from mi_async.bulk.ingest.decisions import record_outcome
from mi_async.bulk.journal.records import AssetRecord
from mi_async.workflows.ingest.models import Ingestion, IngestState


@define(eq=False)
class AssetWork(WorkItem):
    """One media file in flight.

    Attributes:
        record: its row, as the journal has it.
        ingestion: its state now.
        stored: bytes that this run has stored.
    """

    record: AssetRecord
    ingestion: Ingestion
    stored: int = 0

    @property
    def name(self) -> str:
        """Name in messages."""
        return self.record.key

    @property
    def origin(self) -> str:
        """Place in the input."""
        return self.record.origin

    def step_taken(self, ingestion: Ingestion) -> bool:
        """Take the value that a step has returned; return True if the journal is to get the row."""
        # Results are for the single call; an index is large, and many items wait.
        self.ingestion = evolve(ingestion, asset=None, index=None, summary=None)
        self.look: bool = ingestion.look
        if ingestion.reached.journalled is not ingestion.reached:
            return False
        self.record = evolve(
            self.record,
            state=ingestion.reached.value,
            size=ingestion.size,
            mtime_ns=ingestion.modified,
            asset_id=ingestion.asset_id,
            earlier=ingestion.earlier,
            fresh=ingestion.fresh,
        )
        return True

    def status(self) -> Status:
        """Return how it ends, as things are now."""
        if not self.problems:
            return Status.DONE
        if self.transient:
            return Status.PARKED
        if self.ingestion.reached.includes(IngestState.IMPORTED):
            return Status.PARTIAL
        return Status.FAILED if self.sent else Status.REJECTED

    def ended(self) -> AssetRecord:
        """Return the row of one that has ended."""
        status, first = self.status(), self.problems[0] if self.problems else None
        code, message = (first.code, first.message) if first else ("", "")
        record = evolve(self.record, status=status.value, code=code, message=message)
        size, modified = self.ingestion.size, self.ingestion.modified
        if status is not Status.FAILED or self.ingestion.reached.includes(IngestState.STORED) or not size:
            return record
        # The row may be about the file that had this name before: the failure is of the one that is there now.
        return evolve(record, state=IngestState.NEW.value, size=size, mtime_ns=modified)

    def outcome(self, status: Status) -> AssetOutcome:
        """Return its outcome."""
        outcome = record_outcome(self.record, status, tuple(self.problems))
        return evolve(outcome, sent=self.stored, reused=self.ingestion.reused)
