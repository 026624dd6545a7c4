"""Person tags of a workspace.

Source: api.ncloud-docs.com, Media Intelligence, Person tag.
"""

from collections.abc import AsyncGenerator
from datetime import datetime
from operator import attrgetter
from typing import Annotated

from attrs import frozen

from mi_async._core.bounds import Length, Range
from mi_async._core.declare import Group, Wire, operation
from mi_async._core.operation import Repeat
from mi_async._core.paging import every
from mi_async.models import Model, Page

NAME = Length(1, 30)


@frozen(eq=False, repr=False)
class PersonTag(Model):
    """A tag that persons can bear.

    Attributes:
        id: number of the tag.
        name: 1 to 30 characters, unique in the workspace.
        created_user_name: partly masked; when created.
        created_time: without a zone, as sent; when created.
        updated_user_name: partly masked; in listings.
        updated_time: without a zone, as sent; in listings.
    """

    id: int
    name: str
    created_user_name: str | None = None
    created_time: datetime | None = None
    updated_user_name: str | None = None
    updated_time: datetime | None = None


class PersonTags(Group):
    """Person tags of a workspace."""

    @operation(
        "POST /workspaces/{workspace_name}/person-tags", repeat=Repeat.CONFLICTS, source="maiu-create-person-tags"
    )
    async def create(self, name: Annotated[str, NAME]) -> PersonTag:
        """Create a person tag (name 1 to 30 characters, unique in the workspace)."""
        ...

    @operation("GET /workspaces/{workspace_name}/person-tags", source="maiu-list-person-tags")
    async def list(
        self,
        *,
        page_num: Annotated[int, Range(1)] = 1,
        page_size: Annotated[int | None, Range(1, 50)] = None,
        tag_id: Annotated[int | None, Wire("id")] = None,
        name: Annotated[str | None, NAME] = None,
    ) -> Page[PersonTag]:
        """List one page of the person tags (page_size 1 to 50, by default 10), by id or name if given."""
        ...

    @operation(
        "DELETE /workspaces/{workspace_name}/person-tags/{tag_id}", repeat=Repeat.SAFE, source="maiu-delete-person-tags"
    )
    async def delete(self, tag_id: int) -> None:
        """Delete a person tag."""
        ...

    def all(
        self, *, page_size: int | None = None, name: str | None = None, limit: int | None = None
    ) -> AsyncGenerator[PersonTag]:
        """Iterate over all person tags, by name if given, or the first ``limit`` of them."""
        return every(
            lambda number: self.list(page_num=number, page_size=page_size, name=name), key=attrgetter("id"), limit=limit
        )
