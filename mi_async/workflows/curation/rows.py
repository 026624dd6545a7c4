"""Rows of tables and records: persons without a name, and persons who look alike.

Invariant: pure; no row holds a URL.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from mi_async.workflows.curation.duplicates import DuplicateGroup, DuplicateMember
from mi_async.workflows.curation.unnamed import SuggestedPerson, UnnamedPerson

Row = dict[str, Any]


def unnamed_row(person: UnnamedPerson) -> Row:
    """Return the information of a row about a person without a name."""
    return {
        "person_id": person.person.id,
        "position": person.position,
        "seen": ", ".join(f"{name} {count}" for name, count in person.counts.items()),
        "thumbnails": len(person.person.thumbnails),
        "suggestions": "; ".join(map(suggested, person.suggestions)),
    }


def suggested(person: SuggestedPerson) -> str:
    """Return a suggestion as text: the ID, which is what ``same_as`` takes, then the name and the score."""
    return " ".join([str(person.person_id), *([person.name] if person.name else []), *_scored(person.score)])


def unnamed_record(person: UnnamedPerson) -> Row:
    """Return a person without a name as values of JSON."""
    suggestions = [{"person_id": one.person_id, "name": one.name, "score": one.score} for one in person.suggestions]
    return unnamed_row(person) | {"seen": dict(person.counts), "suggestions": suggestions}


def duplicate_rows(group: DuplicateGroup) -> Iterator[Row]:
    """Yield the information of the rows about a group, one a member."""
    for member in group.members:
        person = member.person
        yield {
            "group": group.number,
            "person_id": person.id,
            "current_name": person.name or "",
            "position": member.position,
            "score": group.score,
            "evidence": evidence(group, member),
            "suggestions": "" if person.id == group.keep else _kept(group),
        }


def evidence(group: DuplicateGroup, member: DuplicateMember) -> str:
    """Return with whom a member makes a pair: in the group, and outside of it."""
    number = member.person.id
    like = [
        " ".join([_side(pair.found_from, number, other), *_scored(pair.score)])
        for pair in group.pairs
        if number in pair.person_ids
        for other in _others(pair.person_ids, number)
    ]
    near = [
        str(other) for pair in group.near if number in pair.person_ids for other in _others(pair.person_ids, number)
    ]
    return "; ".join(like + ([f"also like {', '.join(near)}, who is not like all of this group"] if near else []))


def _side(found_from: Iterable[int], number: int, other: int) -> str:
    sides = set(found_from)
    return f"like {other}" if sides == {number, other} else f"like {other} (found from {sides.pop()} only)"


def _others(persons: Iterable[int], number: int) -> list[int]:
    return [person for person in persons if person != number]


def _kept(group: DuplicateGroup) -> str:
    name = group.members[0].person.name
    return f"{group.keep} {name}" if name else str(group.keep)


def _scored(score: float | None) -> list[str]:
    return [] if score is None else [f"({score:g})"]


def duplicate_record(group: DuplicateGroup) -> Row:
    """Return a group as values of JSON."""
    members = [{"person_id": one.person.id, "name": one.person.name, "position": one.position} for one in group.members]
    return {
        "group": group.number,
        "score": group.score,
        "keep": group.keep,
        "members": members,
        "pairs": [pair.to_dict() for pair in group.pairs],
        "near": [pair.to_dict() for pair in group.near],
    }
