"""Projects, assets, indexes and scene summaries in a backup."""

import json
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from attrs import evolve

from mi_async import BackupProgress, NotFoundError, Page
from mi_async.api.assets import Asset, Assets
from mi_async.backup import open_backup
from mi_async.backup.service_members import without_secrets
from mi_async.emulator import example_image
from mi_async.emulator.bodies import BODIES
from mi_async.emulator.bodies.assets import EmulatedAssets
from tests.support.backups import add_person, sha256sum
from tests.support.newsroom import Newsroom, newsroom

pytestmark = pytest.mark.usefixtures("leaves_nothing")


class Keyless(EmulatedAssets):
    """A listing without keys."""

    async def list(self, project_id: int, *, page_num: int = 1, page_size: int | None = None) -> Page[Asset]:
        page = await super().list(project_id, page_num=page_num, page_size=page_size)
        return evolve(page, content=tuple(evolve(asset, key=None) for asset in page.content))


@pytest.fixture
async def keyless() -> AsyncGenerator[Newsroom]:
    async with newsroom(speed=300.0, bodies={**BODIES, Assets: Keyless}) as room:
        yield room


async def ingested(news: Newsroom, *keys: str, project: int | None = None) -> list[int]:
    """Register assets, analyse all but the last and summarise the first; returns their IDs."""
    room = news.workspace
    project = project or (await room.projects.list()).projects[0].project_id
    jobs = [await room.import_asset(project, key=key, bucket_name="footage") for key in keys]
    assets = [(await job).asset_id for job in jobs]
    for asset in assets[:-1]:
        await (await room.analyze(project, asset))
    await (await room.summarize(project, assets[0]))
    return assets


async def test_assets_have_their_keys_indexes_and_summaries(news: Newsroom, tmp_path: Path) -> None:
    sports = await news.workspace.projects.create("스포츠")
    first, second, third = await ingested(news, "news/a.mp4", "뉴스/b.mp4", "c.mp4", project=sports.project_id)
    report = await news.workspace.back_up(tmp_path)
    backup = open_backup(tmp_path)
    assert [project.name for project in backup.projects()][-1] == "스포츠"
    assets = list(backup.assets())
    assert [(each.asset_id, each.key) for each in assets] == [
        (first, "news/a.mp4"),
        (second, "뉴스/b.mp4"),
        (third, "c.mp4"),
    ]
    assert {each.project_id for each in assets} == {sports.project_id}
    assert [(bool(each.index), bool(each.summary)) for each in assets] == [(True, True), (True, False), (False, False)]
    index = json.loads((tmp_path / f"indexes/{first}.json").read_bytes())
    asked = await news.workspace.indexes.get(sports.project_id, first)
    assert (index["indexId"], index["scenes"]) == (asked.index_id, without_secrets(asked.extra["scenes"]))
    assert assets[0].meta_data is not None
    assert (report.complete, report.info.counts["indexes"], report.info.counts["summaries"]) == (True, 2, 1)
    assert sha256sum(tmp_path).returncode == 0


async def test_an_unchanged_index_is_not_written_again(news: Newsroom, tmp_path: Path) -> None:
    first, _ = await ingested(news, "a.mp4", "b.mp4")
    await news.workspace.back_up(tmp_path)
    before = (tmp_path / f"indexes/{first}.json").stat().st_mtime_ns
    report = await news.workspace.back_up(tmp_path)
    assert (tmp_path / f"indexes/{first}.json").stat().st_mtime_ns == before
    assert (report.assets.unchanged, report.assets.new) == (2, 0)


async def test_an_index_that_the_service_fails_to_give_is_a_problem_and_not_the_end(
    news: Newsroom, tmp_path: Path
) -> None:
    assets = await ingested(news, "a.mp4", "b.mp4")
    news.server.faults.next("indexes.get", 500, times=99)
    report = await news.workspace.back_up(tmp_path)
    assert {(each.kind, each.id) for each in open_backup(tmp_path).problems()} == {("index", one) for one in assets}
    assert not report.complete


async def test_what_is_left_out_is_not_asked_for(news: Newsroom, tmp_path: Path) -> None:
    await ingested(news, "a.mp4", "b.mp4")
    before = news.server.log.count("indexes.get")
    await news.workspace.back_up(tmp_path, images=False, indexes=False, summaries=False)
    assert news.server.log.count("indexes.get") == before
    assert (open_backup(tmp_path).info.indexes, open_backup(tmp_path).info.counts["indexes"]) == (False, 0)


async def test_assets_and_projects_that_vanish_meanwhile_are_told_of(news: Newsroom, tmp_path: Path) -> None:
    sports = await news.workspace.projects.create("스포츠")
    first, second = await ingested(news, "a.mp4", "b.mp4")
    state = news.server.state.workspaces["newsroom"]
    base = state.project((await news.workspace.projects.list()).projects[0].project_id)

    def vanish(progress: BackupProgress) -> None:
        if progress.stage == "assets":
            state.projects.pop(sports.project_id, None)
            base.assets.pop(second, None)

    news.server.faults.next("indexes.get", "10010", times=9)
    report = await news.workspace.back_up(tmp_path, progress=vanish)
    problems = {(each.kind, each.id): each.reason for each in open_backup(tmp_path).problems()}
    assert problems[("index", first)] == "gone"
    assert ("project", sports.project_id) in problems
    assert not report.complete


@pytest.mark.parametrize("operation", ["assets.list", "assets.get", "persons.get"])
@pytest.mark.parametrize("code", ["300", "10030"])
async def test_a_404_about_something_else_is_no_object_that_is_gone(
    keyless: Newsroom, tmp_path: Path, operation: str, code: str
) -> None:
    person = add_person(keyless.server, "가", example_image(1))
    await ingested(keyless, "a.mp4", "b.mp4")
    keyless.server.faults.next(operation, code, times=99)
    chosen = [person.id] if operation == "persons.get" else None
    with pytest.raises(NotFoundError):
        await keyless.workspace.back_up(tmp_path, persons=chosen)


async def test_a_404_about_something_else_is_no_asset_without_an_index(news: Newsroom, tmp_path: Path) -> None:
    assets = await ingested(news, "a.mp4", "b.mp4")
    news.server.faults.next("indexes.get", "300", times=99)
    assert not (await news.workspace.back_up(tmp_path)).complete
    found = [(each.kind, each.id, each.reason) for each in open_backup(tmp_path).problems()]
    assert sorted(found) == [("index", one, "refused") for one in assets]


async def test_an_interrupted_backup_takes_over_the_indexes_that_it_has(news: Newsroom, tmp_path: Path) -> None:
    first, second = await ingested(news, "a.mp4", "b.mp4")

    def stop(progress: BackupProgress) -> None:
        if progress.assets == 2:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await news.workspace.back_up(tmp_path, progress=stop)
    asked = news.server.log.count("indexes.get")
    report = await news.workspace.back_up(tmp_path)
    assert news.server.log.count("indexes.get") == asked
    assert (report.assets.new, report.info.counts["indexes"], report.info.counts["summaries"]) == (2, 1, 1)
    assert json.loads((tmp_path / f"indexes/{first}.json").read_bytes())["scenes"]
    assert sha256sum(tmp_path).returncode == 0
    await news.workspace.back_up(tmp_path)  # another backup, which asks
    assert news.server.log.count("indexes.get") == asked + 2
    assert second


async def test_what_an_interrupted_backup_could_not_have_is_asked_for_again(news: Newsroom, tmp_path: Path) -> None:
    await ingested(news, "a.mp4", "b.mp4")

    def stop(progress: BackupProgress) -> None:
        if progress.assets == 2:
            raise ZeroDivisionError

    news.server.faults.next("indexes.get", 500, times=99)
    with pytest.raises(ZeroDivisionError):
        await news.workspace.back_up(tmp_path, progress=stop)
    news.server.faults.clear()
    report = await news.workspace.back_up(tmp_path)
    assert (report.complete, report.info.counts["indexes"]) == (True, 1)


async def test_documents_of_an_interrupted_backup_do_not_spoil_one_of_chosen_persons(
    news: Newsroom, tmp_path: Path
) -> None:
    first, _ = await ingested(news, "a.mp4", "b.mp4")
    person = add_person(news.server, "홍길동", example_image(1))
    await news.workspace.back_up(tmp_path)
    base = (await news.workspace.projects.list()).projects[0].project_id
    await (await news.workspace.analyze(base, first))  # another index

    def stop(progress: BackupProgress) -> None:
        if progress.assets == 2:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await news.workspace.back_up(tmp_path, progress=stop)
    assert list((tmp_path / ".unfinished").rglob(f"{first}.json"))
    await news.workspace.back_up(tmp_path, persons=[person.id])
    assert sha256sum(tmp_path).returncode == 0


async def test_problems_of_a_backup_outlive_one_of_chosen_persons(news: Newsroom, tmp_path: Path) -> None:
    await ingested(news, "a.mp4", "b.mp4")
    healed, lost = (add_person(news.server, name, example_image(number)) for number, name in enumerate("AB"))
    for person in (healed, lost):
        for key in person.thumbnails.values():
            news.server.state.uploads[key].content = b"no image"
    news.server.faults.next("indexes.get", 500, times=99)
    assert (await news.workspace.back_up(tmp_path)).problems == 4
    news.server.faults.clear()
    for key in healed.thumbnails.values():
        news.server.state.uploads[key].content = example_image(0)
    report = await news.workspace.back_up(tmp_path, persons=[healed.id])
    found = [(each.kind, each.person_id) for each in open_backup(tmp_path).problems()]
    assert sorted(found, key=str) == [("index", None), ("index", None), ("thumbnail", lost.id)]
    assert (report.complete, open_backup(tmp_path).info.complete, report.problems) == (False, False, 3)


SIGNED = "https://kr.object.ncloudstorage.com/scene/1.jpg"


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        (f"{SIGNED}?X-Amz-Signature=abc&X-Amz-Expires=900", SIGNED),
        (f"{SIGNED}?v=1", SIGNED),  # a text that is a URL and nothing else
        (f"see {SIGNED}?AWSAccessKeyId=k&Signature=s, please", f"see {SIGNED} please"),
        ("see https://ko.wikipedia.org/w/?title=뉴스", "see https://ko.wikipedia.org/w/?title=뉴스"),
        ("왜? http://news", "왜? http://news"),
        ({"a": [f"{SIGNED}?token=t", 1, None, True]}, {"a": [SIGNED, 1, None, True]}),
    ],
)
def test_presigned_urls_lose_their_queries(told: object, kept: object) -> None:
    assert without_secrets(told) == kept
