"""Directories as inputs of bulk runs: who is in them, in which order, and what is passed over."""

import os
import shutil
import unicodedata
from pathlib import Path

import pytest

from mi_async.bulk.inputs import directory
from mi_async.bulk.inputs.input_facts import PassedOver
from mi_async.bulk.inputs.media_files import read_assets
from mi_async.bulk.inputs.models import BadInput, PersonInput, ThumbnailUpload
from mi_async.bulk.inputs.readers import Read, count, read_people, read_thumbnails
from mi_async.bulk.plan.enroll import plan_people
from mi_async.errors import InvalidArgumentError


def lay(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            path.mkdir(exist_ok=True)
        else:
            path.touch()
    return folder


def people(folder: Path) -> dict[str, list[str]]:
    items = [item for item in read_people(folder) if isinstance(item, PersonInput)]
    return {item.name: [str(path).removeprefix(f"{folder}/") for path in item.thumbnails] for item in items}


def bad(folder: Path) -> dict[str, str]:
    items = [item for item in read_people(folder) if isinstance(item, BadInput)]
    return {item.origin.removeprefix(f"{folder}/"): item.message for item in items}


def test_folders_and_files(tmp_path: Path) -> None:
    lay(
        tmp_path,
        "홍길동/2.png",
        "홍길동/1.jpg",
        "Dr. Kim/a.WEBP",
        "Lee Min.jpeg",
        "Choi.jpg",
        "Choi.png",
        "Dr. Kim.jpg",
    )
    assert people(tmp_path) == {
        "Choi": ["Choi.jpg", "Choi.png"],
        "Dr. Kim": ["Dr. Kim/a.WEBP", "Dr. Kim.jpg"],
        "Lee Min": ["Lee Min.jpeg"],
        "홍길동": ["홍길동/1.jpg", "홍길동/2.png"],
    }
    assert list(people(tmp_path)) == ["Choi", "Dr. Kim", "Lee Min", "홍길동"]
    assert not bad(tmp_path)
    origins = [item.origin for item in read_people(tmp_path)]
    assert origins[1] == str(tmp_path / "Dr. Kim")


def test_what_is_passed_over_and_what_is_told(tmp_path: Path) -> None:
    lay(tmp_path, "Hong/a.jpg", "Hong/.DS_Store", "Hong/Thumbs.db", "desktop.ini", ".git/x", "__MACOSX/a.jpg")
    lay(tmp_path, "Hong/notes.txt", "Hong/older/b.jpg", "Kim/", "readme", "Lee/cv.pdf", "Park.svg")
    (tmp_path / "Choi.jpg").symlink_to(tmp_path / "nowhere.jpg")
    assert people(tmp_path) == {"Choi": ["Choi.jpg"], "Hong": ["Hong/a.jpg"]}
    name = "not an image by its name: .jpg, .jpeg, .png and .webp are"
    assert bad(tmp_path) == {
        "Hong/notes.txt": name,
        "Hong/older": "a folder inside a person's folder is not looked into",
        "Kim": "there is no image in it",
        "readme": name,
        "Lee/cv.pdf": name,
        "Park.svg": name,
    }


@pytest.mark.parametrize("read", [read_people, read_thumbnails])
def test_what_a_journal_leaves_behind_is_passed_over(read: Read, tmp_path: Path) -> None:
    beside = ("tab.journal", "tab.journal-wal", "tab.journal-shm", "Tab.Journal-Journal", "tab.journal.lock")
    lay(tmp_path, "7/1.jpg", *beside, *(f"7/{name}" for name in beside))
    assert [str(getattr(item, "key", item)) for item in read(tmp_path)] == ["7"]
    assert directory.count_names(tmp_path) == 1


REPORT = '{"key":"홍길동","status":"done","person_id":1}\n'


@pytest.mark.parametrize("read", [read_people, read_thumbnails])
def test_reports_of_runs_are_passed_over_whatever_they_are_called_and_counted(read: Read, tmp_path: Path) -> None:
    lay(tmp_path, "7/1.jpg", "problems.jsonl")  # of a plan in which nothing was wrong
    for name in ("report.jsonl", "report.jsonl.1", "report", "7/out.TXT"):
        (tmp_path / name).write_text(REPORT, encoding="utf-8")
    os.mkfifo(tmp_path / "7" / "pipe.jpg")  # by its name an image: reading it will say what is wrong
    items = read(tmp_path)
    assert {str(getattr(item, "key", item)) for item in items} == {"7"}
    assert items.facts.passed_over == {"report of a run": 5}
    assert directory.count_names(tmp_path) == 1


def test_reports_are_no_media_files(tmp_path: Path) -> None:
    for name in ("report.jsonl", "report.jsonl.1"):
        (tmp_path / name).write_text(REPORT, encoding="utf-8")
    items = read_assets(tmp_path)
    assert list(items) == []
    assert items.facts.passed_over == {".jsonl": 1, ".1": 1}


def test_what_is_no_report_of_ours_is_told_and_a_journal_in_use_is_not_opened(tmp_path: Path) -> None:
    lay(tmp_path, "Hong/a.jpg", "empty.txt", "state", "state.lock")
    (tmp_path / "people.jsonl").write_text('{"name": "Hong"}\n', encoding="utf-8")
    (tmp_path / "state").write_text(REPORT, encoding="utf-8")
    (tmp_path / "nowhere.jsonl").symlink_to(tmp_path / "no")
    assert sorted(bad(tmp_path)) == ["empty.txt", "nowhere.jsonl", "people.jsonl", "state", "state.lock"]


def test_the_report_of_a_plan_in_the_folder_is_no_person_of_the_next_one(tmp_path: Path) -> None:
    lay(tmp_path, "Hong/notes.txt")
    for _ in range(2):
        plan = plan_people(read_people(tmp_path), problems=tmp_path / "problems.jsonl")
        assert (plan.items, plan.troubled) == (1, 1)


def test_a_person_may_be_called_as_a_journal_is(tmp_path: Path) -> None:
    lay(tmp_path, "Hong.journal/a.jpg")
    assert people(tmp_path) == {"Hong.journal": ["Hong.journal/a.jpg"]}


def test_a_link_in_a_circle_is_one_bad_picture(tmp_path: Path) -> None:
    lay(tmp_path, "Hong/a.jpg", "Hong/b.jpg", "Kim.jpg")
    for name in ("Hong/loop.jpg", "Lee.jpg", "Park"):
        (tmp_path / name).symlink_to(Path(name).name)
    assert people(tmp_path) == {
        "Hong": ["Hong/a.jpg", "Hong/b.jpg", "Hong/loop.jpg"],
        "Kim": ["Kim.jpg"],
        "Lee": ["Lee.jpg"],
    }
    assert list(bad(tmp_path)) == ["Park"]
    told = {one.key: [problem.code for problem in one.problems] for one in plan_people(read_people(tmp_path)).problems}
    assert (told["Hong"], told["Lee"]) == (["format", "format", "unreadable"], ["unreadable"])


def test_names_that_a_mac_has_taken_apart(tmp_path: Path) -> None:
    apart = unicodedata.normalize("NFD", "홍길동")
    lay(tmp_path, f"{apart}/a.jpg", "홍길동.jpg")
    assert list(people(tmp_path)) == ["홍길동"]
    assert len(people(tmp_path)["홍길동"]) == 2


def test_a_name_that_is_not_unicode(tmp_path: Path) -> None:
    try:
        (tmp_path / os.fsdecode(b"hong\xff.jpg")).touch()
    except OSError:
        pytest.skip("this file system has only Unicode names")
    assert bad(tmp_path) == {"hong\\udcff.jpg": "the name is not Unicode text"}


@pytest.mark.parametrize("run", [1, 7, 30, 1000])
def test_more_names_than_are_sorted_in_memory(run: int, tmp_path: Path) -> None:
    names = [f"{number * 37 % 30:02}" for number in range(30)]
    lay(tmp_path, *(f"{name}.jpg" for name in names), os.fsdecode("홍\u1112.jpg"))
    found = [each.name for each in directory.people_in(tmp_path, PassedOver(), run) if isinstance(each, PersonInput)]
    assert found[:30] == sorted(names)
    assert len(people(tmp_path)) == count(tmp_path, read_people) == 31


def test_pictures_for_numbers(tmp_path: Path) -> None:
    lay(tmp_path, "1001/b.jpg", "1001/a.jpg", "1002.png", "Hong/a.jpg", "1003-1.jpg", "1004/")
    items = list(read_thumbnails(tmp_path))
    found = [(item.person_id, str(item.source)) for item in items if isinstance(item, ThumbnailUpload)]
    assert found == [
        (1001, str(tmp_path / "1001/a.jpg")),
        (1001, str(tmp_path / "1001/b.jpg")),
        (1002, str(tmp_path / "1002.png")),
    ]
    told = {item.origin: item.message for item in items if isinstance(item, BadInput)}
    number = "a folder or image must be named by the ID of the person"
    assert told == {
        str(tmp_path / "1003-1.jpg"): number,
        str(tmp_path / "1004"): "there is no image in it",
        str(tmp_path / "Hong"): number,
    }
    assert count(tmp_path, read_thumbnails) is None


def test_a_folder_of_a_person_that_goes_away(tmp_path: Path) -> None:
    folder = lay(tmp_path / "people", "An.jpg", "Hong/a.jpg", "Kim.jpg")
    items = read_people(folder)
    assert isinstance(next(items), PersonInput)
    shutil.rmtree(folder / "Hong")
    gone, kim = items
    assert gone == BadInput(str(folder / "Hong"), "cannot be read: No such file or directory")
    assert isinstance(kim, PersonInput)


def test_a_directory_that_goes_away(tmp_path: Path) -> None:
    folder = lay(tmp_path / "people", "Hong.jpg")
    items = read_people(folder)
    (folder / "Hong.jpg").unlink()
    folder.rmdir()
    with pytest.raises(InvalidArgumentError, match="cannot be read"):
        next(items)
