"""Look-ups of persons for a rebuild: the way is decided by counts, and a listing proves only what is there."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from attrs import evolve

from mi_async import PersonInput, ThumbnailUpload
from mi_async.api.persons import Person, Persons
from mi_async.bulk.rebuild.decisions import LookupPath, choose_path
from mi_async.emulator.bodies import BODIES
from mi_async.emulator.bodies.persons import EmulatedPersons
from mi_async.emulator.workspace import EmulatedPerson
from mi_async.models import Page
from tests.support.bulk import face, faces, files, name, requests
from tests.support.newsroom import Newsroom, newsroom

EACH, NAMED, EVERYBODY = LookupPath.EACH, LookupPath.NAMED, LookupPath.EVERYBODY


@pytest.mark.parametrize(
    ("rows", "everybody", "named", "expected"),
    [
        (100_000, 50_000, 50_000, EVERYBODY),  # 50 requests, 1,000 or 100,000
        (100_000, 1_000_000, 20_000, NAMED),  # 1,000, 400 or 100,000
        (10, 1_000_000, 900_000, EACH),
        (10, 1_000_000, None, EACH),
        (10, 5_000, None, EVERYBODY),
        (None, 1_000_000, 900_000, EVERYBODY),
        (None, 1_000_000, 100, NAMED),
        (1, 0, 0, EVERYBODY),
        (1, 1_000, 50, EVERYBODY),  # of equals the one that tells who was renamed
    ],
)
def test_the_way_of_the_fewest_requests_is_taken(
    rows: int | None, everybody: int, named: int | None, expected: LookupPath
) -> None:
    assert choose_path(rows, everybody, named) is expected


def crowd(news: Newsroom, count: int) -> None:
    """Add persons with a name and no image."""
    state = news.server.state
    room = state.workspaces["newsroom"]
    for number in range(count):
        person = EmulatedPerson(state.new_id(), f"Somebody {number}", None)
        room.persons[person.id] = person
        room.names[person.name or ""] = person.id


@pytest.mark.slow
async def test_few_persons_of_many_are_asked_for_one_by_one_until_a_name_is_no_filter(tmp_path: Path) -> None:
    *paths, other = files(tmp_path / "faces", faces(4))
    people = [PersonInput(name(number), [path]) for number, path in enumerate(paths[:2])]
    async with newsroom() as news:
        await news.workspace.enroll_many(people, journal=tmp_path / "lost")
        short = await news.workspace.enroll_person("x", paths[2:])
        crowd(news, 3_100)
        before = requests(news)
        rebuilt = await news.workspace.rebuild_journal(people, journal=tmp_path / "each")
        assert (rebuilt.counts, rebuilt.lookup) == ({"complete": 2}, "each")
        assert requests(news) - before == 4  # two counts and two searches
        more = [PersonInput("x", paths[2:]), PersonInput("y", [other]), PersonInput("z", [other]), *people]
        before = news.server.log.count("persons.list")
        rebuilt = await news.workspace.rebuild_journal(more, journal=tmp_path / "short")
        assert (rebuilt.counts, rebuilt.lookup) == ({"complete": 3, "absent": 2}, "everybody")
        assert news.server.log.count("persons.list") - before == 5  # a count, and one listing for all three
        items = [ThumbnailUpload(short.id, path) for path in [*paths[2:], *paths[2:]]]
        before = requests(news)
        rebuilt = await news.workspace.rebuild_journal(items, journal=tmp_path / "i", operation="upload_thumbnails")
        assert (rebuilt.counts, rebuilt.lookup) == ({"complete": 2}, "each")
        assert requests(news) - before == 2  # a count, and one look at the person


class Reticent(EmulatedPersons):
    """A service whose listings leave the thumbnails out."""

    async def list(
        self,
        *,
        page_num: int = 1,
        page_size: int | None = None,
        name: str | None = None,
        tag_ids: Sequence[int] | None = None,
    ) -> Page[Person]:
        page = await super().list(page_num=page_num, page_size=page_size, name=name, tag_ids=tag_ids)
        return evolve(page, content=tuple(evolve(person, thumbnails=()) for person in page.content))


async def test_a_listing_without_thumbnails_is_no_proof_that_there_are_none(tmp_path: Path) -> None:
    people = [PersonInput(name(number), [face(number)]) for number in range(3)]
    async with newsroom(bodies={**BODIES, Persons: Reticent}) as news:
        await news.workspace.enroll_many(people, journal=tmp_path / "lost")
        before = news.server.log.count("persons.get")
        rebuilt = await news.workspace.rebuild_journal(people, journal=tmp_path / "j")
        assert (rebuilt.counts, rebuilt.lookup) == ({"complete": 3}, "everybody")
        assert news.server.log.count("persons.get") - before == 3
