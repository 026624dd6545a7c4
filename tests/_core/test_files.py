"""Opening and writing local files."""

import errno
import os
import stat
from pathlib import Path

import pytest

from mi_async._core.files import atomic_write, is_transient, open_regular, open_regular_file, sync_directory


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_a_regular_file_is_opened_and_read(tmp_path: Path) -> None:
    path = tmp_path / "홍 길동.jpg"
    path.write_bytes(b"content")
    with open_regular_file(path) as file:
        assert file.read() == b"content"


def test_nothing_else_is_opened_and_nothing_is_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    before = len(names_in(Path("/dev/fd")))
    for path, number in (
        (tmp_path / "pipe", errno.EINVAL),
        (tmp_path, errno.EISDIR),
        (Path("/dev/null"), errno.EINVAL),
    ):
        with pytest.raises(OSError, match=r"regular|directory") as caught:
            open_regular(path)
        assert caught.value.errno == number
    assert len(names_in(Path("/dev/fd"))) == before


def test_a_written_file_is_private_and_replaces_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "report.jsonl"
    path.write_bytes(b"old")
    with atomic_write(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert names_in(tmp_path) == ["report.jsonl"]


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_was_there_survives_a_failed_write(tmp_path: Path, failure: BaseException) -> None:
    path = tmp_path / "report.jsonl"
    path.write_bytes(b"old")

    def write() -> None:
        with atomic_write(path) as file:
            file.write(b"half")
            raise failure

    with pytest.raises(type(failure)):
        write()
    assert path.read_bytes() == b"old"
    assert names_in(tmp_path) == ["report.jsonl"]


def test_a_file_in_a_directory_that_is_not_there_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), atomic_write(tmp_path / "missing" / "report.jsonl"):
        pass
    assert names_in(tmp_path) == []


def test_a_directory_that_cannot_be_opened_needs_no_sync(tmp_path: Path) -> None:
    sync_directory(tmp_path / "missing")


def test_errors_of_the_machine_are_transient() -> None:
    assert is_transient(OSError(errno.EMFILE, "Too many open files"))
    assert not is_transient(OSError(errno.ENOENT, "No such file or directory"))
    assert not is_transient(ValueError("embedded null byte"))
