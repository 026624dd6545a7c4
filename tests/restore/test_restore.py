"""A restore on the emulator: what comes of a backup in a workspace, at which cost, and what is told of the rest."""

import io
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from mi_async import (
    AuthenticationError,
    BulkError,
    BulkRun,
    InvalidArgumentError,
    JournalError,
    Storage,
    show,
)
from mi_async.argument_types import IfPersonExists
from mi_async.bulk.engine.outcome import Status
from mi_async.emulator import Fault, Latency, Settings
from tests.support.bulk import contents, face, main_picture, sha256
from tests.support.bulk import person as person_of
from tests.support.handmade_backup import HandMade, person
from tests.support.newsroom import Newsroom, newsroom
from tests.support.storage import bucket

PEOPLE = [
    person(11, "홍길동", [1, 2], description="앵커", tags=["Anchor", "저녁"]),
    person(12, "Kim", [3], tags=["Anchor"]),
    person(13, None, [4]),
]
TAGS = [{"id": 1, "name": "Anchor"}, {"id": 2, "name": "저녁"}, {"id": 3, "name": "nobody's"}]
AT_ONCE = Settings(importing=Latency.none(), latency=Latency.none())
LOOKS = {"persons.search", "persons.get", "person_tags.list", "projects.list"}
"""Requests that change nothing."""


def asset(number: int, project: int, key: str | None) -> dict[str, Any]:
    row = {"asset_id": number, "project_id": project, "file_name": f"{number}.mp4", "bucket": "footage"}
    return {**row, "key": key, "meta_data": {"size": 1000}}


@pytest.fixture
async def news() -> AsyncIterator[Newsroom]:
    async with newsroom() as one:
        yield one


@pytest.fixture
def backup(tmp_path: Path) -> HandMade:
    return HandMade(tmp_path / "backup")


def changes(news: Newsroom) -> int:
    """Requests that change anything."""
    asked = news.server.log.arrivals
    return sum(len(times) for name, times in asked.items() if name not in LOOKS)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


async def test_persons_come_with_all_that_a_person_has(news: Newsroom, backup: HandMade, tmp_path: Path) -> None:
    folder, journal = backup.write(persons=PEOPLE, tags=TAGS), tmp_path / "run.journal"
    report = await news.workspace.restore(folder, journal=journal)
    assert report.ok
    assert (dict(report.people.counts), report.tags) == ({Status.DONE: 2}, 3)
    hong = person_of(news, "홍길동")
    assert hong.description == "앵커"
    tags = news.server.state.workspaces["newsroom"].tags
    assert [tags[one].name for one in hong.tag_ids] == ["Anchor", "저녁"]
    assert set(contents(news, "홍길동")) == {face(1), face(2)}
    assert main_picture(news, "홍길동") == face(1)
    assert {tag.name for tag in tags.values()} == {"Anchor", "저녁", "nobody's"}
    assert report.losses.counts == {"id": 6, "origin": 6, "anonymous": 1}
    rows = lines(tmp_path / "run.restored.jsonl")
    assert {(row["kind"], row["old"]) for row in rows} == {
        ("tag", 1),
        ("tag", 2),
        ("tag", 3),
        ("person", 11),
        ("person", 12),
    }
    assert [row["new"] for row in rows if row["old"] == 11] == [hong.id]


async def test_a_second_restore_changes_nothing(news: Newsroom, backup: HandMade, tmp_path: Path) -> None:
    folder, journal = backup.write(persons=PEOPLE, tags=TAGS), tmp_path / "run.journal"
    await news.workspace.restore(folder, journal=journal)
    first = (tmp_path / "run.restored.jsonl").read_bytes()
    before = changes(news)
    report = await news.workspace.restore(folder, journal=journal)
    assert (report.ok, dict(report.people.counts), changes(news)) == (True, {Status.SKIPPED: 2}, before)
    assert (tmp_path / "run.restored.jsonl").read_bytes() == first


async def test_the_plan_says_what_the_run_does(news: Newsroom, backup: HandMade, tmp_path: Path) -> None:
    folder, journal = backup.write(persons=PEOPLE, tags=TAGS), tmp_path / "run.journal"
    given: dict[str, Any] = {"journal": journal, "unnamed": True}
    plan = await news.workspace.plan_restore(folder, **given)
    assert changes(news) == 0
    assert not journal.exists()
    report = await news.workspace.restore(folder, **given)
    assert (plan.ok, plan.people.create, plan.tags) == (report.ok, report.people.counts[Status.DONE], report.tags)
    assert plan.losses == report.losses
    assert plan.people.pictures == report.people.pictures == 4
    again = await news.workspace.plan_restore(folder, **given)
    assert (again.people.create, again.people.skipped, again.tags) == (0, 3, 0)


@pytest.mark.parametrize("if_exists", ["error", "reuse", "complete"])
async def test_somebody_has_the_name(
    news: Newsroom, backup: HandMade, tmp_path: Path, if_exists: IfPersonExists
) -> None:
    there = await news.workspace.enroll_person("Kim", [face(9)])
    folder, journal = backup.write(persons=PEOPLE, tags=TAGS), tmp_path / "run.journal"
    given: dict[str, Any] = {"journal": journal, "if_exists": if_exists, "report": tmp_path / "report.jsonl"}
    plan = await news.workspace.plan_restore(folder, journal=journal, if_exists=if_exists)
    for _ in range(2):
        report = await news.workspace.restore(folder, **given)
        expected = [face(9), face(3)] if if_exists == "complete" else [face(9)]
        assert contents(news, "Kim") == expected
        assert (report.ok, report.troubled) == (plan.ok, plan.troubled) == (if_exists != "error", if_exists == "error")
        assert (report.kept, sum(report.completed.counts.values())) == (plan.keep, plan.complete)
        new = [row["new"] for row in lines(tmp_path / "run.restored.jsonl") if row["old"] == 12]
        assert new == ([] if if_exists == "error" else [there.id])
    rows = {row["key"]: row for row in lines(tmp_path / "report.jsonl")}
    assert rows["13"]["kind"] == "anonymous"
    assert rows["홍길동"]["status"] == "done"
    if if_exists == "error":
        assert f"is the name of person {there.id} already" in rows["[persons.jsonl:2]"]["problems"][0]["message"]


async def test_persons_without_a_name_get_one_and_are_not_doubled(
    news: Newsroom, backup: HandMade, tmp_path: Path
) -> None:
    folder = backup.write(persons=PEOPLE)
    for _ in range(2):
        report = await news.workspace.restore(folder, journal=tmp_path / "run.journal", unnamed=True)
        assert report.ok
        assert "anonymous" not in report.losses.counts
        assert contents(news, "unnamed 13") == [face(4)]


async def test_what_is_damaged_is_told_and_the_rest_is_restored(
    news: Newsroom, backup: HandMade, tmp_path: Path
) -> None:
    people = [*PEOPLE, person(14, "Park", [5]), person(15, "Lee", [6, 7]), person(16, "Choi", [8])]
    folder = backup.write(persons=people, problems=[{"kind": "thumbnail", "id": 9, "reason": "gone", "message": "x"}])
    images = {seed: next(folder.glob(f"images/*/{sha256(face(seed))}.jpg")) for seed in (5, 6, 8)}
    images[5].write_bytes(face(9))  # another image, whole by itself
    images[6].unlink()
    images[8].write_bytes(face(8)[:-100])
    text = (folder / "persons.jsonl").read_text(encoding="utf-8").splitlines()
    text[1] = text[1][:40]
    text[4] = text[4].replace("images/", "../images/", 1)  # it is no business of a backup to name other files
    (folder / "persons.jsonl").write_text("\n".join(text), encoding="utf-8")
    (folder / "tags.jsonl").unlink()
    given: dict[str, Any] = {"journal": tmp_path / "run.journal", "report": tmp_path / "report.jsonl"}
    plan = await news.workspace.plan_restore(folder, **given)
    told = lines(tmp_path / "report.jsonl")
    report = await news.workspace.restore(folder, **given)
    assert report.losses == plan.losses
    assert (report.incomplete, report.ok, plan.ok) == (1, False, False)
    assert report.troubled == plan.troubled
    assert report.losses.counts == {"id": 6, "origin": 6, "anonymous": 1, "line": 2, "image": 3}
    assert {one.name for one in news.server.state.persons()} == {"홍길동", "Lee"}
    assert contents(news, "Lee") == [face(7)]
    rows = lines(tmp_path / "report.jsonl")
    assert [row for row in rows if row["status"] == "not_carried"] == [r for r in told if r["status"] == "not_carried"]
    messages = [row["message"] for row in rows if row["status"] == "not_carried"]
    expected = [
        "No such file",
        "persons.jsonl:2: ",
        "no name",
        "checksum does not fit",
        "not a file of the",
        "checksum",
    ]
    assert all(word in message for word, message in zip(expected, messages, strict=True)), messages
    assert "lacks" in str(plan)
    assert "2 lines or lists that are damaged" in str(report)


async def test_of_two_persons_who_look_the_same_the_first_is_restored(
    news: Newsroom, backup: HandMade, tmp_path: Path
) -> None:
    folder = backup.write(persons=[person(1, "홍길동", [1]), person(2, "홍길동", [2]), person(3, "x" * 51)])
    report = await news.workspace.restore(folder, journal=tmp_path / "run.journal")
    assert (report.people.counts[Status.DONE], report.people.counts[Status.REJECTED]) == (1, 2)
    assert [row["old"] for row in lines(tmp_path / "run.restored.jsonl") if row["kind"] == "person"] == [1]


async def test_assets_are_registered_in_their_projects(backup: HandMade, tmp_path: Path) -> None:
    folder = backup.write(
        projects=[
            {"project_id": 7, "name": "base", "is_base_project": True},
            {"project_id": 8, "name": "저녁 뉴스", "is_base_project": False},
            {"project_id": 9, "name": "empty", "is_base_project": False},
        ],
        assets=[
            *(asset(101, 7, "a.mp4"), asset(102, 8, "a.mp4"), asset(103, 8, "b.mp4")),
            *(asset(104, 8, None), asset(105, 99, "c.mp4")),
            {**asset(106, 7, "d.mp4"), "bucket": None, "index": "indexes/106.json"},
        ],
    )
    given: dict[str, Any] = {"journal": tmp_path / "run.journal"}
    async with newsroom(AT_ONCE, speed=300.0, storage=Storage("http://127.0.0.1:9")) as news:
        plan = await news.workspace.plan_restore(folder, **given)
        ends: list[dict[Status, int]] = []
        for _ in range(2):
            report = await news.workspace.restore(folder, **given)
            assert report.assets is not None
            assert (plan.assets.new, plan.projects, plan.losses) == (3, 2, report.losses)
            assert report.losses.counts == {"id": 9, "origin": 9, "analysis": 1, "object": 2, "project": 1}
            projects = {each.name: each for each in news.server.state.workspaces["newsroom"].projects.values()}
            found = {name: sorted(asset.key for asset in each.assets.values()) for name, each in projects.items()}
            assert sorted(found.values()) == [[], ["a.mp4"], ["a.mp4", "b.mp4"]]
            assert found["저녁 뉴스"] == ["a.mp4", "b.mp4"]
            ends.append(dict(report.assets.counts))
        assert ends == [{Status.DONE: 3}, {Status.SKIPPED: 3}]
        more = await news.workspace.restore(folder, bucket="elsewhere", **given)
        assert more.losses.counts["object"] == 1
    rows = lines(tmp_path / "run.restored.jsonl")
    assert {row["old"] for row in rows if row["kind"] == "asset"} >= {106}
    assert {row["old"] for row in rows if row["kind"] == "project"} == {7, 8, 9}


async def test_a_plan_tells_the_length_and_what_other_projects_have_is_new_in_this(
    backup: HandMade, tmp_path: Path
) -> None:
    projects = [
        {"project_id": 7, "name": "base", "is_base_project": True},
        {"project_id": 8, "name": "저녁 뉴스", "is_base_project": False},
    ]
    first, second = (
        asset(101, 7, "a.mp4"),
        {**asset(102, 8, "a.mp4"), "meta_data": {"size": 1_000, "duration_ms": 90_500}},
    )
    given: dict[str, Any] = {"journal": tmp_path / "run.journal"}
    async with newsroom(AT_ONCE, speed=300.0, storage=Storage("http://127.0.0.1:9")) as news:
        await news.workspace.restore(backup.write(projects=projects, assets=[first]), **given)
        folder = backup.write(projects=projects, assets=[first, second])
        plan = await news.workspace.plan_restore(folder, **given)
        assert (plan.assets.new, plan.assets.skipped, plan.assets.footage, plan.assets.unknown) == (1, 1, 90.5, 0)
        assert "video to import 1 min 30 s" in " ".join(str(plan).split())
        report = await news.workspace.restore(folder, **given)
        assert report.assets is not None
        assert report.assets.counts == {Status.DONE: 1, Status.SKIPPED: 1}
        plan = await news.workspace.plan_restore(folder, **given)
        assert (plan.assets.new, plan.assets.skipped, plan.assets.footage) == (0, 2, 0.0)


async def test_an_object_that_was_replaced_since_is_not_registered(backup: HandMade, tmp_path: Path) -> None:
    folder = backup.write(
        projects=[{"project_id": 7, "name": "base", "is_base_project": True}],
        assets=[asset(101, 7, "a.mp4"), asset(102, 7, "b.mp4"), asset(103, 7, "gone.mp4")],
    )
    with bucket() as s3:
        s3.put("a.mp4", bytes(1000))
        s3.put("b.mp4", bytes(999))
        async with newsroom(AT_ONCE, speed=300.0, storage=Storage(s3.url)) as news:
            await the_replaced_is_left_out(news, folder, tmp_path)


async def the_replaced_is_left_out(news: Newsroom, folder: Path, tmp_path: Path) -> None:
    plan = await news.workspace.plan_restore(folder, journal=tmp_path / "run.journal")
    report = await news.workspace.restore(folder, journal=tmp_path / "run.journal")
    [project] = news.server.state.workspaces["newsroom"].projects.values()
    assert "b.mp4" not in {each.key for each in project.assets.values()}
    again = await news.workspace.restore(folder, journal=tmp_path / "run.journal")
    assert plan.losses == report.losses == again.losses
    assert (plan.assets.new, report.losses.counts["replaced"]) == (2, 1)
    [told] = report.losses.first
    assert told.message == "s3://footage/b.mp4 has 999 bytes and the asset had 1,000: another object has its name now"
    assert [row["old"] for row in lines(tmp_path / "run.restored.jsonl") if row["kind"] == "asset"] == [101, 103]


async def test_no_backup_and_no_journal_of_this_workspace(news: Newsroom, backup: HandMade, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="is not a backup"):
        await news.workspace.restore(tmp_path, journal=tmp_path / "run.journal")
    with pytest.raises(InvalidArgumentError, match="the journal of a restore is a file"):
        await news.workspace.restore(tmp_path, journal="postgresql://host/database")
    with pytest.raises(InvalidArgumentError, match="if_exists must be one of"):
        await news.workspace.plan_restore(tmp_path, journal="run.journal", if_exists="merge")  # type: ignore[arg-type]
    folder = backup.write(persons=PEOPLE[:2])
    await news.workspace.enroll_many([], journal=tmp_path / "run.journal")
    other = news.session.workspace("another")
    with pytest.raises(JournalError, match="belongs to enroll in 'newsroom', and this restores into 'another'"):
        await other.plan_restore(folder, journal=tmp_path / "run.journal")
    (tmp_path / "run.restored.jsonl").write_text("mine")
    with pytest.raises(InvalidArgumentError, match="was not written by mi-async"):
        await news.workspace.restore(folder, journal=tmp_path / "run.journal")
    assert changes(news) == 0


async def test_names_that_are_refused_are_told_and_the_others_are_created(backup: HandMade, tmp_path: Path) -> None:
    folder = backup.write(
        persons=PEOPLE,
        tags=[*TAGS, {"id": 4, "name": "x" * 31}],
        projects=[
            {"project_id": 8, "name": "a;b", "is_base_project": False},
            {"project_id": 9, "name": "News", "is_base_project": False},
        ],
        assets=[asset(1, 8, "a.mp4"), asset(2, 9, "b.mp4")],
    )
    async with newsroom(AT_ONCE, speed=300.0, storage=Storage("http://127.0.0.1:9")) as news:
        report = await news.workspace.restore(folder, journal=tmp_path / "run.journal")
        names = {each.name for each in news.server.state.workspaces["newsroom"].projects.values()}
    assert "News" in names
    assert (report.ok, report.tags, report.projects) == (False, 3, 1)
    assert report.losses.counts == {"id": 11, "origin": 11, "anonymous": 1, "tag": 1, "project": 2}
    assert report.assets is not None
    assert dict(report.assets.counts) == {Status.DONE: 1}
    assert "there is no project 'a;b'" in str(report)


async def test_a_create_whose_answer_is_lost_is_looked_for(news: Newsroom, backup: HandMade, tmp_path: Path) -> None:
    folder = backup.write(tags=TAGS[:1], projects=[{"project_id": 8, "name": "News", "is_base_project": False}])
    for operation in ("projects.create", "person_tags.create"):
        news.server.faults.next(operation, Fault.DROP_AFTER)
    report = await news.workspace.restore(folder, journal=tmp_path / "run.journal")
    assert (report.ok, report.projects, report.tags) == (True, 1, 1)
    assert len(news.server.state.workspaces["newsroom"].projects) == 2


async def test_a_failure_that_is_nobodys_own_ends_the_restore(news: Newsroom, backup: HandMade, tmp_path: Path) -> None:
    folder = backup.write(
        persons=[person(1, "Kim", [1], tags=["x" * 31]), person(2, "Lee", [2]), person(3, "Park", [3])]
    )
    for name in ("Kim", "Lee", "Park"):
        await news.workspace.enroll_person(name, [face(9)])
    next(folder.glob(f"images/*/{sha256(face(2))}.jpg")).unlink()
    given: dict[str, Any] = {"journal": tmp_path / "run.journal", "if_exists": "complete"}
    report = await news.workspace.restore(folder, **given)
    ends = {Status.FAILED: 1, Status.REJECTED: 1, Status.DONE: 1}
    assert (dict(report.completed.counts), report.completed.troubled, report.troubled) == (ends, 2, 3)
    assert {outcome.key for outcome in report.completed.problems} == {"Kim", "[persons.jsonl:2]"}
    assert "completed" in str(report)
    news.server.faults.next("persons.get", 200, times=9)
    with pytest.raises(AuthenticationError):
        await news.workspace.restore(folder, **given)


async def test_results_that_cannot_be_written_are_errors(news: Newsroom, backup: HandMade, tmp_path: Path) -> None:
    folder = backup.write(persons=PEOPLE)
    report = tmp_path / "reports" / "report.jsonl"
    report.parent.mkdir()

    def gone(run: BulkRun) -> AbstractContextManager[object]:
        shutil.rmtree(report.parent, ignore_errors=True)
        return show(run, file=io.StringIO())

    with pytest.raises(BulkError, match="cannot write the report to"):
        await news.workspace.restore(folder, journal=tmp_path / "run.journal", report=report, watch=gone)
    report.parent.mkdir()
    mapping = report.parent / "ids.jsonl"
    with pytest.raises(BulkError, match="cannot write the restored IDs to"):
        await news.workspace.restore(folder, journal=tmp_path / "run.journal", mapping=mapping, watch=gone)


@pytest.mark.parametrize("file", ["persons.jsonl", "backup.json", "images/new.jsonl"])
async def test_no_file_of_the_backup_is_written_over(
    news: Newsroom, backup: HandMade, tmp_path: Path, file: str
) -> None:
    folder = backup.write(persons=PEOPLE)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for name in ("report", "mapping"):
        given: dict[str, Any] = {"journal": tmp_path / "run.journal", "force": True, name: folder / file}
        with pytest.raises(InvalidArgumentError, match="is a file of the backup; it is left as it is"):
            await news.workspace.restore(folder, **given)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert changes(news) == 0


async def test_no_word_of_a_backup_moves_the_cursor(news: Newsroom, backup: HandMade, tmp_path: Path) -> None:
    folder = backup.write("news\x1b]0;x\x07room", persons=PEOPLE[:1])
    plan = await news.workspace.plan_restore(folder, journal=tmp_path / "run.journal")
    report = await news.workspace.restore(folder, journal=tmp_path / "run.journal")
    assert "\x1b" not in f"{plan}{report}"
