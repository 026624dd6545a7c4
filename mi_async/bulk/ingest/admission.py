"""Admission of media files: decides from the journal and the files which are work.

Invariant: makes no request but one for the bucket, if a file is to go there.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from attrs import define, evolve, field

from mi_async._core.paths import stat_path
from mi_async.bulk.engine.outcome import AssetOutcome, Status
from mi_async.bulk.ingest.decisions import (
    UNKNOWN,
    AssetCandidate,
    AssetFingerprint,
    decide,
    is_same,
    outcome_of,
    rejection,
    resumed,
)
from mi_async.bulk.ingest.work import AssetWork
from mi_async.bulk.inputs.batching import only
from mi_async.bulk.inputs.models import AssetInput, BadInput, Item
from mi_async.bulk.journal.journal import Journal
from mi_async.bulk.journal.records import AGAIN, OPEN, AssetRecord
from mi_async.storage.models import StoredObject
from mi_async.workflows.ingest.models import IngestState


@define(eq=False)
class _Rows:
    """Rows of one chunk: those that the journal has, and those that it is to get."""

    known: dict[StoredObject, AssetRecord]
    changed: dict[tuple[str, str], AssetRecord] = field(init=False, factory=dict)

    def change(self, record: AssetRecord) -> None:
        """Take a row that the journal is to get; the next item of the chunk may be about the same object."""
        self.changed[record.bucket, record.key] = record
        if record.bucket:
            self.known[StoredObject(record.bucket, record.key)] = record


@define(eq=False)
class IngestAdmission:
    """Admits media files.

    Attributes:
        journal: the journal.
        project_id: ID of the project.
        find_bucket: asks which bucket files are sent to; objects say so themselves.
        goal: state in which an item is done.
        recalled: items that are rejected as in an earlier run.
    """

    journal: Journal
    project_id: int
    find_bucket: Callable[[], Awaitable[str]]
    goal: IngestState
    recalled: int = field(init=False, default=0)
    _bucket: str | None = field(init=False, default=None)
    _number: int = field(init=False, default=0)

    async def decide(self, chunk: Sequence[Item | BadInput]) -> list[AssetOutcome | AssetWork]:
        """Return for each item its outcome, or the work that is left; the journal has all of them by then."""
        items = only(AssetInput, chunk, self._number)
        if self._bucket is None and not all(isinstance(item.source, StoredObject) for item in items):
            self._bucket = await self.find_bucket()
        candidates = [self._candidate(item) for item in chunk if isinstance(item, AssetInput | BadInput)]
        keys = [candidate.place.key for candidate in candidates if candidate.place is not None]
        found = [row for row in await self.journal.find_assets(self.project_id, keys) if row.bucket]
        rows = _Rows({StoredObject(row.bucket, row.key): row for row in found})
        fingerprints = await asyncio.to_thread(lambda: [file_fingerprint(candidate) for candidate in candidates])
        decided = [self._admit(one, of, rows) for one, of in zip(candidates, fingerprints, strict=True)]
        await self._recall([label for bucket, label in rows.changed if not bucket])
        await self.journal.write(*rows.changed.values())
        return decided

    def _candidate(self, item: AssetInput | BadInput) -> AssetCandidate:
        self._number += 1
        return AssetCandidate.of(item, self._number, self._bucket or "")

    def _admit(self, candidate: AssetCandidate, fingerprint: AssetFingerprint, rows: _Rows) -> AssetOutcome | AssetWork:
        place, run = candidate.place, self.journal.run
        record = AssetRecord(self.project_id, "", "") if place is None else self._record(place, rows)
        first = record.origin if record.run == run else None
        decision = decide(candidate, record, fingerprint, first=first, goal=self.goal)
        if decision.status is Status.REJECTED:
            record = evolve(rejection(candidate, self.project_id, decision.problems[0]), run=run)
            rows.change(record)
            return outcome_of(candidate, record, decision)
        met = record.code if record.status in AGAIN else ""
        record = evolve(record, source=candidate.source, origin=candidate.origin, run=run)
        if is_same(candidate, record, fingerprint):
            record = _with_fingerprint(record, *fingerprint)
        if decision.status in {None, Status.SKIPPED}:
            status = Status.DONE.value if decision.status else OPEN
            record = evolve(record, status=status, code="", message="")
        rows.change(record)
        if decision.status is not None:
            return outcome_of(candidate, record, decision)
        ingestion = resumed(candidate, record, fingerprint)
        return AssetWork(record, ingestion, look=ingestion.look, met=met)

    def _record(self, place: StoredObject, rows: _Rows) -> AssetRecord:
        return rows.known.get(place) or AssetRecord(self.project_id, place.bucket, place.key)

    async def _recall(self, labels: list[str]) -> None:
        """Count those of the rejected items that an earlier run has rejected, too."""
        rows = await self.journal.find_assets(self.project_id, labels) if labels else []
        self.recalled += sum(row.run < self.journal.run and not row.bucket for row in rows)


def _with_fingerprint(record: AssetRecord, size: int, modified: int) -> AssetRecord:
    """Add size and time, zeros for unknown: a listing may tell what the journal does not know yet."""
    return evolve(record, size=size or record.size, mtime_ns=modified or record.mtime_ns)


def file_fingerprint(candidate: AssetCandidate) -> AssetFingerprint:
    """Return size and time of a file, zeros if there is none; of an object those that a listing told. Blocks."""
    item = candidate.item
    if isinstance(item, BadInput):
        return UNKNOWN
    if isinstance(item.source, StoredObject):
        return item.size, item.mtime_ns
    try:
        found = stat_path(item.source)
    except (OSError, ValueError):
        return UNKNOWN
    return found.st_size, found.st_mtime_ns
