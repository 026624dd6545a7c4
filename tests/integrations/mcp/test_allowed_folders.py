"""Paths of an agent: files of the folders, and nothing by way of dots, links or other spellings."""

import os
import unicodedata
from pathlib import Path

import pytest

from mi_async.errors import ConfigError, InvalidArgumentError
from mi_async.integrations.mcp.allowed_folders import AllowedFolders


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "faces"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.jpg").write_bytes(b"a")
    (folder / "deep" / unicodedata.normalize("NFD", "홍길동.jpg")).write_bytes(b"b")
    (tmp_path / "secret.txt").write_bytes(b"s")
    (tmp_path / "faces-2").mkdir()
    (tmp_path / "faces-2" / "c.jpg").write_bytes(b"c")
    return folder


def test_files_inside_are_found_under_either_spelling(root: Path) -> None:
    folders = AllowedFolders.named([root])
    assert folders.file("a.jpg") == str(root / "a.jpg")
    assert folders.file(str(root / "deep" / ".." / "a.jpg")) == str(root / "a.jpg")
    assert Path(folders.file("deep/홍길동.jpg")).read_bytes() == b"b"
    assert Path(folders.file(unicodedata.normalize("NFD", "deep/홍길동.jpg"))).read_bytes() == b"b"


def test_the_second_folder_is_looked_into_too(root: Path) -> None:
    folders = AllowedFolders.named([root, root.parent / "faces-2"])
    assert folders.file("c.jpg") == str(root.parent / "faces-2" / "c.jpg")


@pytest.mark.parametrize(
    "path",
    ["../secret.txt", "/etc/passwd", "deep/../../secret.txt", "../faces-2/c.jpg", "../nothing", "{root}/../secret.txt"],
)
def test_what_is_outside_is_refused_whether_it_exists_or_not(root: Path, path: str) -> None:
    with pytest.raises(InvalidArgumentError, match="is outside the folders that this server may read"):
        AllowedFolders.named([root]).file(path.replace("{root}", str(root)))


def test_links_are_followed_and_judged_by_where_they_lead(root: Path) -> None:
    folders = AllowedFolders.named([root])
    (root / "inside.jpg").symlink_to(root / "a.jpg")
    (root / "outside.jpg").symlink_to(root.parent / "secret.txt")
    (root / "up").symlink_to(root.parent)
    (root / "loop").symlink_to(root / "loop")
    assert folders.file("inside.jpg") == str(root / "a.jpg")
    for path in ("outside.jpg", "up/secret.txt", "up/faces-2/c.jpg"):
        with pytest.raises(InvalidArgumentError, match="is outside"):
            folders.file(path)
    with pytest.raises(InvalidArgumentError, match="loop"):
        folders.file("loop")


def test_a_folder_that_is_a_link_itself_serves_under_both_names(root: Path) -> None:
    link = root.parent / "link"
    link.symlink_to(root)
    folders = AllowedFolders.named([link])
    for path in ("a.jpg", str(link / "a.jpg"), str(root / "a.jpg")):
        assert folders.file(path) == str(root / "a.jpg")


@pytest.mark.parametrize("path", ["deep", ".", "nothing.jpg", "~/a.jpg", "https://example.com/a.jpg", "pipe"])
def test_what_is_no_file_is_refused(root: Path, path: str) -> None:
    os.mkfifo(root / "pipe")
    with pytest.raises(InvalidArgumentError, match="directories are not read"):
        AllowedFolders.named([root]).file(path)


@pytest.mark.parametrize("path", ["", "  ", "a\0.jpg"])
def test_what_is_no_path_is_refused(root: Path, path: str) -> None:
    with pytest.raises(InvalidArgumentError, match="a path needs"):
        AllowedFolders.named([root]).file(path)


def test_a_root_has_to_be_a_folder(root: Path) -> None:
    assert not AllowedFolders()
    for name in (root / "nothing", root / "a.jpg"):
        with pytest.raises(ConfigError, match=r"--root .*: no such folder"):
            AllowedFolders.named([name])
