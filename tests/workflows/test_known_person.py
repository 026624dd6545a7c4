"""enroll_person(known=...): who is there under another name, or without one, is found before a person is created."""

import asyncio
import itertools
from functools import partial
from typing import Any

import pytest

import mi_async
from mi_async import (
    ConflictError,
    InvalidArgumentError,
    NotFoundError,
    PersonKnownError,
    PersonMatch,
    ResponseError,
    RetryPolicy,
)
from mi_async.emulator import Fault, Latency, Settings, example_image
from mi_async.workflows.known_person import matches_in
from tests.support.costs import costs
from tests.support.interruption import CancelAt
from tests.support.newsroom import Newsroom, newsroom, no_lease_held, nothing_held

AT_ONCE = Settings(latency=Latency.none())
NAME = "홍길동"
UPLOAD = {"thumbnails.presign": 1, "storage.put": 1, "thumbnails.complete": 1}
COMPARE = {**UPLOAD, "persons.recommend_by_thumbnail": 1}
LOOK = {"persons.search": 1}


def face(number: int, whose: str = "hong") -> bytes:
    return example_image(number, face=whose)


async def enrolled(news: Newsroom, name: str | None = "Gildong Hong", *numbers: int, whose: str = "hong") -> int:
    """Create a person with images of a face, without a name by keys of thumbnails."""
    images = [face(number, whose) for number in numbers or (0,)]
    if name is not None:
        return (await news.workspace.enroll_person(name, images)).id
    named = await news.workspace.enroll_person(f"Nobody {len(news.thumbnails())}", images)
    keys = [key for person, key in news.thumbnails() if person == named.id]
    await news.workspace.persons.delete(named.id)
    thumbnails = [mi_async.ThumbnailInput(key, number == 0) for number, key in enumerate(keys)]
    return (await news.workspace.persons.create(None, thumbnails=thumbnails)).id


async def test_nobody_alike_is_created_as_ever() -> None:
    async with newsroom(AT_ONCE) as news:
        await enrolled(news, whose="kim")
        cost = {**LOOK, **COMPARE, "persons.create": 1, "persons.get": 1}
        with costs(news.server, cost):
            person = await news.workspace.enroll_person(NAME, [face(1)], known="ask")
        assert (person.name, len(person.thumbnails)) == (NAME, 1)


async def test_ask_creates_nobody_and_says_who_it_is() -> None:
    async with newsroom(AT_ONCE) as news:
        named, unnamed = await enrolled(news), await enrolled(news, None, 5)
        await enrolled(news, "Kim", 7, whose="kim")
        enroll = news.workspace.enroll_person
        with costs(news.server, {**COMPARE, "persons.search": 2}), pytest.raises(PersonKnownError) as caught:
            await enroll(NAME, [face(1), face(2)], tags=["Anchor"], known="ask")
        error = caught.value
        assert {(match.id, match.name) for match in error.matches} == {(named, "Gildong Hong"), (unnamed, None)}
        scores = [match.score or 0 for match in error.matches]
        assert 90 <= min(scores) <= max(scores) <= 99
        assert scores == sorted(scores, reverse=True)
        assert f"'{NAME}' was not created: 2 persons look like it: " in str(error)
        assert "without a name (score 9" in str(error)
        (key,) = error.created["thumbnail_keys"]
        assert error.created == {"thumbnail_keys": [key]}
        assert (await news.workspace.person_tags.list()).total_count == 0
        # of several nobody can tell which one it is
        repeated = {"thumbnails.complete": 1, "persons.recommend_by_thumbnail": 1, "persons.search": 2}
        with costs(news.server, repeated), pytest.raises(PersonKnownError):
            await enroll(NAME, [face(1), face(2)], known="attach", resume=error.created)
        with costs(news.server, {**UPLOAD, "thumbnails.complete": 2, "persons.search": 1, "persons.create": 1,
                                 "persons.get": 1}):  # fmt: skip
            person = await enroll(NAME, [face(1), face(2)], known="ignore", resume=error.created)
        assert len(person.thumbnails) == 2
        assert news.none_doubled()


async def test_attach_gives_images_and_tags_and_keeps_the_name() -> None:
    async with newsroom(AT_ONCE) as news:
        number = await enrolled(news)
        with pytest.raises(
            PersonKnownError, match=r"person 1[0-9]+ 'Gildong Hong' \(score 9[0-9]\) looks like it"
        ) as caught:
            await news.workspace.enroll_person(NAME, [face(1), face(2)], known="ask")
        person = await news.workspace.enroll_person(
            NAME, [face(1), face(2)], description="host", tags=["Anchor"], known="attach", resume=caught.value.created
        )
        assert (person.id, person.name, person.description) == (number, "Gildong Hong", "host")
        assert [tag.name for tag in person.tags] == ["Anchor"]
        assert [thumbnail.is_primary_thumbnail for thumbnail in person.thumbnails] == [True, False, False]
        assert news.server.log.count("storage.put") == 3
        again = await news.workspace.enroll_person(NAME, [face(1), face(2)], tags=["Anchor"], known="attach")
        assert (again.id, again.name, again.tags, len(again.thumbnails)) == (number, person.name, person.tags, 3)


async def test_an_unnamed_person_gets_the_name_and_all_images() -> None:
    async with newsroom(AT_ONCE) as news:
        number = await enrolled(news, None)
        for key in list(news.server.state.workspaces["newsroom"].persons[number].thumbnails.values()):
            upload = news.server.state.uploads.pop(key)
            moved = f"newsroom/0/face-{upload.md5}.png"  # as an analysis names the images that it cuts
            news.server.state.uploads[moved] = upload
            person = news.server.state.workspaces["newsroom"].persons[number]
            person.thumbnails = dict.fromkeys(person.thumbnails, moved)
        images = [face(1), face(2)]
        found = await news.workspace.enroll_person(NAME, images, tags=["Anchor"], known="attach")
        assert (found.id, found.name, len(found.thumbnails)) == (number, NAME, 3)
        again = await news.workspace.enroll_person(NAME, images, if_exists="complete", known="attach")
        assert len(again.thumbnails) == 3


async def test_a_name_goes_before_likeness() -> None:
    async with newsroom(AT_ONCE) as news:
        namesake = await enrolled(news, NAME, whose="kim")
        await enrolled(news)
        with costs(news.server, LOOK), pytest.raises(ConflictError) as caught:
            await news.workspace.enroll_person(NAME, [face(1)], known="attach")
        assert caught.value.existing == (namesake,)
        person = await news.workspace.enroll_person(NAME, [face(1)], known="ask", if_exists="complete")
        assert (person.id, len(person.thumbnails)) == (namesake, 2)


async def test_a_name_that_is_no_filter_goes_before_likeness_too() -> None:
    async with newsroom(AT_ONCE) as news:
        namesake = await enrolled(news, "홍")
        with costs(news.server, LOOK), pytest.raises(ConflictError) as caught:
            await news.workspace.enroll_person("홍", [face(1)], known="attach")
        assert caught.value.existing == (namesake,)


@pytest.mark.parametrize("options", [{"known": "maybe"}, {"known": "ask", "score": 79}, {"known": "ask", "score": 101}])
async def test_what_cannot_be_asked(options: dict[str, Any]) -> None:
    async with newsroom(AT_ONCE) as news:
        with costs(news.server, {}), pytest.raises(InvalidArgumentError, match=r"must be one of|needs 80 to 100"):
            await news.workspace.enroll_person(NAME, [face(1)], **options)


async def test_two_names_for_one_unnamed_person() -> None:
    async with newsroom(AT_ONCE) as news:
        number = await enrolled(news, None)
        enroll = news.workspace.enroll_person
        first, second = await asyncio.gather(
            enroll(NAME, [face(1)], known="attach"), enroll("Gildong Hong", [face(2)], known="attach")
        )
        assert first.id == second.id == number
        person = await news.workspace.persons.get(number)
        assert person.name in (NAME, "Gildong Hong")
        assert len(person.thumbnails) == 3
        assert news.none_doubled()


async def test_a_person_who_is_gone_meanwhile() -> None:
    async with newsroom(AT_ONCE, retry=RetryPolicy(max_attempts=1)) as news:
        await enrolled(news)
        news.server.faults.next("persons.get", mi_async.emulator.Rejection(404, "10001"))
        with pytest.raises(NotFoundError) as caught:
            await news.workspace.enroll_person(NAME, [face(1)], known="attach")
        person = await news.workspace.enroll_person(NAME, [face(1)], known="attach", resume=caught.value.created)
        assert len(person.thumbnails) == 2
        assert news.server.log.count("storage.put") == 2


async def test_a_comparison_that_fails_is_repeated() -> None:
    async with newsroom(AT_ONCE, retry=RetryPolicy(base=0.01)) as news:
        await enrolled(news)
        news.server.faults.next("persons.recommend_by_thumbnail", Fault.UNAVAILABLE, times=2)
        with pytest.raises(PersonKnownError):
            await news.workspace.enroll_person(NAME, [face(1)], known="ask")
        assert news.server.log.count("persons.recommend_by_thumbnail") == 3


async def test_cancelled_anywhere_and_resumed() -> None:
    async with newsroom(AT_ONCE) as news:
        suspension = 0
        for suspension in itertools.count(1):
            name, whose = f"{NAME} {suspension}", f"hong {suspension}"
            number = await enrolled(news, None, 0, whose=whose)
            enroll = partial(news.workspace.enroll_person, name, [face(1, whose), face(2, whose)], known="attach")
            begun = CancelAt(enroll(tags=["A"]), suspension, late=bool(suspension % 2))
            made: dict[str, Any] = {}
            try:
                await asyncio.create_task(taken(begun))
            except asyncio.CancelledError as cancelled:
                made = vars(cancelled).get("created", {})
            person = await enroll(tags=["A"], resume=made, if_exists="complete")
            assert (person.id, person.name, len(person.thumbnails), len(person.tags)) == (number, name, 3, 1)
            if begun.seen < suspension:
                break
        assert suspension > 12
        assert news.none_doubled()
        assert no_lease_held(news.session)
        assert nothing_held(news.session)


async def taken(begun: CancelAt) -> Any:
    return await begun


@pytest.mark.parametrize(
    ("answer", "ids"),
    [
        ({}, []),
        ({"persons": []}, []),
        ({"recommendedPersons": [{"personId": 3, "score": 91}, {"personId": 2}]}, [3, 2]),
        ({"result": {"content": [{"id": 5, "thumbnails": [{"id": 9}]}, {"id": 4}]}}, [5, 4]),
        ([{"personId": 1}, {"personId": 1}], [1]),
        ({"list": [{"person": {"personId": 8, "name": "x"}, "score": 90.5}]}, [8]),
        ({"thumbnailList": [{"id": 9}], "persons": [{"personId": 7}]}, [7]),
        ({"tags": [{"id": 9}], "similar": [{"id": 6}]}, [6]),
    ],
)
def test_persons_are_found_wherever_an_answer_has_them(answer: Any, ids: list[int]) -> None:
    assert [match.id for match in matches_in(answer)] == ids


def test_a_score_is_taken_where_there_is_one() -> None:
    found = matches_in([{"personId": 1, "score": 91}, {"personId": 2, "score": "high"}, {"personId": 3, "score": True}])
    assert found == (PersonMatch(1, score=91), PersonMatch(2), PersonMatch(3))
    assert list(map(str, (*found[:2], PersonMatch(3, "a'b", 90.5)))) == [
        "1 without a name (score 91)",
        "2 without a name",
        "3 'a'b' (score 90.5)",
    ]


@pytest.mark.parametrize("answer", [{"persons": ["홍길동"]}, {"thumbnails": [{"id": 1}]}, [{"personId": True}], [[1]]])
def test_an_answer_without_ids_is_no_word_that_nobody_is_alike(answer: Any) -> None:
    with pytest.raises(ResponseError, match="without IDs of persons"):
        matches_in(answer)
