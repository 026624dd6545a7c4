"""Persons who look like an uploaded image: asked of the service before a person is created.

Invariant: changes nothing. The form of the answer is not documented, so that IDs are found wherever it has them, and a
score is never required.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from attrs import frozen

from mi_async.api.persons import MATCHES, SCORE
from mi_async.argument_types import IfPersonKnown
from mi_async.errors import PersonKnownError, ResponseError
from mi_async.errors.workflows import PersonMatch
from mi_async.text import escaped
from mi_async.workflows.context import Context
from mi_async.workflows.curation.similar_persons import check_score, persons_by_id, told_score
from mi_async.workflows.enroll_decisions import LikenessDecision, decide_likeness

MEMBERS = ("personId", "id")
"""Members that hold the ID of a person; the first is the documented one of ``similar``."""
OTHERS = ("thumbnail", "tag")
"""Words in the names of lists whose members have IDs of something else."""


@frozen
class Likeness:
    """Options of the comparison before a person is created.

    Attributes:
        known: treatment of a person whom somebody looks like.
        score: likeness from which on somebody does, 80 to 100.
    """

    known: IfPersonKnown = "ignore"
    score: int = SCORE.least

    @property
    def asks(self) -> bool:
        """True if anybody is compared."""
        return self.known != "ignore"

    @classmethod
    def of(cls, context: Context, known: IfPersonKnown, score: int) -> "Likeness":
        """Return the options as a caller gave them.

        Raises:
            InvalidArgumentError: the score is out of bounds.
        """
        check_score(context, score)
        return cls(known, score)

    def decide(self, matches: int) -> LikenessDecision:
        """Decide about a person to create whom so many persons look like."""
        return decide_likeness(matches, self.known)


@frozen
class KnownPerson:
    """A person of an input whom somebody looks like, who is there already.

    Attributes:
        name: as the input has it.
        origin: place in the input, '' if unknown.
        matches: the persons who look like it, the most alike first.
    """

    name: str
    origin: str
    matches: tuple[PersonMatch, ...]


UNCOMPARED = Likeness()
"""Nobody is compared."""


async def find_matches(context: Context, key: str, score: int) -> tuple[PersonMatch, ...]:
    """Return who looks like an uploaded image, the most alike first, with their names.

    Args:
        context: the workspace.
        key: of the image, which has arrived.
        score: likeness from which on somebody does, 80 to 100.

    Raises:
        ResponseError: the answer lists something in which no person can be found.
    """
    persons = context.groups.persons
    answer = await persons.recommend_by_thumbnail(key, person_count=MATCHES.most, score_threshold=score)
    found = matches_in(answer)
    if not found:
        return ()
    listed = await persons_by_id(context, [match.id for match in found])
    return tuple(match._replace(name=listed[match.id].name) if match.id in listed else match for match in found)


def person_known(name: str, matches: tuple[PersonMatch, ...]) -> PersonKnownError:
    """Return the error of a person who is not created because of those who look like it."""
    return PersonKnownError(f"{escaped(name)!r} was not created: {alike(matches)}", name=name, matches=matches)


def alike(matches: tuple[PersonMatch, ...]) -> str:
    """Return in words who looks like a person."""
    shown = ", ".join(map(str, matches))
    return f"person {shown} looks like it" if len(matches) == 1 else f"{len(matches)} persons look like it: {shown}"


def matches_in(answer: Any) -> tuple[PersonMatch, ...]:
    """Return the persons that an answer lists, in its order and each once; pure.

    Raises:
        ResponseError: it lists something in which no person can be found. That nobody is alike would be a guess, by
            which somebody would be created twice.
    """
    lists = [(name, items) for name, items in _lists(answer) if items]
    for member in MEMBERS:
        for name, items in lists:
            if member != MEMBERS[0] and any(word in name.lower() for word in OTHERS):
                continue
            found: dict[int, PersonMatch] = {}
            for match in _matches(items, member):
                found.setdefault(match.id, match)
            if found:
                return tuple(found.values())
    if lists:
        message = "the answer about who looks like an image has a list without IDs of persons"
        raise ResponseError(message)
    return ()


def _lists(value: Any) -> Iterator[tuple[str, list[Any]]]:
    """Yield all lists of a JSON value with their names, the outer ones first."""
    level = [("", value)]
    while level:
        yield from ((name, each) for name, each in level if isinstance(each, list))
        level = [inner for name, each in level for inner in _inner(name, each)]


def _inner(name: str, value: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(value, list):
        return [(name, each) for each in value]
    return value.items() if isinstance(value, dict) else ()


def _matches(items: list[Any], member: str) -> Iterator[PersonMatch]:
    for item in items:
        if not isinstance(item, dict):
            continue
        for told in (item, item.get("person")):  # it may be a member of the match, beside the score
            number = told.get(member) if isinstance(told, dict) else None
            if isinstance(number, int) and not isinstance(number, bool):
                yield PersonMatch(number, score=told_score(item))
                break
