"""Workspaces: the account-level group.

Source: api.ncloud-docs.com, Media Intelligence, Workspace.
"""

from collections.abc import AsyncGenerator
from datetime import datetime
from operator import attrgetter
from typing import Annotated

from attrs import frozen

from mi_async._core.bounds import Pattern, Range
from mi_async._core.declare import Group, operation
from mi_async._core.operation import Repeat
from mi_async._core.paging import every
from mi_async.models import Model, Page

NAME = Pattern("[a-z0-9-]{3,63}", "3 to 63 characters of a-z, 0-9 and '-'")


@frozen(eq=False, repr=False)
class WorkspaceInfo(Model):
    """A workspace as the service describes it.

    Attributes:
        workspace_name: 3 to 63 characters of a-z, 0-9 and '-'.
        workspace_url: in listings and details.
        bucket_name: the linked Object Storage bucket, None when none is linked.
        monthly_analysis_count: in details only.
        created_user_name: partly masked.
        created_time: without a zone, as sent.
        updated_user_name: partly masked.
        updated_time: without a zone, as sent.
    """

    workspace_name: str
    workspace_url: str | None = None
    bucket_name: str | None = None
    monthly_analysis_count: int | None = None
    created_user_name: str | None = None
    created_time: datetime | None = None
    updated_user_name: str | None = None
    updated_time: datetime | None = None


class Workspaces(Group):
    """Workspaces of the account."""

    @operation("POST /workspaces", repeat=Repeat.CONFLICTS, source="maiu-create-workspaces")
    async def create(self, workspace_name: Annotated[str, NAME], *, bucket_name: str | None = None) -> WorkspaceInfo:
        """Create a workspace, optionally linked to an Object Storage bucket."""
        ...

    @operation("GET /workspaces", source="maiu-list-workspaces")
    async def list(
        self, *, page_num: Annotated[int, Range(1)] = 1, page_size: Annotated[int | None, Range(1, 1000)] = None
    ) -> Page[WorkspaceInfo]:
        """List one page of the workspaces (page_size 1 to 1,000, by default 1,000)."""
        ...

    @operation("GET /workspaces/{workspace_name}", source="maiu-workspace-details")
    async def get(self, workspace_name: str) -> WorkspaceInfo:
        """Get one workspace with its bucket and monthly analysis count."""
        ...

    @operation("DELETE /workspaces/{workspace_name}", repeat=Repeat.SAFE, source="maiu-delete-workspaces")
    async def delete(self, workspace_name: str) -> WorkspaceInfo | None:
        """Delete a workspace; returns it as it was where the service sends it."""
        ...

    def all(self, *, page_size: int | None = None, limit: int | None = None) -> AsyncGenerator[WorkspaceInfo]:
        """Iterate over all workspaces, or the first ``limit`` of them."""
        return every(
            lambda number: self.list(page_num=number, page_size=page_size),
            key=attrgetter("workspace_name"),
            limit=limit,
        )
