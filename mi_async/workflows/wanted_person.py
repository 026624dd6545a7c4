"""A person as a caller wants it: arguments checked, and in the form that is sent.

Invariant: pure; what the service would refuse is refused before any request.
"""

from collections.abc import Iterable, Sequence

from attrs import frozen

from mi_async._core.names import clean_name
from mi_async.errors import InvalidArgumentError
from mi_async.media.image_source import Source
from mi_async.workflows.person_texts import person_fault


@frozen
class WantedPerson:
    """A person as the caller wants it, in the form that is sent.

    Attributes:
        name: of the person.
        description: of the person.
        tags: names, each once.
        sources: the images as they were given.
    """

    name: str
    description: str | None
    tags: Sequence[str]
    sources: Sequence[Source]


def wanted_person(
    name: str, description: str | None, tags: Iterable[str], sources: Iterable[Source], *, validate: bool
) -> WantedPerson:
    """Return arguments in the form that is sent; refuse what the service would refuse."""
    listed: list[Source] = list(sources)
    if not listed:
        message = "a person needs at least one image"
        raise InvalidArgumentError(message)
    name, *names = [clean_name(text) if isinstance(text, str) else text for text in (name, *tags)]
    if (fault := person_fault(name, description, names, validate=validate)) is not None:
        raise InvalidArgumentError(fault)
    return WantedPerson(name, description, list(dict.fromkeys(names)), listed)
