"""Persons in a backup: all of them, with their images, and only what is new the next time."""

import json
from pathlib import Path
from typing import Any

import pytest

from mi_async.api.persons import NameType, Person, Persons
from mi_async.backup import open_backup
from mi_async.emulator import Settings, example_image
from mi_async.emulator.bodies import BODIES
from mi_async.emulator.bodies.persons import EmulatedPersons
from mi_async.errors import InvalidArgumentError
from mi_async.models import Page
from tests.support.backups import add_image, add_people, add_person, downloads, files, sha256sum
from tests.support.newsroom import Newsroom, newsroom

pytestmark = pytest.mark.usefixtures("leaves_nothing")


def rows(folder: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / name).read_text(encoding="utf-8").splitlines()]


async def test_a_backup_has_all_persons_with_their_images(news: Newsroom, tmp_path: Path) -> None:
    tag = await news.workspace.person_tags.create("앵커")
    hong = add_person(news.server, "홍길동", example_image(1), example_image(2), tags=(tag.id,), description="Anchor")
    twin = add_person(news.server, "Twin", example_image(1))
    nobody = add_person(news.server, None, example_image(3))
    report = await news.workspace.back_up(tmp_path / "faces")
    backup = open_backup(tmp_path / "faces")
    persons = list(backup.persons())
    assert [person.id for person in persons] == [hong.id, twin.id, nobody.id]
    assert (persons[0].name, persons[0].description, persons[0].tags) == ("홍길동", "Anchor", ("앵커",))
    assert (persons[2].name, [each.primary for each in persons[0].thumbnails]) == (None, [True, False])
    kept = [backup.read_image(each) for person in persons for each in person.thumbnails]
    assert kept == [example_image(number) for number in (1, 2, 1, 3)]
    assert persons[0].thumbnails[0].file == persons[1].thumbnails[0].file  # equal content is stored once
    assert (report.complete, report.persons.new, report.downloaded) == (True, 3, 4)
    assert dict(report.info.counts) == dict(backup.info.counts)
    assert (backup.info.counts["images"], backup.info.counts["thumbnails"]) == (3, 4)
    assert [found.name for found in backup.tags()] == ["앵커"]
    assert sha256sum(tmp_path / "faces").returncode == 0


async def test_no_presigned_url_is_in_it_and_only_its_owner_reads_it(news: Newsroom, tmp_path: Path) -> None:
    add_people(news.server, 3)
    folder = tmp_path / "faces"
    folder.mkdir(mode=0o755)
    await news.workspace.back_up(folder)
    assert not [name for name, content in files(folder).items() if b"Signature" in content]
    assert b"?" not in (folder / "persons.jsonl").read_bytes()
    modes = {path.stat().st_mode & 0o077 for path in [folder, *folder.rglob("*")]}
    assert modes == {0}


async def test_the_next_backup_downloads_only_what_is_new(news: Newsroom, tmp_path: Path) -> None:
    first, second, third = add_people(news.server, 3)
    await news.workspace.back_up(tmp_path)
    before = downloads(news.server)
    first.thumbnails[news.server.state.new_id()] = add_image(news.server, example_image(99))
    del news.server.state.workspaces["newsroom"].persons[third.id]
    fourth = add_person(news.server, "New", example_image(100))
    report = await news.workspace.back_up(tmp_path)
    assert downloads(news.server) == before + 2
    counts = (report.persons.new, report.persons.changed, report.persons.unchanged, report.persons.gone)
    assert (counts, report.downloaded, report.known) == ((1, 1, 1, 1), 2, 2)
    assert [row["id"] for row in rows(tmp_path, "persons.jsonl")] == [first.id, second.id, fourth.id]
    assert [row["id"] for row in rows(tmp_path / "previous", "persons.jsonl")] == [first.id, second.id, third.id]
    assert sha256sum(tmp_path).returncode == 0


async def test_an_image_that_the_disk_has_lost_is_downloaded_again(news: Newsroom, tmp_path: Path) -> None:
    add_people(news.server, 2)
    await news.workspace.back_up(tmp_path)
    cut, changed = (path for path in sorted(tmp_path.rglob("*.png")))
    cut.write_bytes(b"")
    changed.write_bytes(bytes(changed.stat().st_size))
    assert (await news.workspace.back_up(tmp_path)).downloaded == 1
    assert sha256sum(tmp_path).returncode == 1  # the other has its size
    assert (await news.workspace.back_up(tmp_path, verify=True)).downloaded == 1
    assert sha256sum(tmp_path).returncode == 0


async def test_a_lost_or_damaged_catalog_is_made_anew(news: Newsroom, tmp_path: Path) -> None:
    add_people(news.server, 2)
    await news.workspace.back_up(tmp_path)
    catalog = tmp_path / ".catalog.sqlite3"
    catalog.unlink()
    assert (await news.workspace.back_up(tmp_path)).downloaded == 0
    catalog.write_bytes(b"no database" * 1000)
    assert (await news.workspace.back_up(tmp_path)).downloaded == 0


async def test_chosen_persons_are_added_and_all_others_kept(news: Newsroom, tmp_path: Path) -> None:
    first, second, third = add_people(news.server, 3)
    report = await news.workspace.back_up(tmp_path, persons=[second.id, first.id])
    assert (report.persons.new, open_backup(tmp_path).info.scope) == (2, "persons")
    del news.server.state.workspaces["newsroom"].persons[first.id]  # merged by a run that was killed
    again = await news.workspace.back_up(tmp_path, persons=[first.id, third.id, 10**9])
    assert [person.id for person in open_backup(tmp_path).persons()] == [first.id, second.id, third.id]
    assert [(problem.id, problem.reason) for problem in open_backup(tmp_path).problems()] == [(10**9, "gone")]
    assert (again.complete, again.persons.new, again.persons.unchanged) == (False, 1, 2)
    assert sha256sum(tmp_path).returncode == 0


async def test_persons_that_vanish_and_images_that_are_none_are_told_of(news: Newsroom, tmp_path: Path) -> None:
    gone, plain, whole = add_people(news.server, 3)
    state = news.server.state
    state.uploads[next(iter(plain.thumbnails.values()))].content = b"<html>"
    state.uploads[next(iter(gone.thumbnails.values()))].content = None
    report = await news.workspace.back_up(tmp_path)
    backup = open_backup(tmp_path)
    found = [(problem.person_id, problem.reason) for problem in backup.problems()]
    assert sorted(found) == [(gone.id, "gone"), (plain.id, "no_image")]
    assert (report.problems, backup.info.complete, backup.info.counts["persons"]) == (2, False, 3)
    assert [bool(person.thumbnails[0].file) for person in backup.persons()] == [False, False, True]
    assert "2 problems, see problems.jsonl" in str(report)
    assert whole.id


async def test_a_url_that_has_expired_is_asked_for_anew(news: Newsroom, tmp_path: Path) -> None:
    add_people(news.server, 2, images=3)
    state = news.server.state
    state.settings = Settings(url_lifetime=0)
    lost = await news.workspace.back_up(tmp_path)
    assert (lost.downloaded, lost.problems) == (0, 6)
    assert news.server.log.count("persons.get") == 2  # one question for a person


@pytest.mark.parametrize(("code", "reason"), [("300", "refused"), ("10001", "gone")])
async def test_an_expired_url_of_a_person_who_cannot_be_asked_for(
    news: Newsroom, tmp_path: Path, code: str, reason: str
) -> None:
    add_people(news.server, 1)
    news.server.state.settings = Settings(url_lifetime=0)
    news.server.faults.next("persons.get", code)
    await news.workspace.back_up(tmp_path)
    assert [problem.reason for problem in open_backup(tmp_path).problems()] == [reason]


@pytest.mark.parametrize("name", ["홍길동.txt", "persons.csv"])
async def test_a_folder_that_holds_something_else_is_left_as_it_is(news: Newsroom, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(InvalidArgumentError, match="is not a backup, it holds"):
        await news.workspace.back_up(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]


async def test_a_backup_of_another_workspace_is_refused(news: Newsroom, tmp_path: Path) -> None:
    await news.workspace.back_up(tmp_path)
    with pytest.raises(InvalidArgumentError, match="is a backup of workspace newsroom, not of sports"):
        await news.session.workspace("sports").back_up(tmp_path)
    info = json.loads((tmp_path / "backup.json").read_text())
    (tmp_path / "backup.json").write_text(json.dumps(info | {"service": "https://elsewhere.example"}))
    with pytest.raises(InvalidArgumentError, match="is a backup of the service at https://elsewhere"):
        await news.workspace.back_up(tmp_path)


async def test_a_file_and_a_text_for_ids_are_refused(news: Newsroom, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InvalidArgumentError, match="is a file; name a folder"):
        await news.workspace.back_up(tmp_path / "file")
    with pytest.raises(InvalidArgumentError, match="persons must be a list of IDs"):
        await news.workspace.back_up(tmp_path / "new", persons="12")  # type: ignore[arg-type]
    assert not (tmp_path / "new").exists()


class NamedAlone(EmulatedPersons):
    """A service whose search finds only persons with a name unless it is asked for others."""

    async def search(self, *, name_type: NameType | None = None, **asked: Any) -> Page[Person]:
        return await super().search(name_type=name_type or NameType.NAMED, **asked)


async def test_persons_whom_a_search_does_not_find_are_taken_from_the_list(tmp_path: Path) -> None:
    async with newsroom(bodies={**BODIES, Persons: NamedAlone}) as news:
        people = add_people(news.server, 5, unnamed=2)
        report = await news.workspace.back_up(tmp_path)
    assert [person.id for person in open_backup(tmp_path).persons()] == [person.id for person in people]
    assert (report.downloaded, report.persons.new) == (5, 5)
