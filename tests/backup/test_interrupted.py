"""Backups that are interrupted, that meet each other, and that meet a storage or a disk that does not work."""

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from mi_async import BackupProgress
from mi_async.api.persons import Person, Persons
from mi_async.backup import open_backup
from mi_async.emulator import Fault, Settings, example_image
from mi_async.emulator.bodies import BODIES
from mi_async.emulator.bodies.persons import EmulatedPersons
from mi_async.errors import InvalidArgumentError, MIError, ResourceError
from tests.support.backups import add_image, add_people, downloads, files, sha256sum
from tests.support.newsroom import Newsroom, newsroom

pytestmark = pytest.mark.usefixtures("leaves_nothing")


async def test_a_cancelled_backup_resumes_and_shows_the_state_before(news: Newsroom, tmp_path: Path) -> None:
    people = add_people(news.server, 60, images=1)
    await news.workspace.back_up(tmp_path, persons=[people[0].id])
    before = files(tmp_path)
    begun = downloads(news.server)

    def stop(progress: BackupProgress) -> None:
        if progress.downloaded == 40:
            task.cancel()

    task = asyncio.create_task(news.workspace.back_up(tmp_path, progress=stop))
    with pytest.raises(asyncio.CancelledError):
        await task
    lists = {name: content for name, content in files(tmp_path).items() if not name.startswith("images/")}
    assert lists == {name: content for name, content in before.items() if not name.startswith("images/")}
    assert [person.id for person in open_backup(tmp_path).persons()] == [people[0].id]
    await news.workspace.back_up(tmp_path)
    assert downloads(news.server) - begun <= 60 + 12  # those in flight when it was cancelled are lost
    assert len(list(open_backup(tmp_path).persons())) == 60
    assert sha256sum(tmp_path).returncode == 0


async def test_two_backups_into_one_folder_are_refused(news: Newsroom, tmp_path: Path) -> None:
    add_people(news.server, 3)
    refused: list[MIError] = []

    async def other() -> None:
        try:
            await news.workspace.back_up(tmp_path)
        except InvalidArgumentError as error:
            refused.append(error)

    others: list[asyncio.Task[None]] = []
    await news.workspace.back_up(tmp_path, progress=lambda _: others.append(asyncio.create_task(other())))
    await asyncio.gather(*others)
    assert "another backup is being written into this folder" in str(refused[0])
    assert sha256sum(tmp_path).returncode == 0


async def test_a_state_that_was_complete_and_not_yet_in_place_counts(news: Newsroom, tmp_path: Path) -> None:
    first, second = add_people(news.server, 2)
    await news.workspace.back_up(tmp_path, persons=[first.id])
    old = (tmp_path / "persons.jsonl").read_bytes()
    await news.workspace.back_up(tmp_path, persons=[second.id])
    (tmp_path / ".finished").mkdir()  # as a writer leaves it that was killed among its renames
    (tmp_path / "persons.jsonl").rename(tmp_path / ".finished" / "persons.jsonl")
    (tmp_path / "persons.jsonl").write_bytes(old)
    assert [person.id for person in open_backup(tmp_path).persons()] == [first.id, second.id]
    await news.workspace.back_up(tmp_path)
    assert not (tmp_path / ".finished").exists()
    assert sha256sum(tmp_path).returncode == 0


async def test_a_storage_that_is_busy_is_asked_again(news: Newsroom, tmp_path: Path) -> None:
    add_people(news.server, 5)
    for fault in (Fault.RATE_LIMITED, Fault.UNAVAILABLE, Fault.DROP_BEFORE, Fault.TRUNCATED_BODY):
        news.server.faults.next("storage.get", fault)  # all of them may strike one image, which has five attempts
    report = await news.workspace.back_up(tmp_path)
    assert (report.complete, report.downloaded) == (True, 5)


async def test_a_storage_that_gives_nothing_ends_the_backup(news: Newsroom, tmp_path: Path) -> None:
    add_people(news.server, 9)
    news.server.faults.next("storage.get", Fault.UNAVAILABLE, times=1000)
    with pytest.raises(MIError, match="HTTP 503"):
        await news.workspace.back_up(tmp_path)
    with pytest.raises(InvalidArgumentError, match="its first backup was interrupted; run it again"):
        open_backup(tmp_path)
    news.server.faults.clear()
    assert (await news.workspace.back_up(tmp_path)).downloaded == 9


class GivenAway(EmulatedPersons):
    """A service where each person who is asked for has given the last image away by then."""

    async def get(self, person_id: int) -> Person:
        self._find(person_id).thumbnails.popitem()
        return await super().get(person_id)


async def test_a_person_who_gave_an_image_away_meanwhile_is_told_of(tmp_path: Path) -> None:
    async with newsroom(Settings(url_lifetime=0), bodies={**BODIES, Persons: GivenAway}) as news:
        (person,) = add_people(news.server, 1, images=2)
        first, second = person.thumbnails
        await news.workspace.back_up(tmp_path)
    problems = {problem.id: problem.message for problem in open_backup(tmp_path).problems()}
    assert problems.keys() == {first, second}
    assert f"does not have thumbnail {second} any more" in problems[second]


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process")
async def test_a_full_disk_is_an_error_that_resumes(news: Newsroom, tmp_path: Path) -> None:
    import resource  # noqa: PLC0415  not on Windows

    add_people(news.server, 2)
    number = add_people(news.server, 1)[0]
    large = add_image(news.server, example_image(9) + bytes(3_000_000))
    number.thumbnails = {next(iter(number.thumbnails)): large}
    before, ignored = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, before[1]))
    try:
        with pytest.raises(ResourceError, match="what is there stays, run the backup again to resume"):
            await news.workspace.back_up(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert (await news.workspace.back_up(tmp_path)).complete
    assert sha256sum(tmp_path).returncode == 0
