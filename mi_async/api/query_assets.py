"""Query images on their way in: a presigned URL, and the check that the upload arrived; not part of a workspace.

Source: api.ncloud-docs.com, Media Intelligence, Asset search.
"""

from typing import Annotated

from attrs import field, frozen

from mi_async._core.bounds import NOT_BLANK
from mi_async._core.declare import Group, operation
from mi_async._core.operation import Repeat
from mi_async.api.quotas import QUOTAS
from mi_async.api.thumbnails import UploadStatus
from mi_async.models import Model, OpenEnum


class QueryAssetType(OpenEnum):
    """Kind of a query file."""

    IMAGE = "IMAGE"


@frozen(eq=False, repr=False)
class QueryAssetUrl(Model):
    """Presigned URL to PUT one query image to; source: maiu-upload-asset-query-url.

    Attributes:
        asset_file_key: names the image in the completion check.
        presigned_upload_url: good for one PUT within ``expiration_seconds``; a secret while it is.
        expiration_seconds: life of the URL in seconds (900).
    """

    asset_file_key: str
    presigned_upload_url: str = field(repr=False)
    expiration_seconds: int = 900


@frozen(eq=False, repr=False)
class QueryAssetCheck(Model):
    """Answer of the completion check; FAILED is an ordinary answer; source: maiu-upload-asset-query-status.

    Attributes:
        asset_key: what to search with; for a HEIC image another key than the one that was asked about.
        upload_status: how the upload ended.
        upload_message: why it failed; null otherwise. The words are not documented.
    """

    asset_key: str
    upload_status: UploadStatus
    upload_message: str | None = None


class QueryAssets(Group):
    """Uploads of query images."""

    @operation(
        "POST /query-assets/uploads/presigned-url",
        repeat=Repeat.SAFE,  # a second URL that nobody uses is no second anything
        quota=QUOTAS["query_assets.presign"],
        source="maiu-upload-asset-query-url",
    )
    async def presign(
        self, asset_file_name: Annotated[str, NOT_BLANK], *, asset_type: QueryAssetType = QueryAssetType.IMAGE
    ) -> QueryAssetUrl:
        """Issue a single-use URL, valid for 15 minutes, for uploading one query image (50 a second)."""
        ...

    @operation(
        "POST /query-assets/uploads/complete",
        repeat=Repeat.SAFE,
        quota=QUOTAS["query_assets.complete"],
        source="maiu-upload-asset-query-status",
    )
    async def complete(self, asset_key: str) -> QueryAssetCheck:
        """Check whether an upload arrived and was accepted (1,000 a minute); takes the ``asset_file_key``."""
        ...
