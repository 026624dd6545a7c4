"""upload_thumbnail, asked again: with ``if_exists="reuse"`` a person gets each image once."""

import asyncio

import pytest

import mi_async
from mi_async import Attempt, Hooks, InvalidArgumentError, MIError, NotFoundError, RetryPolicy, State, Upload
from mi_async.emulator import Fault, Latency, Settings
from tests.support.costs import costs
from tests.support.newsroom import newsroom, no_lease_held, nothing_held
from tests.support.other_software import person_of_other_software
from tests.support.pictures import picture

AT_ONCE = Settings(latency=Latency.none())
NAME = "Gildong Hong"
IMAGES = [picture(), picture(seed=1)]
UPLOAD = {"thumbnails.presign": 1, "storage.put": 1, "thumbnails.complete": 1, "persons.set_thumbnails": 1}


async def test_reuse_uploads_nothing_where_the_person_has_the_image() -> None:
    async with newsroom(AT_ONCE) as news:
        person, give = await news.workspace.enroll_person(NAME, IMAGES[:1]), news.workspace.upload_thumbnail
        with costs(news.server, {"persons.get": 1, **UPLOAD}):
            first = await give(person.id, IMAGES[1], if_exists="reuse")
        assert (first.existing, len(first.thumbnails)) == (None, 2)
        steps: list[Upload] = []
        with costs(news.server, {"persons.get": 1}):
            again = await give(person.id, IMAGES[1], if_exists="reuse", progress=steps.append)
        assert again.existing is not None
        assert again.existing.id == max(thumbnail.id for thumbnail in first.thumbnails)
        assert (again.state, again.key, again.tries, len(again.thumbnails)) == (State.ATTACHED, None, 0, 2)
        assert steps == [again]
        with costs(news.server, UPLOAD):
            added = await give(person.id, IMAGES[1])
        assert (added.existing, len(added.thumbnails)) == (None, 3)


async def test_a_reused_image_becomes_the_primary_one_if_that_is_wanted() -> None:
    async with newsroom(AT_ONCE) as news:
        person = await news.workspace.enroll_person(NAME, IMAGES)
        for cost in ({"persons.get": 1, "persons.update": 1}, {"persons.get": 1}):
            with costs(news.server, cost):
                upload = await news.workspace.upload_thumbnail(person.id, IMAGES[1], primary=True, if_exists="reuse")
            assert upload.existing is not None
            assert upload.existing.is_primary_thumbnail
            assert [each.is_primary_thumbnail for each in upload.thumbnails] == [False, True]


async def test_thumbnails_of_other_software_keep_no_image_back() -> None:
    async with newsroom(AT_ONCE) as news:
        number = await person_of_other_software(news.workspace, NAME, IMAGES[0])
        added = await news.workspace.upload_thumbnail(number, IMAGES[0], if_exists="reuse")
        again = await news.workspace.upload_thumbnail(number, IMAGES[0], if_exists="reuse")
        assert (added.existing, len(added.thumbnails), len(again.thumbnails)) == (None, 2, 2)
        assert again.existing is not None


async def test_callers_of_one_session_take_turns() -> None:
    async with newsroom(AT_ONCE) as news:
        person = await news.workspace.enroll_person(NAME, IMAGES[:1])
        calls = [news.workspace.upload_thumbnail(person.id, IMAGES[1], if_exists="reuse") for _ in range(3)]
        ended = await asyncio.wait_for(asyncio.gather(*calls), 60)
        assert sorted(upload.existing is None for upload in ended) == [False, False, True]
        assert news.server.log.count("storage.put") == 2
        assert no_lease_held(news.session)
        assert nothing_held(news.session)


@pytest.mark.parametrize("primary", [False, True])
async def test_of_two_sessions_in_the_same_moment_one_removes_its_own(primary: bool) -> None:
    come: list[str] = []
    all_here = asyncio.Event()

    async def hold(attempt: Attempt) -> None:
        if attempt.operation == "persons.set_thumbnails":
            come.append(attempt.operation)
            if len(come) == 2:
                all_here.set()
            await asyncio.wait_for(all_here.wait(), 60)

    async with newsroom(AT_ONCE) as news:
        person = await news.workspace.enroll_person(NAME, IMAGES[:1])

        async def give() -> Upload:
            hooks = Hooks(before=[hold])
            async with mi_async.connect(news.server.credentials, base_url=news.server.url, hooks=hooks) as session:
                room = session.workspace("newsroom")
                return await room.upload_thumbnail(person.id, IMAGES[1], primary=primary, if_exists="reuse")

        ended = await asyncio.wait_for(asyncio.gather(give(), give()), 60)
        (kept,) = [upload.existing for upload in ended if upload.existing is not None]
        shown = {
            each.id: each.is_primary_thumbnail for each in (await news.workspace.persons.get(person.id)).thumbnails
        }
        assert shown == {person.thumbnails[0].id: not primary, kept.id: primary}


async def test_a_removal_that_failed_is_made_good_by_resuming() -> None:
    async with newsroom(AT_ONCE, retry=RetryPolicy(max_attempts=1)) as news:
        person = await news.workspace.enroll_person(NAME, IMAGES[:1])
        news.server.faults.next("persons.remove_thumbnails", Fault.ERROR_BEFORE)

        async def be_first(attempt: Attempt) -> None:
            if attempt.operation == "persons.set_thumbnails":
                await asyncio.wait_for(news.workspace.upload_thumbnail(person.id, IMAGES[1]), 60)

        room = news.session.with_options(hooks=Hooks(before=[be_first])).workspace("newsroom")
        with pytest.raises(MIError) as caught:
            await room.upload_thumbnail(person.id, IMAGES[1], if_exists="reuse")
        assert len(caught.value.created["thumbnail_keys"]) == 1
        again = await news.workspace.upload_thumbnail(
            person.id, IMAGES[1], if_exists="reuse", resume=caught.value.created
        )
        assert (len(again.thumbnails), again.existing) == (2, again.thumbnails[1])


async def test_reuse_resumes_with_what_is_stored() -> None:
    async with newsroom(AT_ONCE, retry=RetryPolicy(max_attempts=1)) as news:
        person = await news.workspace.enroll_person(NAME, IMAGES[:1])
        news.server.faults.next("persons.set_thumbnails", Fault.ERROR_BEFORE)
        with pytest.raises(MIError) as caught:
            await news.workspace.upload_thumbnail(person.id, IMAGES[1], if_exists="reuse")
        puts = news.server.log.count("storage.put")
        upload = await news.workspace.upload_thumbnail(
            person.id, IMAGES[1], if_exists="reuse", resume=caught.value.created
        )
        assert (upload.existing, len(upload.thumbnails)) == (None, 2)
        assert [upload.key] == caught.value.created["thumbnail_keys"]
        assert news.server.log.count("storage.put") == puts


async def test_what_cannot_be_is_refused_before_anything_is_uploaded() -> None:
    async with newsroom(AT_ONCE) as news:
        with pytest.raises(InvalidArgumentError, match="if_exists must be one of duplicate, reuse, got 'complete'"):
            await news.workspace.upload_thumbnail(1, IMAGES[0], if_exists="complete")  # type: ignore[arg-type]
        assert not news.server.log.arrivals
        with costs(news.server, {"persons.get": 1}), pytest.raises(NotFoundError):
            await news.workspace.upload_thumbnail(1, IMAGES[0], if_exists="reuse")
