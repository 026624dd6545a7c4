"""enroll_person, asked again: the name is looked up first, and what is there is reused, completed or resumed."""

import asyncio
import json
import unicodedata
from typing import Any, Literal

import pytest

import mi_async
from mi_async import (
    Attempt,
    ConflictError,
    Hooks,
    InvalidArgumentError,
    MIError,
    Polling,
    RetryPolicy,
    ServerError,
    State,
    Upload,
)
from mi_async.emulator import Fault, Latency, Settings
from mi_async.workflows.effects import Resumed
from tests.support.costs import costs
from tests.support.interruption import CancelAt
from tests.support.newsroom import Newsroom, newsroom, no_lease_held, nothing_held
from tests.support.other_software import person_of_other_software
from tests.support.pictures import picture

AT_ONCE = Settings(latency=Latency.none())
NAME = "Gildong Hong"
IMAGES = [picture(), picture(seed=1)]
LOOK = {"persons.search": 1}
UPLOAD = {"thumbnails.presign": 1, "storage.put": 1, "thumbnails.complete": 1}


def contents(news: Newsroom) -> list[bytes | None]:
    """Return the images that persons have."""
    return [news.server.state.uploads[key].content for _, key in news.thumbnails()]


async def enroll_by_other_software(news: Newsroom, name: str = NAME, *images: bytes) -> int:
    """Create a person whose thumbnails have names that tell nothing."""
    return await person_of_other_software(news.workspace, name, *images)


@pytest.mark.parametrize("one_by_one", [False, True])
@pytest.mark.parametrize("if_exists", ["error", "reuse", "complete"])
async def test_equal_content_in_one_call_counts_once(
    if_exists: Literal["error", "reuse", "complete"], one_by_one: bool, caplog: pytest.LogCaptureFixture
) -> None:
    images = [IMAGES[0], IMAGES[1], IMAGES[0], IMAGES[1]]
    async with newsroom(AT_ONCE) as news:
        person = await news.workspace.enroll_person(NAME, images, if_exists=if_exists, one_by_one=one_by_one)
        assert [thumbnail.is_primary_thumbnail for thumbnail in person.thumbnails] == [True, False]
        assert contents(news) == IMAGES
        assert news.server.log.count("storage.put") == 2
    said = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert said == [
        "image 3 of 4 has the same content as image 1 of 4; it was left out",
        "image 4 of 4 has the same content as image 2 of 4; it was left out",
    ]


async def test_a_name_in_use_is_found_before_anything_is_uploaded() -> None:
    async with newsroom(AT_ONCE) as news:
        first = await news.workspace.enroll_person(NAME, IMAGES)
        with costs(news.server, LOOK), pytest.raises(ConflictError) as caught:
            await news.workspace.enroll_person(NAME, IMAGES, tags=["Anchor"])
        assert (caught.value.code, caught.value.existing, caught.value.created) == ("50005", (first.id,), {})
        assert f"the name is in use by person {first.id}" in str(caught.value)


async def test_a_name_that_is_no_filter_is_left_to_the_create() -> None:
    async with newsroom(AT_ONCE) as news:
        await news.workspace.enroll_person("x", IMAGES[:1])
        with costs(news.server, {**UPLOAD, "persons.create": 1}), pytest.raises(ConflictError) as caught:
            await news.workspace.enroll_person("x", IMAGES[1:])
        assert caught.value.existing == ()
        again = await news.workspace.enroll_person("x", IMAGES[1:], if_exists="complete")
        assert len(again.thumbnails) == 2


async def test_reuse_returns_the_person_as_it_is() -> None:
    async with newsroom(AT_ONCE) as news:
        first = await news.workspace.enroll_person(NAME, IMAGES[:1], tags=["Anchor"])
        with costs(news.server, {**LOOK, "persons.get": 1}):
            again = await news.workspace.enroll_person(NAME, IMAGES, tags=["Guest"], if_exists="reuse")
        assert (again.id, len(again.thumbnails), [tag.name for tag in again.tags]) == (first.id, 1, ["Anchor"])
        other = await news.workspace.enroll_person("Other", IMAGES, if_exists="reuse")
        assert (other.name, len(other.thumbnails)) == ("Other", 2)


async def test_complete_adds_what_is_missing_and_nothing_twice() -> None:
    async with newsroom(AT_ONCE) as news:
        enroll, more = news.workspace.enroll_person, picture(seed=2)
        first = await enroll(NAME, IMAGES, tags=["Anchor"])
        with costs(news.server, {**LOOK, "persons.get": 1}):
            same = await enroll(NAME, IMAGES, tags=["Anchor"], if_exists="complete")
        assert (same.id, same.tags, len(same.thumbnails)) == (first.id, first.tags, 2)
        cost = {**LOOK, **UPLOAD, "persons.get": 2, "person_tags.list": 1, "person_tags.create": 1}
        with costs(news.server, {**cost, "persons.set_thumbnails": 1, "persons.add_tags": 1, "persons.update": 1}):
            person = await enroll(
                NAME, [IMAGES[1], more, more], tags=["Anchor", "Guest"], description="a person", if_exists="complete"
            )
        assert [thumbnail.is_primary_thumbnail for thumbnail in person.thumbnails] == [True, False, False]
        assert [tag.name for tag in person.tags] == ["Anchor", "Guest"]
        assert person.description == "a person"
        assert contents(news) == [*IMAGES, more]
        kept = await enroll(NAME, IMAGES, description="another", if_exists="complete")
        assert kept.description == "a person"


async def test_a_person_without_thumbnails_gets_a_primary_one() -> None:
    async with newsroom(AT_ONCE) as news:
        number = (await news.workspace.persons.create(NAME, thumbnails=[])).id
        person = await news.workspace.enroll_person(NAME, IMAGES, if_exists="complete")
        assert (person.id, [thumbnail.is_primary_thumbnail for thumbnail in person.thumbnails]) == (
            number,
            [True, False],
        )


async def test_images_among_thumbnails_of_other_software_are_left_out(caplog: pytest.LogCaptureFixture) -> None:
    async with newsroom(AT_ONCE) as news:
        number = await enroll_by_other_software(news, NAME, IMAGES[0])
        person = await news.workspace.enroll_person(NAME, IMAGES, tags=["Anchor"], if_exists="complete")
        assert (person.id, len(person.thumbnails), len(person.tags)) == (number, 1, 1)
        (record,) = [record for record in caplog.records if record.levelname == "WARNING"]
        assert "1 thumbnails whose content cannot be told" in record.message
        assert "image 1 of 2, image 2 of 2" in record.message
        upload = await news.workspace.upload_thumbnail(number, IMAGES[1])
        assert len(upload.thumbnails) == 2
        caplog.clear()
        known = await news.workspace.enroll_person(NAME, IMAGES[1:], if_exists="complete")
        assert (len(known.thumbnails), caplog.records) == (2, [])


@pytest.mark.parametrize("name", ["홍길동", "홍/길동", "Åsa Ñ/e", " 홍 길동\u200b"])
async def test_a_name_is_found_however_it_is_spelled(name: str) -> None:
    async with newsroom(AT_ONCE) as news:
        first = await news.workspace.enroll_person(name, IMAGES)
        for spelled in (unicodedata.normalize("NFD", name), name):
            again = await news.workspace.enroll_person(spelled, IMAGES, if_exists="complete")
            assert (again.id, len(again.thumbnails)) == (first.id, 2)


async def test_of_several_matches_the_exact_one_is_taken_and_else_the_oldest() -> None:
    async with newsroom(AT_ONCE) as news:
        names = ("Hong Gil", "Hong ", "Hong\u200b")
        ids = {name: await enroll_by_other_software(news, name, IMAGES[0]) for name in names}
        assert (await news.workspace.enroll_person("Hong", IMAGES, if_exists="reuse")).id == ids["Hong "]
        exact = await enroll_by_other_software(news, "Hong", IMAGES[0])
        assert (await news.workspace.enroll_person("Hong", IMAGES, if_exists="reuse")).id == exact


@pytest.mark.parametrize("if_exists", ["error", "reuse", "complete"])
async def test_two_callers_of_one_session_make_one_person(if_exists: Any) -> None:
    async with newsroom(AT_ONCE) as news:
        calls = [news.workspace.enroll_person(NAME, IMAGES, if_exists=if_exists) for _ in range(3)]
        ended = await asyncio.gather(*calls, return_exceptions=True)
        assert len(list(news.server.state.persons())) == 1
        assert contents(news) == IMAGES
        assert news.server.log.count("storage.put") == 2
        refused = [one for one in ended if isinstance(one, ConflictError)]
        assert len(refused) == (2 if if_exists == "error" else 0)
        assert not [one for one in ended if isinstance(one, BaseException) and one not in refused]


def together(count: int, operation: str) -> Hooks:
    """Return hooks that hold this operation back until so many callers have come to it."""
    come: list[str] = []
    all_here = asyncio.Event()

    async def hold(attempt: Attempt) -> None:
        if attempt.operation == operation:
            come.append(operation)
            if len(come) == count:
                all_here.set()
            await asyncio.wait_for(all_here.wait(), 60)

    return Hooks(before=[hold])


async def enroll_elsewhere(news: Newsroom, hooks: Hooks, **options: Any) -> mi_async.Person:
    """Enroll in a session of its own, as another process does: they share nothing."""
    async with mi_async.connect(news.server.credentials, base_url=news.server.url, hooks=hooks) as session:
        return await session.workspace("newsroom").enroll_person(NAME, IMAGES, **options)


@pytest.mark.parametrize("if_exists", ["error", "reuse", "complete"])
async def test_two_sessions_that_both_found_nobody_make_one_person(if_exists: Any) -> None:
    async with newsroom(AT_ONCE) as news:
        hooks = together(2, "persons.create")
        calls = [enroll_elsewhere(news, hooks, if_exists=if_exists) for _ in range(2)]
        ended = await asyncio.gather(*calls, return_exceptions=True)
        (person,) = news.server.state.persons()
        refused = [one for one in ended if isinstance(one, ConflictError)]
        assert len(refused) == (1 if if_exists == "error" else 0), ended
        assert {one.id for one in ended if isinstance(one, mi_async.Person)} == {person.id}
        assert contents(news) == IMAGES


async def test_sessions_that_complete_a_person_in_the_same_moment_add_each_image_once() -> None:
    async with newsroom(AT_ONCE) as news:
        first = await news.workspace.enroll_person(NAME, [picture(seed=7)])
        hooks = together(3, "persons.set_thumbnails")
        ended = await asyncio.gather(*[enroll_elsewhere(news, hooks, if_exists="complete") for _ in range(3)])
        assert news.server.log.count("persons.set_thumbnails") == 3
        assert {person.id for person in ended} == {first.id}
        assert {content for content in contents(news) if content != picture(seed=7)} == set(IMAGES)
        assert len(contents(news)) == 3


@pytest.mark.parametrize("place", ["persons.create", "persons.add_tags", "storage.put", "thumbnails.complete"])
async def test_resume_goes_on_with_what_was_created(place: str) -> None:
    async with newsroom(AT_ONCE, retry=RetryPolicy(max_attempts=1)) as news:
        news.server.faults.next(place, Fault.ERROR_BEFORE)
        with pytest.raises(MIError) as caught:
            await news.workspace.enroll_person(NAME, IMAGES, tags=["Anchor"])
        created = json.loads(json.dumps(caught.value.created))
        puts = news.server.log.count("storage.put")
        person = await news.workspace.enroll_person(NAME, IMAGES, tags=["Anchor"], resume=created)
        assert ([tag.name for tag in person.tags], len(person.thumbnails)) == (["Anchor"], 2)
        assert contents(news) == IMAGES
        assert len(list(news.server.state.persons())) == 1
        stored = len(created.get("thumbnail_keys", ()))
        assert news.server.log.count("storage.put") - puts == len(IMAGES) - stored


async def test_resume_takes_the_person_whose_create_was_not_answered() -> None:
    async with newsroom(AT_ONCE, retry=RetryPolicy(max_attempts=1)) as news:

        def blind(upload: Upload) -> None:
            if upload.state is State.PRESIGNED:
                news.server.faults.clear()
                news.server.faults.next("persons.create", Fault.DROP_AFTER)
                news.server.faults.next("persons.search", Fault.ERROR_BEFORE)

        with pytest.raises(MIError) as caught:
            await news.workspace.enroll_person(NAME, IMAGES, tags=["Anchor"], progress=blind)
        assert "person_id" not in caught.value.created
        with pytest.raises(ConflictError):
            await news.workspace.enroll_person(NAME, IMAGES, tags=["Anchor"])
        person = await news.workspace.enroll_person(NAME, IMAGES, tags=["Anchor"], resume=caught.value.created)
        assert (len(person.thumbnails), len(person.tags)) == (2, 1)
        assert news.server.log.count("storage.put") == 2


async def test_resume_with_a_namesake_of_others_is_a_conflict() -> None:
    async with newsroom(AT_ONCE, retry=RetryPolicy(max_attempts=1)) as news:
        news.server.faults.next("persons.create", Fault.ERROR_BEFORE)
        with pytest.raises(ServerError) as caught:
            await news.workspace.enroll_person(NAME, IMAGES)
        other = await enroll_by_other_software(news, NAME, picture(seed=5))
        with pytest.raises(ConflictError) as refused:
            await news.workspace.enroll_person(NAME, IMAGES, resume=caught.value.created)
        assert refused.value.existing == (other,)


async def test_keys_that_never_arrived_are_uploaded_again() -> None:
    short = Polling(timeout=0.5)
    async with newsroom(AT_ONCE, polling=short) as news:
        issued = await news.workspace.thumbnails.presign("x.png")
        name = "hong-000000000000-" + "0" * 32 + ".png"
        foreign = [issued.thumbnail_key, f"newsroom/none/{name}"]
        uploads: list[Upload] = []
        person = await news.workspace.enroll_person(
            NAME, IMAGES, resume={"thumbnail_keys": foreign}, progress=uploads.append
        )
        first = uploads[-1].key
        assert first is not None
        digest = first.rpartition("-")[2]
        lost = f"newsroom/none/x-0123456789ab-{digest}"
        other = await news.workspace.enroll_person("Other", IMAGES, resume={"thumbnail_keys": [lost]})
        assert len(person.thumbnails) == len(other.thumbnails) == 2


@pytest.mark.parametrize(
    ("resume", "said"),
    [
        (MIError("x"), "not MIError"),
        ([1], "not list"),
        ({"person_id": "1001"}, "person_id as a number"),
        ({"person_id": True}, "person_id as a number"),
        ({"thumbnail_keys": "abc"}, "a list of texts"),
        ({"thumbnail_keys": [7]}, "a list of texts"),
        ({"person": 1}, "resume has nothing of error.created: 'person'; it holds person_id, tag_ids, thumbnail_keys"),
        ({"object": "s3://b/k", "asset_id": 1}, "nothing of error.created: 'object', 'asset_id'"),
        ({1: 2}, "nothing of error.created: 1;"),
    ],
)
async def test_resume_with_something_else_is_refused_before_any_request(resume: Any, said: str) -> None:
    async with newsroom(AT_ONCE) as news:
        with pytest.raises(InvalidArgumentError, match=said):
            await news.workspace.enroll_person(NAME, IMAGES, resume=resume)
        with pytest.raises(InvalidArgumentError, match=said):
            await news.workspace.upload_thumbnail(1, IMAGES[0], resume=resume)
        assert not news.server.log.arrivals


@pytest.mark.parametrize("resume", [{}, {"tag_ids": [1]}, {"query_image": "k"}, {"person": 1, "thumbnail_keys": []}])
def test_resume_takes_what_an_error_may_hold(resume: dict[str, Any]) -> None:
    assert Resumed.of(resume) == Resumed()


async def test_resume_of_another_person_is_refused() -> None:
    async with newsroom(AT_ONCE) as news:
        kim = await news.workspace.enroll_person("Kim", IMAGES)
        with pytest.raises(InvalidArgumentError, match=f"resume names person {kim.id}, who is called 'Kim'"):
            await news.workspace.enroll_person(NAME, IMAGES, resume={"person_id": kim.id})


async def test_if_exists_is_one_of_three() -> None:
    async with newsroom(AT_ONCE) as news:
        with pytest.raises(InvalidArgumentError, match="if_exists must be one of error, reuse, complete, got 'skip'"):
            await news.workspace.enroll_person(NAME, IMAGES, if_exists="skip")  # type: ignore[arg-type]
        with pytest.raises(InvalidArgumentError, match="at least one image"):
            await news.workspace.enroll_person(NAME, [], if_exists="complete")
        assert not news.server.log.arrivals


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("way", ["resume", "complete"])
async def test_cancelled_at_every_await_it_is_made_good_by_another_call(late: bool, way: str) -> None:
    async with newsroom(AT_ONCE) as news:
        suspension, ended = 0, False
        while not ended:
            suspension += 1
            name = f"Person {suspension}"
            given = (name, IMAGES)
            work = CancelAt(news.workspace.enroll_person(*given, tags=["Anchor"]), suspension, late)

            async def enroll(work: CancelAt = work) -> None:
                await work

            again: dict[str, Any] = {}
            try:
                await asyncio.ensure_future(enroll())
                ended = True
            except asyncio.CancelledError as error:
                again = {"resume": getattr(error, "created", {})} if way == "resume" else {}
            if way == "resume" and not again.get("resume"):
                again = {"if_exists": "complete"}
            person = await news.workspace.enroll_person(*given, tags=["Anchor"], **(again or {"if_exists": "complete"}))
            assert (len(person.thumbnails), len(person.tags)) == (2, 1)
            assert [thumbnail.is_primary_thumbnail for thumbnail in person.thumbnails] == [True, False]
        assert [person.name for person in news.server.state.persons()] == [
            f"Person {number}" for number in range(1, suspension + 1)
        ]
        assert news.none_doubled()
        assert no_lease_held(news.session)
        assert nothing_held(news.session)


async def test_upload_thumbnail_resumes_with_the_key_that_is_there() -> None:
    async with newsroom(AT_ONCE, retry=RetryPolicy(max_attempts=1)) as news:
        person = await news.workspace.enroll_person(NAME, IMAGES[:1])
        for fault in (Fault.ERROR_BEFORE, Fault.DROP_AFTER):
            image = picture(seed=3 if fault is Fault.ERROR_BEFORE else 4)
            news.server.faults.next("persons.set_thumbnails", fault)
            news.server.faults.next("persons.get", Fault.ERROR_BEFORE)
            with pytest.raises(MIError) as caught:
                await news.workspace.upload_thumbnail(person.id, image)
            states: list[Upload] = []
            puts = news.server.log.count("storage.put")
            upload = await news.workspace.upload_thumbnail(
                person.id, image, resume=caught.value.created, progress=states.append
            )
            assert upload.state is State.ATTACHED
            assert upload.key == caught.value.created["thumbnail_keys"][0]
            assert states[-1] == upload
            assert news.server.log.count("storage.put") == puts
        assert len(contents(news)) == 3
        more = await news.workspace.upload_thumbnail(person.id, picture(seed=9), resume=caught.value.created)
        assert len(more.thumbnails) == 4


async def test_a_bulk_run_and_a_call_know_each_others_images(tmp_path: Any) -> None:
    async with newsroom(AT_ONCE) as news:
        people = [mi_async.PersonInput(NAME, IMAGES, tags=["Anchor"])]
        run = news.workspace.enroll_many(people, journal=tmp_path / "j")
        (outcome,) = [outcome async for outcome in run]
        person = await news.workspace.enroll_person(NAME, IMAGES, tags=["Anchor"], if_exists="complete")
        assert (person.id, len(person.thumbnails)) == (outcome.person_id, 2)
        assert news.server.log.count("storage.put") == 2


async def test_an_image_that_was_made_to_fit_is_known_again() -> None:
    async with newsroom(AT_ONCE) as news:
        given = (NAME, [picture("gif", 300, 300)])
        first = await news.workspace.enroll_person(*given, fit=True)
        again = await news.workspace.enroll_person(*given, fit=True, if_exists="complete")
        assert [each.id for each in again.thumbnails] == [each.id for each in first.thumbnails]


@pytest.mark.parametrize("late", [False, True])
async def test_a_completion_cancelled_at_every_await_adds_nothing_twice(late: bool) -> None:
    async with newsroom(AT_ONCE) as news:
        suspension, ended = 0, False
        while not ended:
            suspension += 1
            name = f"Person {suspension}"
            await news.workspace.enroll_person(name, IMAGES[:1])
            given: dict[str, Any] = {"tags": ["Anchor"], "if_exists": "complete"}
            work = CancelAt(news.workspace.enroll_person(name, IMAGES, **given), suspension, late)

            async def enroll(work: CancelAt = work) -> None:
                await work

            resume = None
            try:
                await asyncio.ensure_future(enroll())
                ended = True
            except asyncio.CancelledError as error:
                resume = getattr(error, "created", {})
            puts = news.server.log.count("storage.put")
            person = await news.workspace.enroll_person(name, IMAGES, resume=resume, **given)
            assert (len(person.thumbnails), len(person.tags)) == (2, 1)
            if resume and "thumbnail_keys" in resume:
                assert news.server.log.count("storage.put") == puts
        assert len(news.thumbnails()) == 2 * suspension
        assert news.none_doubled()
        assert nothing_held(news.session)


async def test_an_upload_that_is_still_processed_is_waited_for() -> None:
    async with newsroom(Settings(latency=Latency.constant(2.0))) as news:
        stored = asyncio.Event()
        work = asyncio.ensure_future(
            news.workspace.enroll_person(
                NAME, IMAGES[:1], progress=lambda upload: stored.set() if upload.state is State.STORED else None
            )
        )
        await asyncio.wait_for(stored.wait(), 60)
        work.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await work
        person = await news.workspace.enroll_person(NAME, IMAGES[:1], resume=vars(caught.value)["created"])
        assert (len(person.thumbnails), news.server.log.count("storage.put")) == (1, 1)
