"""One query image: from a source to the key that a search takes.

Invariant: its steps are those of a thumbnail's upload. What differs are the limits of the image, whom the steps ask,
and that a HEIC image is searched with by another key than it was stored under.
Source: maiu-upload-asset-query-url, maiu-upload-asset-query-status.
"""

from collections.abc import Mapping
from functools import partial
from io import BytesIO
from typing import Any

from attrs import evolve, frozen

from mi_async._core.operation import Operation
from mi_async.api import WorkspaceGroups
from mi_async.api.query_assets import QueryAssets
from mi_async.api.thumbnails import PresignedUrl, Thumbnails, UploadCheck, UploadMessage
from mi_async.errors import UploadFailedError
from mi_async.media.file_kind import brand
from mi_async.media.image import ImageHeader, read_picture
from mi_async.media.image_check import ImageRules
from mi_async.media.image_source import Source, load_image
from mi_async.workflows.context import Context, known
from mi_async.workflows.upload import State, Upload, walk

MIN_PIXELS = 224
"""Smallest width and height of a query image. Source: maiu-upload-asset-query-url."""


@frozen
class Heic(ImageHeader):
    """A HEIC picture, which a query image may be and a thumbnail not."""

    @property
    def content_type(self) -> str:
        """MIME type."""
        return "image/heic"


@frozen
class QueryUploads:
    """The account's group of query images, as a caller has it and as what has begun is carried on."""

    entry: QueryAssets
    patient: QueryAssets


async def upload_query_image(context: Context, uploads: QueryUploads, source: Source) -> str:
    """Upload a picture to search with; returns the key to search by.

    Args:
        context: the workspace; its storage, time and gate are used.
        uploads: the groups to ask.
        source: jpg, png, webp or heic by content, at most 5 MB, at least 224 px wide and high.

    Raises:
        ImageRejectedError: the picture breaks a rule; nothing was sent.
        UploadFailedError: the storage or the service refused the picture.
    """
    keys: dict[str, str] = {}
    asking = evolve(
        context,
        entry=_Groups(_QueryThumbnails(uploads.entry, keys)),
        groups=_Groups(_QueryThumbnails(uploads.patient, keys)),
        put=partial(context.put, operation="query_assets.put"),
    )
    try:
        async with context.held:
            upload = await walk(asking, Upload(await load_image(source, QUERY_IMAGE)), State.STORED)
        upload = await walk(asking, upload, State.CONFIRMED)
    except BaseException as error:
        created = vars(error).get("created", {})
        stored = created.pop("thumbnail_keys", None)  # it is none
        if stored and not (isinstance(error, UploadFailedError) and not error.ambiguous):
            created["query_image"] = stored[0]
        raise
    return keys[known(upload.key)]


def read_heic(content: bytes) -> Heic | None:
    """Return the header of a HEIC image, 0 x 0 where its boxes do not tell the size; None for any other content."""
    import imagesize  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]  # two numbers come out of it, here

    if brand(content) != "heic":
        return None
    width, height = imagesize.get(BytesIO(content))  # -1, -1 for what it cannot read
    return Heic("heic", max(width, 0), max(height, 0))


QUERY_IMAGE = ImageRules(
    "jpg, png, webp or heic",
    MIN_PIXELS,
    lambda content: read_picture(content) or read_heic(content),
    advice="export it as JPEG",
    smaller="make it smaller",
)
"""Rules for a query image."""


class _QueryThumbnails(Thumbnails):
    """Query images in the words of thumbnails; notes by which key an upload is searched with."""

    def __init__(self, assets: QueryAssets, keys: dict[str, str]) -> None:
        super().__init__(_asks_nothing)
        self._assets, self._keys = assets, keys

    async def presign(self, thumbnail_file_name: str) -> PresignedUrl:
        """Issue a URL for a query image."""
        issued = await self._assets.presign(thumbnail_file_name)
        return PresignedUrl(issued.asset_file_key, issued.presigned_upload_url, issued.expiration_seconds)

    async def complete(self, thumbnail_key: str) -> UploadCheck:
        """Check whether a query image arrived."""
        check = await self._assets.complete(thumbnail_key)
        self._keys[thumbnail_key] = check.asset_key
        message = None if check.upload_message is None else UploadMessage(check.upload_message)
        return UploadCheck(check.upload_status, message)


class _Groups(WorkspaceGroups):
    """Groups of a workspace for the steps of an upload."""

    def __init__(self, thumbnails: Thumbnails) -> None:
        super().__init__(_asks_nothing, "")
        self.thumbnails = thumbnails


async def _asks_nothing(operation: Operation, arguments: Mapping[str, Any]) -> Any:  # noqa: ARG001  as callers are
    message = f"a query image needs no {operation.id}"
    raise RuntimeError(message)
