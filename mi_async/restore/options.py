"""Options of a restore, checked, and the files that it keeps.

Invariant: values only; the same for the run and its plan.
"""

import os
from pathlib import Path

from attrs import field, frozen
from attrs.converters import optional

from mi_async.argument_types import IfPersonExists
from mi_async.bulk.defaults import GRACE, PATIENCE
from mi_async.bulk.journal.place import JournalUrl, parsed
from mi_async.bulk.options import BulkOptions
from mi_async.errors import InvalidArgumentError
from mi_async.workflows.ingest.options import IngestOptions

SUFFIX = ".journal"


def _path(journal: str | os.PathLike[str]) -> Path:
    if isinstance(parsed(journal), JournalUrl):
        message = "the journal of a restore is a file: what the backup has lies on the disk of one machine"
        raise InvalidArgumentError(message)
    return Path(journal)


@frozen(kw_only=True)
class RestoreOptions:
    """Options of a restore; the attributes are described at ``Workspace.restore``.

    Raises:
        InvalidArgumentError: one of them cannot work.
    """

    journal: Path = field(converter=_path)
    if_exists: IfPersonExists = "error"
    unnamed: bool = False
    analyze: bool = False
    bucket: str | None = None
    mapping: Path | None = field(default=None, converter=optional(Path))
    max_failures: int | None = None
    grace: float = GRACE
    patience: float = PATIENCE

    def __attrs_post_init__(self) -> None:
        """Refuse what no run could work with."""
        self.bulk(self.journal, 0)

    @property
    def assets_journal(self) -> Path:
        """Journal of the assets, beside that of the persons: each is of one operation."""
        return self.journal.with_name(f"{self._stem}.assets{SUFFIX}")

    @property
    def mapping_file(self) -> Path:
        """File of old and new IDs."""
        return self.mapping or self.journal.with_name(f"{self._stem}.restored.jsonl")

    @property
    def _stem(self) -> str:
        return self.journal.name.removesuffix(SUFFIX)

    def bulk(self, journal: Path, total: int) -> BulkOptions:
        """Return the options of one of the bulk runs."""
        return BulkOptions(
            journal=journal,
            total=total,
            max_failures=self.max_failures,
            grace=self.grace,
            patience=self.patience,
        )

    def ingest(self, project: int) -> IngestOptions:
        """Return the options of the registration of a project's assets."""
        return IngestOptions(project=project, analyze=self.analyze)
