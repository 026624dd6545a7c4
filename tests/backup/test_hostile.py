"""Folders that somebody else has prepared: nothing outside of them is read, moved or deleted, and nothing waits."""

import json
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from mi_async.backup import BackupThumbnail, check_backup, open_backup
from mi_async.emulator import example_image
from mi_async.errors import InvalidArgumentError
from tests.support.backups import add_person
from tests.support.newsroom import Newsroom

pytestmark = [
    pytest.mark.usefixtures("leaves_nothing"),
    pytest.mark.skipif(sys.platform == "win32", reason="symbolic links and pipes"),
]


@pytest.mark.parametrize("name", [".unfinished", ".finished", "indexes", "previous", "images", "images/3f"])
async def test_a_folder_that_is_a_link_is_refused(news: Newsroom, tmp_path: Path, name: str) -> None:
    add_person(news.server, "홍길동", example_image(1))
    folder, mine = tmp_path / "faces", tmp_path / "mine"
    await news.workspace.back_up(folder)
    mine.mkdir()
    (mine / "letter.txt").write_text("mine")
    for old in (folder / name, folder / "kept"):
        if old.is_dir():
            old.rename(tmp_path / "old")
    (folder / name).symlink_to(mine, target_is_directory=True)
    with pytest.raises(InvalidArgumentError, match=f"{name} is a symbolic link"):
        await news.workspace.back_up(folder)
    assert [path.name for path in mine.iterdir()] == ["letter.txt"]


async def test_a_catalog_that_is_a_link_is_refused(news: Newsroom, tmp_path: Path) -> None:
    folder, other = tmp_path / "faces", tmp_path / "bookmarks.sqlite3"
    with closing(sqlite3.connect(other)) as database, database:
        database.execute("CREATE TABLE bookmarks (url TEXT)")
    folder.mkdir()
    (folder / ".catalog.sqlite3").symlink_to(other)
    before = other.read_bytes()
    with pytest.raises(InvalidArgumentError, match=r"\.catalog\.sqlite3 is a symbolic link"):
        await news.workspace.back_up(folder)
    assert other.read_bytes() == before


@pytest.mark.parametrize("file", ["images/\0.png", "images/\ud800.png", f"images/{'x' * 5000}.png"])
async def test_names_that_no_disk_can_hold_are_no_files_of_a_backup(news: Newsroom, tmp_path: Path, file: str) -> None:
    await news.workspace.back_up(tmp_path)
    with pytest.raises(InvalidArgumentError):
        open_backup(tmp_path).read_image(BackupThumbnail(1, file=file, sha256="0" * 64))
    assert f"{file}" not in str(check_backup(tmp_path)) or file.isprintable()


async def test_a_pipe_among_the_files_holds_up_no_check(news: Newsroom, tmp_path: Path) -> None:
    add_person(news.server, "홍길동", example_image(1))
    await news.workspace.back_up(tmp_path)
    (image,) = tmp_path.rglob("*.png")
    image.unlink()
    os.mkfifo(image)
    assert [each.fault for each in check_backup(tmp_path).faults] == ["damaged"]


async def test_an_image_larger_than_any_is_not_read(news: Newsroom, tmp_path: Path) -> None:
    await news.workspace.back_up(tmp_path)
    (tmp_path / "huge.png").touch()
    os.truncate(tmp_path / "huge.png", 2**40)
    with pytest.raises(InvalidArgumentError, match=r"huge\.png: the file is damaged"):
        open_backup(tmp_path).read_image(BackupThumbnail(1, file="huge.png", sha256="0" * 64))


def test_a_line_longer_than_any_is_damaged(tmp_path: Path) -> None:
    info = {"format": 1, "service": "https://mi.example", "workspace": "newsroom"}
    (tmp_path / "backup.json").write_text(json.dumps(info))
    (tmp_path / "persons.jsonl").touch()
    os.truncate(tmp_path / "persons.jsonl", 2**40)
    with pytest.raises(InvalidArgumentError, match=r"persons\.jsonl: a line of more than"):
        list(open_backup(tmp_path).persons())


async def test_an_image_that_a_list_has_elsewhere_is_downloaded(news: Newsroom, tmp_path: Path) -> None:
    person = add_person(news.server, "홍길동", example_image(1))
    folder, other = tmp_path / "faces", tmp_path / "other.png"
    await news.workspace.back_up(folder)
    other.write_bytes(example_image(1))
    line = json.loads((folder / "persons.jsonl").read_bytes())
    line["thumbnails"][0]["file"] = "../other.png"
    (folder / "persons.jsonl").write_text(json.dumps(line) + "\n")
    (folder / ".catalog.sqlite3").unlink()
    await news.workspace.back_up(folder)
    (found,) = open_backup(folder).persons()
    assert (found.id, open_backup(folder).read_image(found.thumbnails[0])) == (person.id, example_image(1))
