"""Inputs of a bulk run: people with images, images for people who exist, or media files.

Invariant: frozen values; what the service would refuse is found here, before any request.
"""

import os
from collections.abc import AsyncIterable, Callable, Iterable
from typing import Any, TypeAlias, TypeVar

from attrs import field, frozen

from mi_async._core.bounds import Range
from mi_async._core.names import clean_name
from mi_async.bulk.inputs.person_change import PersonChange
from mi_async.errors import InvalidArgumentError
from mi_async.media.image_source import Source, name_of
from mi_async.storage.models import SCHEME, StoredObject, key_of_file
from mi_async.workflows.person_texts import person_fault

T = TypeVar("T")

PERSON_ID = Range(1, 2**63 - 1)
"""IDs of persons; a journal holds no larger ones."""


def _several(what: str, value: Iterable[T]) -> tuple[T, ...]:
    """Return a tuple; a single text or image is refused, since it would fall apart into characters."""
    if type(value) is tuple:
        return value
    if isinstance(value, str | bytes | bytearray | memoryview | os.PathLike) or not isinstance(value, Iterable):
        message = f"{what} is a list, not a single {type(value).__name__}"
        raise InvalidArgumentError(message)
    return tuple(value)


def _images(value: Iterable[Source]) -> tuple[Source, ...]:
    return _several("thumbnails", value)


def _name(text: str) -> str:
    return clean_name(text) if isinstance(text, str) else text


def _tags(value: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_name(tag) for tag in _several("tags", value)))


def _shown(value: Any) -> str:
    """Return sources by name: their content has no place in a repr."""
    return str([name_of(source) for source in value] if isinstance(value, tuple) else name_of(value))


@frozen
class PersonInput:
    """One person to enroll.

    Attributes:
        name: 1 to 50 characters, unique in the workspace; kept in Unicode NFC, without white space at its ends and
            without marks that nobody sees.
        thumbnails: images (paths, bytes or readable objects), at least one; the first becomes the primary one.
        description: 1 to 700 characters.
        tags: names of 1 to 30 characters, kept as the name is; created where missing.
        origin: place in the input, for messages: ``people.csv:17``.
    """

    name: str = field(converter=_name)
    thumbnails: tuple[Source, ...] = field(converter=_images, repr=_shown)
    description: str | None = None
    tags: tuple[str, ...] = field(default=(), converter=_tags)
    origin: str = field(default="", kw_only=True)

    @property
    def key(self) -> str:
        """The name, which is unique."""
        return self.name

    @property
    def promotes(self) -> bool:
        """Return False: the order of the images says which is the primary one when the person is created."""
        return False

    def fault(self, *, validate: bool = True) -> str | None:
        """Return the fault that the service would refuse, None if there is none; bounds only with ``validate``."""
        if not self.thumbnails:
            return "a person needs at least one image"
        return person_fault(self.name, self.description, self.tags, validate=validate)


@frozen
class ThumbnailUpload:
    """One more image for a person who exists.

    Attributes:
        person_id: ID of the person.
        source: a path, bytes or a readable object.
        primary: make it the person's primary image.
        origin: place in the input, for messages.
    """

    person_id: int
    source: Source = field(repr=_shown)
    primary: bool = False
    origin: str = field(default="", kw_only=True)

    @property
    def key(self) -> str:
        """The ID of the person, as text."""
        return str(self.person_id)

    @property
    def thumbnails(self) -> tuple[Source, ...]:
        """The image."""
        return (self.source,)

    @property
    def promotes(self) -> bool:
        """Return True if an image that the person has already is to become the primary one."""
        return self.primary

    def fault(self, *, validate: bool = True) -> str | None:  # noqa: ARG002  as for PersonInput
        """Return the fault that the service would refuse, None if there is none."""
        return number_fault(self.person_id)


def _place(source: str | os.PathLike[str] | StoredObject) -> str | StoredObject:
    """Return a path as text, and ``s3://bucket/key`` as the object that it names."""
    given: Any = source
    match given:
        case StoredObject():
            return given
        case str() if given.startswith(SCHEME):
            return StoredObject.parse(given)
        case str() | os.PathLike():
            return os.fsdecode(given)
        case _:
            message = f"source is a path or a stored object, not {type(given).__name__}"
            raise InvalidArgumentError(message)


@frozen
class AssetInput:
    """One media file to ingest.

    Attributes:
        source: path of a file, or an object that is in the bucket already: a ``StoredObject`` or its spelling
            ``s3://bucket/key``.
        key: key of the object, in Unicode NFC; by default the name of the file. An object has its own.
        origin: place in the input, for messages.
        size: bytes of an object, as a listing told them; 0 for unknown.
        mtime_ns: time of its last change, likewise, in nanoseconds since the epoch. By both it is recognised later.
        seconds: length of the video of an object, where a backup tells it; None for unknown. Only a plan counts it.

    Raises:
        InvalidArgumentError: the source is no such thing.
    """

    source: str | StoredObject = field(converter=_place)
    key: str | None = None
    origin: str = field(default="", kw_only=True)
    size: int = field(default=0, kw_only=True)
    mtime_ns: int = field(default=0, kw_only=True)
    seconds: float | None = field(default=None, kw_only=True)

    def place(self, bucket: str) -> StoredObject:
        """Return the object that it is, or becomes in this bucket.

        Raises:
            InvalidArgumentError: there can be no such object, or it has a key twice.
        """
        if isinstance(self.source, StoredObject):
            if self.key is not None:
                message = f"{self.source} names its key already"
                raise InvalidArgumentError(message)
            return self.source
        return StoredObject(bucket, key_of_file(self.source, self.key))


@frozen
class BadInput:
    """A row or file of the input that is no item; it is reported, and does not stop the others.

    Attributes:
        origin: place in the input: ``people.csv:17``.
        message: the fault.
    """

    origin: str
    message: str


FaceItem: TypeAlias = PersonInput | ThumbnailUpload
Item: TypeAlias = FaceItem | AssetInput | PersonChange
Pass: TypeAlias = Iterable[Item | BadInput] | AsyncIterable[Item | BadInput]
"""An input, to be gone through once."""
Input: TypeAlias = Pass | Callable[[], Pass]
"""An input of any items."""


def number_fault(value: Any, what: str = "person_id") -> str | None:
    """Return the fault of the ID of a person, None if it has none."""
    if not isinstance(value, int) or isinstance(value, bool):
        return f"{what} must be the ID of a person, got {value!r}"
    fault = PERSON_ID.fault(value)
    return None if fault is None else f"{what} needs {PERSON_ID.text}; it {fault}"
