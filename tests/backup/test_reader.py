"""Reading a backup: what is damaged is named with its place, and nothing outside of the folder is read."""

import json
from pathlib import Path

import pytest

from mi_async.backup import BackupInfo, BackupPerson, BackupThumbnail, open_backup
from mi_async.backup.list_merge import MergedList, id_of
from mi_async.backup.report import ListChanges
from mi_async.errors import InvalidArgumentError

INFO = BackupInfo(format=1, service="https://mi.example", workspace="newsroom")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A backup without persons."""
    (tmp_path / "backup.json").write_text(INFO.to_json())
    for name in ("persons", "tags", "projects", "assets", "problems"):
        (tmp_path / f"{name}.jsonl").touch()
    return tmp_path


def test_what_later_versions_add_is_kept(folder: Path) -> None:
    line = {"id": 1, "name": "홍길동", "thumbnails": [{"id": 2, "pose": "left"}], "nickname": "Hong"}
    (folder / "persons.jsonl").write_text(f"\n{json.dumps(line)}\n\n", encoding="utf-8")
    (person,) = open_backup(folder).persons()
    assert (person.name, person.extra, person.thumbnails[0].extra) == ("홍길동", {"nickname": "Hong"}, {"pose": "left"})
    assert BackupPerson.from_dict(person.to_dict()) == person
    for lines in (open_backup(folder).tags(), open_backup(folder).projects(), open_backup(folder).problems()):
        assert list(lines) == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{}", "persons.jsonl:2: .*'id' is missing.*the backup is damaged"),
        ('{"id": "x"}', "persons.jsonl:2: .*the backup is damaged"),
        ('{"id": 2', "persons.jsonl:2: not JSON"),
        ("[]", "persons.jsonl:2: .*the backup is damaged"),
    ],
)
def test_a_damaged_line_is_named(folder: Path, line: str, said: str) -> None:
    (folder / "persons.jsonl").write_text(f'{{"id": 1}}\n{line}\n')
    persons = open_backup(folder).persons()
    assert next(persons).id == 1
    with pytest.raises(InvalidArgumentError, match=said):
        next(persons)


def test_a_missing_list_is_named(folder: Path) -> None:
    (folder / "persons.jsonl").unlink()
    with pytest.raises(InvalidArgumentError, match=r"persons.jsonl: No such file or directory; the backup is damaged"):
        list(open_backup(folder).persons())


def test_a_newer_format_is_refused(folder: Path) -> None:
    (folder / "backup.json").write_text(json.dumps(INFO.to_dict() | {"format": 2}))
    with pytest.raises(InvalidArgumentError, match="the backup has format 2, this version reads up to 1"):
        open_backup(folder)


@pytest.mark.parametrize("name", ["no backup", "file", "folder for a file"])
def test_what_is_no_backup_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "place"
    if name == "file":
        path.touch()
    if name == "folder for a file":
        (path / "backup.json").mkdir(parents=True)
    with pytest.raises(InvalidArgumentError, match=r"is not a backup: it has no backup.json|cannot read .*directory"):
        open_backup(path)


@pytest.mark.parametrize("file", ["../persons.csv", "/etc/passwd", "images/../../x", "C:\\x", "", "images\\x"])
def test_no_list_names_a_file_elsewhere(folder: Path, file: str) -> None:
    with pytest.raises(InvalidArgumentError, match="is not a file of the backup"):
        open_backup(folder).path(file)


def test_an_image_is_held_against_its_checksum(folder: Path) -> None:
    backup = open_backup(folder)
    with pytest.raises(InvalidArgumentError, match="thumbnail 7: its image is not in the backup"):
        backup.read_image(BackupThumbnail(7))
    with pytest.raises(InvalidArgumentError, match=r"images/x.png: No such file"):
        backup.read_image(BackupThumbnail(7, file="images/x.png"))
    (folder / "images").mkdir()
    (folder / "images" / "x.png").write_bytes(b"x")
    with pytest.raises(InvalidArgumentError, match=r"images/x.png: the file is damaged"):
        backup.read_image(BackupThumbnail(7, file="images/x.png", sha256="0" * 64))


@pytest.mark.parametrize(
    ("keeps", "ids", "changes"),
    [(False, [2, 3, 4], ListChanges(1, 1, 1, 2)), (True, [1, 2, 3, 4, 9], ListChanges(1, 1, 3, 0))],
)
def test_lists_are_merged_by_id(keeps: bool, ids: list[int], changes: ListChanges) -> None:
    before = iter([(1, b"a"), (2, b"b"), (3, b"c"), (9, b"z")])
    merged = MergedList(before, iter([(2, b"b"), (3, b"C"), (4, b"d")]), keeps)
    assert [number for number, _ in merged] == ids
    assert merged.changes == changes


@pytest.mark.parametrize("line", [b"{}", b"no JSON", b"[]", b'{"id": "x"}', b'{"asset_id": null}'])
def test_a_line_without_an_id_is_damaged(line: bytes) -> None:
    with pytest.raises(InvalidArgumentError, match=r"assets.jsonl:1: .*the backup is damaged"):
        id_of(line, "assets.jsonl:1")
