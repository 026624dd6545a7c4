"""Media assets of a project: videos and images, brought in from a linked Object Storage bucket.

Source: api.ncloud-docs.com, Media Intelligence, Media asset.
"""

from collections.abc import AsyncGenerator
from datetime import datetime
from operator import attrgetter
from typing import Annotated

from attrs import field, frozen

from mi_async._core.bounds import NOT_BLANK, Range
from mi_async._core.declare import Group, Wire, operation
from mi_async._core.operation import Place, Repeat
from mi_async._core.paging import every
from mi_async.member_display import timed
from mi_async.models import Model, OpenEnum, Page


class FileFormat(OpenEnum):
    """Container or image format of an asset."""

    MP4 = "mp4"
    MKV = "mkv"
    MOV = "mov"
    WEBM = "webm"
    PNG = "png"
    JPG = "jpg"
    HEIC = "heic"


class ImportStatus(OpenEnum):
    """Progress of a registration."""

    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    FILE_NOT_EXIST = "FILE_NOT_EXIST"
    INVALID_METADATA = "INVALID_METADATA"

    @property
    def is_terminal(self) -> bool:
        """True if it changes no more; False for an undocumented value, see ``is_known``."""
        return self.is_known and self is not ImportStatus.IN_PROGRESS


@frozen(eq=False, repr=False)
class AssetMetaData(Model):
    """Facts that the service read from the file; any member may be null; source: mi-asset-details.

    Attributes:
        resolution: width and height in pixels, ``1920x1080``.
        duration_ms: length of a video in milliseconds.
        size: bytes.
        format: container or image format.
    """

    resolution: str | None = None
    duration_ms: int | None = field(default=None, metadata=timed())
    size: int | None = None
    format: FileFormat | None = None


@frozen(eq=False, repr=False)
class Asset(Model):
    """A media asset; source: mi-asset-details.

    Attributes:
        asset_id: number of the asset.
        file_name: name of the file.
        project_id: number of the project that it is in.
        meta_data: what the service read from the file.
        key: full object name in the bucket; in details, perhaps not in listings.
        create_user_name: partly masked.
    """

    asset_id: int
    file_name: str
    project_id: int
    meta_data: AssetMetaData | None = None
    key: str | None = None
    create_user_name: str | None = None


@frozen(eq=False, repr=False)
class AssetRegistration(Model):
    """A registration just begun; source: mi-create-assets.

    Attributes:
        asset_id: number of the new asset.
        create_user_name: partly masked.
        created_time: without a zone, as sent.
        update_user_name: partly masked.
    """

    asset_id: int
    create_user_name: str | None = None
    created_time: datetime | None = None
    update_user_name: str | None = None


@frozen(eq=False, repr=False)
class AssetImport(Model):
    """Progress of the registration of an asset; source: mi-asset-status.

    Attributes:
        asset_id: number of the asset.
        upload_status: the asset can be analysed once this is COMPLETED.
        upload_result: text for people; for INVALID_METADATA it names the limit that is broken.
        meta_data: what the service read from the file, if it did.
    """

    asset_id: int
    upload_status: ImportStatus
    upload_result: str | None = None
    meta_data: AssetMetaData | None = None


class Assets(Group):
    """Media assets of a workspace's projects."""

    @operation(
        "POST /workspaces/{workspace_name}/projects/{project_id}/assets/import/object-storage",
        repeat=Repeat.DUPLICATES,
        source="mi-create-assets",
    )
    async def register(
        self, project_id: int, *, key: Annotated[str, NOT_BLANK], bucket_name: Annotated[str, NOT_BLANK]
    ) -> AssetRegistration:
        """Register an object of a linked bucket as an asset; goes on at the service, see ``import_status``."""
        ...

    @operation("GET /workspaces/{workspace_name}/projects/{project_id}/assets", source="mi-list-assets")
    async def list(
        self,
        project_id: int,
        *,
        page_num: Annotated[int, Range(1)] = 1,
        page_size: Annotated[int | None, Range(1, 1000)] = None,
    ) -> Page[Asset]:
        """List one page of a project's assets (page_size 1 to 1,000, the default)."""
        ...

    @operation("GET /workspaces/{workspace_name}/projects/{project_id}/assets/{asset_id}", source="mi-asset-details")
    async def get(self, project_id: int, asset_id: int) -> Asset:
        """Get one asset."""
        ...

    @operation(
        "GET /workspaces/{workspace_name}/projects/{project_id}/assets/{asset_id}/import-status",
        source="mi-asset-status",
    )
    async def import_status(self, project_id: int, asset_id: int) -> AssetImport:
        """Get how far the registration of an asset is."""
        ...

    @operation(
        "PATCH /workspaces/{workspace_name}/projects/{project_id}/assets/{asset_id}",
        repeat=Repeat.SAFE,
        source="mi-move-assets",
        sends=Place.QUERY,
    )
    async def move(
        self, project_id: int, asset_id: int, *, new_project_id: Annotated[int, Wire("new_project_id")]
    ) -> Asset:
        """Move an asset to another project; returns it as it then is."""
        ...

    @operation(
        "DELETE /workspaces/{workspace_name}/projects/{project_id}/assets/{asset_id}",
        repeat=Repeat.SAFE,
        source="mi-delete-assets",
    )
    async def delete(self, project_id: int, asset_id: int) -> None:
        """Delete an asset."""
        ...

    def all(self, project_id: int, *, page_size: int | None = None, limit: int | None = None) -> AsyncGenerator[Asset]:
        """Iterate over all assets of a project, or the first ``limit`` of them."""
        return every(
            lambda number: self.list(project_id, page_num=number, page_size=page_size),
            key=attrgetter("asset_id"),
            limit=limit,
        )
