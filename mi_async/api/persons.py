"""Persons of a workspace, their thumbnails and tags.

Source: api.ncloud-docs.com, Media Intelligence, Person.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated

from attrs import field, frozen

from mi_async._core.declare import Group, Wire, operation
from mi_async._core.operation import Repeat
from mi_async._core.paging import every
from mi_async.api.person_tags import PersonTag
from mi_async.models import Model, Page, spelled


@frozen
class ThumbnailInput(Model):
    """A picture to give to a person.

    Attributes:
        thumbnail_key: of a completed upload, usable for 24 hours after it.
        is_primary_thumbnail: whether it becomes the person's main picture; only one may be.
    """

    thumbnail_key: str
    is_primary_thumbnail: bool = False


@frozen
class PersonThumbnail(Model):
    """A picture that a person has.

    Attributes:
        id: number of the thumbnail.
        url: presigned download URL of unknown lifetime; not an identifier.
        is_primary_thumbnail: whether it is the main picture.
    """

    id: int
    url: str = field(repr=False)
    is_primary_thumbnail: bool = False


@frozen
class Person(Model):
    """A person with tags and thumbnails.

    Attributes:
        id: number of the person (``personId`` or ``id`` on the wire).
        name: 1 to 50 characters, unique in the workspace; None for an anonymous person.
        description: 1 to 700 characters.
        tags: tags of the person.
        thumbnails: pictures of the person.
    """

    id: int = field(metadata=spelled("personId", "id"))
    name: str | None = None
    description: str | None = None
    tags: tuple[PersonTag, ...] = ()
    thumbnails: tuple[PersonThumbnail, ...] = ()


@frozen
class CreatedPerson(Model):
    """The number of a person just created."""

    id: int = field(metadata=spelled("personId", "id"))


@frozen
class ThumbnailList(Model):
    """All thumbnails that a person has after a change."""

    thumbnail_list: tuple[PersonThumbnail, ...]
    person_id: int | None = None


@frozen
class TagList(Model):
    """All tags that a person has after a change."""

    tag_list: tuple[PersonTag, ...]
    person_id: int | None = None


class Persons(Group):
    """Persons of a workspace."""

    @operation("POST /workspaces/{workspace_name}/persons", repeat=Repeat.CONFLICTS, source="maiu-create-persons")
    async def create(
        self, name: str | None = None, *, thumbnails: Sequence[ThumbnailInput], description: str | None = None
    ) -> CreatedPerson:
        """Create a person with up to 100 thumbnails, anonymous without a name (1 to 50 characters, unique)."""
        ...

    @operation("GET /workspaces/{workspace_name}/persons/{person_id}", source="maiu-person-details")
    async def get(self, person_id: int) -> Person:
        """Get one person with tags and thumbnails."""
        ...

    @operation("GET /workspaces/{workspace_name}/persons", source="maiu-list-persons")
    async def list(
        self,
        *,
        page_num: int = 1,
        page_size: int | None = None,
        name: str | None = None,
        tag_ids: Annotated[Sequence[int] | None, Wire("tagIdList")] = None,
    ) -> Page[Person]:
        """List one page of the persons (page_size 1 to 1,000, the default), by name (2 to 50 characters) or tags."""
        ...

    @operation(
        "PATCH /workspaces/{workspace_name}/persons/{person_id}", repeat=Repeat.SAFE, source="maiu-update-persons"
    )
    async def update(
        self,
        person_id: int,
        *,
        name: str | None = None,
        description: str | None = None,
        primary_thumbnail_id: int | None = None,
    ) -> Person:
        """Change the name, the description or the main thumbnail of a person; what is not given stays."""
        ...

    @operation(
        "DELETE /workspaces/{workspace_name}/persons/{person_id}", repeat=Repeat.SAFE, source="maiu-delete-persons"
    )
    async def delete(self, person_id: int) -> Person | None:
        """Delete a person for good; returns it as it was where the service sends it."""
        ...

    @operation(
        "POST /workspaces/{workspace_name}/persons/{person_id}/person-thumbnail",
        repeat=Repeat.DUPLICATES,  # not documented as harmless; the workflow looks before it repeats
        source="maiu-set-person-thumbnail",
    )
    async def set_thumbnails(self, person_id: int, *, thumbnails: Sequence[ThumbnailInput]) -> ThumbnailList:
        """Add thumbnails to a person; returns all that the person now has."""
        ...

    @operation(
        "POST /workspaces/{workspace_name}/persons/{person_id}/person-thumbnail/remove",
        repeat=Repeat.SAFE,
        source="mi-remove-person-thumbnails",
    )
    async def remove_thumbnails(self, person_id: int, *, thumbnail_ids: Sequence[int]) -> ThumbnailList:
        """Remove thumbnails from a person, but not all of them; returns those that are left."""
        ...

    @operation(
        "POST /workspaces/{workspace_name}/persons/{person_id}/person-tags",
        repeat=Repeat.SAFE,
        source="maiu-add-person-tags",
    )
    async def add_tags(self, person_id: int, *, tag_ids: Sequence[int]) -> TagList:
        """Add tags to a person; returns all that the person now has."""
        ...

    @operation(
        "POST /workspaces/{workspace_name}/persons/{person_id}/person-tags/remove",
        repeat=Repeat.SAFE,
        source="mi-remove-person-tags",
    )
    async def remove_tags(self, person_id: int, *, tag_ids: Sequence[int]) -> TagList:
        """Remove tags from a person; returns those that are left."""
        ...

    def all(
        self, *, page_size: int | None = None, name: str | None = None, tag_ids: Sequence[int] | None = None
    ) -> AsyncIterator[Person]:
        """Iterate over all persons, by name or tags if given."""
        return every(lambda number: self.list(page_num=number, page_size=page_size, name=name, tag_ids=tag_ids))
