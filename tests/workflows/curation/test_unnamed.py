"""Persons without a name, and who they might be."""

import logging
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from mi_async import Person, UnnamedPerson
from mi_async.emulator import Fault, Rejection
from mi_async.errors import InvalidArgumentError, PermissionDeniedError, ServerError
from mi_async.workflows.curation import similar_persons, unnamed
from mi_async.workflows.curation.similar_persons import told_counts, told_score
from tests.support.costs import spent
from tests.support.faces import person_with_face
from tests.support.newsroom import Newsroom, context_of, newsroom

pytestmark = pytest.mark.usefixtures("leaves_nothing")


@pytest.fixture
async def news() -> AsyncIterator[Newsroom]:
    async with newsroom() as news:
        yield news


async def found(news: Newsroom, **options: int | bool) -> list[UnnamedPerson]:
    return [person async for person in news.workspace.unnamed_persons(**options)]  # type: ignore[arg-type]


async def test_each_comes_with_who_it_might_be_those_with_a_name_first(news: Newsroom) -> None:
    first, second = (person_with_face(news.server, "hong", number) for number in (1, 2))
    stranger = person_with_face(news.server, "ha")
    hong = person_with_face(news.server, "hong", 3, name="홍길동")
    persons = await found(news)
    assert [(one.position, one.person.id) for one in persons] == [(1, first), (2, second), (3, stranger)]
    by_id = {one.person.id: one for one in persons}
    assert [(one.person_id, one.name) for one in by_id[first].suggestions] == [(hong, "홍길동"), (second, None)]
    assert all(one.score is not None and 90 <= one.score <= 100 for one in by_id[first].suggestions)
    assert by_id[first].suggestions[0].person is not None
    assert by_id[stranger].suggestions == ()


async def test_nobody_is_asked_about_where_no_suggestions_are_wanted(news: Newsroom) -> None:
    ids = {person_with_face(news.server, "hong", number) for number in range(3)}
    assert {one.person.id for one in await found(news, suggestions=False)} == ids
    assert spent(news.server) == {"persons.search": 1}
    assert len(await found(news, limit=2)) == 2


async def test_the_names_of_suggestions_are_asked_for_once(news: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unnamed, "CHUNK", 3)
    person_with_face(news.server, "hong", 0, name="Hong")
    for number in range(1, 7):
        person_with_face(news.server, f"hong {number}")
        person_with_face(news.server, "hong", number)
    assert len(await found(news)) == 12
    cost = spent(news.server)
    assert cost["persons.similar"] == 12
    assert cost["persons.search"] <= 1 + 4


async def test_a_refusal_means_no_suggestions(news: Newsroom, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "mi_async.workflows.curation")
    bare = (await news.workspace.persons.create(None, thumbnails=[])).id
    for number in range(2):
        person_with_face(news.server, "hong", number)
    persons = {one.person.id: one for one in await found(news)}
    assert persons.pop(bare).suggestions == ()
    assert all(one.suggestions for one in persons.values())
    assert f"who looks like person {bare}" in caplog.text
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING] == [
        "the service did not say who looks like 1 of the persons"
    ]


@pytest.mark.parametrize(("fault", "error"), [(Rejection(401, "210", "Permission Denied"), PermissionDeniedError)])
async def test_what_is_not_about_the_person_ends_it(news: Newsroom, fault: Rejection, error: type[Exception]) -> None:
    person_with_face(news.server, "hong")
    news.server.faults.next("persons.similar", fault)
    with pytest.raises(error):
        await found(news)


async def test_a_service_that_fails_for_everybody_ends_it(news: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similar_persons, "BROKEN", 2)
    for number in range(4):
        person_with_face(news.server, "hong", number)
    news.server.faults.next("persons.similar", Fault.ERROR_BEFORE, times=1000)
    with pytest.raises(ServerError):
        await found(news)


async def test_a_score_out_of_bounds_is_rejected_at_once(news: Newsroom) -> None:
    with pytest.raises(InvalidArgumentError, match="score needs 80 to 100; it is 79"):
        news.workspace.unnamed_persons(score=79)
    with pytest.raises(InvalidArgumentError, match="score needs"):
        news.workspace.duplicate_persons(score=101)
    assert spent(news.server) == {}


async def test_a_listing_that_is_left_early_is_closed(news: Newsroom) -> None:
    for number in range(3):
        person_with_face(news.server, "hong", number)
    async with aclosing(news.workspace.unnamed_persons()) as persons:
        async for _ in persons:
            break
    assert spent(news.server)["persons.similar"] == 3


def test_undocumented_members_are_read_as_they_come() -> None:
    person = Person(1, extra={"assetCount": 3, "sceneCount": 40, "isCounted": True, "discount": "5", "sumCount": None})
    assert told_counts(person) == {"assetCount": 3, "sceneCount": 40}
    assert [told_score(extra) for extra in ({"score": 91}, {"score": "91"}, {"score": True}, {})] == [
        91,
        None,
        None,
        None,
    ]


async def test_the_directory_forgets_who_was_not_asked_for_lately(news: Newsroom) -> None:
    ids = [person_with_face(news.server, "hong", number) for number in range(4)]
    directory = similar_persons.PersonDirectory(context_of(news), most=2)
    assert (await directory.of(ids[:3])).keys() == set(ids[:3])
    assert (await directory.of([ids[2], ids[3], 7])).keys() == {ids[2], ids[3]}
    cost = spent(news.server)
    await directory.of(ids[2:])
    assert spent(news.server) == cost
