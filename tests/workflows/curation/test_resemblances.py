"""Groups of persons who look alike: pure."""

import random
from collections.abc import Iterable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mi_async.workflows.curation.resemblances import DuplicatePair, FoundGroup, Resemblances
from mi_async.workflows.curation.similar_persons import MOST, Resemblance

Answers = Mapping[int, Iterable[int | tuple[int, float]]]


def grouped(answers: Answers, persons: Iterable[int] | None = None, *, mutual: bool = True) -> list[FoundGroup]:
    found = Resemblances(mutual)
    for person, answer in answers.items():
        found.add(person, [Resemblance(one) if isinstance(one, int) else Resemblance(*one) for one in answer])
    return list(found.groups({person: n for n, person in enumerate(persons or answers, 1)}))


def ids(groups: Iterable[FoundGroup]) -> list[tuple[int, ...]]:
    return [group.person_ids for group in groups]


def test_a_pair_that_was_found_from_both_sides_is_a_group() -> None:
    (group,) = grouped({5: [(3, 91.0)], 3: [(5, 90.5)], 4: []})
    assert group == FoundGroup((5, 3), (DuplicatePair(3, 5, (3, 5), 90.5),), ())
    assert group.pairs[0].person_ids == (3, 5)


def test_a_pair_that_was_found_from_one_side_is_none_unless_asked_for() -> None:
    answers: Answers = {1: [2], 2: [], 3: []}
    assert ids(grouped(answers)) == []
    (group,) = grouped(answers, mutual=False)
    assert group.pairs == (DuplicatePair(1, 2, (1,)),)


def test_an_answer_that_is_full_cannot_deny() -> None:
    answers = {1: [2], 2: range(100, 100 + MOST), **{other: [] for other in range(100, 100 + MOST)}}
    assert ids(grouped(answers)) == [(1, 2)]
    assert ids(grouped({**answers, 2: range(100, 105)})) == []


def test_a_chain_is_split_and_says_so() -> None:
    chain: Answers = {1: [2], 2: [1, 3], 3: [2]}
    (group,) = grouped(chain)
    assert group.person_ids == (1, 2)
    assert group.near == (DuplicatePair(2, 3, (2, 3)),)
    scored: Answers = {1: [(2, 85)], 2: [(3, 95), (1, 85)], 3: [(2, 95)]}
    (group,) = grouped(scored)
    assert group.person_ids == (2, 3)
    assert [pair.person_ids for pair in group.near] == [(1, 2)]


def test_groups_come_by_their_first_person() -> None:
    answers: Answers = {1: [6], 2: [3, 4], 3: [4, 2], 4: [2, 3], 5: [], 6: [1]}
    assert ids(grouped(answers, [5, 4, 6, 2, 1, 3])) == [(4, 2, 3), (6, 1)]
    assert ids(grouped(answers, [5, 4, 6, 2, 3])) == [(4, 2, 3)]  # 1 is gone


edges = st.sets(st.tuples(st.integers(1, 9), st.integers(1, 9)).filter(lambda pair: pair[0] < pair[1]))


@given(edges, st.randoms(use_true_random=False))
def test_in_a_group_everybody_looks_like_everybody_else(pairs: set[tuple[int, int]], dice: random.Random) -> None:
    answers: dict[int, list[int]] = {person: [] for person in range(1, 10)}
    for one, other in pairs:
        answers[one].append(other)
        answers[other].append(one)
    for answer in answers.values():
        dice.shuffle(answer)
    groups = grouped(answers)
    members = [person for group in groups for person in group.person_ids]
    assert len(members) == len(set(members))
    for group in groups:
        wanted = {(a, b) for a in group.person_ids for b in group.person_ids if a < b}
        assert {pair.person_ids for pair in group.pairs} == wanted
        assert wanted <= pairs
    alone = set(answers) - set(members)
    assert not {(a, b) for a, b in pairs if a in alone and b in alone}  # nobody is left out of a group of two
    assert grouped(dict(reversed(answers.items())), answers) == groups  # in whatever order the answers came


@pytest.mark.parametrize("persons", [5])
def test_faces_of_a_few_people_are_the_groups(persons: int) -> None:
    faces = {person: person % persons for person in range(1, 41)}
    answers = {one: [b for b in faces if b != one and faces[b] == faces[one]][:MOST] for one in faces}
    assert sorted(map(len, ids(grouped(answers)))) == [8] * persons
