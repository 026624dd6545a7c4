"""Search hits as the pictures of them take them: checked, with the lengths of their assets and the names of persons.

Invariant: pure; of the form of a hit's persons nothing is documented, so whatever has no ``personId`` is left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from attrs import frozen

from mi_async.api.assets import Asset
from mi_async.api.person_models import Person
from mi_async.errors import InvalidArgumentError
from mi_async.language import PageWords
from mi_async.notebook import escaped_line
from mi_async.workflows.search.hits import SceneHit

HITS = "hits must be SceneHit objects, such as [hit async for hit in workspace.search_scenes(...)]"
ASSETS = "assets must be Asset objects, such as [await workspace.assets.get(project_id, asset_id)], or {asset_id: ms}"
PERSONS = "persons must be Person objects, such as [await workspace.persons.get(1001)], or {person_id: name}"

Assets: TypeAlias = Iterable[Asset] | Mapping[int, int]
Persons: TypeAlias = Iterable[Person] | Mapping[int, str]
AssetKey: TypeAlias = tuple[int | None, str | None]


def checked_hits(hits: Iterable[SceneHit]) -> list[SceneHit]:
    """Return the hits as a list.

    Raises:
        InvalidArgumentError: they are something else, such as an asynchronous iterator.
    """
    return _each_of(hits, SceneHit, HITS)


def asset_lengths(assets: Assets | None) -> Mapping[int, int]:
    """Return the lengths that are known, in milliseconds by the ID of the asset.

    Raises:
        InvalidArgumentError: the assets are something else.
    """
    if isinstance(assets, Mapping):
        return _numbered(assets, int, ASSETS)
    known = {} if assets is None else {asset.asset_id: asset.meta_data for asset in _each_of(assets, Asset, ASSETS)}
    return {number: data.duration_ms for number, data in known.items() if data and data.duration_ms}


def person_names(persons: Persons | None) -> Mapping[int, str]:
    """Return the names that are known by the ID of the person.

    Raises:
        InvalidArgumentError: the persons are something else.
    """
    if isinstance(persons, Mapping):
        return _numbered(persons, str, PERSONS)
    known = [] if persons is None else _each_of(persons, Person, PERSONS)
    return {person.id: person.name for person in known if person.name}


def persons_in(hit: SceneHit) -> list[int]:
    """Return the IDs of the persons that a hit says it shows."""
    said: Any = hit.extra.get("persons")
    if not isinstance(said, list | tuple):
        return []
    numbers: list[Any] = [one.get("personId") for one in said if isinstance(one, Mapping)]
    return [number for number in numbers if isinstance(number, int)]


@frozen
class HitNames:
    """Names for people of what hits show.

    Attributes:
        labels: of assets, each another one.
        persons: names by ID.
    """

    labels: Mapping[AssetKey, str]
    persons: Mapping[int, str]

    def asset(self, hit: SceneHit) -> str:
        """Return the markup of an asset's name."""
        return escaped_line(self.labels[asset_key(hit)])

    def persons_of(self, hit: SceneHit) -> str:
        """Return the markup of the persons' names, of one without a name the ID."""
        return escaped_line(", ".join([self.persons.get(number, f"ID {number}") for number in persons_in(hit)]))


def asset_key(hit: SceneHit) -> AssetKey:
    """Return the asset of a hit."""
    return hit.asset_id, hit.file_name


def asset_labels(keys: Sequence[AssetKey], words: PageWords) -> dict[AssetKey, str]:
    """Return the name of each asset's file, with the ID where several files have this name."""
    names = [name for _, name in keys]
    labels: dict[AssetKey, str] = {}
    for number, name in keys:
        said = words("unnamed") if number is None else words("asset", id=number)
        labels[number, name] = said if not name else name if names.count(name) == 1 else f"{name} ({said})"
    return labels


def _each_of(given: Any, kind: type[Any], expected: str) -> list[Any]:
    if not isinstance(given, Iterable) or isinstance(given, str | bytes | Mapping):
        message = f"{expected}; got {type(given).__name__}"
        raise InvalidArgumentError(message)
    found: list[Any] = list(given)
    if odd := [type(one).__name__ for one in found if not isinstance(one, kind)]:
        message = f"{expected}; got one of type {odd[0]}"
        raise InvalidArgumentError(message)
    return found


def _numbered(given: Mapping[Any, Any], kind: type[Any], expected: str) -> Mapping[int, Any]:
    for number, value in given.items():
        if not isinstance(number, int) or not isinstance(value, kind):
            message = f"{expected}; got {type(number).__name__}: {type(value).__name__}"
            raise InvalidArgumentError(message)
    return given
