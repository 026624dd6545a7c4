"""What goes into an ingestion and what comes out of it.

Law: values only.
"""

from collections.abc import Callable
from enum import Enum
from typing import Literal, TypeAlias

from attrs import frozen

from mi_async.api.assets import Asset
from mi_async.api.indexes import Index
from mi_async.api.scene_summaries import SceneSummary
from mi_async.storage.models import StoredObject

IfExists: TypeAlias = Literal["reuse", "duplicate", "error"]
"""What to do where the project has an asset of this object: take it, make another, or refuse."""


class Stage(Enum):
    """What an ingestion is at, in order; there is an upload only where bytes go."""

    CHECK = "check"
    UPLOAD = "upload"
    IMPORT = "import"
    ANALYSIS = "analysis"
    SUMMARY = "summary"
    DONE = "done"


@frozen
class Ingestion:
    """A media file on its way.

    Attributes:
        source: what the caller named.
        stage: what it is at.
        size: bytes of the file; 0 while that is not known.
        found: bytes that were in the bucket already.
        sent: bytes that this run has stored.
        place: the object, once its name is known.
        asset_id: number of the asset, once there is one.
        state: the service's word for the job that is waited for.
        job: that job as a string, for ``session.job(...)``; None where none is waited for.
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


IngestProgress: TypeAlias = Callable[[Ingestion], None]
"""Called whenever something has changed; an exception in it ends the workflow."""


@frozen
class IngestedAsset:
    """What an ingestion has led to.

    Attributes:
        asset: as imported.
        index: result of the analysis; None where none was wanted.
        summary: texts of the scenes; None where none were wanted.
        place: the object that it was made from.
        sent: bytes that were stored for it in this run; 0 for an object that was there.
        reused: whether the asset was there already.
    """

    asset: Asset
    index: Index | None
    summary: SceneSummary | None
    place: StoredObject
    sent: int = 0
    reused: bool = False
