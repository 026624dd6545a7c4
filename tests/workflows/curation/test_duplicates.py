"""Persons whom the service has more than once."""

from collections.abc import AsyncIterator

import pytest

from mi_async import DuplicateGroup
from mi_async.errors import InvalidArgumentError
from mi_async.workflows.curation import duplicates
from tests.support.costs import spent
from tests.support.faces import person_with_face
from tests.support.newsroom import Newsroom, newsroom

pytestmark = pytest.mark.usefixtures("leaves_nothing")


@pytest.fixture
async def news() -> AsyncIterator[Newsroom]:
    async with newsroom() as news:
        yield news


async def test_groups_are_the_faces_with_those_who_have_a_name_first(news: Newsroom) -> None:
    hong = [person_with_face(news.server, "hong", number) for number in range(3)]
    named = person_with_face(news.server, "hong", 9, name="홍길동")
    ha = [person_with_face(news.server, "ha", number) for number in range(2)]
    person_with_face(news.server, "lee")
    told: list[tuple[int, int]] = []

    def tell(asked: int, total: int) -> None:
        told.append((asked, total))

    groups = [one async for one in news.workspace.duplicate_persons(progress=tell)]
    assert told == [(number, 7) for number in range(1, 8)]
    group, other = groups
    assert [one.person.id for one in group.members] == [named, *hong]
    assert [one.person.id for one in other.members] == ha
    assert group.keep == named
    assert group.names == ("홍길동",)
    assert group.score is not None
    assert 90 <= group.score <= min(pair.score or 0 for pair in group.pairs)
    assert {pair.found_from for pair in group.pairs} == {pair.person_ids for pair in group.pairs}
    assert (group.number, other.number) == (1, 2)
    cost = spent(news.server)
    assert cost == {"persons.search": 2, "persons.similar": 7}


async def test_who_is_gone_meanwhile_is_in_no_group(news: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "PAGE", 2)
    kept = [person_with_face(news.server, "hong", number) for number in range(3)]
    gone = [person_with_face(news.server, face, number) for face in ("hong", "ha") for number in (7, 8)]
    room = news.server.state.workspaces["newsroom"]

    def merged(asked: int, total: int) -> None:
        if asked == total:
            for person in gone[:3]:
                del room.persons[person]

    groups = [group async for group in news.workspace.duplicate_persons(progress=merged)]
    assert [{one.person.id for one in group.members} for group in groups] == [set(kept)]
    assert all(set(pair.person_ids) <= set(kept) for pair in groups[0].pairs)


async def test_a_group_without_scores_has_none() -> None:
    assert DuplicateGroup(1, (), ()).score is None


async def test_a_progress_function_that_would_have_to_be_awaited_is_rejected(news: Newsroom) -> None:
    async def progress(_asked: int, _total: int) -> None: ...

    with pytest.raises(InvalidArgumentError, match="progress"):
        news.workspace.duplicate_persons(progress=progress)  # type: ignore[arg-type]
