"""Inputs that can be gone through again, and those that cannot."""

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import cast

import pytest

from mi_async import InvalidArgumentError, PersonInput
from mi_async.bulk import plan_people, read_assets, read_people, read_thumbnails
from mi_async.bulk.inputs.media_files import stored_assets
from mi_async.bulk.inputs.models import AssetInput
from mi_async.bulk.inputs.reading import passes_of
from tests.support.bulk import run_of
from tests.support.newsroom import newsroom
from tests.support.pictures import picture
from tests.support.storage import BUCKET, Bucket
from tests.support.uploading import opened

TABLE = "name,thumbnails\nKim,a.jpg\nLee,b.jpg\n"


def test_a_reading_is_gone_through_again_as_the_file_is_then(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(TABLE)
    people = read_people(path)
    assert plan_people(people).items == 2
    path.write_text(TABLE + "Park,c.jpg\n")
    assert [one.name for one in people if isinstance(one, PersonInput)] == ["Kim", "Lee", "Park"]


def test_the_facts_are_those_of_the_latest_pass(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    (tmp_path / "b.xyz").touch()
    assets = read_assets(tmp_path)
    for _ in range(2):
        assert len(list(assets)) == 1
        assert assets.facts.passed_over == {".xyz": 1}


def test_next_takes_from_one_pass_and_for_goes_on_with_it(tmp_path: Path) -> None:
    for name in ("1.jpg", "2.jpg", "3.jpg"):
        (tmp_path / name).write_bytes(picture())
    uploads = read_thumbnails(tmp_path)
    uploads.close()  # nothing is open
    first = next(uploads)
    assert [first, next(uploads), *uploads] == list(uploads)
    next(uploads)
    uploads.close()
    assert list(uploads) == []


async def test_a_listing_of_a_bucket_too(s3: Bucket) -> None:
    for key in ("in/a.mp4", "in/b.mp4"):
        s3.put(key, b"x")
    async with opened(s3.url) as store:
        listed = stored_assets(store, f"s3://{BUCKET}/in/")
        await listed.aclose()  # nothing is open
        both = [item async for item in listed]
        async with aclosing(listed):
            assert await anext(listed) == both[0]
            assert [item async for item in listed] == both[1:]
        assert [item async for item in listed] == both
        assert isinstance(both[0], AssetInput)


def people_of_a_function() -> Iterator[PersonInput]:
    yield PersonInput("Kim", [picture()])


async def test_a_function_without_arguments_is_an_input(tmp_path: Path) -> None:
    async with newsroom() as news:
        assert (await run_of(news, people_of_a_function, tmp_path / "run.journal")).ended == 1
        assert [person.name for person in news.server.state.persons()] == ["Kim"]


def test_what_can_be_gone_through_several_times(tmp_path: Path) -> None:
    people: list[PersonInput] = [PersonInput("Kim", ["a.jpg"])]
    (tmp_path / "people.csv").write_text(TABLE)
    for given in (people, tuple(people), read_people(tmp_path / "people.csv"), people_of_a_function):
        first, second = [cast("Iterable[object]", passes_of(given)()) for _ in range(2)]
        assert len(list(first)) == len(list(second)) > 0


def test_a_function_that_gives_an_iterator_twice_is_refused_and_does_not_end_the_run_early() -> None:
    once = people_of_a_function()
    begin = passes_of(lambda: once)
    assert len(list(cast("Iterable[object]", begin()))) > 0
    with pytest.raises(InvalidArgumentError, match="gave the same iterator again; let it make a new one"):
        begin()


async def asynchronously() -> AsyncIterator[PersonInput]:
    yield PersonInput("Kim", [picture()])


@pytest.mark.parametrize("given", [people_of_a_function(), iter([]), asynchronously()])
def test_what_is_gone_after_one_pass_is_refused_for_a_shared_run(given: Iterator[PersonInput]) -> None:
    with pytest.raises(InvalidArgumentError, match=r"gone through only once; give a list, read_people\(path\)"):
        passes_of(given)
