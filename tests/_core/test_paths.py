"""Paths as tables write them, and files as disks have them."""

import errno
import os
import socket
import unicodedata
from pathlib import Path

import pytest

from mi_async._core.files import open_regular_file
from mi_async._core.paths import existing_path, stat_path

NAME = "사진/홍길동.jpg"


def nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def nfd(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def laid(folder: Path, name: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"content")
    return path


def read(path: str | Path) -> bytes:
    with open_regular_file(path) as file:
        assert stat_path(path).st_size == os.fstat(file.fileno()).st_size
        return file.read()


@pytest.mark.parametrize("stored", [nfc(NAME), nfd(NAME), f"{nfc('사진')}/{nfd('홍길동.jpg')}", "사진/홍길동.jpg"])
@pytest.mark.parametrize(
    "asked", [nfc(NAME), nfd(NAME), f"{nfd('사진')}/{nfc('홍길동.jpg')}", nfc(NAME).replace("/", "\\")]
)
def test_a_file_is_found_whatever_its_normal_form(stored: str, asked: str, tmp_path: Path) -> None:
    path = laid(tmp_path, stored)
    assert read(tmp_path / asked) == b"content"
    assert existing_path(tmp_path / asked) == str(path)


def test_a_name_that_mixes_both_forms(tmp_path: Path) -> None:
    path = laid(tmp_path, f"{nfd('홍')}{nfc('길동')}.jpg")
    for form in (nfc, nfd):
        assert existing_path(tmp_path / form("홍길동.jpg")) == str(path)


def test_what_exists_is_what_is_meant(tmp_path: Path) -> None:
    both = [laid(tmp_path, form("홍.jpg")) for form in (nfc, nfd)]
    odd = laid(tmp_path, "a\\b.jpg")
    laid(tmp_path, "a/b.jpg")
    for path in (*both, odd):
        assert existing_path(path) == str(path)


def test_relative_paths_and_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    laid(tmp_path, nfd(NAME))
    (tmp_path / "link").symlink_to("nowhere")
    monkeypatch.chdir(tmp_path)
    assert read(nfc(NAME)) == b"content"
    assert existing_path(nfc(f"./사진/../{NAME}")) == nfd(f"./사진/../{NAME}")
    assert existing_path("link") == "link"
    assert existing_path("") == ""


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("none.jpg", "No such file or directory"),
        ("Hong.JPG", "No such file or directory; did you mean 'hong.jpg'?"),
        (nfd("À.jpg"), f"No such file or directory; did you mean {nfc('à.jpg')!r}?"),
        ("FOLDER/a.jpg", "No such file or directory; did you mean 'folder'?"),
        ("Folder\\a.jpg", "No such file or directory; did you mean 'folder'?"),
        ("link", "No such file or directory"),
        (
            "C:\\Users\\hong\\a.jpg",
            "No such file or directory; this is a path of another computer, write it relative to the table",
        ),
        (
            "\\\\nas\\a.jpg",
            "No such file or directory; this is a path of another computer, write it relative to the table",
        ),
    ],
)
def test_what_is_said_of_a_file_that_is_not_there(asked: str, said: str, tmp_path: Path) -> None:
    for name in ("hong.jpg", nfc("à.jpg"), "folder/b.jpg"):
        laid(tmp_path, name)
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(FileNotFoundError) as caught:
        read(f"{tmp_path}/{asked}")
    assert (caught.value.strerror, caught.value.filename) == (said, f"{tmp_path}/{asked}")
    with pytest.raises(FileNotFoundError):
        stat_path(f"{tmp_path}/{asked}")


def test_a_name_that_is_too_long_in_one_form(tmp_path: Path) -> None:
    name = "홍" * 80
    path = laid(tmp_path, name)
    assert read(tmp_path / nfd(name)) == b"content"
    assert existing_path(tmp_path / nfd(name)) == str(path)
    with pytest.raises(OSError, match="too long"):
        read(tmp_path / nfd("김" * 80))


def test_a_directory_that_cannot_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    laid(tmp_path, "hong.jpg")

    def refused(path: str) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", refused)
    with pytest.raises(FileNotFoundError) as caught:
        read(tmp_path / "홍.JPG")
    assert caught.value.strerror == "No such file or directory"


def test_no_file_and_no_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(tmp_path / "socket"))
        for path in (tmp_path / "pipe", tmp_path / "socket", Path("/dev/zero")):
            with pytest.raises(OSError, match="not a regular file") as caught:
                read(path)
            assert caught.value.errno == errno.EINVAL
    laid(tmp_path, "file")
    with pytest.raises(NotADirectoryError):
        stat_path(tmp_path / "file/a")
    with pytest.raises(NotADirectoryError):
        read(tmp_path / "file/a")
    with pytest.raises(ValueError, match="null"):
        read(tmp_path / "a\0b")
