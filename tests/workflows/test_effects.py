"""The line that a workflow logs when it ends badly after an effect: once, with what exists, and nothing secret."""

import asyncio
import json
import logging
from collections.abc import Sequence
from typing import Any

import pytest

from mi_async import Attempt, ConflictError, Hooks, ImageRejectedError, MIError, RetryPolicy, ServerError
from mi_async.api.persons import CreatedPerson, Persons, ThumbnailInput
from mi_async.emulator import Fault, Latency, Settings
from mi_async.emulator.bodies import BODIES
from mi_async.emulator.bodies.persons import EmulatedPersons
from mi_async.workflows.effects import MOST_SHOWN, effects_of
from tests.support.footage import first_project
from tests.support.newsroom import newsroom
from tests.support.pictures import picture, plain_picture

AT_ONCE = Settings(latency=Latency.none())
ONCE = RetryPolicy(max_attempts=1)
IMAGES = [picture(), picture(seed=1)]


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """Return the records of the log of effects, which grow."""
    records: list[logging.LogRecord] = []

    class Kept(logging.Filter):
        def filter(self, record: logging.LogRecord) -> bool:
            if record.name == "mi_async.workflows.effects":
                records.append(record)
            return True

    caplog.handler.addFilter(Kept("x"))
    caplog.set_level(logging.WARNING, "mi_async")
    return records


def told(record: logging.LogRecord) -> dict[str, Any]:
    """Return what a line says that exists."""
    text = record.getMessage().partition("created: ")[2]
    found: dict[str, Any] = json.JSONDecoder().raw_decode(text)[0]
    return found


async def test_a_failure_after_an_effect_is_one_line(lines: list[logging.LogRecord]) -> None:
    async with newsroom(AT_ONCE, retry=ONCE) as news:
        await news.workspace.person_tags.create("Guest")
        news.server.faults.next("persons.add_tags", Fault.ERROR_BEFORE)
        with pytest.raises(MIError) as caught:
            await news.workspace.enroll_person("홍길동", IMAGES, tags=["Anchor", "Guest"])
        (record,) = lines
        text = record.getMessage()
        assert (record.levelname, record.name) == ("WARNING", "mi_async.workflows.effects")
        assert text.startswith("enroll_person, 홍길동: ServerError: persons.add_tags: ")
        assert told(record) == vars(record)["mi_created"] == caught.value.created
        assert set(told(record)) == {"person_id", "tag_ids", "thumbnail_keys"}
        assert "\n" not in text
        assert "X-Amz" not in text
        assert "?" not in text
        again = await news.workspace.enroll_person("홍길동", IMAGES, tags=["Anchor", "Guest"], resume=told(record))
        assert (len(again.tags), len(again.thumbnails)) == (2, 2)


@pytest.mark.parametrize("place", ["persons.search", "person_tags.list", "thumbnails.presign"])
async def test_a_failure_without_an_effect_is_none(place: str, lines: list[logging.LogRecord]) -> None:
    async with newsroom(AT_ONCE, retry=ONCE) as news:
        await news.workspace.person_tags.create("Guest")
        news.server.faults.next(place, Fault.ERROR_BEFORE)
        with pytest.raises(MIError):
            await news.workspace.enroll_person("Hong", IMAGES[:1], tags=["Guest"])
        await news.workspace.enroll_person("Kim", IMAGES[:1], tags=["Guest"])
        with pytest.raises(ConflictError):
            await news.workspace.enroll_person("Kim", IMAGES[:1], tags=["Anchor"])
        with pytest.raises(ImageRejectedError):
            await news.workspace.enroll_person("Lee", [b"GIF"])
        assert lines == []


async def test_a_tag_that_was_created_is_an_effect(lines: list[logging.LogRecord]) -> None:
    async with newsroom(AT_ONCE, retry=ONCE) as news:
        news.server.faults.next("thumbnails.presign", Fault.ERROR_BEFORE, times=2)
        with pytest.raises(MIError):
            await news.workspace.enroll_person("Hong", IMAGES, tags=["Anchor"])
        (record,) = lines
        assert set(told(record)) == {"tag_ids"}


async def test_a_cancellation_is_one_line_that_says_what_may_exist(lines: list[logging.LogRecord]) -> None:
    created = asyncio.Event()

    class Slow(EmulatedPersons):
        """Creates the person, and answers late."""

        async def create(
            self, name: str | None = None, *, thumbnails: Sequence[ThumbnailInput], description: str | None = None
        ) -> CreatedPerson:
            person = await super().create(name, thumbnails=thumbnails, description=description)
            created.set()
            await asyncio.sleep(60)
            return person

    async with newsroom(AT_ONCE, bodies={**BODIES, Persons: Slow}) as news:
        work = asyncio.ensure_future(news.workspace.enroll_person("Hong", IMAGES))
        await asyncio.wait_for(created.wait(), 60)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        (record,) = lines
        text = record.getMessage()
        assert text.startswith("enroll_person, Hong: cancelled; created: ")
        assert text.endswith("; the person may have been created")
        assert set(told(record)["thumbnail_keys"]) == {key for _, key in news.thumbnails()}
        again = await news.workspace.enroll_person("Hong", IMAGES, resume=told(record))
        assert len(again.thumbnails) == len(news.thumbnails()) == 2


async def test_a_create_that_met_a_namesake_is_not_in_doubt(lines: list[logging.LogRecord]) -> None:
    async with newsroom(AT_ONCE, retry=ONCE) as news:

        async def overtake(attempt: Attempt) -> None:
            if attempt.operation == "persons.create":
                await news.workspace.persons.create("Hong", thumbnails=[])
                news.server.faults.next("persons.search", Fault.ERROR_BEFORE)

        overtaken = news.workspace.with_options(hooks=Hooks(before=[overtake]))
        with pytest.raises(ServerError):
            await overtaken.enroll_person("Hong", IMAGES, if_exists="complete")
        (record,) = lines
        assert set(told(record)) == {"thumbnail_keys"}
        assert "may have been created" not in record.getMessage()


async def test_a_completion_tells_what_may_have_been_given(lines: list[logging.LogRecord]) -> None:
    async with newsroom(AT_ONCE, retry=ONCE) as news:
        person = await news.workspace.enroll_person("Hong", IMAGES[:1])
        await news.workspace.person_tags.create("Anchor")
        news.server.faults.next("persons.add_tags", Fault.DROP_AFTER)
        with pytest.raises(MIError):
            await news.workspace.enroll_person("Hong", IMAGES[:1], tags=["Anchor"], if_exists="complete")
        (record,) = lines
        assert set(told(record)) == {"tag_ids"}
        assert record.getMessage().endswith(f"; person {person.id} may have been given a part of it")


async def test_upload_thumbnail_tells_the_key(lines: list[logging.LogRecord]) -> None:
    async with newsroom(AT_ONCE, retry=ONCE) as news:
        person = await news.workspace.enroll_person("Hong", IMAGES[:1])
        with pytest.raises(MIError) as refused:
            await news.workspace.upload_thumbnail(person.id, plain_picture())
        news.server.faults.next("persons.set_thumbnails", Fault.DROP_AFTER)
        news.server.faults.next("persons.get", Fault.ERROR_BEFORE)
        with pytest.raises(MIError) as lost:
            await news.workspace.upload_thumbnail(person.id, IMAGES[1])
        assert [told(record) for record in lines] == [refused.value.created, lost.value.created]
        first, second = (record.getMessage() for record in lines)
        assert first.startswith(f"upload_thumbnail, person {person.id}: InvalidRequestError: ")
        assert "may have" not in first
        assert second.endswith("; the person may have the image")


async def test_a_search_tells_the_image_that_it_uploaded(lines: list[logging.LogRecord]) -> None:
    async with newsroom(AT_ONCE, retry=ONCE) as news:
        await first_project(news.workspace)
        for place in ("search.request", "query_assets.complete", "query_assets.presign"):
            news.server.faults.next(place, Fault.ERROR_BEFORE)
            with pytest.raises(MIError):
                [hit async for hit in news.workspace.search_scenes(image=IMAGES[0])]
        news.server.faults.next("search.request", Fault.ERROR_BEFORE)
        with pytest.raises(MIError):
            [hit async for hit in news.workspace.search_scenes("goal")]
        assert [set(told(record)) for record in lines] == [{"query_image"}, {"query_image"}]
        assert lines[0].getMessage().startswith("search_scenes, <bytes>: ServerError: search.request: ")


def test_many_keys_are_cut_in_the_line_alone(lines: list[logging.LogRecord]) -> None:
    keys = [f"newsroom/{number}" for number in range(MOST_SHOWN + 3)]
    with pytest.raises(KeyError), effects_of("enroll_person", "a\nb\x1b[31m") as effects:  # noqa: PT012
        effects.created["thumbnail_keys"] = keys
        raise KeyError
    (record,) = lines
    assert vars(record)["mi_created"]["thumbnail_keys"] == keys
    assert told(record)["thumbnail_keys"][-1] == "and 3 more"
    assert record.getMessage().startswith(r"enroll_person, a\nb\x1b[31m: failed with KeyError; created: ")
