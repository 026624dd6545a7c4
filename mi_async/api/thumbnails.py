"""Person thumbnails on their way in: a presigned URL, and the check that the upload arrived.

Source: api.ncloud-docs.com, Media Intelligence, Person thumbnail.
"""

from typing import Annotated

from attrs import field, frozen

from mi_async._core.bounds import NOT_BLANK
from mi_async._core.declare import Group, operation
from mi_async._core.operation import Repeat
from mi_async.api.quotas import QUOTAS
from mi_async.models import Model, OpenEnum


class UploadStatus(OpenEnum):
    """Result of an upload."""

    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


class UploadMessage(OpenEnum):
    """Why an upload failed; FILE_NOT_EXIST may only mean that it is not there yet."""

    FILE_NOT_EXIST = "FILE_NOT_EXIST"
    OVER_SIZE_LIMIT = "OVER_SIZE_LIMIT"
    RESOLUTION_NOT_SUPPORT = "RESOLUTION_NOT_SUPPORT"


@frozen(eq=False, repr=False)
class PresignedUrl(Model):
    """Presigned URL to PUT one thumbnail to.

    Attributes:
        thumbnail_key: names the image in later calls, for 24 hours after the upload.
        url: good for one PUT within ``expiration_seconds``; a secret while it is.
        expiration_seconds: life of the URL in seconds (900).
    """

    thumbnail_key: str
    url: str = field(repr=False)
    expiration_seconds: int = 900


@frozen(eq=False, repr=False)
class UploadCheck(Model):
    """Answer of the completion check; FAILED is an ordinary answer, not an error."""

    upload_status: UploadStatus
    upload_message: UploadMessage | None = None


class Thumbnails(Group):
    """Uploads of person thumbnails."""

    @operation(
        "POST /workspaces/{workspace_name}/person-thumbnail/uploads/presigned-url",
        repeat=Repeat.SAFE,  # a second URL that nobody uses is no second anything
        quota=QUOTAS["thumbnails.presign"],
        source="maiu-upload-person-thumbnail-url",
    )
    async def presign(self, thumbnail_file_name: Annotated[str, NOT_BLANK]) -> PresignedUrl:
        """Issue a single-use URL, valid for 15 minutes, for uploading one thumbnail (50 a second)."""
        ...

    @operation(
        "POST /workspaces/{workspace_name}/person-thumbnail/uploads/complete",
        repeat=Repeat.SAFE,
        quota=QUOTAS["thumbnails.complete"],
        source="maiu-upload-person-thumbnail-status",
    )
    async def complete(self, thumbnail_key: str) -> UploadCheck:
        """Check whether an upload arrived and was accepted (1,000 a minute)."""
        ...
