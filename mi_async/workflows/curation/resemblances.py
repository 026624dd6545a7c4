"""Resemblances among the persons of a workspace, and the groups that follow from them.

Invariant: pure. In a group everybody looks like everybody else. A chain, in which the first looks like the second and
the second like the third, is split: a merge would make one person of the first and the third for ever.
"""

from collections.abc import Iterable, Iterator, Mapping

from attrs import define, field, frozen

from mi_async.models import Serializable
from mi_async.workflows.curation.similar_persons import MOST, Resemblance

Pair = tuple[int, int]


@frozen
class DuplicatePair(Serializable):
    """Evidence: two persons who look alike.

    Attributes:
        person_id: the lower ID of the two.
        other_id: the higher one.
        found_from: those of the two in whose answer the other one was; an answer has at most 10 persons.
        score: likeness as the service told it, the lower one of two; None where it told none.
    """

    person_id: int
    other_id: int
    found_from: tuple[int, ...]
    score: float | None = None

    @property
    def person_ids(self) -> tuple[int, int]:
        """IDs of both, the lower one first."""
        return (self.person_id, self.other_id)


@define(eq=False)
class _Seen:
    """Evidence about a pair: from which side, at which place of an answer, with which score."""

    lower: bool = False
    upper: bool = False
    rank: int = 0
    score: float | None = None

    def pair(self, persons: Pair) -> DuplicatePair:
        sides = tuple(person for person, seen in zip(persons, (self.lower, self.upper), strict=True) if seen)
        return DuplicatePair(*persons, sides, self.score)


@frozen
class FoundGroup:
    """Persons of whom everybody looks like everybody else.

    Attributes:
        person_ids: in the order of the persons.
        pairs: all that there are of them.
        near: pairs of one of them with somebody who does not look like all of them.
    """

    person_ids: tuple[int, ...]
    pairs: tuple[DuplicatePair, ...]
    near: tuple[DuplicatePair, ...]


@define(eq=False)
class Resemblances:
    """Answers about persons, and the groups in them.

    Args:
        mutual: only pairs of whom each was found from the other one. An answer that is full, with 10 persons, cannot
            say that somebody is missing in it; then one side is enough.
    """

    mutual: bool = True
    _seen: dict[Pair, _Seen] = field(init=False, factory=dict)
    _full: set[int] = field(init=False, factory=set)

    def add(self, person_id: int, answer: Iterable[Resemblance]) -> None:
        """Add the answer about a person, the most alike first."""
        rank = 0
        for rank, one in enumerate(answer, 1):
            pair = (min(person_id, one.person_id), max(person_id, one.person_id))
            seen = self._seen.setdefault(pair, _Seen())
            seen.lower, seen.upper = seen.lower or person_id == pair[0], seen.upper or person_id == pair[1]
            seen.rank += rank
            if one.score is not None:
                seen.score = one.score if seen.score is None else min(seen.score, one.score)
        if rank >= MOST - 1:  # the person itself may have been one of them
            self._full.add(person_id)

    def groups(self, positions: Mapping[int, int]) -> Iterator[FoundGroup]:
        """Yield the groups, by the place of their first person; nobody is in two of them.

        Complete linkage: pairs are joined from the most alike on, and two groups become one only if all of the one look
        like all of the other.

        Args:
            positions: of all persons; one who is not in it is in no group.
        """
        alike = self._pairs(positions)
        clusters: dict[int, list[int]] = {}
        for one, other in sorted(alike, key=lambda pair: self._order(pair, positions)):
            left, right = clusters.get(one, [one]), clusters.get(other, [other])
            if left is not right and all(_pair(a, b) in alike for a in left for b in right):
                joined = left + right
                clusters |= dict.fromkeys(joined, joined)
        met: set[int] = set()
        links = _links(alike)
        for person in sorted(clusters, key=positions.__getitem__):
            if person not in met:
                met.update(clusters[person])
                yield self._group(sorted(clusters[person], key=positions.__getitem__), links)

    def _pairs(self, positions: Mapping[int, int]) -> set[Pair]:
        return {
            pair
            for pair, seen in self._seen.items()
            if (not self.mutual or self._is_mutual(pair, seen)) and pair[0] in positions and pair[1] in positions
        }

    def _is_mutual(self, pair: Pair, seen: _Seen) -> bool:
        return (seen.lower or pair[0] in self._full) and (seen.upper or pair[1] in self._full)

    def _order(self, pair: Pair, positions: Mapping[int, int]) -> tuple[float, bool, int, int, int]:
        """Return the sort key of a pair: the most alike first, as far as the service says so."""
        seen = self._seen[pair]
        first, second = sorted((positions[pair[0]], positions[pair[1]]))
        return (-(seen.score or 0), not (seen.lower and seen.upper), seen.rank, first, second)

    def _group(self, persons: list[int], links: Mapping[int, list[int]]) -> FoundGroup:
        inside, outside = dict[Pair, DuplicatePair](), dict[Pair, DuplicatePair]()
        members = set(persons)
        for person in persons:
            for other in links[person]:
                pair = _pair(person, other)
                (inside if other in members else outside)[pair] = self._seen[pair].pair(pair)
        return FoundGroup(tuple(persons), tuple(inside.values()), tuple(outside.values()))


def _pair(one: int, other: int) -> Pair:
    return (one, other) if one < other else (other, one)


def _links(pairs: Iterable[Pair]) -> dict[int, list[int]]:
    """Return with whom each person makes a pair."""
    links: dict[int, list[int]] = {}
    for one, other in sorted(pairs):
        links.setdefault(one, []).append(other)
        links.setdefault(other, []).append(one)
    return links
