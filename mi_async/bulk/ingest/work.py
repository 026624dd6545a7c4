"""Media files under way: a film is one item of the input, a picture of the service's own kind included.

Law: holds what is known of it and how it ends; asks and sends nothing.
"""

from typing import Any

from attrs import define, evolve

from mi_async.bulk.engine.outcome import AssetOutcome, Problem, Status
from mi_async.bulk.engine.work_item import WorkItem
from mi_async.bulk.inputs.models import AssetInput
from mi_async.bulk.journal.records import AssetRecord, Reached
from mi_async.storage.models import StoredObject
from mi_async.workflows.jobs.job import Job

Print = tuple[int, int]
"""Bytes and time of the last change, by which a file is known to be the same."""


@define(eq=False)
class AssetWork(WorkItem):
    """One media file on its way.

    Attributes:
        item: as it was given.
        place: the object that it is or becomes.
        record: its row, as it is known now.
        print: the file as it is now, and not as it was when it was stored.
        job: what is waited for.
        stored: bytes that this run has stored.
        reused: whether this run has found the asset at the service.
    """

    item: AssetInput
    place: StoredObject
    record: AssetRecord
    print: Print
    job: Job[Any] | None = None
    stored: int = 0
    reused: bool = False

    @property
    def name(self) -> str:
        """How messages call it."""
        return self.record.key

    @property
    def origin(self) -> str:
        """Where it was read."""
        return self.item.origin

    @property
    def is_stored(self) -> bool:
        """Whether it was given as an object that is in the bucket."""
        return isinstance(self.item.source, StoredObject)

    @property
    def is_same(self) -> bool:
        """Whether the file is what it was when it was stored; of an object nothing may be known."""
        return self.print == (self.record.size, self.record.mtime_ns) or (self.is_stored and self.print == (0, 0))

    def status(self) -> Status:
        """How it ends, as things are now."""
        if not self.problems:
            return Status.DONE
        if self.transient:
            return Status.PARKED
        if self.is_same and self.record.reached.includes(Reached.IMPORTED):
            return Status.PARTIAL
        return Status.FAILED if self.sent else Status.REJECTED

    def ended(self) -> AssetRecord:
        """The row of one that has ended."""
        status, first = self.status(), self.problems[0] if self.problems else None
        code, message = (first.code, first.message) if first else ("", "")
        row = evolve(self.record, status=status.value, code=code, message=message)
        if status is not Status.FAILED or self.is_same:
            return row
        # What is known of the file that was there before does not hold for this one.
        return evolve(row, state=Reached.NEW.value, size=self.print[0], mtime_ns=self.print[1])

    def recall(self) -> None:
        """Note how it failed in an earlier run."""
        row = self.record
        self.problems.append(Problem(row.source or row.origin or row.key, row.code, row.message))

    def outcome(self, status: Status) -> AssetOutcome:
        """What is told of it."""
        return outcome_of(self.record, status, problems=tuple(self.problems), sent=self.stored, reused=self.reused)


def outcome_of(record: AssetRecord, status: Status, **more: Any) -> AssetOutcome:
    """An outcome that says what a row does."""
    place = f"s3://{record.bucket}/{record.key}" if record.bucket else ""
    told = AssetOutcome(
        key=record.key,
        status=status,
        origin=record.origin,
        asset_id=record.asset_id,
        place=place,
        state=record.state,
    )
    return evolve(told, **more)
