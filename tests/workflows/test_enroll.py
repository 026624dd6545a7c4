"""enroll_person: a person with pictures and tags, once, whatever happens on the way."""

import asyncio
import pickle
import unicodedata
from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

import mi_async
from mi_async import (
    CapacityError,
    ConflictError,
    ImageRejectedError,
    InvalidArgumentError,
    InvalidRequestError,
    MIError,
    RetryPolicy,
    ServerError,
    SessionError,
    State,
    Upload,
)
from mi_async._core.concurrency import each
from mi_async.emulator import Fault, Faults, Latency, Rejection, Settings
from mi_async.media.image_source import Source
from mi_async.workflows.named_person import find_person
from tests.support.cases import sampled
from tests.support.interruption import CancelAt
from tests.support.newsroom import context_of, newsroom, no_lease_held, nothing_held
from tests.support.pictures import picture, plain_picture

STATES = ["presigned", "stored", "confirmed", "attached"]
FAILING = [
    "person_tags.list",
    "person_tags.create",
    "thumbnails.presign",
    "storage.put",
    "thumbnails.complete",
    "persons.create",
    "persons.add_tags",
    "persons.get",
]


async def test_a_person_with_pictures_and_tags(tmp_path: Path) -> None:
    paths = [tmp_path / f"hong.{kind}" for kind in ("jpg", "png", "webp")]
    for path in paths:
        path.write_bytes(picture(path.suffix[1:]))
    uploads: list[Upload] = []
    async with newsroom() as news:
        person = await news.workspace.enroll_person(
            "홍/길동",
            paths,
            description="a fictional character",
            tags=["Anchor", "Guest", "Anchor"],
            progress=uploads.append,
        )
        assert person.name == "홍/길동"
        assert person.description == "a fictional character"
        assert [tag.name for tag in person.tags] == ["Anchor", "Guest"]
        assert [t.is_primary_thumbnail for t in person.thumbnails] == [True, False, False]
        assert "hong" in person.thumbnails[0].url
        assert Counter(upload.state.value for upload in uploads) == dict.fromkeys(STATES, 3)
        assert {upload.person_id for upload in uploads if upload.state is State.ATTACHED} == {person.id}


async def test_existing_tags_are_used() -> None:
    async with newsroom() as news:
        tag = await news.workspace.person_tags.create("Anchor")
        await news.workspace.person_tags.create("Anchorman")  # the filter also finds names that contain it
        person = await news.workspace.enroll_person("a", [picture()], tags=["Anchor"])
        assert [each.id for each in person.tags] == [tag.id]


async def test_more_than_a_hundred_pictures() -> None:
    async with newsroom(Settings(latency=Latency.none()), speed=600.0) as news:
        content = picture()
        person = await news.workspace.enroll_person("many", [content + number.to_bytes(2) for number in range(203)])
        assert len(person.thumbnails) == 203
        assert sum(t.is_primary_thumbnail for t in person.thumbnails) == 1


@pytest.mark.parametrize("fault", sampled(Fault, 4))
@pytest.mark.parametrize("place", FAILING)
async def test_one_fault_anywhere_neither_loses_nor_doubles(place: str, fault: Fault) -> None:
    async with newsroom() as news:
        news.server.faults.next(place, fault)
        person = await news.workspace.enroll_person("Gildong Hong", [picture(), picture(seed=1)], tags=["Anchor"])
        assert [each.id for each in news.server.state.persons()] == [person.id]
        assert len(person.thumbnails) == len(news.thumbnails()) == 2
        assert len(person.tags) == 1
        assert news.none_doubled()


@pytest.mark.parametrize("name", ["x", "a;b|c`d"])  # names that the list cannot be filtered by
async def test_an_ambiguous_create_is_found_by_any_name(name: str) -> None:
    async with newsroom() as news:
        news.server.faults.next("persons.create", Fault.DROP_AFTER)
        person = await news.workspace.enroll_person(name, [picture()])
        assert [each.id for each in news.server.state.persons()] == [person.id]


async def test_a_namesake_is_a_conflict_and_stays_as_it_was() -> None:
    async with newsroom() as news:
        first = await news.workspace.enroll_person("Gildong Hong", [picture()])
        with pytest.raises(ConflictError) as caught:
            await news.workspace.enroll_person("Gildong Hong", [picture(seed=1)], tags=["Anchor"])
        assert not caught.value.possibly_created
        assert caught.value.created == {}

        async def enroll_as_somebody_comes_first() -> None:
            def come_first(upload: Upload) -> None:
                if upload.state is State.CONFIRMED:
                    news.server.state.workspaces["newsroom"].names["Late"] = first.id

            await news.workspace.enroll_person("Late", [picture(seed=1)], tags=["Anchor"], progress=come_first)

        with pytest.raises(ConflictError) as caught:
            await enroll_as_somebody_comes_first()
        assert not caught.value.possibly_created
        assert len(caught.value.created["thumbnail_keys"]) == 1
        assert set(caught.value.created["tag_ids"]) == {"Anchor"}
        news.server.faults.next("persons.create", Fault.ERROR_BEFORE)  # now the 409 comes on a second attempt
        with pytest.raises(ConflictError) as caught:
            await enroll_as_somebody_comes_first()
        assert caught.value.possibly_created
        now = await news.workspace.persons.get(first.id)
        assert [t.id for t in now.thumbnails] == [t.id for t in first.thumbnails]


async def test_a_create_that_surely_failed_says_what_exists() -> None:
    async with newsroom(retry=RetryPolicy(max_attempts=1)) as news:
        news.server.faults.next("persons.create", Fault.ERROR_BEFORE)
        with pytest.raises(ServerError) as caught:
            await news.workspace.enroll_person("Gildong Hong", [picture()], tags=["Anchor"])
        assert set(caught.value.created) == {"thumbnail_keys", "tag_ids"}
        assert not list(news.server.state.persons())


async def test_a_failure_after_the_create_names_the_person() -> None:
    async with newsroom(retry=RetryPolicy(max_attempts=1)) as news:
        news.server.faults.next("persons.add_tags", Fault.ERROR_BEFORE)
        with pytest.raises(ServerError) as caught:
            await news.workspace.enroll_person("Gildong Hong", [picture()], tags=["Anchor"])
        assert [caught.value.created["person_id"]] == [each.id for each in news.server.state.persons()]


async def test_a_cancellation_tells_what_exists() -> None:
    stored: list[Upload] = []
    everything = asyncio.Event()

    def tell(upload: Upload) -> None:
        if upload.state is State.STORED:
            stored.append(upload)
            if len(stored) == 2:
                everything.set()

    async with newsroom(Settings(latency=Latency.constant(1e4))) as news:
        pictures = [picture(), picture(seed=1)]
        work = asyncio.ensure_future(news.workspace.enroll_person("a", pictures, tags=["Anchor"], progress=tell))
        await everything.wait()
        work.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await work
        created = vars(caught.value)["created"]
        assert set(created["tag_ids"]) == {"Anchor"}
        assert set(created["thumbnail_keys"]) == set(news.server.state.uploads)


async def test_a_failing_tag_names_the_tags_before_it() -> None:
    async with newsroom(retry=RetryPolicy(max_attempts=1)) as news:
        await news.workspace.person_tags.create("first")
        news.server.faults.next("person_tags.create", Fault.ERROR_BEFORE)
        with pytest.raises(ServerError) as caught:
            await news.workspace.enroll_person("Gildong Hong", [picture()], tags=["first", "second"])
        assert set(caught.value.created["tag_ids"]) == {"first"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"name": ""}, "name needs 1 to 50"),
        ({"name": "  "}, "not blank; it is blank"),
        ({"name": "x" * 51}, "has 51"),
        ({"description": ""}, "description needs 1 to 700"),
        ({"tags": ["x" * 31]}, "tag needs 1 to 30"),
        ({"tags": "Anchor"}, "tags must be a list of texts"),
        ({"sources": []}, "at least one image"),
        ({"sources": "hong.jpg"}, "sources must be a list of images"),
        ({"sources": b"\xff\xd8\xff"}, "sources must be a list of images"),
        ({"sources": 5}, "sources must be a list of images"),
        ({"sources": [5]}, "not int"),
    ],
)
async def test_bad_input_is_refused_before_any_request(arguments: dict[str, Any], said: str) -> None:
    async with newsroom() as news:
        given = {"name": "Gildong Hong", "sources": [picture()]} | arguments
        with pytest.raises(InvalidArgumentError, match=said):
            await news.workspace.enroll_person(given.pop("name"), given.pop("sources"), **given)
        assert not news.server.log.arrivals


async def test_one_bad_picture_among_good_ones_is_refused_before_any_request(tmp_path: Path) -> None:
    async with newsroom() as news:
        with pytest.raises(ImageRejectedError, match=r"missing\.jpg"):
            await news.workspace.enroll_person("a", [picture(), tmp_path / "missing.jpg", picture()])
        assert not news.server.log.arrivals


async def test_a_decomposed_name_is_sent_composed() -> None:
    async with newsroom() as news:
        decomposed = unicodedata.normalize("NFD", "홍길동")
        person = await news.workspace.enroll_person(decomposed, [picture()], tags=[decomposed])
        assert person.name == person.tags[0].name == "홍길동"


@pytest.mark.parametrize("count", [120, pytest.param(500, marks=pytest.mark.soak)])
async def test_many_with_a_fifth_of_all_requests_going_wrong(count: int) -> None:
    """Each person exactly once, each thumbnail exactly once."""
    settings = Settings(random_faults=Faults.uniform(0.2), slow_body=0.5, keep_bytes=False, seed=7)
    async with newsroom(settings, retry=RetryPolicy(max_attempts=12)) as news:
        gate = asyncio.Semaphore(40)
        pictures = [picture(), picture("png", seed=1)]

        async def enroll(number: int) -> int:
            async with gate:
                return (await news.workspace.enroll_person(f"Person {number}", pictures, tags=["Anchor"])).id

        ids = await asyncio.gather(*map(enroll, range(count)))
        persons = list(news.server.state.persons())
        assert sorted(ids) == sorted(person.id for person in persons)
        assert {person.name for person in persons} == {f"Person {number}" for number in range(count)}
        assert {len(person.thumbnails) for person in persons} == {2}
        assert {len(person.tag_ids) for person in persons} == {1}
        assert len(news.thumbnails()) == 2 * count
        assert news.none_doubled()
        assert set(news.server.faults.injected) == set(Fault)


@pytest.mark.parametrize("late", [False, True])
async def test_cancelled_at_every_await_it_leaves_no_task_and_no_lease(late: bool) -> None:
    async with newsroom(Settings(latency=Latency.none())) as news:
        content = [picture(), picture(seed=1)]
        suspension, ended = 0, False
        while not ended:
            suspension += 1
            before = asyncio.all_tasks()
            work = CancelAt(news.workspace.enroll_person(f"Person {suspension}", content), suspension, late)

            async def enroll(work: CancelAt = work) -> None:
                await work

            try:
                await asyncio.ensure_future(enroll())
                ended = True
            except asyncio.CancelledError:
                pass
            assert {task.get_name() for task in asyncio.all_tasks() - before if "each" in repr(task)} == set()
        assert no_lease_held(news.session)
        assert nothing_held(news.session)
        assert news.none_doubled()


async def test_closing_the_session_ends_a_workflow_with_one_clear_error() -> None:
    async with newsroom(Settings(latency=Latency.constant(1e4))) as news:
        stored = asyncio.Event()
        work = asyncio.ensure_future(
            news.workspace.enroll_person("a", [picture(), picture()], progress=lambda _: stored.set())
        )
        await stored.wait()
        await news.session.aclose(grace=0.0)
        with pytest.raises(SessionError):
            await work


async def test_the_first_failure_is_raised_alone_and_cancels_the_rest() -> None:
    ended: list[str] = []

    async def work(name: str) -> str:
        try:
            await asyncio.sleep(0 if name == "bad" else 60)
        finally:
            ended.append(name)
        message = "no"
        raise MIError(message)

    with pytest.raises(MIError, match="no"):
        await each(work, ["good", "bad", "good"], 3)
    assert sorted(ended) == ["bad", "good", "good"]


async def test_nothing_to_do_is_done() -> None:
    async def never(_: int) -> int:
        raise AssertionError

    assert await each(never, [], 1) == []


async def test_a_progress_callback_that_fails_ends_the_workflow_with_its_own_error() -> None:
    def fail(_: Upload) -> None:
        message = "display is gone"
        raise RuntimeError(message)

    async with newsroom() as news:
        with pytest.raises(RuntimeError, match="display is gone"):
            await news.workspace.enroll_person("a", [picture()], progress=fail)


def test_the_workspace_asks_nothing_and_shows_its_name() -> None:
    assert issubclass(mi_async.Workspace, mi_async.api.WorkspaceGroups)


PLAIN_IMAGE = plain_picture()


async def test_a_single_image_that_is_refused_is_named() -> None:
    async with newsroom() as news:
        with pytest.raises(
            InvalidRequestError, match=r"^image 1 of 1: persons\.create: Please upload a large, clear"
        ) as caught:
            await news.workspace.enroll_person("Hong", [PLAIN_IMAGE])
        assert (caught.value.code, caught.value.images) == ("10069", ("image 1 of 1",))
        assert pickle.loads(pickle.dumps(caught.value)).images == ("image 1 of 1",)  # noqa: S301  our own


async def test_a_source_without_a_name_is_called_by_its_position() -> None:
    async with newsroom() as news:
        for source in (b"no image", BytesIO(b"no image")):
            with pytest.raises(ImageRejectedError) as caught:
                await news.workspace.enroll_person("Hong", [picture("jpg"), source])
            said = 'image 2 of 2: not a jpg, png or webp image: it starts with "no image"'
            assert (str(caught.value), caught.value.source) == (said, "image 2 of 2")
        sources: list[Source] = [picture("jpg"), PLAIN_IMAGE, BytesIO(PLAIN_IMAGE + b"\0")]
        with pytest.raises(InvalidRequestError) as refused:
            await news.workspace.enroll_person("Hong", sources, one_by_one=True)
        assert refused.value.images == ("image 2 of 3", "image 3 of 3")


async def test_one_of_several_is_named_on_demand(tmp_path: Path) -> None:
    names = ["a.jpg", "plain.png", "b.jpg", "dull.png"]
    for name in names:
        plain = PLAIN_IMAGE + name.encode()
        content = plain if name.endswith("png") else picture("jpg", 300, 300, seed=ord(name[0]))
        (tmp_path / name).write_bytes(content)
    sources = [tmp_path / name for name in names]
    async with newsroom() as news:
        with pytest.raises(InvalidRequestError) as together:
            await news.workspace.enroll_person("Hong", sources)
        assert str(together.value).endswith("; it may be about one or several of 4 images; one_by_one=True says which")
        assert together.value.images == ()
        assert not list(news.server.state.persons())

        attached: list[str] = []

        def note(upload: Upload) -> None:
            if upload.state is State.ATTACHED:
                attached.append(Path(upload.image.name).name)

        with pytest.raises(InvalidRequestError) as caught:
            await news.workspace.enroll_person("Hong", sources, tags=["Anchor"], one_by_one=True, progress=note)
        assert [Path(name).name for name in caught.value.images] == ["plain.png", "dull.png"]
        assert str(caught.value).startswith(f"{sources[1]}, {sources[3]}: persons.set_thumbnails: Please upload")
        (person,) = news.server.state.persons()
        assert (person.name, len(person.thumbnails), len(person.tag_ids)) == ("Hong", 2, 1)
        assert caught.value.created["person_id"] == person.id
        assert len(caught.value.created["thumbnail_keys"]) == 4
        assert attached == ["a.jpg", "b.jpg"]


async def test_one_by_one_the_first_is_the_primary_one_and_other_failures_end_it() -> None:
    images = [picture("jpg", seed=seed) for seed in range(3)]
    async with newsroom(retry=RetryPolicy(max_attempts=1)) as news:
        person = await news.workspace.enroll_person("Hong", images, one_by_one=True)
        assert [thumbnail.is_primary_thumbnail for thumbnail in person.thumbnails] == [True, False, False]
        assert news.server.log.count("persons.set_thumbnails") == 2
        with pytest.raises(InvalidRequestError) as first:
            await news.workspace.enroll_person("Kim", [PLAIN_IMAGE, images[0]], one_by_one=True)
        assert first.value.images == ("image 1 of 2",)
        news.server.faults.next("persons.set_thumbnails", Rejection(10068))
        with pytest.raises(CapacityError) as full:
            await news.workspace.enroll_person("Lee", images, one_by_one=True)
        assert full.value.created["person_id"] == list(news.server.state.persons())[-1].id


@pytest.mark.parametrize("code", ["10072", "10073", "10074"])
async def test_every_code_about_an_image_names_it(code: str) -> None:
    async with newsroom() as news:
        news.server.faults.next("persons.set_thumbnails", Rejection(int(code)))
        with pytest.raises(InvalidRequestError) as caught:
            await news.workspace.enroll_person("Hong", [picture("jpg"), picture("png")], one_by_one=True)
        assert (caught.value.code, len(caught.value.images)) == (code, 1)


async def test_a_refusal_of_what_follows_the_first_hundred_is_about_them() -> None:
    async with newsroom(Settings(latency=Latency.none())) as news:
        content = picture("jpg", 256, 256)
        images = [*(content + bytes([number]) for number in range(100)), PLAIN_IMAGE]
        with pytest.raises(InvalidRequestError, match=r"^image 101 of 101: persons\.set_thumbnails") as caught:
            await news.workspace.enroll_person("Hong", images)
        assert caught.value.images == ("image 101 of 101",)


def test_many_names_are_cut() -> None:
    error = InvalidRequestError(400, "10069", "No face.")
    error.name_images(["a", "b", "c", "d", "e"])
    assert str(error) == "a, b, c and 2 more: No face. (HTTP 400, code 10069)"
    assert len(error.images) == 5


async def test_a_name_that_looks_the_same_is_found_and_an_exact_one_comes_first() -> None:
    async with newsroom() as news:
        workspace = news.workspace
        spaced = (await workspace.enroll_person("Hong", [picture()])).id
        await workspace.persons.update(spaced, name="Hong ")
        tag = await workspace.person_tags.create("Anchor\u200b")
        found = await find_person(context_of(workspace), "Hong")
        assert found is not None
        assert (found.id, found.name) == (spaced, "Hong ")
        with pytest.raises(ConflictError, match=f"in use by person {spaced}"):
            await workspace.enroll_person("Hong", [picture("png")])
        other = await workspace.enroll_person("Lee", [picture("png")], tags=["Anchor"])
        assert [each.id for each in other.tags] == [tag.id]
        exact = await workspace.persons.create("Hong", thumbnails=[])
        again = await workspace.person_tags.create("Anchor")
        found = await find_person(context_of(workspace), "Hong")
        assert (found and found.id) == exact.id
        third = await workspace.enroll_person("Kim", [picture("webp")], tags=["Anchor"])
        assert [each.id for each in third.tags] == [again.id]


async def test_a_description_that_is_not_unicode_is_refused_before_any_request() -> None:
    async with newsroom() as news:
        with pytest.raises(InvalidArgumentError, match="description is not Unicode text"):
            await news.workspace.enroll_person("Hong", [picture()], description="\udce9")
        assert not news.server.log.arrivals
