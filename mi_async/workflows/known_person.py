"""Persons who look like an uploaded image: asked of the service before a person is created.

Invariant: changes nothing. The form of the answer is not documented, so that IDs are found wherever it has them, and a
score is never required.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from attrs import evolve, frozen

from mi_async.api.persons import MATCHES, SCORE
from mi_async.argument_types import IfPersonKnown
from mi_async.errors import InvalidArgumentError
from mi_async.errors.known_person import PersonMatch
from mi_async.workflows.context import Context
from mi_async.workflows.enroll_decisions import LikenessDecision, check_word, decide_likeness

LEAST_SCORE = 80
"""The vendor's default, and the least that it allows."""
MEMBERS = ("personId", "id")
"""Members that hold the ID of a person: the documented one of ``similar`` first."""


@frozen
class Likeness:
    """Options of the comparison before a person is created.

    Attributes:
        known: treatment of a person whom somebody looks like.
        score: likeness from which on somebody does, 80 to 100.
    """

    known: IfPersonKnown = "ignore"
    score: int = LEAST_SCORE

    @property
    def asks(self) -> bool:
        """True if anybody is compared."""
        return self.known != "ignore"

    def check(self, *, validate: bool) -> None:
        """Refuse what cannot be asked.

        Raises:
            InvalidArgumentError: a word that says nothing, or a score out of bounds.
        """
        check_word("known", self.known, IfPersonKnown)
        if validate and (fault := SCORE.fault(self.score)) is not None:
            message = f"score {fault}"
            raise InvalidArgumentError(message)

    def decide(self, matches: int) -> LikenessDecision:
        """Decide about a person to create whom so many persons look like."""
        return decide_likeness(matches, self.known)


async def find_matches(context: Context, key: str, score: int) -> tuple[PersonMatch, ...]:
    """Return who looks like an uploaded image, the most alike first, with their names.

    Args:
        context: the workspace.
        key: of the image, which has arrived.
        score: likeness from which on somebody does, 80 to 100.
    """
    persons = context.groups.persons
    answer = await persons.recommend_by_thumbnail(key, person_count=MATCHES.most, score_threshold=score)
    found = matches_in(answer)
    if not found:
        return ()
    page = await persons.search(page_size=len(found), person_ids=[match.id for match in found])
    names = {person.id: person.name for person in page.content}
    return tuple(evolve(match, name=names.get(match.id)) for match in found)


def matches_in(answer: Any) -> tuple[PersonMatch, ...]:
    """Return the persons that an answer lists, in its order and each once; pure."""
    lists = list(_lists(answer))
    for member in MEMBERS:
        for each in lists:
            found = {match.id: match for match in reversed(list(_matches(each, member)))}
            if found:
                return tuple(reversed(found.values()))
    return ()


def _lists(value: Any) -> Iterator[list[Any]]:
    """Yield all lists of a JSON value, the outer ones first."""
    level = [value]
    while level:
        yield from (each for each in level if isinstance(each, list))
        level = [inner for each in level for inner in _inner(each)]


def _inner(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _matches(items: list[Any], member: str) -> Iterator[PersonMatch]:
    for item in items:
        # the person itself may be a member of the match, beside the score
        for told in (item, *_inner(item)) if isinstance(item, dict) else ():
            number = told.get(member) if isinstance(told, dict) else None
            if isinstance(number, int) and not isinstance(number, bool):
                yield PersonMatch(number, score=_score(item))
                break


def _score(item: dict[str, Any]) -> float | None:
    score = item.get("score")
    return score if isinstance(score, int | float) and not isinstance(score, bool) else None
