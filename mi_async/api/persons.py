"""Persons of a workspace, their thumbnails and tags.

Source: api.ncloud-docs.com, Media Intelligence, Person.
"""

from collections.abc import AsyncGenerator, Sequence
from operator import attrgetter
from typing import Annotated

from mi_async._core.bounds import Count, Forbidden, Length, Marked, NotAmong, Range
from mi_async._core.declare import Group, Wire, operation
from mi_async._core.operation import Place, Repeat
from mi_async._core.paging import every
from mi_async.api.person_models import (
    CreatedPerson,
    MergedPersons,
    NameType,
    Person,
    PersonThumbnail,
    SimilarPerson,
    SimilarPersons,
    SortColumn,
    SortType,
    TagList,
    ThumbnailInput,
    ThumbnailList,
)
from mi_async.models import JsonObject, Page

__all__ = [
    "DESCRIPTION",
    "MATCHES",
    "NAME",
    "NAME_FILTER",
    "PLAIN",
    "SCORE",
    "CreatedPerson",
    "MergedPersons",
    "NameType",
    "Person",
    "PersonThumbnail",
    "Persons",
    "SimilarPerson",
    "SimilarPersons",
    "SortColumn",
    "SortType",
    "TagList",
    "ThumbnailInput",
    "ThumbnailList",
]

NAME = Length(1, 50, blank=False)
DESCRIPTION = Length(1, 700)
NAME_FILTER = Length(2, 50)
PLAIN = Forbidden(";|`")
THUMBNAILS = Count(most=100)
ONE_PRIMARY = Marked(1, "is_primary_thumbnail")
MATCHES = Range(1, 10)
"""Persons who look like one, or like an image, that one answer lists."""
SCORE = Range(80, 100)


class Persons(Group):
    """Persons of a workspace."""

    @operation("POST /workspaces/{workspace_name}/persons", repeat=Repeat.CONFLICTS, source="maiu-create-persons")
    async def create(
        self,
        name: Annotated[str | None, NAME] = None,
        *,
        thumbnails: Annotated[Sequence[ThumbnailInput], THUMBNAILS, ONE_PRIMARY],
        description: Annotated[str | None, DESCRIPTION] = None,
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
        page_num: Annotated[int, Range(1)] = 1,
        page_size: Annotated[int | None, Range(1, 1000)] = None,
        name: Annotated[str | None, NAME_FILTER, PLAIN] = None,
        tag_ids: Annotated[Sequence[int] | None, Wire("tagIdList"), Count(most=30)] = None,
    ) -> Page[Person]:
        """List one page of the persons (page_size 1 to 1,000, the default), by name (2 to 50 characters) or 30 tags."""
        ...

    @operation(
        "PATCH /workspaces/{workspace_name}/persons/{person_id}", repeat=Repeat.SAFE, source="maiu-update-persons"
    )
    async def update(
        self,
        person_id: int,
        *,
        name: Annotated[str | None, NAME] = None,
        description: Annotated[str | None, DESCRIPTION] = None,
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
    async def set_thumbnails(
        self, person_id: int, *, thumbnails: Annotated[Sequence[ThumbnailInput], ONE_PRIMARY]
    ) -> ThumbnailList:
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

    @operation(
        "DELETE /workspaces/{workspace_name}/persons/{person_id}/person-thumbnail",
        repeat=Repeat.SAFE,
        source="maiu-remove-person-thumbnail",
        sends=Place.BODY,
    )
    async def remove_thumbnails_with_delete(self, person_id: int, *, thumbnail_ids: Sequence[int]) -> ThumbnailList:
        """Remove thumbnails by a DELETE with a body, which some proxies drop; else as ``remove_thumbnails``."""
        ...

    @operation(
        "DELETE /workspaces/{workspace_name}/persons/{person_id}/person-tags",
        repeat=Repeat.SAFE,
        source="maiu-remove-person-tags",
        sends=Place.BODY,
    )
    async def remove_tags_with_delete(self, person_id: int, *, tag_ids: Sequence[int]) -> TagList:
        """Remove tags by a DELETE with a body, which some proxies drop; else as ``remove_tags``."""
        ...

    @operation("POST /workspaces/{workspace_name}/persons/search", repeat=Repeat.SAFE, source="mi-search-persons")
    async def search(
        self,
        *,
        page_num: Annotated[int, Range(1)] = 1,
        page_size: Annotated[int | None, Range(1, 50)] = None,
        name: Annotated[str | None, NAME_FILTER, PLAIN] = None,
        person_ids: Sequence[int] | None = None,
        tag_ids: Sequence[int] | None = None,
        name_type: NameType | None = None,
        sort_column: SortColumn | None = None,
        sort_type: SortType | None = None,
    ) -> Page[Person]:
        """Search one page of persons (page_size 1 to 50, by default 10), by name (2 to 50 characters), ids or tags."""
        ...

    @operation(
        "POST /workspaces/{workspace_name}/persons/{person_id}/merge",
        repeat=Repeat.DUPLICATES,
        source="mi-merge-persons",
        rules=(NotAmong("person_id", "person_ids"),),
    )
    async def merge(self, person_id: int, *, person_ids: Annotated[Sequence[int], Count(1, 10)]) -> MergedPersons:
        """Merge up to 10 persons into another one, for good: they give up their assets, scenes and thumbnails."""
        ...

    @operation("GET /workspaces/{workspace_name}/persons/{person_id}/similar", source="mi-similar-persons")
    async def similar(
        self,
        person_id: int,
        *,
        person_count: Annotated[int | None, MATCHES] = None,
        score_threshold: Annotated[int | None, SCORE] = None,
    ) -> SimilarPersons:
        """List up to 10 persons (by default 3) that look like one, at a score of 80 (the default) to 100."""
        ...

    @operation(
        "POST /workspaces/{workspace_name}/persons/recommend-by-thumbnail",
        repeat=Repeat.SAFE,
        source="mi-recommend-persons-by-thumbnail",
    )
    async def recommend_by_thumbnail(
        self,
        thumbnail_key: str,
        *,
        person_count: Annotated[int | None, MATCHES] = None,
        score_threshold: Annotated[int | None, SCORE] = None,
    ) -> JsonObject:
        """Recommend up to 10 persons (by default 3) that look like an uploaded thumbnail, at a score of 80 to 100.

        The form of the answer is not documented; it holds a list, empty when nobody is like it.
        """
        ...

    def all(
        self,
        *,
        page_size: int | None = None,
        name: str | None = None,
        tag_ids: Sequence[int] | None = None,
        limit: int | None = None,
    ) -> AsyncGenerator[Person]:
        """Iterate over all persons, by name or tags if given, or the first ``limit`` of them.

        Without a name these include the anonymous persons whom every analysis registers for unknown faces;
        ``search_all(name_type=NameType.NAMED)`` iterates over those who have a name.
        """
        return every(
            lambda number: self.list(page_num=number, page_size=page_size, name=name, tag_ids=tag_ids),
            key=attrgetter("id"),
            limit=limit,
        )

    def search_all(
        self,
        *,
        page_size: int | None = None,
        name: str | None = None,
        person_ids: Sequence[int] | None = None,
        tag_ids: Sequence[int] | None = None,
        name_type: NameType | None = None,
        sort_column: SortColumn | None = None,
        sort_type: SortType | None = None,
        limit: int | None = None,
    ) -> AsyncGenerator[Person]:
        """Iterate over all persons that ``search`` finds, or the first ``limit`` of them."""
        return every(
            lambda number: self.search(
                page_num=number,
                page_size=page_size,
                name=name,
                person_ids=person_ids,
                tag_ids=tag_ids,
                name_type=name_type,
                sort_column=sort_column,
                sort_type=sort_type,
            ),
            key=attrgetter("id"),
            limit=limit,
        )
