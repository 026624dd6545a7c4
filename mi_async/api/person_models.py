"""Models of persons, their thumbnails and their tags.

Source: api.ncloud-docs.com, Media Intelligence, Person.
"""

from datetime import datetime

from attrs import field, frozen

from mi_async.api.person_tags import PersonTag
from mi_async.member_display import few, pictured
from mi_async.models import Model, OpenEnum, spelled


class NameType(OpenEnum):
    """Persons with or without a name."""

    NAMED = "NAMED"
    ANONYMOUS = "ANONYMOUS"


class SortColumn(OpenEnum):
    """By what persons are sorted; the service's default is ASSET_COUNT."""

    ASSET_COUNT = "ASSET_COUNT"
    CREATED_AT = "CREATED_AT"
    PERSON_ID = "PERSON_ID"
    NAME = "NAME"


class SortType(OpenEnum):
    """Direction of sorting; the service's default is DESC."""

    ASC = "ASC"
    DESC = "DESC"


@frozen(eq=False, repr=False)
class ThumbnailInput(Model):
    """A thumbnail to give to a person.

    Attributes:
        thumbnail_key: of a completed upload, usable for 24 hours after it.
        is_primary_thumbnail: True to make it the primary one; only one may be.
    """

    thumbnail_key: str
    is_primary_thumbnail: bool = False


@frozen(eq=False, repr=False)
class PersonThumbnail(Model):
    """A thumbnail of a person.

    Attributes:
        id: number of the thumbnail.
        url: presigned download URL of unknown lifetime; not an identifier.
        is_primary_thumbnail: True if it is the primary one.
    """

    id: int
    url: str = field(repr=False, metadata=pictured())
    is_primary_thumbnail: bool = False


@frozen(eq=False, repr=False)
class Person(Model):
    """A person with tags and thumbnails.

    Attributes:
        id: number of the person (``personId`` or ``id`` on the wire).
        name: 1 to 50 characters, unique in the workspace; None for an anonymous person.
        description: 1 to 700 characters.
        tags: tags of the person.
        thumbnails: face images of the person.
    """

    id: int = field(metadata=spelled("personId", "id"))
    name: str | None = None
    description: str | None = None
    tags: tuple[PersonTag, ...] = field(default=(), repr=few)
    thumbnails: tuple[PersonThumbnail, ...] = field(
        default=(), repr=few, metadata=pictured(first="is_primary_thumbnail")
    )


@frozen(eq=False, repr=False)
class CreatedPerson(Model):
    """The number of a person just created."""

    id: int = field(metadata=spelled("personId", "id"))


@frozen(eq=False, repr=False)
class ThumbnailList(Model):
    """All thumbnails that a person has after a change."""

    thumbnail_list: tuple[PersonThumbnail, ...] = field(repr=few)
    person_id: int | None = None


@frozen(eq=False, repr=False)
class TagList(Model):
    """All tags that a person has after a change."""

    tag_list: tuple[PersonTag, ...] = field(repr=few)
    person_id: int | None = None


@frozen(eq=False, repr=False)
class MergedPersons(Model):
    """Counts of what a merge moved; source: mi-merge-persons.

    Attributes:
        person_id: number of the person that is left.
        transferred_asset_count: links to assets that were moved.
        transferred_thumbnail_count: thumbnails that were moved.
        merged_time: without a zone, as sent.
    """

    person_id: int
    transferred_asset_count: int
    transferred_thumbnail_count: int
    merged_time: datetime


@frozen(eq=False, repr=False)
class SimilarPerson(Model):
    """A person that looks like another; what else the service says, perhaps a score, is in ``extra``."""

    person_id: int


@frozen(eq=False, repr=False)
class SimilarPersons(Model):
    """Persons that look like one; source: mi-similar-persons.

    Attributes:
        person_id: number of that one.
        similar_persons: the most alike first; empty when there is none.
    """

    person_id: int
    similar_persons: tuple[SimilarPerson, ...]
