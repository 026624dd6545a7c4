"""The persons of a workspace as a whole: who fits a filter, in which order, and what becomes of one who goes.

Invariant: what is done to a person is done to every scene that shows it.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from mi_async.api.person_models import NameType, SortColumn, SortType
from mi_async.emulator import rules
from mi_async.emulator.workspace import EmulatedPerson, EmulatedWorkspace


def matching(
    room: EmulatedWorkspace,
    name: str | None,
    tag_ids: Collection[int] | None,
    person_ids: Collection[int] | None = None,
    name_type: NameType | None = None,
) -> list[EmulatedPerson]:
    """Persons who fit, oldest first: a part of the name, any of the tags, one of the ids.

    Raises:
        Refused: the name is no filter.
    """
    rules.PERSON_NAME_FILTER.check("name", name)
    rules.check_words("name", name)
    found = list(room.persons.values())
    if name is not None:
        found = [person for person in found if name in (person.name or "")]
    if tag_ids is not None:
        found = [person for person in found if not person.tag_ids.keys().isdisjoint(tag_ids)]
    if person_ids is not None:
        wanted = frozenset(person_ids)
        found = [person for person in found if person.id in wanted]
    if name_type is not None:
        found = [person for person in found if (person.name is None) is (name_type is NameType.ANONYMOUS)]
    return found


def ordered(
    room: EmulatedWorkspace,
    persons: Sequence[EmulatedPerson],
    column: SortColumn | None,
    order: SortType | None,
    now: float,
) -> list[EmulatedPerson]:
    """Sort persons; equals stay in the order of their ids either way."""
    key = _KEYS[column or SortColumn.ASSET_COUNT](room, now)
    return sorted(persons, key=key, reverse=order is not SortType.ASC)


def remove(room: EmulatedWorkspace, person: EmulatedPerson, successor: int | None) -> int:
    """Delete a person, in scenes too, where a successor takes its place; returns how many assets showed it."""
    del room.persons[person.id]
    room.names.pop(person.name or "", None)
    for face in [face for face, known in room.faces.items() if known == person.id]:
        del room.faces[face]
        if successor is not None:
            room.faces[face] = successor
    return sum([asset.relabel(person.id, successor) for _, asset in room.assets()])


def merge(room: EmulatedWorkspace, person: EmulatedPerson, other: EmulatedPerson) -> tuple[int, int]:
    """Merge another person into one; returns how many assets and thumbnails moved."""
    person.thumbnails |= other.thumbnails
    person.tag_ids |= other.tag_ids
    if person.primary is None:
        person.primary = other.primary
    return remove(room, other, person.id), len(other.thumbnails)


Key = Callable[[EmulatedPerson], Any]


def _by_assets(room: EmulatedWorkspace, now: float) -> Key:
    assets = [asset for _, asset in room.assets()]
    return lambda person: sum(asset.shows(person.id, now) for asset in assets)


def _by_id(_room: EmulatedWorkspace, _now: float) -> Key:
    return lambda person: person.id


def _by_name(_room: EmulatedWorkspace, _now: float) -> Key:
    return lambda person: person.name or ""


_KEYS: Mapping[SortColumn, Callable[[EmulatedWorkspace, float], Key]] = {
    SortColumn.ASSET_COUNT: _by_assets,
    SortColumn.CREATED_AT: _by_id,  # ids are given in the order of creation
    SortColumn.PERSON_ID: _by_id,
    SortColumn.NAME: _by_name,
}
