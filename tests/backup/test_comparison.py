"""Two backups are compared by what they are backups of, and a difference says what and where."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from mi_async.backup import BackupComparison, BackupDifference, compare_backups
from mi_async.cli.app import run
from tests.support.handmade_backup import HandMade, person

TAGS = [{"id": 1, "name": "Anchor"}]
PROJECTS = [
    {"project_id": 7, "name": "base", "is_base_project": True},
    {"project_id": 8, "name": "News", "is_base_project": False},
]


def asset(number: int, project: int, key: str | None, size: int = 10) -> dict[str, Any]:
    row = {"asset_id": number, "project_id": project, "file_name": "a.mp4", "key": key}
    return {**row, "meta_data": {"size": size}}


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Two backups with other IDs, another order and another name of the base project."""
    people = [person(1, "홍길동", [1, 2], tags=["A", "B"]), person(2, None, [3]), person(3, None, [3])]
    one = HandMade(tmp_path / "one").write(
        persons=people, tags=TAGS, projects=PROJECTS, assets=[asset(1, 7, "a.mp4"), asset(2, 7, "a.mp4")]
    )
    others = [person(72, None, [3]), person(73, None, [3]), person(71, "홍길동", [1, 2], tags=["B", "A"])]
    other = HandMade(tmp_path / "other").write(
        workspace="elsewhere",
        persons=others,
        tags=[{"id": 9, "name": "Anchor"}],
        projects=[{**PROJECTS[0], "project_id": 77, "name": "default"}, {**PROJECTS[1], "project_id": 78}],
        assets=[asset(5, 77, "a.mp4"), asset(6, 77, "a.mp4")],
    )
    return one, other


def test_ids_order_and_spelling_make_no_difference(
    folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare_backups(*folders) == BackupComparison(equal=8)
    assert run(["backup", "diff", *map(str, folders)]) == 0
    assert capsys.readouterr().out == "8 equal, 0 changed, 0 only in the first, 0 only in the second\n"


def test_each_difference_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    people = [person(1, "Kim", [1, 2], description="x", tags=["A"]), person(2, "Lee", [3])]
    changed = [person(1, "Kim", [2, 1], tags=["A"]), person(2, "Park", [3])]
    one = HandMade(tmp_path / "one").write(persons=people, projects=PROJECTS, assets=[asset(1, 8, "a.mp4")])
    other = HandMade(tmp_path / "other").write(persons=changed, tags=TAGS, assets=[asset(1, 8, "a.mp4", 11)])
    told: list[BackupDifference] = []
    compared = compare_backups(one, other, progress=told.append)
    assert (compared.equal, compared.first, compared.second, compared.changed) == (0, 4, 3, 1)
    assert told == list(compared.differences)
    assert {(each.kind, each.key, each.found, each.members) for each in told} == {
        ("asset", "News/a.mp4", "first", ()),
        ("asset", "8/a.mp4", "second", ()),
        ("project", "(base project)", "first", ()),
        ("project", "News", "first", ()),
        ("person", "Lee", "first", ()),
        ("person", "Park", "second", ()),
        ("tag", "Anchor", "second", ()),
        ("person", "Kim", "both", ("description", "primary")),
    }
    assert run(["backup", "diff", str(one), str(other)]) == 1
    written = capsys.readouterr()
    assert "person Kim: differs in description, primary" in written.out.splitlines()
    assert "tag Anchor: is only in the second backup" in written.out.splitlines()
    assert "the backups differ in 8 objects" in written.err
    assert run(["backup", "diff", str(one), str(other), "--output", "jsonl"]) == 1
    assert len([json.loads(line) for line in capsys.readouterr().out.splitlines()]) == 8


def test_a_person_without_a_name_is_told_by_its_id(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = HandMade(tmp_path / "one").write(persons=[person(1, None, [3]), person(2, None, [4, 5])])
    other = HandMade(tmp_path / "other").write(persons=[person(72, None, [5, 4])])
    compared = compare_backups(one, other)
    assert [(each.found, each.first_id, each.second_id) for each in compared.differences] == [
        ("first", 1, None),
        ("both", 2, 72),
    ]
    assert run(["backup", "diff", str(one), str(other)]) == 1
    _, first, both = capsys.readouterr().out.splitlines()
    assert first.endswith(" (ID 1 in the first): is only in the first backup")
    assert both.endswith(" (ID 2 in the first, ID 72 in the second): differs in primary")
    assert run(["backup", "diff", str(one), str(other), "--output", "jsonl"]) == 1
    assert [json.loads(line)["first_id"] for line in capsys.readouterr().out.splitlines()] == [1, 2]


def test_as_many_persons_without_name_and_image_as_there_may_be(tmp_path: Path) -> None:
    people = [person(number, None, ()) for number in range(3_000)]
    folders = [HandMade(tmp_path / name).write(persons=some) for name, some in (("one", people), ("other", people[1:]))]
    began = time.process_time()
    missing = BackupDifference("person", "without a name: #3000", "first", first_id=2_999)
    assert compare_backups(*folders) == BackupComparison(equal=2_999, first=1, differences=(missing,))
    assert time.process_time() - began < 10  # counted up anew for each, it would take 30


def test_of_many_differences_the_first_are_shown(tmp_path: Path) -> None:
    tags = [{"id": number, "name": f"tag {number}"} for number in range(30)]
    folders = [HandMade(tmp_path / name).write(tags=some) for name, some in (("one", tags), ("other", []))]
    compared = compare_backups(*folders)
    assert (len(compared.differences), compared.first) == (20, 30)
    assert str(compared).splitlines()[-1] == "and 10 more"
    assert not compared.same
