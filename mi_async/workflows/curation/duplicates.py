"""Persons whom the service has more than once, as groups with their evidence.

Invariant: changes nothing. What is kept of a person while all are asked about is its ID, its place and its pairs.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator

from attrs import frozen

from mi_async._core.concurrency import run_concurrently
from mi_async.api.person_models import Person, SortColumn, SortType
from mi_async.argument_types import CountProgress
from mi_async.models import Serializable
from mi_async.workflows.context import Context
from mi_async.workflows.curation.resemblances import DuplicatePair, FoundGroup, Resemblances
from mi_async.workflows.curation.similar_persons import AT_ONCE, PAGE, SimilarityQuestions, check_score, persons_by_id


@frozen
class DuplicateMember(Serializable):
    """A person in a group.

    Attributes:
        person: as the service has it.
        position: from 1, in the order of the number of assets that show the person.
    """

    person: Person
    position: int


@frozen
class DuplicateGroup(Serializable):
    """Persons of whom everybody looks like everybody else; perhaps one person, perhaps twins.

    Attributes:
        number: of the group, from 1.
        members: those with a name first, of either those in most assets first.
        pairs: the evidence; each two of the members are one.
        near: pairs of a member with somebody outside, who looks like some of them and not like all.
    """

    number: int
    members: tuple[DuplicateMember, ...]
    pairs: tuple[DuplicatePair, ...]
    near: tuple[DuplicatePair, ...] = ()

    @property
    def keep(self) -> int:
        """ID of the person to keep, as a suggestion: one with a name, else the one in most assets."""
        return self.members[0].person.id

    @property
    def score(self) -> float | None:
        """The lowest score of a pair; None where the service told none."""
        return min((pair.score for pair in self.pairs if pair.score is not None), default=None)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the members; with two of them look twice."""
        return tuple(member.person.name for member in self.members if member.person.name)


def duplicate_persons(
    context: Context, *, score: int, mutual: bool, progress: CountProgress | None
) -> AsyncGenerator[DuplicateGroup]:
    """Iterate over groups of persons who look alike; see ``Workspace.duplicate_persons``."""
    check_score(context, score)
    return _duplicates(context, score=score, mutual=mutual, progress=progress)


async def _duplicates(
    context: Context, *, score: int, mutual: bool, progress: CountProgress | None
) -> AsyncGenerator[DuplicateGroup]:
    search = context.groups.persons.search_all(
        page_size=PAGE, sort_column=SortColumn.ASSET_COUNT, sort_type=SortType.DESC
    )
    positions: dict[int, int] = {}
    async for person in search:
        positions.setdefault(person.id, len(positions) + 1)
    questions, found, asked = SimilarityQuestions(context, score), Resemblances(mutual), 0

    async def ask(person_id: int) -> None:
        nonlocal asked
        found.add(person_id, await questions.ask(person_id))
        asked += 1
        if progress is not None:
            progress(asked, len(positions))

    await run_concurrently(ask, positions, lambda: AT_ONCE)
    questions.warn()
    number = 0
    # In a thread: of 100,000 persons it takes seconds, in which the loop would serve nobody.
    for groups in _batches(await asyncio.to_thread(lambda: list(found.groups(positions)))):
        persons = await persons_by_id(context, [one for group in groups for one in group.person_ids])
        for group in groups:
            members = [DuplicateMember(persons[one], positions[one]) for one in group.person_ids if one in persons]
            if len(members) > 1:  # somebody may be gone meanwhile
                number += 1
                yield _shown(number, group, members)


def _batches(groups: Iterable[FoundGroup]) -> Iterator[list[FoundGroup]]:
    """Yield groups, as many at once as one search tells the persons of."""
    batch, persons = list[FoundGroup](), 0
    for group in groups:
        if batch and persons + len(group.person_ids) > PAGE:
            yield batch
            batch, persons = [], 0
        batch.append(group)
        persons += len(group.person_ids)
    if batch:
        yield batch


def _shown(number: int, group: FoundGroup, members: list[DuplicateMember]) -> DuplicateGroup:
    there = {member.person.id for member in members}
    pairs = tuple(pair for pair in group.pairs if there.issuperset(pair.person_ids))
    near = tuple(pair for pair in group.near if not there.isdisjoint(pair.person_ids))
    return DuplicateGroup(number, tuple(sorted(members, key=lambda one: not one.person.name)), pairs, near)
