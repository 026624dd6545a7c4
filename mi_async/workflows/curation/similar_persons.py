"""Questions of who looks like a person, and the persons of the answers with their names.

Invariant: changes nothing. Only the IDs of an answer are documented, and their order: a score is read where the service
told one, and is never required.
"""

import logging
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from attrs import define, field, frozen

from mi_async.api.person_models import Person
from mi_async.api.persons import MATCHES, SCORE
from mi_async.errors import (
    APIError,
    AuthenticationError,
    InvalidArgumentError,
    PermissionDeniedError,
    QuotaError,
    ServerError,
)
from mi_async.workflows.context import Context

_log = logging.getLogger(__name__)

AT_ONCE = 8
"""Questions in flight at once; no rate of them is documented."""
MOST = MATCHES.most or 0
"""Persons of one answer, by its documentation."""
PAGE = 50
"""Most persons of one answer of a search."""
BROKEN = 20
"""Server errors in a row, each of another person, that are no longer about the persons."""
ABOUT_ALL = (AuthenticationError, PermissionDeniedError, QuotaError)
"""Refusals that are not about the person who was asked about."""


@frozen
class Resemblance:
    """A person of an answer, the score as the service told it: None where it told none."""

    person_id: int
    score: float | None = None


@define(eq=False)
class SimilarityQuestions:
    """Questions about persons of one workspace.

    Attributes:
        score: likeness from which on persons are told, 80 to 100.
        refused: questions that the service has refused.
    """

    context: Context
    score: int
    refused: int = 0
    _failed: int = field(init=False, default=0)  # server errors since the last answer

    async def ask(self, person_id: int) -> tuple[Resemblance, ...]:
        """Return who looks like a person, the most alike first; nobody where the service refuses to say.

        The refusal for a person without a usable image is not documented, so any that is about the person counts.

        Raises:
            MIError: the service cannot be asked at all.
        """
        persons = self.context.groups.persons
        try:
            answer = await persons.similar(person_id, person_count=MOST, score_threshold=self.score)
        except ABOUT_ALL:
            raise
        except APIError as error:
            self._failed += isinstance(error, ServerError)
            if self._failed >= BROKEN:
                raise
            self.refused += 1
            _log.info("the service does not say who looks like person %s: %s", person_id, error)
            return ()
        self._failed = 0
        found = {one.person_id: Resemblance(one.person_id, told_score(one.extra)) for one in answer.similar_persons}
        found.pop(person_id, None)
        return tuple(found.values())

    def warn(self) -> None:
        """Log how many questions were refused, if any: of these persons nothing is known."""
        if self.refused:
            _log.warning("the service did not say who looks like %s of the persons", f"{self.refused:,}")


def check_score(context: Context, score: int) -> None:
    """Refuse a score that the service would refuse.

    Raises:
        InvalidArgumentError: it is out of bounds.
    """
    if context.validate and (fault := SCORE.fault(score)) is not None:
        message = f"score needs {SCORE.text}; it {fault}"
        raise InvalidArgumentError(message)


def told_score(extra: Mapping[str, Any]) -> float | None:
    """Return the score among undocumented members, None where there is none."""
    score = extra.get("score")
    return score if isinstance(score, int | float) and not isinstance(score, bool) else None


def told_counts(person: Person) -> dict[str, int]:
    """Return how often a person was seen, as far as the service says so: whatever it counts, by its own name.

    The two counters of a person are documented to exist, and their names are not.
    """
    return {
        name: value
        for name, value in person.extra.items()
        if name.casefold().endswith("count") and isinstance(value, int) and not isinstance(value, bool)
    }


async def persons_by_id(context: Context, person_ids: Collection[int]) -> dict[int, Person]:
    """Return those of the persons who exist."""
    wanted, found = list(dict.fromkeys(person_ids)), dict[int, Person]()
    for start in range(0, len(wanted), PAGE):
        asked = context.groups.persons.search_all(person_ids=wanted[start : start + PAGE], page_size=PAGE)
        found |= {person.id: person async for person in asked}
    return found


@define(eq=False)
class PersonDirectory:
    """Persons who were asked for lately: the same few are suggested again and again."""

    context: Context
    most: int = 1000
    _known: dict[int, Person] = field(init=False, factory=dict)

    async def of(self, person_ids: Iterable[int]) -> Mapping[int, Person]:
        """Return those of the persons who exist, with their names."""
        wanted = set(person_ids)
        found = {number: self._known.pop(number) for number in wanted & self._known.keys()}
        found |= await persons_by_id(self.context, sorted(wanted - found.keys()))
        self._known |= found  # those asked for last stay longest
        for number in list(self._known)[: max(0, len(self._known) - self.most)]:
            del self._known[number]
        return found
