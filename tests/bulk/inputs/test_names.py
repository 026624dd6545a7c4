"""A name is one name by every way in: enroll_person, enroll_many, a table and a directory."""

import csv
from pathlib import Path

import pytest

from mi_async import InvalidArgumentError, Workspace
from mi_async.bulk.engine.outcome import Status
from mi_async.bulk.inputs.models import PersonInput
from mi_async.bulk.inputs.readers import read_people
from tests.support.newsroom import newsroom
from tests.support.pictures import picture

TAG = "\u200b앵커\u00a0"
NAMES = {
    "\ufeff홍길동\u3000": "홍길동",
    "홍\u00ad길\u200b동 2": "홍길동 2",
    "\u1112\u1169\u11bc 3": "홍 3",
    "홍\u3164길동": "홍 길동",
    "a/b": "a/b",
    "a\tb": "name has the control character U+0009 at character 2",
    "a\u0085b": "name has the control character U+0085 at character 2",
    "홍\ufffd": "name has lost letters (U+FFFD), which only its source can give back",
    "\ud800": "name is not Unicode text",
    "x" * 51: "name needs 1 to 50 characters, not blank; it has 51",
}


async def alone(workspace: Workspace, name: str, image: Path) -> str:
    try:
        return (await workspace.enroll_person(name, [image], tags=[TAG])).name or ""
    except InvalidArgumentError as error:
        return str(error)


async def test_one_name_by_every_way_in(tmp_path: Path) -> None:
    image = tmp_path / "a.jpg"
    image.write_bytes(picture("jpg"))
    async with newsroom() as news:
        by_one = {name: await alone(news.workspace, name, image) for name in NAMES}
    assert by_one == NAMES
    table = tmp_path / "people.csv"
    with table.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [("name", "thumbnail", "tags"), *((n, "a.jpg", TAG) for n in NAMES if n != "\ud800")]
        )
    for items in ([PersonInput(name, [image], tags=[TAG]) for name in NAMES], read_people(table)):
        async with newsroom() as news:
            run = news.workspace.enroll_many(items, journal=tmp_path / f"j{news.server.url[-5:]}")
            found = [(one.key, one.status, [p.message for p in one.problems]) async for one in run]
            names = {person.name for person in news.server.state.persons()}
            tags = {tag.name async for tag in news.workspace.person_tags.all()}
        said = {message for _, _, messages in found for message in messages}
        assert names == {"홍길동", "홍길동 2", "홍 3", "홍 길동", "a/b"}
        refused = set(NAMES.values()) - names
        assert said == (refused if isinstance(items, list) else refused - {"name is not Unicode text"})
        assert tags == {"앵커"}
        assert sum(status is Status.DONE for _, status, _ in found) == 5


async def test_names_that_become_one_are_duplicates(tmp_path: Path) -> None:
    image = tmp_path / "a.jpg"
    image.write_bytes(picture("jpg"))
    people = [
        PersonInput(name, [image], origin=str(n)) for n, name in enumerate(["홍길동", "\u200b홍길동", "홍\u2060길동 "])
    ]
    async with newsroom() as news:
        report = await news.workspace.enroll_many(people, journal=tmp_path / "j")
        assert report.counts == {Status.DONE: 1, Status.REJECTED: 2}
        assert {one.problems[0].code for one in report.problems} == {"DUPLICATE"}
        assert len(list(news.server.state.persons())) == 1


@pytest.mark.parametrize("what", ["name", "tag"])
def test_tags_and_names_are_checked_alike(what: str) -> None:
    person = PersonInput("a\x07" if what == "name" else "a", ["a.jpg"], tags=["b\x07"] if what == "tag" else [])
    assert person.fault() == f"{what} has the control character U+0007 at character 2"
    assert person.fault(validate=False) == person.fault()
    assert PersonInput("a", ["a.jpg"], "two\nlines").fault() is None
    assert PersonInput("a", ["a.jpg"], "\ud800").fault() == "description is not Unicode text"
