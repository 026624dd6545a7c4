"""Persons without a name, those in most assets first, and who they might be.

Invariant: changes nothing; what is in memory is bounded: some dozens of persons, and the IDs that a listing remembers.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing

from attrs import field, frozen

from mi_async._core.concurrency import each
from mi_async.api.person_models import NameType, Person, SortColumn, SortType
from mi_async.models import Serializable
from mi_async.workflows.context import Context
from mi_async.workflows.curation.similar_persons import (
    AT_ONCE,
    PAGE,
    PersonDirectory,
    Resemblance,
    SimilarityQuestions,
    check_score,
    told_counts,
)

CHUNK = 25
"""Persons about whom is asked before the next are listed; their suggestions take one search for names or two."""


@frozen
class SuggestedPerson(Serializable):
    """A person whom another one might be.

    Attributes:
        person_id: ID of the person.
        name: None for a person who has none either.
        score: likeness as the service told it, in whatever unit that is; None where it told none.
        person: with thumbnails; None where it could not be found any more.
    """

    person_id: int
    name: str | None = None
    score: float | None = None
    person: Person | None = field(default=None, repr=False)


@frozen
class UnnamedPerson(Serializable):
    """A person without a name.

    Attributes:
        person: as the service has it.
        position: from 1, in the order of the number of assets that show the person.
        suggestions: persons who look like this one: those with a name first, of either the most alike first.
        counts: what the service counts of the person, by its own undocumented names, such as ``assetCount``; empty
            where it tells none.
    """

    person: Person
    position: int
    suggestions: tuple[SuggestedPerson, ...] = ()
    counts: Mapping[str, int] = field(factory=dict)


def unnamed_persons(
    context: Context, *, suggestions: bool, score: int, limit: int | None
) -> AsyncGenerator[UnnamedPerson]:
    """Iterate over the persons without a name; see ``Workspace.unnamed_persons``."""
    check_score(context, score)
    return _unnamed(context, suggestions=suggestions, score=score, limit=limit)


async def _unnamed(
    context: Context, *, suggestions: bool, score: int, limit: int | None
) -> AsyncGenerator[UnnamedPerson]:
    listed = context.groups.persons.search_all(
        page_size=PAGE,
        name_type=NameType.ANONYMOUS,
        sort_column=SortColumn.ASSET_COUNT,
        sort_type=SortType.DESC,
        limit=limit,
    )
    suggesting = Suggestions(SimilarityQuestions(context, score), PersonDirectory(context))
    position = 0
    async with aclosing(listed), aclosing(_chunks(listed)) as chunks:
        async for chunk in chunks:
            suggested = await suggesting.of(chunk) if suggestions else [()] * len(chunk)
            for person, found in zip(chunk, suggested, strict=True):
                position += 1
                yield UnnamedPerson(person, position, found, told_counts(person))
    suggesting.questions.warn()


async def _chunks(persons: AsyncIterator[Person]) -> AsyncGenerator[list[Person]]:
    chunk: list[Person] = []
    async for person in persons:
        chunk.append(person)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


@frozen
class Suggestions:
    """Suggestions of who persons might be."""

    questions: SimilarityQuestions
    directory: PersonDirectory

    async def of(self, persons: Sequence[Person]) -> list[tuple[SuggestedPerson, ...]]:
        """Return the suggestions for each of some persons."""
        answers = await each(self.questions.ask, [person.id for person in persons], AT_ONCE)
        known = await self.directory.of(found.person_id for answer in answers for found in answer)
        return [_ranked(answer, known) for answer in answers]


def _ranked(answer: Sequence[Resemblance], known: Mapping[int, Person]) -> tuple[SuggestedPerson, ...]:
    """Return an answer with names, those who have one first."""
    suggested = [
        SuggestedPerson(one.person_id, person.name or None if person else None, one.score, person)
        for one in answer
        for person in (known.get(one.person_id),)
    ]
    return tuple(sorted(suggested, key=lambda one: one.name is None))
