"""Decisions about media files, from the input, the journal, and size and time of the files.

Invariant: pure; no I/O, no clock. The run executes a decision and the plan counts it, so that both say the same.
"""

from typing import TypeAlias

from attrs import evolve, frozen

from mi_async.bulk.engine.outcome import DUPLICATE, INPUT, AssetOutcome, Problem, Status
from mi_async.bulk.inputs.models import AssetInput, BadInput
from mi_async.bulk.journal.records import NOWHERE, AssetRecord, rejected_key
from mi_async.errors import InvalidArgumentError
from mi_async.storage.models import SCHEME, StoredObject
from mi_async.workflows.ingest.models import Ingestion, IngestState

REFUSED = frozenset({Status.PARTIAL.value, Status.FAILED.value})
"""Ways to end that stay until ``journal retry``; what was rejected or parked is looked at again."""

AssetFingerprint: TypeAlias = tuple[int, int]
"""Size and time of the last change, by which a file is known to be the same; zeros if unknown."""
UNKNOWN: AssetFingerprint = (0, 0)


@frozen
class AssetCandidate:
    """An item of the input, before anything is decided.

    Attributes:
        item: as it was given.
        origin: place in the input; its number if nothing else is known.
        place: the object that it is or becomes; None if there can be none.
        fault: why there can be none.
    """

    item: AssetInput | BadInput
    origin: str
    place: StoredObject | None = None
    fault: str = ""

    @classmethod
    def of(cls, item: AssetInput | BadInput, number: int, bucket: str) -> "AssetCandidate":
        """Name an item.

        Args:
            item: as it was given.
            number: of the item in the input, from 1.
            bucket: the bucket that files are sent to.
        """
        origin = item.origin or f"item {number:,}"
        if isinstance(item, BadInput):
            return cls(item, origin, fault=item.message)
        try:
            return cls(item, origin, item.place(bucket))
        except InvalidArgumentError as error:
            return cls(item, origin, fault=_fault(item) or str(error))

    @property
    def source(self) -> str:
        """Path or name of the object, '' for what is no item."""
        return str(self.item.source) if isinstance(self.item, AssetInput) else ""

    @property
    def key(self) -> str:
        """Key of the object; the source if there can be none."""
        return self.source if self.place is None else self.place.key


def _fault(item: AssetInput) -> str:
    """Return why there can be no such object in any bucket: a plan does not know the bucket, and is to say the same."""
    try:
        item.place(NOWHERE)
    except InvalidArgumentError as error:
        return str(error).replace(f"{SCHEME}{NOWHERE}/", "")
    return ""


@frozen
class AssetDecision:
    """Decision about an item before any of its bytes was read.

    Attributes:
        status: how it has ended already; None if something is left to do.
        problems: why it has not ended well.
    """

    status: Status | None = None
    problems: tuple[Problem, ...] = ()


WORK = AssetDecision()


def decide(
    candidate: AssetCandidate,
    record: AssetRecord,
    fingerprint: AssetFingerprint,
    *,
    first: str | None,
    goal: IngestState,
) -> AssetDecision:
    """Decide about an item.

    Args:
        candidate: the item.
        record: the journal's row; a new one if there is none.
        fingerprint: of the file as it is now.
        first: origin of the item that had this object first in this input; None if there was none.
        goal: state in which it is done.
    """
    origin = candidate.origin
    if candidate.place is None:
        return AssetDecision(Status.REJECTED, (Problem(origin, INPUT, candidate.fault),))
    if first is not None:
        message = f"duplicate object, first seen at {first}; this item was skipped"
        return AssetDecision(Status.REJECTED, (Problem(origin, DUPLICATE, message),))
    if not is_same(candidate, record, fingerprint):
        return WORK
    if record.reached.includes(goal):
        return AssetDecision(Status.SKIPPED)
    if record.status in REFUSED:
        return AssetDecision(Status(record.status), (Problem(candidate.source, record.code, record.message),))
    return WORK


def is_same(candidate: AssetCandidate, record: AssetRecord, fingerprint: AssetFingerprint) -> bool:
    """Return True if the file is what the journal's row is about.

    An object of unknown size is taken for the same, and so is one of the same size if its time is unknown, now or in
    the journal: not every listing tells it.
    """
    size, modified = fingerprint
    if not _is_object(candidate):
        return fingerprint == (record.size, record.mtime_ns)
    times = {modified, record.mtime_ns}
    return fingerprint == UNKNOWN or (size == record.size and (0 in times or len(times) == 1))


def _is_object(candidate: AssetCandidate) -> bool:
    return isinstance(candidate.item, AssetInput) and isinstance(candidate.item.source, StoredObject)


def resumed(candidate: AssetCandidate, record: AssetRecord, fingerprint: AssetFingerprint) -> Ingestion:
    """Return the ingestion as a run takes it up: where the journal has it, or at the check for another file."""
    begun, same = record.reached is not IngestState.NEW, is_same(candidate, record, fingerprint)
    size, modified = fingerprint
    return Ingestion(
        candidate.source,
        place=candidate.place,
        asset_id=record.asset_id,
        is_object=_is_object(candidate),
        reached=record.reached if same else IngestState.NEW,
        # of a file only the bucket tells whether it has the same content under a new time
        resumes_at=record.reached,
        replaced=begun and not same and _is_object(candidate),
        size=record.size if begun and not size else size,
        modified=modified or record.mtime_ns,
        earlier=record.earlier,
        fresh=record.fresh,
        look=begun,
    )


def rejection(candidate: AssetCandidate, project_id: int, problem: Problem) -> AssetRecord:
    """Return the row of an item of which nothing is sent, under a name that no object has."""
    return AssetRecord(
        project_id,
        "",
        rejected_key(candidate.key, candidate.origin),
        status=Status.REJECTED.value,
        code=problem.code,
        message=problem.message,
        origin=candidate.origin,
    )


def outcome_of(candidate: AssetCandidate, record: AssetRecord, decision: AssetDecision) -> AssetOutcome:
    """Return the outcome of an item about which nothing is left to do."""
    status = decision.status or Status.DONE
    outcome = record_outcome(record, status, decision.problems)
    return outcome if record.bucket else evolve(outcome, key=candidate.key or record.key)


def record_outcome(record: AssetRecord, status: Status, problems: tuple[Problem, ...] = ()) -> AssetOutcome:
    """Return an outcome that says what a row does."""
    return AssetOutcome(
        key=record.key,
        status=status,
        origin=record.origin,
        problems=problems,
        asset_id=record.asset_id,
        place=record.place,
        state=record.state,
    )
