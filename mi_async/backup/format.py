"""Format 1 of a backup: the names of its files, and the lines of its lists as models.

Invariant: values only. A list is UTF-8, one JSON object a line, ordered by ID. A member that this version does not know
is kept in ``extra``, and no value holds a presigned URL. Documented for people in docs/backup.md.
"""

from collections.abc import Mapping

from attrs import field, frozen

from mi_async.api.assets import AssetMetaData
from mi_async.member_display import few
from mi_async.models import Model

FORMAT = 1
"""The format that is written, and the newest that is read."""

INFO = "backup.json"
SUMS = "SHA256SUMS"
PERSONS, TAGS, PROJECTS, ASSETS, PROBLEMS = (
    "persons.jsonl",
    "tags.jsonl",
    "projects.jsonl",
    "assets.jsonl",
    "problems.jsonl",
)
LISTS = (PERSONS, TAGS, PROJECTS, ASSETS, PROBLEMS)
"""Lists that every backup has, if empty."""
IMAGES, INDEXES, SUMMARIES, PREVIOUS = "images", "indexes", "summaries", "previous"
"""Folders beside the lists; ``previous`` holds the lists of the backup before."""


@frozen(eq=False, repr=False)
class BackupInfo(Model):
    """``backup.json``: what a backup is of, and how far it is.

    Attributes:
        format: of the folder, 1.
        service: URL of the service.
        workspace: name of the workspace.
        scope: ``workspace``, or ``persons`` for a backup of chosen ones.
        began: ISO 8601, UTC.
        ended: ISO 8601, UTC; None for one that has not ended.
        software: what wrote it.
        images: True if images were downloaded.
        indexes: True if indexes were.
        summaries: True if scene summaries were.
        complete: True if nothing is missing that the service had: ``problems.jsonl`` is empty.
        counts: of ``persons``, ``thumbnails``, ``images`` (equal content is stored once), ``tags``, ``projects``,
            ``assets``, ``indexes``, ``summaries`` and ``problems``.
    """

    format: int
    service: str
    workspace: str
    scope: str = "workspace"
    began: str | None = None
    ended: str | None = None
    software: str | None = None
    images: bool = True
    indexes: bool = True
    summaries: bool = True
    complete: bool = False
    counts: Mapping[str, int] = field(factory=dict)


@frozen(eq=False, repr=False)
class BackupThumbnail(Model):
    """A thumbnail of a person in ``persons.jsonl``.

    Attributes:
        id: of the thumbnail at the service.
        primary: True if it is the primary one.
        file: of the image, from the backup's folder; None where it is not in the backup.
        sha256: of the file, in hex.
        size: of the file in bytes.
    """

    id: int
    primary: bool = False
    file: str | None = None
    sha256: str | None = None
    size: int | None = None


@frozen(eq=False, repr=False)
class BackupPerson(Model):
    """A line of ``persons.jsonl``.

    Attributes:
        id: of the person at the service.
        name: None for an anonymous person.
        description: None where there is none.
        tags: names of its tags.
        thumbnails: its face images.
    """

    id: int
    name: str | None = None
    description: str | None = None
    tags: tuple[str, ...] = ()
    thumbnails: tuple[BackupThumbnail, ...] = field(default=(), repr=few)


@frozen(eq=False, repr=False)
class BackupAsset(Model):
    """A line of ``assets.jsonl``.

    Attributes:
        asset_id: of the asset at the service.
        project_id: of the project that it is in.
        file_name: of the media file.
        bucket: that the workspace is linked to; None where the service did not say.
        key: of the object in it; None where the service did not say.
        meta_data: facts that the service read from the file.
        create_user_name: partly masked.
        index: file with the index, from the backup's folder; None where there is none.
        summary: file with the scene summary; None where there is none.
    """

    asset_id: int
    project_id: int
    file_name: str
    bucket: str | None = None
    key: str | None = None
    meta_data: AssetMetaData | None = None
    create_user_name: str | None = None
    index: str | None = None
    summary: str | None = None


@frozen(eq=False, repr=False)
class BackupProblem(Model):
    """A line of ``problems.jsonl``: something that is not in the backup as it is, or was, at the service.

    Attributes:
        kind: ``person``, ``thumbnail``, ``project``, ``asset``, ``index`` or ``summary``.
        id: of it; of the asset for an index or a summary.
        reason: ``gone`` (it vanished while the backup ran), ``refused`` (the storage or the service does not give it)
            or ``no_image`` (what is stored is not an image).
        message: the same for people.
        person_id: of the person that a thumbnail belongs to.
    """

    kind: str
    id: int
    reason: str
    message: str
    person_id: int | None = None
