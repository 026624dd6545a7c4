"""Values of an ingestion: its state, what a progress function gets, and its result.

Invariant: values only.
"""

from enum import Enum
from typing import Any

from attrs import field, frozen

from mi_async.api.assets import Asset
from mi_async.api.indexes import Index
from mi_async.api.scene_summaries import SceneSummary
from mi_async.models import Serializable, internal
from mi_async.storage.models import StoredObject
from mi_async.workflows.jobs.job import Job


class IngestState(Enum):
    """State of an ingestion, in order: the single call walks it, a bulk run journals it.

    ``CHECKED``, ``INDEXING`` and ``SUMMARIZING`` are not journalled: the file may change until the next run, and a job
    is found again at the service.
    """

    NEW = "new"
    CHECKED = "checked"
    STORED = "stored"
    REGISTERING = "registering"
    REGISTERED = "registered"
    IMPORTED = "imported"
    INDEXING = "indexing"
    INDEXED = "indexed"
    SUMMARIZING = "summarizing"
    SUMMARIZED = "summarized"

    def includes(self, other: "IngestState") -> bool:
        """Return True if this is as far as another state, or further."""
        order = list(IngestState)
        return order.index(self) >= order.index(other)

    @property
    def journalled(self) -> "IngestState":
        """The state from which a later run goes on."""
        return PASSING.get(self, self)


PASSING = {
    IngestState.CHECKED: IngestState.NEW,
    IngestState.INDEXING: IngestState.IMPORTED,
    IngestState.SUMMARIZING: IngestState.INDEXED,
}
"""States that no journal holds, each with the one that it holds meanwhile."""


class Stage(Enum):
    """Stage of an ingestion as a person sees it, in order; there is an upload only where bytes are sent."""

    CHECK = "check"
    UPLOAD = "upload"
    IMPORT = "import"
    ANALYSIS = "analysis"
    SUMMARY = "summary"
    DONE = "done"


@frozen
class Ingestion(Serializable):
    """A media file or object on its way to an index; each step returns the next value.

    Attributes:
        source: name of the file, or ``s3://bucket/key`` of an object.
        stage: stage to show.
        size: bytes of the file; 0 while unknown.
        found: bytes that were in the bucket already.
        sent: bytes that this run has stored.
        place: the object, once its name is known.
        asset_id: ID of the asset, once there is one.
        state: the service's word for the job that is waited for.
        job: that job as a string, for ``session.job(...)``; None if none is waited for.
        is_object: the source is an object in the bucket, and no file.
        reached: what is done; names the next step.
        resumes_at: state that a journal has of the object; it holds if the bucket still has that object.
        replaced: the object is known to be another one than the journal has.
        modified: time of the last change, in nanoseconds since the epoch; 0 if unknown.
        earlier: IDs of the assets of this key before the object was stored, later before it was registered.
        fresh: the object was stored after all of ``earlier``, so that none of them was made of it.
        look: a request may have had its effect already: look before it is sent.
        reused: the asset was there already.
        pending: the job that is waited for.
        asset: the imported asset.
        index: result of the analysis.
        summary: texts of the scenes.
    """

    source: str
    stage: Stage = Stage.CHECK
    size: int = 0
    found: int = 0
    sent: int = 0
    place: StoredObject | None = None
    asset_id: int | None = None
    state: str | None = None
    job: str | None = None
    is_object: bool = field(default=False, repr=False, kw_only=True)
    reached: IngestState = field(default=IngestState.NEW, repr=False, kw_only=True)
    resumes_at: IngestState = field(default=IngestState.NEW, repr=False, kw_only=True)
    replaced: bool = field(default=False, repr=False, kw_only=True)
    modified: int = field(default=0, repr=False, kw_only=True)
    earlier: tuple[int, ...] = field(default=(), repr=False, kw_only=True)
    fresh: bool = field(default=False, repr=False, kw_only=True)
    look: bool = field(default=False, repr=False, kw_only=True)
    reused: bool = field(default=False, repr=False, kw_only=True)
    pending: Job[Any] | None = field(default=None, repr=False, eq=False, kw_only=True, metadata=internal())
    asset: Asset | None = field(default=None, repr=False, eq=False, kw_only=True)
    index: Index | None = field(default=None, repr=False, eq=False, kw_only=True)
    summary: SceneSummary | None = field(default=None, repr=False, eq=False, kw_only=True)

    @property
    def created(self) -> dict[str, Any]:
        """The object and asset that exist by now, for ``MIError.created``."""
        made: dict[str, Any] = {"object": str(self.place)} if self.reached.includes(IngestState.STORED) else {}
        return made if self.asset_id is None else {**made, "asset_id": self.asset_id}


@frozen
class IngestedAsset(Serializable):
    """Result of an ingestion.

    Attributes:
        asset: as imported.
        index: result of the analysis; None without one.
        summary: texts of the scenes; None without them.
        place: the object that it was made from.
        sent: bytes that were stored for it in this run; 0 for an object that was there.
        reused: the asset was there already.
    """

    asset: Asset
    index: Index | None
    summary: SceneSummary | None
    place: StoredObject
    sent: int = 0
    reused: bool = False
