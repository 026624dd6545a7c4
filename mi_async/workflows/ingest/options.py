"""Options of an ingestion, checked before any request.

Invariant: values only; the same for the single call, the bulk run and its plan.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from attrs import frozen

from mi_async._core.declare import operations_of
from mi_async.api.indexes import Indexes
from mi_async.api.scene_summaries import SceneSummaries
from mi_async.argument_types import IfExists, IngestProgress
from mi_async.errors import InvalidArgumentError
from mi_async.workflows.context import Context
from mi_async.workflows.ingest.models import IngestState
from mi_async.workflows.jobs.start import AnalysisOptions

ANALYSIS = next(operation for operation in operations_of(Indexes) if operation.name == "request")
SUMMARY = next(operation for operation in operations_of(SceneSummaries) if operation.name == "request")
OPTIONS = AnalysisOptions.__optional_keys__
"""Names in ``analysis``."""


def project_named(text: str | None) -> int | str | None:
    """Return the project that somebody has named in a text: by its ID if it is a number, else by its name."""
    return int(text) if text is not None and text.isascii() and text.isdigit() else text


@frozen(kw_only=True)
class IngestOptions:
    """Options of an ingestion; the attributes are described at ``Workspace.ingest_asset``."""

    project: int | str | None = None
    bucket: str | None = None
    key: str | None = None
    analyze: bool = True
    summarize: bool = False
    if_exists: IfExists = "reuse"
    analysis: AnalysisOptions | None = None
    locale: str | None = None
    timeout: float | None = None
    state_folder: str | os.PathLike[str] | None = None
    progress: IngestProgress | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse values that are out of range or exclude each other."""
        mistakes = {
            "a scene summary needs an analysis: summarize and no analysis exclude each other": (
                self.summarize and not self.analyze
            ),
            "locale is the language of a summary: only with summarize": self.locale is not None and not self.summarize,
            "analysis says how to analyse: not with analyze=False": bool(self.analysis) and not self.analyze,
            f"analysis takes {', '.join(sorted(OPTIONS))}": not isinstance(self.analysis, Mapping | None)
            or not OPTIONS.issuperset(self.analysis or ()),
            f"timeout must be >= 0, got {self.timeout!r}": self.timeout is not None and not self.timeout >= 0,
        }
        if mistake := next((text for text, wrong in mistakes.items() if wrong), None):
            raise InvalidArgumentError(mistake)

    def check(self, context: Context) -> None:
        """Build the requests that follow the upload, so that their bounds are checked before it.

        Raises:
            InvalidArgumentError: the service would refuse them.
        """
        asset = {"workspace_name": context.groups.name, "project_id": 0, "asset_id": 0}
        ANALYSIS.build({**asset, **(self.analysis or {})}, validate=context.validate)
        SUMMARY.build({**asset, "locale": self.locale}, validate=context.validate)

    @property
    def goal(self) -> IngestState:
        """State in which an ingestion is done."""
        if self.summarize:
            return IngestState.SUMMARIZED
        return IngestState.INDEXED if self.analyze else IngestState.IMPORTED

    @property
    def folder(self) -> Path | None:
        """Folder of the checkpoint of an unfinished upload."""
        return None if self.state_folder is None else Path(self.state_folder)
